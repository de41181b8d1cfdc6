"""Somebody with seven people to write about, in one sitting; and somebody from outside."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from domain.relationships import Relationship
from store.access.links import LinkPurpose, create_link
from store.access.sessions import create_session
from store.base.session import Database
from store.people.outside import External, enter
from tests.api.feedback import ZOE, ask_for, close_round, make_round
from tests.browser.arriving import arrive, watch
from tests.browser.conftest import WAIT, answers
from tests.browser.slow import is_save, lose_answers, slow_down
from tests.browser.test_access_for_all import faults_of
from tests.store.kinds.feedback_round.world import World, task_of
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, WORKER, insert_people

pytestmark = pytest.mark.timeout(900)

PEERS = Relationship.PEERS
ABOUT = re.compile("feedback|about", re.IGNORECASE)
TO_WRITE = re.compile("people to write about$")
NAMES = {
    BOSS: ("Bruce", "Miller"),
    HR: ("Hanna", "Keller"),
    LEAD: ("Luis", "Garcia"),
    WORKER: ("Wanda", "Okafor"),
    ADMIN: ("Alexander", "James"),
    SECOND_HR: ("Sophie", "Martin"),
    ZOE: ("Zoe", "Ndiaye"),
}
SEVEN = {
    ADMIN: PEERS,
    BOSS: PEERS,
    HR: PEERS,
    LEAD: Relationship.REPORTS,
    SECOND_HR: PEERS,
    WORKER: Relationship.SELF,
    ZOE: Relationship.OTHERS,
}
"""In the order of their deadlines."""

KEEP = re.compile("keep doing")
CLEAR = re.compile("says clearly")


@dataclass(frozen=True)
class Round:
    """A round behind a real server, and who is asked for what."""

    base: str
    database: Database
    clock: SetClock
    world: World
    tasks: dict[int, UUID]
    guest: int

    async def session(self, person: int) -> str:
        async with self.database.begin() as conn:
            return await create_session(conn, person, self.clock.now())


Opens = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def feedback(database: Database, database_url: str, now: datetime) -> AsyncIterator[Round]:
    """Seven requests of WORKER, a day apart."""
    clock = SetClock(now)
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await make_round(database, now)
    async with database.begin() as conn:
        for person, (first, last) in NAMES.items():
            await conn.execute(
                text("UPDATE people SET first_name = :first, last_name = :last WHERE id = :id"),
                {"first": first, "last": last, "id": person},
            )
        people = await enter(conn, [External("gina@client.example", "Gina", "Guest")], now)
    guest = people["gina@client.example"]
    also = {ADMIN: [(guest, Relationship.EXTERNAL)]}
    tasks = await ask_for(database, world, WORKER, SEVEN, now, days_apart=1, also=also)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    app = create_app(
        Settings(database_url=database_url, public_url=base), clock=clock, database=database
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    await answers(port)
    yield Round(base, database, clock, world, tasks, guest)
    server.should_exit = True
    await running


@pytest_asyncio.fixture
async def opens(browser: Browser, feedback: Round) -> AsyncIterator[Opens]:
    """Opens pages of somebody, or of a stranger. What a page complains of is a failure."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def page_of(
        person: int | None = WORKER, *, script: bool = True, dark: bool = False, width: int = 1280
    ) -> Page:
        context = await browser.new_context(
            base_url=feedback.base,
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        if person is not None:
            token = await feedback.session(person)
            await context.add_cookies([{"name": "almanac", "value": token, "url": feedback.base}])
        page = await context.new_page()
        watch(page, complaints.append)
        return page

    yield page_of
    for context in contexts:
        await context.close()
    assert complaints == []


async def fill(page: Page, words: str, point: str = "4") -> None:
    """Answer the questions of a request."""
    await page.get_by_label(KEEP).fill(words)
    await page.locator(f'input[name="a.clear"][value="{point}"]').check()
    await page.get_by_label("Why? A sentence or two").fill("They always say why.")


async def saved(page: Page) -> None:
    await expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))


async def test_seven_in_one_sitting(feedback: Round, opens: Opens) -> None:
    page = await opens()
    await arrive(page, "/tasks", re.compile("task"))
    await expect(page.get_by_role("heading", name="Feedback on 7 people")).to_be_visible()
    await page.get_by_role("link", name="Write them in one sitting").click()
    listed = await page.locator(".tasks h3").all_inner_texts()
    expected = ["Your own view" if p == WORKER else " ".join(NAMES[p]) for p in SEVEN]
    assert listed == expected

    # The first is begun, found again after a reload, and left a draft.
    await page.get_by_role("link", name="Begin with Alexander James").click()
    await expect(page.get_by_text("You are asked as a colleague.")).to_be_visible()
    await page.get_by_label(KEEP).fill("The notes on Monday")
    await saved(page)
    await page.reload()
    await expect(page.get_by_label(KEEP)).to_have_value("The notes on Monday")
    await expect(page.locator("[data-saved]")).to_contain_text("Your draft is kept")
    await page.get_by_label("I cannot say").check()
    await saved(page)
    await page.get_by_role("button", name="Save and look at the next").click()

    # The second is submitted, which leads on to the third.
    await expect(page.get_by_role("heading", level=1)).to_have_text("Give Bruce Miller feedback")
    await page.get_by_role("button", name="Submit").click()
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("2 things to correct")
    await expect(summary).to_be_focused()
    await fill(page, "He asks before he decides.")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("status").first).to_contain_text("Thank you.")
    await expect(page.get_by_text("1 of 7 done")).to_be_visible()
    await page.get_by_role("link", name=re.compile("Next: Hanna Keller, due ")).click()

    # The third is declined, with a reason.
    await page.get_by_role("link", name="I would rather not write this").click()
    await expect(page.get_by_text("Hanna is not told that you declined")).to_be_visible()
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("alert")).to_contain_text("Please give a reason")
    await page.get_by_label("Why?").fill("We have never worked together.")
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_text("Declined on")).to_be_visible()

    # The others one after the other; the draft of the first comes back at the end.
    for person in (LEAD, SECOND_HR, WORKER, ZOE):
        name = "your own view" if person == WORKER else " ".join(NAMES[person])
        await page.get_by_role("link", name=f"Next: {name}").click()
        await fill(page, "What they do now.")
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_role("status").first).to_contain_text("Thank you.")
    await page.get_by_role("link", name="Next: Alexander James").click()
    await expect(page.get_by_label(KEEP)).to_have_value("The notes on Monday")
    await expect(page.get_by_label("I cannot say")).to_be_checked()
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    await expect(page.get_by_text("You have written about all 6.")).to_be_visible()

    # Until the close each may be changed; afterwards it is done, on a day, and nothing more.
    await page.get_by_role("link", name="Look at it again").click()
    await page.get_by_role("link", name="Zoe Ndiaye").click()
    await page.get_by_role("link", name="Change it").click()
    await page.get_by_label(KEEP).fill("Second thoughts.")
    await saved(page)
    await page.get_by_role("button", name="Submit the change").click()
    await expect(page.get_by_text("Second thoughts.")).to_be_visible()
    await close_round(feedback.database, feedback.world, list(SEVEN))
    await page.reload()
    await expect(page.get_by_text("This round has closed. Thank you.")).to_be_visible()
    await expect(page.get_by_text("Second thoughts.")).to_have_count(0)


async def test_two_windows_get_a_clear_choice(feedback: Round, opens: Opens) -> None:
    one, two = await opens(), await opens()
    for page in (one, two):
        await arrive(page, f"/feedback/{feedback.tasks[ADMIN]}", ABOUT)
    await one.get_by_label(KEEP).fill("From the first window.")
    await saved(one)
    await two.get_by_label(KEEP).fill("From the second window.")
    await expect(two.locator("[data-saved]")).to_contain_text("another window")
    await two.get_by_role("button", name="Submit").click()
    await expect(two.get_by_text("From the first window.")).to_be_visible()
    await two.get_by_label(re.compile("Keep what was saved elsewhere")).check()
    await two.get_by_role("button", name="Go on with these").click()
    await expect(two.get_by_label(KEEP)).to_have_value("From the first window.")


async def test_submitting_while_a_draft_is_saved_is_no_other_window(
    feedback: Round, opens: Opens
) -> None:
    page = await opens()
    await slow_down(page)
    for number, person in enumerate((ADMIN, BOSS, HR, LEAD)):
        await arrive(page, f"/feedback/{feedback.tasks[person]}", ABOUT)
        async with page.expect_request(is_save):
            await page.get_by_label(KEEP).fill(f"What they do now: {number}.")
        # First it is refused, because the rest is missing; then a save is under way once more.
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_role("alert")).to_contain_text("to correct")
        async with page.expect_request(is_save):
            await fill(page, f"What they do now, and why: {number}.")
        await page.get_by_label(KEEP).press_sequentially(" And more while it is saved.")
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_role("status").first).to_contain_text("Thank you.")


async def test_answer_of_a_save_that_was_lost_is_no_other_window(
    feedback: Round, opens: Opens
) -> None:
    page = await opens()
    await arrive(page, f"/feedback/{feedback.tasks[ADMIN]}", ABOUT)
    lost = await lose_answers(page, "**/draft", count=1)
    await page.get_by_label(KEEP).fill("Typed in a tunnel.")
    await expect(page.locator("[data-saved]")).to_contain_text("no connection")
    assert lost() == 1
    await fill(page, "Typed in a tunnel, and behind it.")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("status").first).to_contain_text("Thank you.")


async def test_feedback_is_written_without_a_script(feedback: Round, opens: Opens) -> None:
    page = await opens(script=False)
    await arrive(page, f"/feedback/{feedback.tasks[ADMIN]}", ABOUT)
    await page.get_by_label(KEEP).fill("The notes on Monday")
    await page.get_by_role("button", name="Save draft").last.click()
    await expect(page.get_by_role("status").first).to_contain_text("Draft saved.")
    await fill(page, "The notes on Monday")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("link", name=re.compile("Next: Bruce Miller"))).to_be_visible()


async def guest_link(feedback: Round) -> str:
    """The mailed link of somebody outside who is asked about Alexander."""
    task = await task_of(feedback.database, feedback.world, feedback.guest, ADMIN)
    async with feedback.database.begin() as conn:
        token = await create_link(
            conn,
            person_id=feedback.guest,
            purpose=LinkPurpose.TASK,
            task_id=task,
            target=f"/tasks/{task}",
            now=feedback.clock.now(),
            lifetime=timedelta(days=60),
        )
    return f"/l/{token}"


async def test_a_guest_writes_and_a_stranger_can_say_so(feedback: Round, opens: Opens) -> None:
    link = await guest_link(feedback)
    page = await opens(None)
    await arrive(page, link, "Hello Gina Guest")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("This was sent to Gina Guest")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Parts of Almanac")).to_have_count(0)
    await page.get_by_label(KEEP).fill("Fast answers.")
    await saved(page)

    await page.get_by_role("button", name="This is not me").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")
    await arrive(page, link, "This link no longer works", status=410)
    await close_round(feedback.database, feedback.world, [ADMIN])
    await arrive(page, link, "This round has closed", status=410)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_pages_are_for_everybody(feedback: Round, opens: Opens, dark: bool) -> None:
    page = await opens(dark=dark, width=390)
    link = await guest_link(feedback)
    faults: dict[str, list[str]] = {}

    async def look(path: str, heading: re.Pattern[str] = ABOUT) -> None:
        await arrive(page, path, heading)
        assert await page.locator("h1").count() == 1, path
        if found := await faults_of(page):
            faults[path] = found
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path

    first, own = f"/feedback/{feedback.tasks[ADMIN]}", f"/feedback/{feedback.tasks[WORKER]}"
    await look("/tasks", re.compile("for you$"))
    await look("/feedback", TO_WRITE)
    await look(first)
    await look(own, re.compile("your own|yourself"))
    await look(f"{first}/decline", re.compile("^Rather not"))
    await arrive(page, first, ABOUT)
    await fill(page, "The notes.")
    await page.get_by_role("button", name="Submit").click()
    await look(first)
    await look(f"{first}?change=1")
    await look("/feedback", TO_WRITE)
    await page.context.clear_cookies()
    await look(link, re.compile("^Hello"))
    await page.get_by_role("button", name="Go on").click()
    await look("/feedback", re.compile("^One person to write about"))
    assert faults == {}
