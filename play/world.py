"""A world of its own for one play: a scratch schema, an engine whose clock skips, no mail leaving.

The real workflows, activities, store and templates run in it. Nothing acts by the wall clock
beside the engine: bells are passed on inside the activity that rang them, before its completion is
reported, and people act inside an activity of their own.

Two plays of one scenario are equal. Skipped time runs on for the moments in which something is
computed; so every turn is given the exact instant that it was armed for, or at which it was rung.
Of what falls on one instant people act first.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path

from sqlalchemy import text
from temporalio import activity
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.engine import Engine
from activities.launches import advance_launch_calendar
from activities.processes import MailTurn, Tools
from domain.clock import SetClock
from domain.processes.mail import MAIL
from domain.processes.registry import SINGLE
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.progress import Advance, Progress, Start
from engine.client import data_converter
from engine.relay import Relay
from play.processes import CROWD, ClockWorkflow, CrowdWorkflow
from store.base.migrate import upgrade
from store.base.session import Database
from store.engine.bells import next_bell
from store.engine.processes import start
from workflows.registry import WORKFLOWS

QUEUE = "almanac-play"
AFTERWARDS = timedelta(days=3650)
MOST_FAILURES = 4
"""So often a turn is tried again: under skipped time nobody mends anything meanwhile."""

PATIENCE = 15.0
"""Seconds of the wall clock after which an engine that is to skip time, and does not, stands still.

Seen about once in a hundred plays on a loaded machine: a timer and the answer to a workflow task
meet, and the server answers neither any more, not even by the time-outs that are due.
"""

LONGEST_TURN = 600.0
"""So many seconds a turn that has begun may take: the time-out of its activity."""

DRIFT = timedelta(minutes=2)
"""So long after its instant a turn may begin and still count as of that instant."""

Act = Callable[[datetime], Awaitable[datetime | None]]
"""People act as of an instant; the answer is when they want to act next."""

Gate = Callable[[str, datetime], datetime | None]

Over = Callable[[], Awaitable[bool]]


class PlayError(Exception):
    """A play that cannot go on: a process of Almanac fails. A sentence without anybody's data."""


def told(error: BaseException) -> str:
    """What a defect is, and where, without anything that it says of people."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    where = f" in {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"{type(error).__name__}{where}; this is a defect of Almanac, please report it"


class EngineStandsStill(PlayError):
    """The server that skips time answers no more: the play can only begin anew, in a new world."""


@dataclass
class World:
    """A running play.

    `clock` shows the business instant of the last turn, `turns` counts the engine's.
    """

    database: Database
    client: Client
    clock: SetClock
    relay: Relay
    environment: WorkflowEnvironment
    offset: timedelta
    act: Act
    gate: Gate | None = None
    turns: int = 0
    turning: str = ""
    """The process whose turn it is."""
    ended: bool = False
    """Whatever wakes from now on does nothing any more."""
    crowd_began: bool = False
    broken: str | None = None
    """Why the play cannot go on."""
    wanted: datetime | None = None
    """When somebody wants to act next, as far as is known."""
    _crowd_armed: datetime | None = None
    _until: datetime | None = None
    _over: Over | None = None
    _down_until: datetime | None = None
    _moved: float = 0.0
    _busy: bool = False

    async def now(self) -> datetime:
        """The business instant that the engine's clock shows."""
        return await self.environment.get_current_time() + self.offset

    async def run(self, until: datetime, over: Over | None = None) -> None:
        """Let time pass until all is over, at the latest until an instant (UTC), exactly.

        `over` is asked after turns of cycles and of the sender. Raises PlayError if a process
        fails again and again, EngineStandsStill if the engine does not go on.
        """
        self._until, self._over = until, over
        self._moves(busy=False)
        await self._settle()
        # Time runs while a result is waited for; the engine's own call to sleep is given up early.
        passing = asyncio.create_task(
            self.client.execute_workflow(
                ClockWorkflow.run,
                until + AFTERWARDS - self.offset,
                id="play-clock",
                task_queue=QUEUE,
            )
        )
        try:
            while not self.ended and not passing.done() and self.broken is None:
                await asyncio.wait([passing], timeout=0.02)
                self._note_standstill()
        finally:
            passing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await passing
        self.must_go_on()

    def _moves(self, *, busy: bool) -> None:
        self._moved, self._busy = time.monotonic(), busy

    def _note_standstill(self) -> None:
        if time.monotonic() - self._moved > (LONGEST_TURN if self._busy else PATIENCE):
            raise EngineStandsStill("the engine that skips time stands still")

    async def _settle(self) -> None:
        """Wait, while time stands still, until everything that was started has looked once."""
        while True:
            async with self.database.begin() as conn:
                waiting = await conn.scalar(
                    text(
                        "SELECT EXISTS (SELECT 1 FROM bells) OR EXISTS (SELECT 1 FROM processes "
                        "WHERE state = 'open' AND advanced_at IS NULL)"
                    )
                )
            self.must_go_on()
            self._note_standstill()
            if self.crowd_began and not waiting:
                return
            await asyncio.sleep(0.01)

    def must_go_on(self) -> None:
        """Raise PlayError if something fails again and again."""
        if self.broken is not None:
            raise PlayError(self.broken)

    async def before_turn(self, process_id: str, as_of: datetime) -> datetime:
        """Find the exact instant of a turn, and let people act first. Returns the instant."""
        self._moves(busy=True)
        self._count_failures(process_id)
        self.turning = process_id
        if self.ended:
            return as_of
        async with self.database.begin() as conn:
            armed = await conn.scalar(
                text("SELECT armed_until FROM processes WHERE id = :id"), {"id": process_id}
            )
        exact = self._exact(as_of, armed)
        if self.wanted is not None and self.wanted <= exact:
            self.wanted = await self._let_act(exact)
        self.clock.instant = max(self.clock.instant, exact)
        return exact

    def _count_failures(self, what: str) -> None:
        if activity.info().attempt > MOST_FAILURES:
            self.broken = self.broken or f"{what.partition('-')[0]} fails again and again"

    def down(self, process_id: str, as_of: datetime) -> datetime | None:
        """Until when a process is down, if it is."""
        if self.ended:
            return as_of + AFTERWARDS
        until = self.gate(process_id, as_of) if self.gate else None
        if until is not None:
            self._down_until = until
            self._moves(busy=False)
        return until

    async def after_turn(self, as_of: datetime) -> None:
        """Pass the bells on; wake the crowd if somebody now wants to act earlier."""
        self.turns += 1
        self._moves(busy=False)
        await self._people(as_of)
        if self.wanted is not None and (
            self._crowd_armed is None or self.wanted < self._crowd_armed
        ):
            self._crowd_armed = self.wanted
            await self.wake_crowd()

    async def wake_crowd(self) -> None:
        """Ring the people: there may be something new to do."""
        handle = self.client.get_workflow_handle(CROWD.id)
        with contextlib.suppress(Exception):
            await handle.signal("ring")

    async def play_act(self, as_of: datetime) -> datetime | None:
        """People do what they want to have done by now; the answer is when to wake them next."""
        self.crowd_began, self.turning = True, CROWD.id
        self._moves(busy=True)
        self._count_failures(CROWD.id)
        if self.ended:
            return None
        exact = self._exact(as_of, self.wanted)
        self.clock.instant = max(self.clock.instant, exact)
        await self._people(exact)
        async with self.database.begin() as conn:
            ringing = await next_bell(conn)  # a busy process is rung when its window is over
        self._crowd_armed = min((i for i in (self.wanted, ringing) if i is not None), default=None)
        self._moves(busy=False)
        return self._crowd_armed

    async def _people(self, as_of: datetime) -> None:
        self.wanted = await self._let_act(as_of)
        await self.relay.drain()
        if self._until is not None:
            self.wanted = min(self.wanted or self._until, self._until)
            self.ended = self.ended or as_of >= self._until
        may_end = any(kind.is_of(self.turning) for kind in (MAIL, REVIEW_CYCLE))
        if may_end and self._over is not None and not self.ended:
            self.ended = await self._over()

    async def _let_act(self, as_of: datetime) -> datetime | None:
        """People act. What cannot go on ends the play: it would not go better a second time."""
        if self.broken is not None:
            return None
        try:
            return await self.act(as_of)
        except PlayError as error:
            self.broken = str(error)
        except Exception as error:
            self.broken = f"at {as_of:%Y-%m-%d %H:%MZ} the play broke off: {told(error)}"
        return None

    def _exact(self, as_of: datetime, armed: datetime | None) -> datetime:
        known = (armed, self._down_until, self.clock.instant)
        near = [i for i in known if i is not None and as_of - DRIFT < i <= as_of]
        return max(near, default=as_of.replace(microsecond=0))


class _Crowd:
    def __init__(self) -> None:
        self.world: World | None = None

    @activity.defn(name="play_act")
    async def play_act(self, call: Advance) -> Progress:
        """People do what they want to have done by now."""
        world = self.world
        if world is None:
            return Progress(closed=True)
        upcoming = await world.play_act(call.as_of + world.offset)
        return Progress(
            next_due_at=None if upcoming is None else upcoming - world.offset,
            waits_for="people",
        )


@contextlib.asynccontextmanager
async def open_world(
    url: str,
    *,
    begins: datetime,
    test_server: Path,
    mail: Callable[[Database], MailTurn],
    act: Act,
    gate: Gate | None = None,
    by_hand: Collection[str] = (),
    keep_schema: bool = False,
) -> AsyncIterator[World]:
    """Make a world that begins at a business instant, and take it down afterwards.

    Args:
        url: A database in which a scratch schema may be made.
        begins: Business instant (UTC); may lie in the past.
        test_server: The engine that skips time.
        mail: Makes the sender's turn, given the database of the play.
        act: What people do.
        gate: Until when a process is down at an instant, if it is.
        by_hand: Definitions that are launched by button: their own recurrence is not followed.
        keep_schema: Leave the facts behind, to be looked at.
    """
    schema = f"play_{secrets.token_hex(6)}"
    await asyncio.to_thread(upgrade, url, schema)
    keys = Path(tempfile.mkdtemp(prefix="almanac-seal-keys-"))
    database = Database(
        url,
        schema=schema,
        pool_size=5,
        application="almanac-play",
        lasting=False,
        seal_keys=keys,
    )
    crowd = _Crowd()
    environment = await _start_engine(test_server)
    try:
        world = await _make(database, environment, begins, act, gate)
        crowd.world = world
        engine = Engine(
            database,
            tools=Tools(
                mail=mail(database),
                calendar=partial(advance_launch_calendar, by_hand=frozenset(by_hand)),
            ),
            offset=world.offset,
            before=world.before_turn,
            gate=world.down,
            after=world.after_turn,
        )
        worker = Worker(
            environment.client,
            task_queue=QUEUE,
            workflows=[*WORKFLOWS.values(), CrowdWorkflow, ClockWorkflow],
            activities=[*engine.activities(), crowd.play_act],
            max_concurrent_activities=1,
            build_id=QUEUE,  # nobody compares builds here; else every module is read to tell one
        )
        async with worker:
            yield world
    finally:
        await environment.shutdown()
        if not keep_schema:
            async with database.begin() as conn:
                await conn.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        await database.close()
        shutil.rmtree(keys)


async def _start_engine(test_server: Path) -> WorkflowEnvironment:
    """Start the server that skips time. It inherits our output, where it would say good-bye in
    fifty lines: it gets none."""
    kept = [os.dup(number) for number in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        return await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(test_server),
            data_converter=data_converter(),
            runtime=_quiet(),
        )
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)


@lru_cache(maxsize=1)
def _quiet() -> Runtime:
    """Whatever the engine's library has to say about a throw-away server is nobody's concern."""
    silent = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=silent)))


async def _make(
    database: Database,
    environment: WorkflowEnvironment,
    begins: datetime,
    act: Act,
    gate: Gate | None,
) -> World:
    clock = SetClock(begins)
    relay = Relay(
        database, environment.client, clock, QUEUE, search_attributes=False, separate_queues=False
    )
    offset = begins - await environment.get_current_time()
    return World(database, environment.client, clock, relay, environment, offset, act, gate)


async def begin(world: World) -> None:
    """Start the crowd and the processes that every installation has. Time stands still so far."""
    now = world.clock.now()
    async with world.database.begin() as conn:
        for kind in SINGLE:
            await start(conn, kind.id, kind, now=now)
    await world.client.start_workflow(
        CrowdWorkflow.run,
        Start(process_id=CROWD.id),
        id=CROWD.id,
        task_queue=QUEUE,
        start_signal="ring",
    )
    await world.relay.drain()
