"""What every answer has in common: problems, headers, ids, logs, health and figures."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.app import create_app
from api.errors import CATALOGUE
from config import Settings
from definitions import shipped
from domain.clock import SetClock
from store.base.session import Database
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.store.people_rows import HR, WORKER


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not-found"),
        ("PATCH", "/api/cycles", 405, "method-not-allowed"),
        ("GET", "/api/cycles/not-an-id", 422, "invalid"),
        ("GET", "/api/cycles?limit=0", 422, "invalid"),
        ("GET", "/api/people?search=%00", 422, "invalid"),
        ("POST", "/api/definitions", 422, "invalid"),
    ],
)
async def test_every_refusal_is_a_problem(
    script: AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await script.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["type"], problem["status"]) == (
        code,
        f"/problems/{code}",
        status,
    )
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_the_catalogue_can_be_read(stranger: AsyncClient) -> None:
    listed = (await stranger.get("/problems")).json()
    assert {entry["code"] for entry in listed} == set(CATALOGUE)
    assert all(entry["meaning"] for entry in listed)
    one = await stranger.get("/problems/edit-conflict")
    assert one.json()["status"] == 412


async def test_bodies_are_strict(script: AsyncClient) -> None:
    for body in (
        {"text": "x", "unknown": 1},
        {"text": 7},
        {"text": False},
        [],
        "text",
    ):
        answer = await script.post("/api/definitions/validate", json=body)
        assert answer.status_code == 422, body
    broken = await script.post(
        "/api/definitions/validate",
        content=b'{"text": ',
        headers={"Content-Type": "application/json"},
    )
    assert broken.status_code == 422
    large = await script.post("/api/definitions/validate", json={"text": "x" * 3_000_000})
    assert (large.status_code, large.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/definitions/validate", "application/json"),
        ("/sign-in", "application/x-www-form-urlencoded"),
        ("/sign-in", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_of_unknown_length_is_refused_when_it_becomes_too_large(
    script: AsyncClient, path: str, kind: str
) -> None:
    begun = b'{"text": "' if kind == "application/json" else b"email=" + b"a" * 10
    if kind.startswith("multipart"):
        begun = b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\n'

    async def chunks() -> AsyncIterator[bytes]:
        yield begun
        for _ in range(60):
            yield b"x" * 50_000

    headers = {"Content-Type": kind}
    large = await script.post(path, content=chunks(), headers=headers)
    assert (large.status_code, large.json()["code"]) == (413, "too-large")


REFUSED = {
    "53100": "the disk of the database is full",
    "25006": "the database takes no changes",
    "40P01": "Somebody else changed the same thing",
    "57014": "has too much to do",
}


@pytest.mark.parametrize("state", REFUSED)
async def test_what_the_database_cannot_do_is_said_as_it_is(
    script: AsyncClient, owner: Database, state: str
) -> None:
    async with owner.begin() as conn:
        await refuse_writes(conn, state)
    body = {"text": shipped.cycle_source("quarterly")}
    answer = await script.post("/api/definitions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.json()
    assert REFUSED[state] in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


async def refuse_writes(conn: AsyncConnection, state: str) -> None:
    """Let PostgreSQL refuse what needs room, as it does on a full disk."""
    for statement in (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$",
        "CREATE FUNCTION refuse_tables() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON definition_versions EXECUTE FUNCTION refuse()",
        "CREATE EVENT TRIGGER full_disk ON ddl_command_start"
        " WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION refuse_tables()",
    ):
        await conn.execute(text(statement))


async def test_ready_says_that_nothing_can_be_saved_until_there_is_room_again(
    script: AsyncClient, stranger: AsyncClient, database: Database, owner: Database
) -> None:
    async with owner.begin() as conn:
        await refuse_writes(conn, "53100")
    await script.post("/api/definitions", json={"text": shipped.cycle_source("quarterly")})
    full = await stranger.get("/readyz")
    assert (full.status_code, full.json()["database"]) == (200, "degraded")
    assert full.json()["status"] == "degraded"
    async with owner.begin() as conn:
        await conn.execute(text("DROP EVENT TRIGGER full_disk"))
    room = await stranger.get("/readyz")
    assert (room.json()["database"], room.json()["status"]) == ("ok", "ok")
    assert not database.full


async def test_answers_trust_nothing_but_this_site(stranger: AsyncClient) -> None:
    for path in ("/livez", "/api/me", "/nothing"):
        headers = (await stranger.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-store" in headers["cache-control"]


async def test_a_request_id_is_echoed_if_it_is_harmless(stranger: AsyncClient) -> None:
    given = await stranger.get("/livez", headers={"X-Request-Id": "abc-12345"})
    assert given.headers["x-request-id"] == "abc-12345"
    odd = await stranger.get("/livez", headers={"X-Request-Id": "a b\tc"})
    assert odd.headers["x-request-id"] != "a b\tc"


async def test_the_log_has_neither_tokens_nor_names_nor_queries(
    app: FastAPI,
    stranger: AsyncClient,
    sign_in: SignIn,
    capfd: pytest.CaptureFixture[str],
    own_lines: None,
) -> None:
    client = await sign_in(HR)
    await client.get("/api/people", params={"search": "planted-name"})
    await stranger.post("/api/session", json={"token": "planted-token-planted"})
    await stranger.get("/api/tasks/planted-path?x=planted-query")
    written = capfd.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == [
        "/api/people",
        "/api/session",
        "/api/tasks/{task_id}",
    ]
    assert "planted" not in written
    assert "example.com" not in written


async def test_ready_says_what_is_wrong_and_never_needs_the_engine(
    stranger: AsyncClient, database: Database, owner: Database, clock: SetClock
) -> None:
    ready = await stranger.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert ready.json()["seal_keys"] == "ok"
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO processes (id, kind, armed_until, created_at)"
                " VALUES ('mail', 'mail', :at, :at)"
            ),
            {"at": clock.now() - timedelta(minutes=10)},
        )
    late = await stranger.get("/readyz")
    assert (late.status_code, late.json()["engine"]) == (200, "degraded")
    async with database.begin() as conn:
        await conn.execute(text("UPDATE seal_key_folder SET name = gen_random_uuid()"))
    elsewhere = await stranger.get("/readyz")
    assert (elsewhere.status_code, elsewhere.json()["seal_keys"]) == (200, "degraded")
    async with owner.begin() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    old = await stranger.get("/readyz")
    assert (old.status_code, old.json()["migrations"]) == (503, "failing")


async def test_without_a_database_people_get_a_clear_answer(clock: SetClock) -> None:
    settings = Settings(
        database_url="postgresql://nobody@127.0.0.1:1/none", service_key=SERVICE_KEY
    )
    app = create_app(settings, clock=clock)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert (await client.get("/livez")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, "failing")
        client.headers["Authorization"] = f"Bearer {SERVICE_KEY}"
        answer = await client.get("/api/cycles")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"]
    await app.state.database.close()


async def test_figures_are_for_administrators_and_scripts(
    app: FastAPI, script: AsyncClient, stranger: AsyncClient, sign_in: SignIn
) -> None:
    await stranger.get("/api/me")
    assert (await stranger.get("/metrics")).status_code == 401
    assert (await (await sign_in(WORKER)).get("/metrics")).status_code == 403
    figures = (await script.get("/metrics")).text
    assert 'almanac_http_requests_total{method="GET",route="/api/me",status="401"} 1.0' in figures
    assert "almanac_processes_overdue 0.0" in figures
