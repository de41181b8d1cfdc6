"""HR goes over comments first, over the API and on its page; never those of their own line."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from store.access.sessions import create_session
from store.base.session import Database
from store.kinds.feedback_round.reports import read_report
from tests.api.conftest import SERVICE_KEY
from tests.api.pages.browsing import get, plain, post
from tests.store.kinds.feedback_round.test_reviewing import closed_round
from tests.store.kinds.feedback_round.world import AFTER_CLOSE, World, rows

PLACE = "http://127.0.0.1:8000"


@pytest_asyncio.fixture
async def round_(database: Database) -> World:
    """A round about three people that has closed, its comments waiting."""
    return await closed_round(database, subjects=3)


@pytest.fixture
def app(database: Database, database_url: str) -> FastAPI:
    """The application, some days after the close."""
    settings = Settings(database_url=database_url, service_key=SERVICE_KEY, public_url=PLACE)
    return create_app(settings, clock=SetClock(AFTER_CLOSE), database=database)


async def _client(app: FastAPI, database: Database, person: int) -> AsyncClient:
    async with database.begin() as conn:
        token = await create_session(conn, person, AFTER_CLOSE)
    client = AsyncClient(transport=ASGITransport(app), base_url=PLACE)
    client.cookies.set("almanac", token)
    return client


@pytest_asyncio.fixture
async def hr(app: FastAPI, database: Database, round_: World) -> AsyncIterator[AsyncClient]:
    """Somebody at the HR desk."""
    async with await _client(app, database, round_.hr) as client:
        yield client


async def test_comments_are_decided_one_by_one_and_then_the_report_opens(
    hr: AsyncClient, database: Database, round_: World
) -> None:
    listed = (await hr.get("/api/comment-reviews")).json()["items"]
    assert [one["subject_id"] for one in listed] == list(round_.team[:3])
    assert not [key for key in listed[0] if "count" in key or "raters" in key]
    here = f"/api/comment-reviews/{round_.collect}/{round_.subject}"
    comments = (await hr.get(here)).json()["items"]
    assert {one["asked"] for one in comments} == {"What should stay?"}
    assert (await hr.post(f"{here}/finish")).status_code == 409
    for n, one in enumerate(comments):
        body = {"review": "edited", "words": "Kind words"} if n == 0 else {"review": "shown"}
        for _ in range(2):
            answer = await hr.post(
                f"{here}/comments/{one['id']}",
                json=body,
                headers={"Idempotency-Key": f"decide-{n}"},
            )
            assert answer.status_code == 200, answer.text
    again = (await hr.get(here)).json()["items"]
    assert [(one["id"], one["original"]) for one in again] == [
        (one["id"], one["original"]) for one in comments
    ]
    assert (again[0]["review"], again[0]["words"]) == ("edited", "Kind words")
    assert (await hr.post(f"{here}/finish")).status_code == 200
    assert (await hr.get(here)).status_code == 404
    async with database.begin() as conn:
        report = await read_report(conn, round_.collect, round_.subject, "subject")
    assert report is not None
    assert not report.waiting
    others = (await hr.get("/api/comment-reviews")).json()["items"]
    assert [one["subject_id"] for one in others] == list(round_.team[1:3])


async def test_wrong_decisions_are_refused(hr: AsyncClient, round_: World) -> None:
    here = f"/api/comment-reviews/{round_.collect}/{round_.subject}"
    other = f"/api/comment-reviews/{round_.collect}/{round_.team[1]}"
    [comment, *_] = (await hr.get(here)).json()["items"]
    for place, body, status in (
        (here, {"review": "edited"}, 422),
        (here, {"review": "burnt"}, 422),
        (other, {"review": "held"}, 404),
    ):
        answer = await hr.post(f"{place}/comments/{comment['id']}", json=body)
        assert answer.status_code == status, answer.text


async def test_nobody_reviews_what_is_about_themselves_or_somebody_above_them(
    hr: AsyncClient, database: Database, round_: World
) -> None:
    above, second = round_.team[0], round_.team[1]
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :above WHERE person_id = :hr"),
            {"above": above, "hr": round_.hr},
        )
        await conn.execute(
            text("UPDATE feedback_reports SET subject_id = :hr WHERE subject_id = :second"),
            {"hr": round_.hr, "second": second},
        )
    listed = (await hr.get("/api/comment-reviews")).json()["items"]
    assert [one["subject_id"] for one in listed] == [round_.team[2]]
    for person in (above, round_.hr, round_.lead):
        for way in ("/api/comment-reviews", "/comment-reviews"):
            answer = await hr.get(f"{way}/{round_.collect}/{person}")
            assert answer.status_code == 404, (way, person)
        done = await hr.post(f"/api/comment-reviews/{round_.collect}/{person}/finish")
        assert done.status_code == 404


async def test_it_is_for_the_desk_alone(app: FastAPI, database: Database, round_: World) -> None:
    here = f"{round_.collect}/{round_.team[1]}"
    for person in (round_.lead, round_.subject, round_.team[5]):  # the lead administers
        async with await _client(app, database, person) as client:
            for way in ("", "/api"):
                for path in (f"{way}/comment-reviews", f"{way}/comment-reviews/{here}"):
                    assert (await client.get(path)).status_code == 403, (person, path)
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
    async with AsyncClient(transport=ASGITransport(app), base_url=PLACE, headers=headers) as script:
        assert (await script.get("/api/comment-reviews")).status_code == 403


async def test_the_page_keeps_what_was_typed_until_everything_is_decided(
    hr: AsyncClient, database: Database, round_: World
) -> None:
    here = f"/comment-reviews/{round_.collect}/{round_.subject}"
    page = await get(hr, here)
    assert "Words" in plain(page)
    ids = [
        row[0]
        for row in await rows(
            database,
            "SELECT id::text FROM feedback_answers WHERE subject_id = :s AND words IS NOT NULL "
            "AND relationship = 'peers' ORDER BY id",
            s=round_.subject,
        )
    ]
    first, second, *others = ids
    typed = {f"d.{first}": "edited", f"w.{first}": "", f"d.{second}": "held"}
    refused = await post(hr, here, go="finish", **typed)
    assert refused.status_code == 422
    assert "Write what is to be shown instead." in refused.text
    assert "Decide about this comment, too." in refused.text
    assert await rows(database, "SELECT count(*) FROM comment_reviews") == [(0,)]
    typed[f"w.{first}"] = "Kind words"
    saved = await post(hr, here, go="save", **typed)
    assert (saved.status_code, saved.headers["location"]) == (
        303,
        f"{here}?said=reviewed-so-far",
    )
    assert "Kind words" in (await get(hr, here)).text
    typed |= {f"d.{one}": "shown" for one in others}
    for _ in range(2):
        done = await post(hr, here, go="finish", **typed)
        assert done.status_code == 303
        assert done.headers["location"].startswith("/comment-reviews")
    listed = plain(await get(hr, "/comment-reviews"))
    assert listed.count("Round closed") == 2


async def test_reviews_lead_there_while_something_waits(
    hr: AsyncClient, database: Database, round_: World
) -> None:
    assert "/comment-reviews" in (await get(hr, "/reviews")).text
    async with database.begin() as conn:
        await conn.execute(text("UPDATE feedback_reports SET held = false"))
    assert "/comment-reviews" not in (await get(hr, "/reviews")).text
    assert "No comments wait." in (await get(hr, "/comment-reviews")).text
