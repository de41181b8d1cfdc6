"""Reports as pages and as files, as people find them."""

import re

import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from store.base.session import Database
from tests.api.closed_round import WORDS, close, collected, hold_back
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.api.pages.browsing import get, plain
from tests.store.kinds.feedback_round.world import AFTER_CLOSE, World


@pytest.fixture
def clock() -> SetClock:
    return SetClock(AFTER_CLOSE)


@pytest_asyncio.fixture
async def round_(database: Database) -> World:
    return await collected(database)


@pytest_asyncio.fixture
async def app(database: Database, database_url: str, clock: SetClock, round_: World) -> FastAPI:
    """The application; its company is the one of the round."""
    settings = Settings(
        database_url=database_url, service_key=SERVICE_KEY, public_url="http://127.0.0.1:8000"
    )
    return create_app(settings, clock=clock, database=database)


def path(world: World) -> str:
    return f"/reviews/{world.cycle}/{world.subject}/feedback"


async def test_while_the_round_is_open_it_is_under_way_and_no_more(
    sign_in: SignIn, round_: World
) -> None:
    for person in (round_.subject, round_.lead, round_.hr):
        page = await get(await sign_in(person), path(round_))
        assert page.status_code == 200
        assert "Under way" in plain(page)
        assert not re.search(r"\b[1-9] (of|people|answers)", plain(page))
        assert (await get(await sign_in(person), f"{path(round_)}.pdf")).status_code == 404
    assert (await get(await sign_in(round_.team[1]), path(round_))).status_code == 404


async def test_the_subject_finds_the_report_and_reads_it(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    client = await sign_in(round_.subject)
    listed = await get(client, "/reviews")
    assert f'href="{path(round_)}?stage=feedback"' in listed.text
    page = await get(client, f"{path(round_)}?stage=feedback")
    assert "Feedback about you" in plain(page)
    assert WORDS in plain(page)
    assert "3.5 close together" in plain(page)
    assert page.headers["cache-control"] == "private, no-store"
    for rater in round_.team[1:]:
        assert f"P{rater} " not in plain(page)
    led = await get(client, f"/reviews/{round_.cycle}/{round_.subject}")
    assert (led.status_code, led.headers["location"]) == (303, path(round_))


async def test_the_manager_finds_it_first_and_the_subject_is_told_to_wait(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    await hold_back(database, round_)
    lead = await sign_in(round_.lead)
    assert path(round_) in (await get(lead, "/reviews")).text
    page = plain(await get(lead, path(round_)))
    assert "Feedback about P3 Example" in page
    assert "Let P3 speak first" in page
    subject = await sign_in(round_.subject)
    assert path(round_) not in (await get(subject, "/reviews")).text
    assert "some days earlier" in plain(await get(subject, "/reviews"))
    waits = await get(subject, path(round_))
    assert "Not open yet" in plain(waits)
    assert WORDS not in waits.text


async def test_hr_finds_it_with_the_participant(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    hr = await sign_in(round_.hr)
    participant = f"/cycles/{round_.cycle}/people/{round_.subject}"
    assert path(round_) not in (await get(hr, participant)).text
    await close(database, round_)
    assert path(round_) in (await get(hr, participant)).text
    assert "It was written for P3" in plain(await get(hr, path(round_)))


async def test_the_file_is_private_the_same_each_time_and_says_only_its_day(
    database: Database, sign_in: SignIn, clock: SetClock, round_: World
) -> None:
    await close(database, round_)
    client = await sign_in(round_.subject)
    first = await get(client, f"{path(round_)}.pdf")
    again = await get(client, f"{path(round_)}.pdf")
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["cache-control"] == "private, no-store"
    assert first.headers["content-disposition"] == (
        'attachment; filename="feedback-2027-02-02.pdf"'
    )
    assert first.content == again.content
    assert set(re.findall(rb"D:\d+Z", first.content)) == {b"D:20270202000000Z"}
    assert (await get(await sign_in(round_.team[1]), f"{path(round_)}.pdf")).status_code == 404


async def test_what_the_reviewer_has_before_them_is_under_way(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE feedback_reports SET held = true"))
    for person in (round_.subject, round_.lead, round_.hr):
        page = await get(await sign_in(person), path(round_))
        assert "Under way" in plain(page)
        assert WORDS not in page.text
