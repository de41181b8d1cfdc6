"""A whole installation to be broken: PostgreSQL, a file-backed engine, a relay, workers to kill.

Business time is the host's clock plus an offset; putting the installation into another week means
starting its workers anew with another offset, as after a time of downtime.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from config import Settings
from definitions import shipped
from definitions.loader import parse_definition
from domain.access import SERVICE, Actor
from embedded.mailbox import Mailbox
from embedded.smtp_sink import Faults, SmtpSink
from embedded.temporal import RunningTemporal, start_dev_server
from engine.client import TemporalAddress, connect
from engine.relay import Relay
from play.answers import plausible
from store.base.session import Database
from store.changes.people_import import import_people
from store.definitions.versions import publish
from store.launch.launching import confirm, prepare
from store.people.company import save_company
from store.tasks.rows import lock_task
from store.tasks.submitting import submit
from tests.faults.worker_process import ShiftedClock
from tests.invariants import broken, mails_differ
from tests.waiting import Patience

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ROOT / "embedded" / "demo_company" / "company.csv"
WORKER = Path(__file__).with_name("worker_process.py")

QUEUE = Settings.model_fields["temporal_task_queue"].default
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
LAUNCH = datetime(2027, 1, 12, 9, 5, tzinfo=LOS_ANGELES).astimezone(UTC)
"""A Tuesday. It is due on Friday 15 January; Monday 18 is a holiday in the United States."""


EUROPE_OPENS = datetime(2027, 1, 13, 10, 0, tzinfo=UTC)
"""The morning after, in Oxford and Munich: all offices have opened."""


def morning(day: date) -> datetime:
    """Half past four in Los Angeles: the last of everybody's mornings of that day has been."""
    return datetime(day.year, day.month, day.day, 16, 30, tzinfo=LOS_ANGELES).astimezone(UTC)


QUIET = """
SELECT (SELECT count(*) FROM bells) AS bells,
    (SELECT count(*) FROM processes WHERE state = 'open'
        AND (armed_until <= :now OR advanced_at IS NULL OR unheard IS NOT NULL)) AS late,
    (SELECT count(*) FROM notifications WHERE state = 'queued' AND send_at <= :now
        AND NOT ride_along) AS unsent,
    (SELECT count(*) FROM mails WHERE state = 'sending' AND next_try_at <= :now) AS under_way
"""


MOVES = """
SELECT 'tasks ' || state, count(*) FROM tasks GROUP BY state
UNION ALL SELECT 'notifications ' || state, count(*) FROM notifications GROUP BY state
UNION ALL SELECT 'mails ' || state, count(*) + sum(attempts) FROM mails GROUP BY state
UNION ALL SELECT 'reports', count(*) FROM feedback_reports
UNION ALL SELECT 'never advanced', count(*) FROM processes WHERE advanced_at IS NULL
ORDER BY 1
"""
"""What changes as long as anything is done."""


def read_mails(folder: Path) -> list[Message]:
    """What a relay has kept in a folder, as often as it took it."""
    return [message_from_bytes(file.read_bytes()) for file in sorted(folder.rglob("*.eml"))]


@dataclass
class Installation:
    """What is running, and how to break it."""

    database: Database
    url: str
    folder: Path
    sink: SmtpSink
    temporal: RunningTemporal
    offset: timedelta
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    cycle: UUID | None = None

    def now(self) -> datetime:
        """The business instant."""
        return datetime.now(UTC) + self.offset

    # --- The engine ---------------------------------------------------------------------------

    def stop_engine(self) -> None:
        """The engine is gone, as after a power cut."""
        self.temporal.kill()

    def keep_engine(self) -> None:
        """Copy the file of an engine that is stopped, to be put back later."""
        kept = self.folder / "kept"
        kept.mkdir(exist_ok=True)
        for file in self.folder.glob("temporal.db*"):
            shutil.copy2(file, kept)

    def start_engine(self, *, lose_everything: bool = False, as_kept: bool = False) -> None:
        """The engine is back, on the same port; perhaps it has forgotten everything, or what it
        did since its file was kept."""
        if lose_everything or as_kept:
            for file in self.folder.glob("temporal.db*"):
                file.unlink()
        if as_kept:
            for file in (self.folder / "kept").iterdir():
                shutil.copy2(file, self.folder)
        port = int(self.temporal.address.rpartition(":")[2])
        self.temporal = start_dev_server(
            self.folder / "temporal.db", log=self.folder / "temporal.log", port=port, headless=True
        )

    async def pass_bells_on(self) -> int:
        """A relay hands all bells to the engine; no worker is there to hear them."""
        client = await connect(TemporalAddress(self.temporal.address))
        clock = ShiftedClock(self.offset)
        return await Relay(self.database, client, clock, QUEUE).drain()

    # --- Workers ------------------------------------------------------------------------------

    def start_worker(self) -> subprocess.Popen[bytes]:
        """One more worker, at the present offset."""
        environment = {
            "PATH": os.environ["PATH"],
            "ALMANAC_SEAL_KEYS_DIR": os.fspath(self.folder / "seal-keys"),
            "PYTHONPATH": str(ROOT),
            "ALMANAC_DATABASE_URL": self.url,
            "ALMANAC_TEMPORAL_ADDRESS": self.temporal.address,
            "ALMANAC_SMTP_HOST": "127.0.0.1",
            "ALMANAC_SMTP_PORT": str(self.sink.port),
            "ALMANAC_SMTP_SECURITY": "none",
            "ALMANAC_SMTP_PER_SECOND": "200",
            "ALMANAC_SMTP_TIMEOUT_SECONDS": "5",
            "ALMANAC_RELAY_POLL_SECONDS": "0.1",
            "ALMANAC_RECONCILE_SECONDS": "1",
        }
        log = (self.folder / "worker.log").open("ab")
        process = subprocess.Popen(  # a real process, to be killed
            [sys.executable, str(WORKER), str(self.offset.total_seconds())],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        log.close()
        self.workers.append(process)
        return process

    def kill_workers(self) -> None:
        """SIGKILL: nothing is said, nothing is finished."""
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.workers.clear()

    async def kill_at(self, seconds: float) -> None:
        """SIGKILL so long after now, and a new worker."""
        await asyncio.sleep(seconds)
        self.kill_workers()
        self.start_worker()

    async def at(self, instant: datetime) -> None:
        """Put the installation to a later instant: workers down before, up after."""
        self.kill_workers()
        self.offset = instant - datetime.now(UTC)
        self.start_worker()

    async def settle(self) -> None:
        """Wait until nothing is due any more. Fails when nothing moves although something is."""
        waiting = Patience("nothing to be due any more")
        calm = 0
        while True:
            async with self.database.begin() as conn:
                row = (await conn.execute(text(QUIET), {"now": self.now()})).one()
                moves = (await conn.execute(text(MOVES))).all()
            calm = calm + 1 if not any(row) else 0
            if calm >= 4:
                return
            try:
                waiting.still((row._asdict() if not calm else None, moves))
            except AssertionError as error:
                log = (self.folder / "worker.log").read_text(errors="replace")[-3000:]
                raise AssertionError(f"{error}\n{log}") from None
            await asyncio.sleep(0.25)

    # --- People -------------------------------------------------------------------------------

    async def people(self) -> None:
        """The demo company."""
        now = self.now()
        async with self.database.begin() as conn:
            source = shipped.company_source()
            await save_company(conn, shipped.company(), source, now=now, saved_by_id=None)
            await import_people(
                conn, PEOPLE.read_bytes(), effective_on=now.date(), actor=SERVICE, now=now
            )

    async def launch(self, source: str) -> UUID:
        """Publish a definition and launch it by button, now."""
        now = self.now()
        hr = Actor(None, "hr")
        async with self.database.begin() as conn:
            parsed = parse_definition(source, "test.yaml")
            version = await publish(conn, parsed, source=source, actor=hr, now=now)
            day = date(now.year, now.month, now.day)
            self.cycle = await prepare(conn, version.id, day, "button", hr, now)
        async with self.database.begin() as conn:
            await confirm(conn, self.cycle, hr, now)
        return self.cycle

    async def open_tasks(self, stage: str) -> Sequence[Any]:
        """The open tasks of a stage: (id, assignee)."""
        async with self.database.begin() as conn:
            rows = await conn.execute(
                text(
                    "SELECT t.id, t.assignee_id FROM tasks t JOIN stages s ON s.id = t.stage_id "
                    "WHERE s.key = :stage AND t.state = 'open' ORDER BY t.id"
                ),
                {"stage": stage},
            )
            return rows.all()

    async def submit(self, task_id: UUID, person: int) -> None:
        """Somebody submits, as through the API."""
        async with self.database.begin() as conn:
            cycle, stage, _ = await lock_task(conn, task_id)
            answers = plausible(cycle.definition, stage.spec)
            await submit(conn, task_id, Actor(person, "person"), answers, now=self.now())

    # --- What came out ------------------------------------------------------------------------

    def arrived(self) -> list[Message]:
        """Every mail that the relay took, as often as it took it."""
        return read_mails(self.folder / "mails")

    async def rows(self, query: str, **values: object) -> Sequence[Any]:
        """A query's rows."""
        async with self.database.begin() as conn:
            return (await conn.execute(text(query), values)).all()

    async def sound(self, *allowed: str) -> None:
        """Every invariant holds but the allowed ones, and each mail arrived once."""
        async with self.database.begin() as conn:
            found = await broken(conn, allowed=allowed)
            assert found == {}, found
            wrong = await mails_differ(conn, self.arrived())
            assert wrong == [], wrong


@asynccontextmanager
async def install(
    url: str, folder: Path, begins: datetime, faults: Faults | None = None
) -> AsyncIterator[Installation]:
    """Everything up but the workers."""
    database = Database(
        url, pool_size=5, application="almanac-faults", seal_keys=folder / "seal-keys"
    )
    temporal = start_dev_server(folder / "temporal.db", log=folder / "temporal.log", headless=True)
    mailbox = Mailbox(folder / "mails")
    async with SmtpSink(mailbox, faults=faults) as sink:
        there = Installation(database, url, folder, sink, temporal, begins - datetime.now(UTC))
        try:
            yield there
        finally:
            there.kill_workers()
            there.temporal.kill()
            await database.close()
