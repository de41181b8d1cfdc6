"""Every page for everybody: axe finds no serious fault, and a phone needs no sideways scrolling."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page
from sqlalchemy import text

from tests.browser.conftest import Opens, Site

pytestmark = pytest.mark.timeout(600)

Look = Callable[[Page], Awaitable[list[str]]]

HR = "sjacobs@example.com"
ADMINISTRATOR = "ajames@example.com"
MANAGER = "sking@example.com"
SERIOUS = ("serious", "critical")

OFFICE = [
    "/tasks",
    "/reviews",
    "/comment-reviews",
    "/cycles",
    "/cycles/new",
    "/cycles/{cycle}",
    "/cycles/{cycle}/people",
    "/cycles/{cycle}/people/{person}",
    "/cycles/{cycle}/tasks",
    "/cycles/{cycle}/first-minutes",
    "/cycles/{cycle}/steer/pause",
    "/cycles/{cycle}/steer/extend_stage",
    "/cycles/{cycle}/steer/add",
    "/tasks/{task}/steer/extend",
    "/tasks/{task}/explain",
    "/definitions",
    "/definitions/annual/1",
    "/definitions/publish",
    "/people",
    "/people/import",
    "/company",
    "/notifications",
    "/audit",
    "/no/such/page",
]


async def pages(site: Site) -> list[tuple[str | None, str]]:
    """Who opens what."""
    async with site.there.database.begin() as conn:
        row = (
            await conn.execute(
                text(
                    "SELECT t.id, t.assignee_id FROM tasks t JOIN people p ON p.id = t.assignee_id"
                    " JOIN stages s ON s.id = t.stage_id AND s.key = 'self'"
                    " WHERE p.email = 'lbissot@example.com' AND t.cycle_id = :cycle"
                ),
                {"cycle": site.cycle},
            )
        ).one()
    names = {"cycle": site.cycle, "task": row.id, "person": row.assignee_id}
    office: list[tuple[str | None, str]] = [(HR, path.format(**names)) for path in OFFICE]
    own = f"/tasks/{row.id}"
    return [
        (None, "/sign-in"),
        (None, "/l/of-nothing"),
        *office,
        (ADMINISTRATOR, "/workflows"),
        (MANAGER, "/team?who=all"),
        ("lbissot@example.com", own),
        ("lbissot@example.com", f"{own}?step=2"),
        ("lbissot@example.com", f"{own}/preview"),
    ]


async def faults_of(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page."""
    return _serious(await Axe().run(page))


async def contrasts_of(page: Page) -> list[str]:
    """The same of contrasts alone: all that another colour scheme changes."""
    return _serious(await Axe().run(page, options={"runOnly": ["color-contrast"]}))


def _serious(found: Mapping[str, Any]) -> list[str]:
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


async def test_axe_finds_no_serious_fault(site: Site, visit: Opens) -> None:
    faults: dict[tuple[str, str], list[str]] = {}
    open_as: dict[str | None, Page] = {}
    for email, path in await pages(site):
        if email not in open_as:
            open_as[email] = await visit(email)
        page = open_as[email]
        await page.goto(path)
        for summary in await page.locator("details > summary").all():
            await summary.click()
        schemes: tuple[tuple[Literal["light", "dark"], Look], ...]
        schemes = ("light", faults_of), ("dark", contrasts_of)
        for scheme, look in schemes:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = await look(page)
            if found:
                faults[path, scheme] = found
    assert faults == {}


async def test_phone_needs_no_sideways_scrolling(site: Site, visit: Opens) -> None:
    wide: list[str] = []
    open_as: dict[str | None, Page] = {}
    for email, path in await pages(site):
        if email not in open_as:
            open_as[email] = await visit(email, width=390)
        page = open_as[email]
        await page.goto(path)
        if await page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)
    assert wide == []


async def test_every_page_says_what_it_is(site: Site, visit: Opens) -> None:
    titles: dict[str, str] = {}
    open_as: dict[str | None, Page] = {}
    for email, path in await pages(site):
        if email not in open_as:
            open_as[email] = await visit(email)
        page = open_as[email]
        await page.goto(path)
        titles[path] = await page.title()
        assert re.fullmatch(r".+ · Almanac", titles[path])
        assert await page.locator("h1").count() == 1
