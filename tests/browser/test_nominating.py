"""A subject chooses raters, one of whom has too much already; the manager changes one, approves."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
import pytest_asyncio
import uvicorn
from axe_core_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect
from sqlalchemy import text

from api.app import create_app
from config import Settings
from definitions import shipped
from definitions.loader import parse_definition
from domain.access import ENGINE
from domain.clock import SetClock
from store.access.sessions import create_session
from store.base.session import Database
from store.changes.people_import import import_people
from store.definitions.versions import publish
from store.people.company import save_company
from tests.browser.arriving import arrive, watch
from tests.browser.conftest import WAIT, answers
from tests.browser.slow import is_save, slow_down
from tests.faults.stack import PEOPLE
from tests.store.running import LAUNCHED, advance, column, launched, person, rows

pytestmark = pytest.mark.timeout(900)

ROUND = """
definition: rounds
title: Feedback {period}
purpose: To learn from those who work with us. It decides nothing about pay.
period: previous year
audience: {who: person.department == "Shipping", tenure: 0 days}
stages:
  - {id: feedback, kind: feedback_round, title: 360 feedback, form: feedback}
forms:
  feedback:
    - section: Working together
      questions:
        - {id: keep, ask: "What should {subject.first_name} keep doing?"}
        - {id: change, ask: "What would make working together easier?"}
"""

CHOOSE = "Choose who is asked for feedback"
MOVED_IN = datetime(2026, 11, 2, 17, tzinfo=UTC)
JULIA, WEISS, IRENE, ADAM = "125", "120", "126", "121"
"""Julia Nayer, whose feedback it is; her manager; who is full; who is found by searching."""


@dataclass(frozen=True)
class Lists:
    """A round whose lists are open, behind a server."""

    database: Database
    clock: SetClock
    base: str
    cycle: UUID

    async def task(self, step: str, subject: str) -> UUID:
        """The list of a subject in a step."""
        [found] = await column(
            self.database,
            "SELECT t.id FROM tasks t JOIN stages s ON s.id = t.stage_id"
            " JOIN people p ON p.id = t.subject_id"
            " WHERE s.kind = :step AND p.employee_id = :subject",
            step=step,
            subject=subject,
        )
        assert isinstance(found, UUID)
        return found


@pytest_asyncio.fixture
async def lists(database: Database, database_url: str) -> AsyncIterator[Lists]:
    """The demo company's warehouse on the first morning of a round."""
    clock = SetClock(LAUNCHED)
    async with database.begin() as conn:
        await save_company(
            conn, shipped.company(), shipped.company_source(), now=MOVED_IN, saved_by_id=None
        )
        await import_people(
            conn,
            PEOPLE.read_bytes(),
            effective_on=MOVED_IN.date(),
            actor=ENGINE,
            now=MOVED_IN,
        )
        await conn.execute(
            text("UPDATE people SET projects = '{Atlas}' WHERE employee_id IN ('125', '127')")
        )
        parsed = parse_definition(ROUND)
        version = await publish(conn, parsed, source=ROUND, actor=ENGINE, now=LAUNCHED)
    cycle = await launched(database, version.id)
    await advance(database, cycle, LAUNCHED)
    await _make_full(database)
    settings = Settings(database_url=database_url, public_url="http://127.0.0.1")
    app = create_app(settings, clock=clock, database=database)
    async with _served(app) as base:
        yield Lists(database, clock, base, cycle)


async def _make_full(database: Database) -> None:
    """Seven others have been promised Irene's word already: as many as anybody gives."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,"
                " created_at) SELECT s.id, p.id, i.id, 'peers', 'asked', 'subject', :now"
                " FROM stages s, people p, people i WHERE s.kind = 'collect'"
                " AND i.employee_id = :irene AND p.employee_id BETWEEN '190' AND '196'"
            ),
            {"irene": IRENE, "now": LAUNCHED},
        )


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await answers(port)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


Opens = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def opens(browser: Browser, lists: Lists) -> AsyncIterator[Opens]:
    """Pages of somebody signed in; whatever they write to the console is a failure."""
    contexts = []
    complaints: list[str] = []

    async def open_page(employee: str, *, script: bool = True, width: int = 1240) -> Page:
        context = await browser.new_context(
            base_url=lists.base,
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        who = await person(lists.database, employee)
        async with lists.database.begin() as conn:
            token = await create_session(conn, who, lists.clock.now())
        await context.add_cookies([{"name": "almanac", "value": token, "url": lists.base}])
        page = await context.new_page()
        watch(page, complaints.append)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


async def is_for_everybody(page: Page, *, narrow: bool = True) -> None:
    """Axe finds nothing serious, and 390 pixels need no sideways scrolling."""
    found = await Axe().run(page)
    wrong = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert wrong == [], json.dumps(wrong, indent=1)[:3000]
    if narrow:
        await page.set_viewport_size({"width": 390, "height": 844})
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
        await page.set_viewport_size({"width": 1240, "height": 900})


async def asked(lists: Lists) -> list[tuple[object, ...]]:
    """Who is on Julia's list, by employee id."""
    return await rows(
        lists.database,
        "SELECT p.employee_id, r.relationship, r.state FROM raters r"
        " JOIN people p ON p.id = r.person_id JOIN people s ON s.id = r.subject_id"
        " WHERE s.employee_id = :julia AND r.state IN ('proposed', 'asked') ORDER BY r.position",
        julia=JULIA,
    )


async def test_five_suggestions_and_one_by_search_are_sent_changed_and_approved(
    lists: Lists, opens: Opens
) -> None:
    page = await opens(JULIA)
    await arrive(page, f"/tasks/{await lists.task('nominate', JULIA)}", CHOOSE)
    await expect(page.get_by_text("Four to six colleagues: at least three")).to_be_visible()
    await expect(page.get_by_text("works on Atlas too")).to_be_visible()
    await is_for_everybody(page)

    tally = page.locator("[data-group=peers]")
    await expect(tally).to_contain_text("4 more wanted")
    full = page.get_by_role("checkbox", name="Irene Mikkilineni")
    await expect(full).to_be_disabled()
    await expect(page.get_by_text("Please choose somebody else.").first).to_be_visible()
    boxes = page.get_by_role("group", name="Pick from these people").get_by_role("checkbox")
    for number in range(5):
        await boxes.nth(number).check()
    await expect(tally).to_contain_text("Colleagues 5")
    await expect(tally).to_contain_text("enough")
    await expect(page.locator("[data-saved]")).to_contain_text("Saved")

    await page.get_by_label("Name, department, job or project").press_sequentially("fripp")
    await page.get_by_role("checkbox", name="Adam Fripp").check()
    await expect(tally).to_contain_text("Colleagues 6")
    await page.get_by_label("Name, department, job or project").fill("nobody here")
    await expect(page.get_by_text("Nobody was found")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Adam Fripp")).to_be_checked()
    await page.get_by_role("button", name="Send to Matthew").click()
    await expect(page.get_by_role("status")).to_contain_text("Sent.")
    await expect(page.get_by_text("Matthew Weiss looks over this list.")).to_be_visible()
    await expect(page.locator("li.rater")).to_have_count(6)
    await is_for_everybody(page)
    named = await asked(lists)
    assert len(named) == 6
    assert (ADAM, "peers", "proposed") in named

    await advance(lists.database, lists.cycle, lists.clock.now())
    boss = await opens(WEISS)
    looked = "Look over Julia Nayer's feedback list"
    await arrive(boss, f"/tasks/{await lists.task('approve', JULIA)}", looked)
    await expect(boss.get_by_text("the list as it stands is asked")).to_be_visible()
    await is_for_everybody(boss)
    await boss.get_by_role("button", name="Remove Adam Fripp").click()
    await expect(boss.locator("li.rater")).to_have_count(5)
    first = boss.locator("li.rater").first
    await first.get_by_role("combobox").select_option("others")
    await expect(boss.locator("[data-group=others]")).to_contain_text("Others 1")
    await boss.get_by_role("button", name="Approve this list").click()
    await expect(boss.get_by_role("status")).to_contain_text("Approved.")
    await expect(boss.locator("li.rater")).to_have_count(5)
    after = await asked(lists)
    assert [state for _, _, state in after] == ["asked"] * 5
    assert [relation for _, relation, _ in after].count("others") == 1
    await is_for_everybody(boss)
    await page.reload()
    await expect(page.get_by_text("Adam Fripp")).to_have_count(0)
    await expect(page.get_by_text("These people are asked about you.")).to_be_visible()


async def test_sending_a_list_while_it_is_saved_is_no_other_window(
    lists: Lists, opens: Opens
) -> None:
    page = await opens(JULIA)
    await arrive(page, f"/tasks/{await lists.task('nominate', JULIA)}", CHOOSE)
    await slow_down(page)
    boxes = page.get_by_role("group", name="Pick from these people").get_by_role("checkbox")
    async with page.expect_request(is_save):
        await boxes.nth(0).check()
    await page.get_by_role("button", name="Send to Matthew").click()
    await expect(page.get_by_role("status").first).to_contain_text("Sent.")
    assert len(await asked(lists)) == 1


async def test_a_list_is_made_without_a_script(lists: Lists, opens: Opens) -> None:
    page = await opens(JULIA, script=False, width=390)
    await arrive(page, f"/tasks/{await lists.task('nominate', JULIA)}", CHOOSE)
    boxes = page.get_by_role("group", name="Pick from these people").get_by_role("checkbox")
    await boxes.nth(0).check()
    await page.get_by_label("Name, department, job or project").fill("fripp")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("li.rater")).to_have_count(1)
    await page.get_by_role("checkbox", name="Adam Fripp").check()
    await page.get_by_text("Somebody outside the company").first.click()
    await page.get_by_label("First name").fill("Otto")
    await page.get_by_label("Mail address").fill("otto")
    await page.get_by_role("button", name="Add to the list").click()
    await expect(page.get_by_role("alert")).to_contain_text("Please give a mail address")
    await page.get_by_label("Mail address").fill("otto@client.example")
    await page.get_by_role("button", name="Add to the list").click()
    await expect(page.locator("li.rater")).to_have_count(3)
    await expect(page.locator("[data-group=external]")).to_contain_text("1")
    await page.get_by_role("button", name="Remove Adam Fripp").click()
    await expect(page.locator("li.rater")).to_have_count(2)
    await page.get_by_role("button", name="Send to Matthew").click()
    await expect(page.get_by_role("status")).to_contain_text("Sent.")
    assert [state for _, _, state in await asked(lists)] == ["proposed", "proposed"]
