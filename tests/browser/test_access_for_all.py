"""Every page for everybody: axe finds no serious fault, and a phone needs no sideways scrolling."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page
from sqlalchemy import text

from tests.browser.arriving import arrive
from tests.browser.conftest import Opens, Site

pytestmark = pytest.mark.timeout(600)

Look = Callable[[Page], Awaitable[list[str]]]

HR = "sjacobs@example.com"
ADMINISTRATOR = "ajames@example.com"
MANAGER = "sking@example.com"
SERIOUS = ("serious", "critical")

ANNUAL = "^Annual review"
OFFICE = {
    "/tasks": "for you$|^My tasks$",
    "/reviews": "^Reviews$",
    "/comment-reviews": "^Comments to review$",
    "/cycles": "^Review cycles$",
    "/cycles/new": "^Launch a cycle$",
    "/cycles/{cycle}": ANNUAL,
    "/cycles/{cycle}/people": ANNUAL,
    "/cycles/{cycle}/people/{person}": "^Laura Bissot$",
    "/cycles/{cycle}/tasks": ANNUAL,
    "/cycles/{cycle}/first-minutes": ANNUAL,
    "/cycles/{cycle}/steer/pause": "^Pause",
    "/cycles/{cycle}/steer/extend_stage": "^Extend",
    "/cycles/{cycle}/steer/add": "^Add",
    "/tasks/{task}/steer/extend": "^Extend",
    "/tasks/{task}/explain": "^Why this task",
    "/definitions": "^Cycle definitions$",
    "/definitions/annual/1": ANNUAL,
    "/definitions/feedback/1": "feedback",
    "/definitions/publish": "^Publish a definition$",
    "/people": "^People$",
    "/people/import": "^Import people$",
    "/company": "^Company$",
    "/notifications": "^Mail$",
    "/audit": "^Audit log$",
}
"""Pages of HR, with the heading of each."""


@dataclass(frozen=True)
class Visited:
    """Who opens what, and what they must find there."""

    email: str | None
    path: str
    heading: str
    status: int = 200

    async def in_(self, page: Page) -> None:
        """Come to this page and no other."""
        heading = re.compile(self.heading, re.IGNORECASE)
        await arrive(page, self.path, heading, status=self.status)


async def pages(site: Site) -> list[Visited]:
    """Every kind of page."""
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
    own = f"/tasks/{row.id}"
    write = "^Write your self review$"
    return [
        Visited(None, "/sign-in", "^Sign in$"),
        Visited(None, "/l/of-nothing", "^We do not know this link$", 404),
        *(Visited(HR, path.format(**names), heading) for path, heading in OFFICE.items()),
        Visited(HR, "/no/such/page", "^There is nothing here$", 404),
        Visited(ADMINISTRATOR, "/workflows", "^Workflows$"),
        Visited(MANAGER, "/team?who=all", "^My team$"),
        Visited("lbissot@example.com", own, write),
        Visited("lbissot@example.com", f"{own}?step=2", write),
        Visited("lbissot@example.com", f"{own}/preview", write),
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
    for visited in await pages(site):
        page = open_as.get(visited.email) or await visit(visited.email)
        open_as[visited.email] = page
        await visited.in_(page)
        for summary in await page.locator("details > summary").all():
            await summary.click()
        schemes: tuple[tuple[Literal["light", "dark"], Look], ...]
        schemes = ("light", faults_of), ("dark", contrasts_of)
        for scheme, look in schemes:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = await look(page)
            if found:
                faults[visited.path, scheme] = found
    assert faults == {}


async def test_phone_needs_no_sideways_scrolling(site: Site, visit: Opens) -> None:
    wide: list[str] = []
    open_as: dict[str | None, Page] = {}
    for visited in await pages(site):
        page = open_as.get(visited.email) or await visit(visited.email, width=390)
        open_as[visited.email] = page
        await visited.in_(page)
        if await page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(visited.path)
    assert wide == []


async def test_every_page_says_what_it_is(site: Site, visit: Opens) -> None:
    titles: dict[str, str] = {}
    open_as: dict[str | None, Page] = {}
    for visited in await pages(site):
        page = open_as.get(visited.email) or await visit(visited.email)
        open_as[visited.email] = page
        await visited.in_(page)
        titles[visited.path] = await page.title()
        assert re.fullmatch(r".+ · Almanac", titles[visited.path])
        assert await page.locator("h1").count() == 1
