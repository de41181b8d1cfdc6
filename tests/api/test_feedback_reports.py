"""Reports as data: who gets which, and that everybody else gets nothing, in the same way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient, Response
from sqlalchemy import event, text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from store.base.session import Database
from tests.api.closed_round import WORDS, close, collected, hold_back
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.store.kinds.feedback_round.world import AFTER_CLOSE, World

NOWHERE = UUID("0198b6a0-0000-7000-8000-000000000000")


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


def path(world: World, person: int | None = None, cycle: UUID | None = None) -> str:
    return f"/api/cycles/{cycle or world.cycle}/feedback/{person or world.subject}"


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    said: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_the_subject_the_manager_and_hr_get_the_report(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    for person, read_as in (
        (round_.subject, "subject"),
        (round_.lead, "manager"),
        (round_.hr, "hr"),
    ):
        answer = await (await sign_in(person)).get(path(round_))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        report = answer.json()
        assert (report["read_as"], report["stage"]) == (read_as, "feedback")
        assert report["competencies"][0]["groups"] == [
            {"group": "peers", "score": {"mean": 3.5, "bound": "exact"}, "spread": "close"}
        ]
        assert WORDS in json.dumps(report["themes"])


async def test_the_report_has_no_raters_no_counts_and_no_instants(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    report = (await (await sign_in(round_.lead)).get(path(round_))).json()

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for one in value.values() for key in keys(one)}
        return {key for one in value for key in keys(one)} if isinstance(value, list) else set()

    assert not keys(report) & {"asked", "answered", "count", "n", "ids", "id", "task_id", "made_at"}
    assert "T" not in report["made_on"]
    assert {g["at_least"] for g in report["groups"]} == {3}


async def test_everybody_else_gets_the_same_nothing_for_the_same_work(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    """Whether there is no cycle, no such person, an open round or a report that is hidden."""
    rater = await sign_in(round_.team[1])
    subject = await sign_in(round_.subject)
    found: list[tuple[Response, list[str]]] = []

    async def read(client: AsyncClient, where: str) -> None:
        with statements(database) as said:
            found.append((await client.get(where), said))

    await read(rater, path(round_, cycle=NOWHERE))
    await read(rater, path(round_, person=round_.team[6]))
    await read(rater, path(round_))
    await read(subject, path(round_))
    await close(database, round_)
    await hold_back(database, round_)
    await read(rater, path(round_))
    await read(subject, path(round_))
    first, work = found[0]
    for answer, said in found:
        assert answer.status_code == 404
        assert said == work
        told, expected = answer.json(), first.json()
        told.pop("request_id"), expected.pop("request_id")
        assert told == expected


async def test_an_administrator_and_a_script_read_none(
    database: Database, sign_in: SignIn, script: AsyncClient, round_: World
) -> None:
    await close(database, round_)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE company_settings SET content = jsonb_set(content, '{administrators}', "
                "(SELECT jsonb_build_array(email) FROM people WHERE id = :id))"
            ),
            {"id": round_.team[7]},
        )
    administrator = await sign_in(round_.team[7])
    assert (await administrator.get(path(round_))).status_code == 404
    assert (await script.get(path(round_))).status_code == 403


async def test_a_round_that_is_not_in_the_cycle_has_no_report(
    database: Database, sign_in: SignIn, round_: World
) -> None:
    await close(database, round_)
    client = await sign_in(round_.subject)
    assert (await client.get(f"{path(round_)}?stage=feedback")).status_code == 200
    assert (await client.get(f"{path(round_)}?stage=other")).status_code == 404
