"""The Temporal worker: wiring only. Several may run side by side.

Beside the worker run the relay, which passes bells on, and the reconciler, which rings whatever
should have looked a minute ago. SIGTERM drains and ends.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from activities.engine import Engine
from activities.notifications.sender import Sender
from activities.launches import advance_launch_calendar
from config import Settings, load_settings
from domain.clock import Clock, SystemClock
from domain.ids import CALENDAR_PROCESS, MAIL_PROCESS
from domain.states import ProcessKind
from store.processes import start
from store.session import Database
from workflows.client import connect
from workflows.registry import WORKFLOWS
from workflows.relay import Relay

log = structlog.get_logger("almanac.worker")

RELAY_SECONDS = 0.25
RECONCILE_SECONDS = 20.0


async def run(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Work until `stop` is set."""
    database = Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        application="almanac-worker",
    )
    client = await connect(settings.temporal())
    sender = Sender(database, settings.mail())
    engine = Engine(
        database, advance_mail=sender.advance, advance_calendar=advance_launch_calendar
    )
    await begin_installation(database, clock)
    relay = Relay(database, client, clock, settings.temporal_task_queue)
    worker = build(client, engine, settings.temporal_task_queue)
    async with worker:
        log.info("worker_started", task_queue=settings.temporal_task_queue)
        loops = [
            asyncio.create_task(_repeat(relay.drain, RELAY_SECONDS, "relay")),
            asyncio.create_task(_repeat(relay.reconcile, RECONCILE_SECONDS, "reconciler")),
        ]
        await stop.wait()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
    await sender.close()
    await database.close()
    log.info("worker_stopped")


def build(client: Client, engine: Engine, task_queue: str) -> Worker:
    """A worker with every workflow and activity. Also used by tests and rehearsals."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=list(WORKFLOWS.values()),
        activities=[
            engine.advance_cycle,
            engine.advance_stage,
            engine.advance_mail,
            engine.advance_launch_calendar,
        ],
    )


async def begin_installation(database: Database, clock: Clock) -> None:
    """The two processes that every installation has. Idempotent."""
    async with database.begin() as conn:
        await start(conn, MAIL_PROCESS, ProcessKind.MAIL, now=clock.now())
        await start(conn, CALENDAR_PROCESS, ProcessKind.LAUNCH_CALENDAR, now=clock.now())


async def _repeat(work: Callable[[], Awaitable[int]], seconds: float, name: str) -> None:
    """Do it again and again; a failure is logged by its kind and tried again."""
    while True:
        try:
            done = await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("retrying", loop=name, error=type(error).__name__)
            done = 0
        await asyncio.sleep(0 if name == "relay" and done else seconds)


async def main() -> None:
    """Read the settings, work, end on SIGTERM or SIGINT."""
    settings = load_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    await run(settings, SystemClock(), stop)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
