"""Signing in by mailed link, sessions, and what other sites may not do."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import event, text

from api.sign_in import UNKNOWN_BY_HOST
from config import Settings
from domain.access import Level
from domain.clock import SetClock
from store.access.links import create_link
from store.access.sessions import create_session
from store.base.session import Database
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.api.pages.browsing import HTML, hidden
from tests.store.people_rows import LEAD, WORKER


async def _token(database: Database, now: datetime, person: int = WORKER) -> str:
    async with database.begin() as conn:
        return await create_link(
            conn,
            person_id=person,
            purpose="sign_in",
            task_id=None,
            target="/tasks/7",
            now=now,
            lifetime=timedelta(minutes=30),
        )


async def test_confirming_a_link_signs_in_and_the_cookie_is_closed_to_scripts(
    app: FastAPI, stranger: AsyncClient, database: Database, now: datetime
) -> None:
    token = await _token(database, now)
    answer = await stranger.post("/api/session", json={"token": token})
    assert answer.json() == {"person_id": WORKER, "target": "/tasks/7", "session": "full"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("almanac=")
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert (await stranger.get("/api/me")).json()["person_id"] == WORKER


async def test_a_sign_in_link_works_once_and_not_after_its_time(
    app: FastAPI, stranger: AsyncClient, database: Database, clock: SetClock
) -> None:
    token, late = await _token(database, clock.now()), await _token(database, clock.now())
    assert (await stranger.post("/api/session", json={"token": token})).status_code == 200
    again = await stranger.post("/api/session", json={"token": token})
    assert (again.status_code, again.json()["detail"]) == (409, "This link is used.")
    clock.advance(timedelta(minutes=31))
    expired = await stranger.post("/api/session", json={"token": late})
    assert (expired.status_code, expired.json()["code"]) == (409, "illegal-state")
    unknown = await stranger.post("/api/session", json={"token": "x" * 40})
    assert unknown.status_code == 401


async def test_of_two_who_use_a_sign_in_link_at_once_one_gets_in(
    app: FastAPI, open_client: Callable[[], AsyncClient], database: Database, now: datetime
) -> None:
    body = {"token": await _token(database, now)}
    calls = [open_client().post("/api/session", json=body) for _ in range(4)]
    answers = [answer.status_code for answer in await asyncio.gather(*calls)]
    assert sorted(answers) == [200, 409, 409, 409]


async def test_a_whole_office_signs_in_from_one_address_and_guessing_is_limited(
    app: FastAPI, stranger: AsyncClient, database: Database, now: datetime
) -> None:
    guesses = [
        (await stranger.post("/api/session", json={"token": f"{n:040}"})).status_code
        for n in range(UNKNOWN_BY_HOST.hits + 1)
    ]
    assert set(guesses[:-1]) == {401}
    assert guesses[-1] == 429
    for _ in range(3):  # whoever guesses from there locks nobody out
        token = await _token(database, now)
        assert (await stranger.post("/api/session", json={"token": token})).status_code == 200


async def test_a_link_of_somebody_else_replaces_the_session(
    app: FastAPI, sign_in: SignIn, database: Database, now: datetime
) -> None:
    client = await sign_in(LEAD)
    client.cookies.clear()
    token = await _token(database, now)
    await client.post("/api/session", json={"token": token})
    assert (await client.get("/api/me")).json()["person_id"] == WORKER


async def test_signing_out_everywhere_ends_sessions_and_links(
    app: FastAPI, sign_in: SignIn, stranger: AsyncClient, database: Database, now: datetime
) -> None:
    token = await _token(database, now)
    first, second = await sign_in(WORKER), await sign_in(WORKER)
    listed = (await first.get("/api/sessions")).json()
    assert [session["current"] for session in listed].count(True) == 1
    assert (await first.delete("/api/sessions")).json() == {"sessions": 2}
    assert (await second.get("/api/me")).status_code == 401
    assert (await stranger.post("/api/session", json={"token": token})).status_code == 409


@pytest.mark.parametrize(("level", "hours"), [(Level.FULL, 12), (Level.TASK, 7 * 24)])
async def test_a_session_ends_with_the_time_of_its_level(
    app: FastAPI,
    stranger: AsyncClient,
    database: Database,
    clock: SetClock,
    level: Level,
    hours: int,
) -> None:
    async with database.begin() as conn:
        token = await create_session(conn, WORKER, clock.now(), level=level)
    stranger.cookies.set("almanac", token)
    clock.advance(timedelta(hours=hours) - timedelta(seconds=1))
    assert (await stranger.get("/api/me")).json()["session"] == level
    clock.advance(timedelta(seconds=1))
    assert (await stranger.get("/api/me")).status_code == 401


async def test_a_mail_whose_link_still_works_answers_further_asks_and_nobody_is_locked_out(
    app: FastAPI, stranger: AsyncClient, database: Database, clock: SetClock
) -> None:
    known, unknown = [], []
    for _ in range(12):
        known.append(await stranger.post("/api/session/link", json={"email": "Worker@example.com"}))
        unknown.append(await stranger.post("/api/session/link", json={"email": "no@example.com"}))
    assert {a.status_code for a in (*known, *unknown)} == {202}
    assert known[0].json() == unknown[0].json()
    assert [(p, e) for p, e in await _told(database)] == [(WORKER, "sign_in")]
    # Its link was used, or has run out: then a new one is mailed.
    token = await _sent(database, clock.now())
    await stranger.post("/api/session/link", json={"email": "worker@example.com"})
    assert len(await _told(database)) == 1
    assert (await stranger.post("/api/session", json={"token": token})).status_code == 200
    clock.advance(timedelta(minutes=1))
    await stranger.post("/api/session/link", json={"email": "worker@example.com"})
    assert len(await _told(database)) == 2
    await _sent(database, clock.now())
    clock.advance(timedelta(minutes=31))
    await stranger.post("/api/session/link", json={"email": "worker@example.com"})
    assert len(await _told(database)) == 3


async def _told(database: Database) -> list[tuple[int, str]]:
    async with database.begin() as conn:
        rows = await conn.execute(text("SELECT person_id, event FROM notifications ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


async def _sent(database: Database, now: datetime) -> str:
    """What the sender does: the mail is handed over, with a link in it."""
    async with database.begin() as conn:
        await conn.execute(text("UPDATE notifications SET state = 'sent'"))
    return await _token(database, now)


async def test_asking_at_once_from_many_places_mails_one_link(
    app: FastAPI, open_client: Callable[[], AsyncClient], database: Database
) -> None:
    body = {"email": "worker@example.com"}
    calls = [open_client().post("/api/session/link", json=body) for _ in range(5)]
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {202}
    assert await _told(database) == [(WORKER, "sign_in")]


async def test_asking_is_the_same_work_for_known_and_unknown_addresses(
    app: FastAPI, stranger: AsyncClient, database: Database, clock: SetClock
) -> None:
    """A clock tells nobody either: the same statements, in the same order."""
    said: list[str] = []
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    event.listen(engine, "savepoint", lambda *_: said.append("savepoint"))
    event.listen(engine, "release_savepoint", lambda *_: said.append("end"))
    event.listen(engine, "rollback_savepoint", lambda *_: said.append("end"))
    work = []
    for email in ("worker@example.com", "nobody@example.com", "worker@example.com"):
        said.clear()
        clock.advance(timedelta(seconds=1))
        assert (await stranger.post("/api/session/link", json={"email": email})).status_code == 202
        work.append([s for s in said if not s.startswith(("RELEASE", "ROLLBACK TO", "SAVEPOINT"))])
    assert work[0] == work[1] == work[2]
    assert any("INSERT INTO notifications" in statement for statement in work[1])
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM notifications")) == 1


@pytest.mark.parametrize(
    "target", ["//evil.example/", "/\\evil.example", "https://evil.example", "/" + "x" * 500]
)
async def test_a_link_leads_nowhere_else(
    app: FastAPI, stranger: AsyncClient, database: Database, target: str
) -> None:
    asked = await stranger.post(
        "/api/session/link", json={"email": "worker@example.com", "target": target}
    )
    assert asked.status_code == 422
    page = await stranger.post(
        "/sign-in", data={"email": "worker@example.com", "next": target}, headers=HTML
    )
    assert (page.status_code, "your tasks come instead" in page.text) == (422, True)
    assert hidden(page, "next") == "/"
    door = await stranger.get("/sign-in", params={"next": target}, headers=HTML)
    assert hidden(door, "next") == "/"
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM notifications")) == 0


async def test_the_form_that_asks_for_a_link_sent_twice_is_one_mail(
    app: FastAPI, stranger: AsyncClient, database: Database
) -> None:
    door = await stranger.get("/sign-in", headers=HTML)
    key = hidden(door, "key")
    for email in ("worker@example.com", "worker@example.com", "lead@example.com"):
        form = {"email": email, "next": "/", "key": key}
        assert (await stranger.post("/sign-in", data=form, headers=HTML)).status_code == 200
    async with database.begin() as conn:
        people = (await conn.execute(text("SELECT person_id FROM notifications"))).scalars().all()
    assert sorted(people) == [LEAD, WORKER]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
async def test_what_another_site_sends_is_refused(
    app: FastAPI, sign_in: SignIn, headers: dict[str, str], status: int
) -> None:
    client = await sign_in(WORKER)
    answer = await client.delete("/api/session", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "cross-site"
        assert (await client.get("/api/me", headers=headers)).status_code == 200


async def test_a_wrong_service_key_is_refused_even_with_a_session(
    app: FastAPI, sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    for wrong in ("Bearer nonsense", "Basic abc", "Bearer"):
        answer = await client.get("/api/me", headers={"Authorization": wrong})
        assert answer.status_code == 401


async def test_with_tls_the_cookie_belongs_to_this_host_alone(
    database: Database, database_url: str, clock: SetClock, app: FastAPI, stranger: AsyncClient
) -> None:
    from httpx2 import ASGITransport

    from api.app import create_app

    settings = Settings(
        database_url=database_url, service_key=SERVICE_KEY, public_url="https://almanac.example.com"
    )
    secure = create_app(settings, clock=clock, database=database)
    token = await _token(database, clock.now())
    base = "https://almanac.example.com"
    async with AsyncClient(transport=ASGITransport(secure), base_url=base) as client:
        answer = await client.post("/api/session", json={"token": token})
        assert answer.headers["set-cookie"].startswith("__Host-almanac=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]
        assert (await client.get("/api/me")).status_code == 200
