"""Ten thousand processes ring at once, the engine starts twenty a second, and somebody submits.

The engine's rate was measured with the full server; here a gate keeps to it, so that the figure is
the relay's: how long the mass takes, and how long a person's bell waits in the midst of it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import text
from temporalio.client import Client

from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from domain.clock import SystemClock
from domain.progress import Start
from engine.relay import Relay
from store.base.session import Database
from store.engine.processes import ring

STARTS_A_SECOND = 20.0
PERSON = "stage-of-a-person"
EVERY = 5.0
"""Seconds between two people."""


class GatedEngine:
    """Takes signals one after the other, so many a second, as the engine does.

    `taken` are the processes in order, with the instants (of `time.monotonic`) of their answers.
    """

    def __init__(self, per_second: float) -> None:
        self._seconds = 1.0 / per_second
        self._door = asyncio.Lock()
        self.taken: list[tuple[str, float]] = []
        self.came = asyncio.Condition()

    async def start_workflow(self, name: str, argument: Start, **_: Any) -> None:
        """Wait for one's turn, then be taken."""
        async with self._door:
            await asyncio.sleep(self._seconds)
        self.taken.append((argument.process_id, time.monotonic()))
        async with self.came:
            self.came.notify_all()

    def count(self, process_id: str) -> int:
        """How often a process was signalled."""
        return sum(name == process_id for name, _ in self.taken)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something to become true of what was taken."""
        async with self.came:
            await self.came.wait_for(happened)

    @property
    def client(self) -> Client:
        """What a relay is given."""
        return cast(Client, self)


async def ring_mass(database: Database, bells: int, now: datetime) -> None:
    """So many processes that never ran, rung by one transaction; and a person's that did."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "WITH made AS (INSERT INTO processes (id, kind, created_at) "
                "SELECT 'stage-' || n, 'stage', :now FROM generate_series(1, :bells) n "
                "RETURNING id) INSERT INTO bells (process_id, urgent) SELECT id, true FROM made"
            ),
            {"now": now, "bells": bells},
        )
        await conn.execute(
            text(
                "INSERT INTO processes (id, kind, created_at, advanced_at) "
                "VALUES (:id, 'stage', :now, :now)"
            ),
            {"id": PERSON, "now": now},
        )


async def person_waits(database: Database, engine: GatedEngine) -> float:
    """Ring a person's bell; returns the seconds until the engine has taken it."""
    before = engine.count(PERSON)
    async with database.begin() as conn:
        await ring(conn, PERSON)
    begun = time.monotonic()
    await engine.until(lambda: engine.count(PERSON) > before)
    return time.monotonic() - begun


async def keep_passing_on(relay: Relay) -> None:
    """What a worker does."""
    while True:
        await relay.drain()
        await asyncio.sleep(0.5)


async def bell_figures(
    there: Machine, bells: int, per_second: float = STARTS_A_SECOND
) -> Sequence[Figure]:
    """Drain so many bells at the engine's rate, with a person's bell every few seconds.

    Two relays share the work, as in an installation of two workers.
    """
    async with there.database() as database:
        await ring_mass(database, bells, datetime.now(UTC))
        engine = GatedEngine(per_second)
        relays = [Relay(database, engine.client, SystemClock(), "bench") for _ in range(2)]
        begun = time.monotonic()
        passing = [asyncio.create_task(keep_passing_on(relay)) for relay in relays]
        waits: list[Pair] = []
        pause = min(EVERY, bells / per_second / 4)
        while len(engine.taken) < bells + len(waits):
            waits.append(Pair(await person_waits(database, engine)))
            await asyncio.sleep(pause)
        seconds = engine.taken[-1][1] - begun
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
    longest = max(waits, key=lambda pair: pair.measured)
    ideal = len(engine.taken) / per_second
    return [
        Figure("bells at once, passed on", bells, "s", [Pair(seconds, ideal)], most=1.1),
        Figure("a person's bell among them, longest wait", bells, "s", [longest], most=1.0),
        Figure("a person's bell among them, median", bells, "s", waits),
    ]
