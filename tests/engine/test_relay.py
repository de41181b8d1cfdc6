"""The relay beside an engine that is slow, stuck or gone: bells leave, and nobody's waits."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio
from sqlalchemy import text
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.bells import PERSON, GatedEngine, ring_mass
from domain.clock import SystemClock
from domain.progress import Start
from engine.relay import AT_ONCE, Relay
from store.base import session
from store.base.session import Database
from store.engine.processes import ring

BELLS = 240
QUEUE = "test-relay"


@pytest_asyncio.fixture
async def hurried(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A pool whose transactions may be idle for one second, a fifteenth of what is usual."""
    monkeypatch.setattr(session, "IDLE_IN_TRANSACTION_SECONDS", 1)
    database = Database(database_url, pool_size=5, application="almanac-test")
    yield database
    await database.close()


async def bells(database: Database) -> int:
    async with database.begin() as conn:
        return int(await conn.scalar(text("SELECT count(*) FROM bells")) or 0)


class StuckEngine:
    """Answers nothing while it is stuck. `came` has whoever asked, in order."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.goes_on = asyncio.Event()
        self.asked = asyncio.Condition()
        self.refuses = False

    async def start_workflow(self, name: str, argument: Start, **_: Any) -> None:
        async with self.asked:
            self.came.append(argument.process_id)
            self.asked.notify_all()
        if self.refuses:
            raise RPCError("gone", RPCStatusCode.UNAVAILABLE, b"")
        await self.goes_on.wait()

    async def until(self, process: str) -> None:
        """Wait until a process was signalled."""
        async with self.asked:
            await self.asked.wait_for(lambda: process in self.came)

    def relay(self, database: Database) -> Relay:
        return Relay(database, cast(Client, self), SystemClock(), QUEUE)


async def test_a_mass_of_bells_leaves_although_it_takes_longer_than_a_transaction_may_be_idle(
    hurried: Database,
) -> None:
    async with hurried.begin() as conn:
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    await ring_mass(hurried, BELLS, now)
    engine = GatedEngine(BELLS / 3)
    relay = Relay(hurried, engine.client, SystemClock(), QUEUE)
    assert await relay.drain() == BELLS
    assert len({name for name, _ in engine.taken}) == BELLS
    assert await bells(hurried) == 0


async def test_two_relays_share_a_mass_and_signal_each_process_once(hurried: Database) -> None:
    async with hurried.begin() as conn:
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    await ring_mass(hurried, BELLS, now)
    engine = GatedEngine(200)
    relays = [Relay(hurried, engine.client, SystemClock(), QUEUE) for _ in range(2)]
    shares = await asyncio.gather(*(relay.drain() for relay in relays))
    assert sum(shares) == BELLS == len({name for name, _ in engine.taken})
    assert min(shares) > BELLS / 10, "neither keeps the other from its work"


async def test_a_persons_bell_reaches_an_engine_that_has_not_answered_for_the_mass_yet(
    database: Database,
) -> None:
    async with database.begin() as conn:
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    await ring_mass(database, BELLS, now)
    engine = StuckEngine()
    drain = asyncio.create_task(engine.relay(database).drain())
    await engine.until("stage-1")
    async with database.begin() as conn:
        await ring(conn, PERSON)
    await engine.until(PERSON)
    assert engine.came.index(PERSON) <= max(AT_ONCE.values()), "and the mass was few at a time"
    engine.goes_on.set()
    assert await drain == BELLS + 1


async def test_bells_that_the_engine_does_not_take_stay_and_the_relay_says_so(
    database: Database,
) -> None:
    async with database.begin() as conn:
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    await ring_mass(database, BELLS, now)
    engine = StuckEngine()
    engine.refuses = True
    with pytest.raises(RPCError):
        await engine.relay(database).drain()
    assert await bells(database) == BELLS
    assert len(engine.came) <= 2 * max(AT_ONCE.values()), "an engine that is gone is not hammered"


async def test_a_relay_that_is_stopped_leaves_its_bells_to_the_next(database: Database) -> None:
    async with database.begin() as conn:
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    await ring_mass(database, BELLS, now)
    engine = StuckEngine()
    drain = asyncio.create_task(engine.relay(database).drain())
    await engine.until("stage-1")
    drain.cancel()
    await asyncio.gather(drain, return_exceptions=True)
    assert await bells(database) == BELLS
    engine.goes_on.set()
    assert await engine.relay(database).drain() == BELLS
