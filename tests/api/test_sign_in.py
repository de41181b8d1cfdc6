"""Signing in by mailed link, sessions, and what other sites may not do."""

from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import event, text

from config import Settings
from domain.clock import SetClock
from store.links import create_link
from store.session import Database
from store.sessions import LIFETIME
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
    assert answer.json() == {"person_id": WORKER, "target": "/tasks/7"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("almanac=")
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert (await stranger.get("/api/me")).json()["person_id"] == WORKER


async def test_the_same_link_works_again_until_it_expires(
    app: FastAPI, stranger: AsyncClient, database: Database, clock: SetClock
) -> None:
    token = await _token(database, clock.now())
    for _ in range(2):
        assert (await stranger.post("/api/session", json={"token": token})).status_code == 200
    clock.advance(timedelta(minutes=31))
    late = await stranger.post("/api/session", json={"token": token})
    assert (late.status_code, late.json()["code"]) == (409, "illegal-state")
    unknown = await stranger.post("/api/session", json={"token": "x" * 40})
    assert unknown.status_code == 401


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


async def test_a_session_ends_after_a_week(app: FastAPI, sign_in: SignIn, clock: SetClock) -> None:
    client = await sign_in(WORKER)
    clock.advance(LIFETIME)
    assert (await client.get("/api/me")).status_code == 401


async def test_asking_tells_nobody_who_works_here_and_is_limited(
    app: FastAPI, stranger: AsyncClient, database: Database
) -> None:
    known, unknown = [], []
    for _ in range(6):
        known.append(await stranger.post("/api/session/link", json={"email": "Worker@example.com"}))
        unknown.append(await stranger.post("/api/session/link", json={"email": "no@example.com"}))
    assert [a.status_code for a in known] == [a.status_code for a in unknown] == [202] * 5 + [429]
    assert known[0].json() == unknown[0].json()
    assert int(known[-1].headers["retry-after"]) > 0
    assert "r=4" in known[0].headers["ratelimit"]
    async with database.begin() as conn:
        rows = (await conn.execute(text("SELECT person_id, event FROM notifications"))).all()
    assert {tuple(row) for row in rows} == {(WORKER, "sign_in")}


async def test_asking_is_the_same_work_for_known_and_unknown_addresses(
    app: FastAPI, stranger: AsyncClient, database: Database
) -> None:
    """A clock tells nobody either: the same statements, in the same order."""
    said: list[str] = []
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    event.listen(engine, "savepoint", lambda *_: said.append("savepoint"))
    event.listen(engine, "release_savepoint", lambda *_: said.append("end"))
    event.listen(engine, "rollback_savepoint", lambda *_: said.append("end"))
    work = []
    for email in ("worker@example.com", "nobody@example.com"):
        said.clear()
        assert (await stranger.post("/api/session/link", json={"email": email})).status_code == 202
        work.append([s for s in said if not s.startswith(("RELEASE", "ROLLBACK TO", "SAVEPOINT"))])
    assert work[0] == work[1]
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
