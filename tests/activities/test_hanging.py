"""A turn that hangs is given up within a minute; one that works is not, however long it takes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import hanging, processes
from activities.engine import Engine
from activities.processes import Tools
from domain.processes.mail import MAIL
from domain.progress import Advance, Progress
from store.base.session import Database
from store.engine.processes import start
from tests.store.running import LAUNCHED

LOCK = "SELECT pg_advisory_xact_lock(7)"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds of a real worker, a hundred times shorter."""
    monkeypatch.setattr(hanging, "BEAT", timedelta(seconds=0.05))
    monkeypatch.setattr(hanging, "STILL", timedelta(seconds=0.5))


@pytest.fixture
async def other(database_url: str, database: Database) -> AsyncIterator[Database]:
    """Somebody else in the same database."""
    other = Database(database_url, application="other")
    yield other
    await other.close()


async def run(work: object) -> tuple[object, int]:
    """Run as an activity; returns what it came to, and how many signs of life it gave."""
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beats.append(None)
    return await environment.run(hanging.not_hanging, work), len(beats)


async def test_what_waits_for_a_lock_too_long_is_given_up_and_leaves_nothing(
    database: Database, other: Database
) -> None:
    async def work() -> None:
        async with database.begin() as conn:
            await conn.execute(text("INSERT INTO bells (process_id) VALUES ('begun')"))
            await conn.execute(text(LOCK))

    async with other.begin() as conn:
        await conn.execute(text(LOCK))
        with pytest.raises(hanging.TransactionHangs):
            await run(work())
        assert await conn.scalar(text("SELECT count(*) FROM bells")) == 0
    await run(work())  # the lock is free: the next attempt goes through
    async with other.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM bells")) == 1


async def test_a_server_that_is_frozen_keeps_nobody(database: Database) -> None:
    """It takes back nothing and answers nothing, not even that it was told to end."""
    frozen: list[int] = []

    async def work() -> None:
        async with database.begin() as conn:
            frozen.append(int(await conn.scalar(text("SELECT pg_backend_pid()"))))
            os.kill(frozen[0], signal.SIGSTOP)
            await conn.execute(text("SELECT 1"))

    try:
        async with asyncio.timeout(60):
            with pytest.raises(hanging.TransactionHangs):
                await run(work())
    finally:
        os.kill(frozen[0], signal.SIGCONT)
    async with database.begin() as conn:  # another connection serves meanwhile
        assert await conn.scalar(text("SELECT 1")) == 1


async def test_a_long_turn_of_short_statements_goes_on_and_gives_signs_of_life(
    database: Database,
) -> None:
    async def work() -> str:
        for _ in range(10):
            async with database.begin() as conn:
                for _ in range(2):
                    await conn.execute(text("SELECT pg_sleep(0.1)"))
        return "done"

    answer, beats = await run(work())
    assert answer == "done"
    assert beats >= 10


async def test_what_waits_for_anything_but_the_database_is_not_given_up() -> None:
    """A mail server may take its time; its own limits bound it."""

    async def work() -> str:
        await asyncio.sleep(1.0)
        return "done"

    answer, _ = await run(work())
    assert answer == "done"


async def test_a_transaction_of_a_task_that_the_work_started_counts_too(
    database: Database, other: Database
) -> None:
    async def inner() -> None:
        async with database.begin() as conn:
            await conn.execute(text(LOCK))

    async def work() -> None:
        await asyncio.gather(asyncio.create_task(inner()), asyncio.sleep(0))

    async with other.begin() as conn:
        await conn.execute(text(LOCK))
        with pytest.raises(hanging.TransactionHangs):
            await run(work())


async def test_the_engine_hears_of_it_as_a_code_and_it_is_written_down(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the server answers nobody but other connections."""
    frozen: list[int] = []

    async def freezes(*_: object) -> Progress:
        async with database.begin() as conn:
            frozen.append(int(await conn.scalar(text("SELECT pg_backend_pid()"))))
            os.kill(frozen[0], signal.SIGSTOP)
            await conn.execute(text("SELECT 1"))
        raise AssertionError("a frozen server has answered")

    monkeypatch.setitem(processes.WORK, MAIL.code, freezes)
    async with database.begin() as conn:
        await start(conn, MAIL.id, MAIL, now=LAUNCHED)
    [advance] = [
        one
        for one in Engine(database, tools=Tools()).activities()
        if one.__temporal_activity_definition.name == MAIL.phases[0].activity  # type: ignore[attr-defined]
    ]
    call = Advance(process_id=MAIL.id, as_of=LAUNCHED)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(ApplicationError) as raised:
                await ActivityEnvironment().run(advance, call)
    finally:
        os.kill(frozen[0], signal.SIGCONT)
    assert raised.value.type == "TransactionHangs"
    async with database.begin() as conn:
        failure = await conn.scalar(text("SELECT failure FROM processes"))
    assert failure.startswith("TransactionHangs at activities.hanging:")
