"""The Temporal worker: wiring only. Several may run side by side.

Beside the worker run the relay, which passes bells on, and the reconciler, which rings whatever
should have looked a minute ago. SIGTERM drains and ends.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError, TLSConfig
from temporalio.worker import Worker

from activities.engine import Engine
from activities.housekeeping import AuditSealing, keep_house
from activities.notifications.sender import MailSettings, Sender
from activities.notifications.smtp import Relay as SmtpRelay
from activities.processes import Tools
from api.logging import configure_logging
from commands.letterhead import letterhead
from config import Settings, SettingsError, load_settings
from domain.clock import Clock, SystemClock
from domain.processes.kind import Queue
from domain.processes.registry import SINGLE
from engine.client import TemporalAddress, connect
from engine.relay import Relay
from store.base.memory import collect_seldom
from store.base.outage import outage_of
from store.base.session import Database
from store.engine.processes import start
from store.kinds.feedback_round.keeping_keys import tend
from workflows.registry import WORKFLOWS

log = structlog.get_logger("almanac.worker")

HOUSEKEEPING = 3600.0
"""Seconds between two looks for what need not be kept."""

TENDING = 20.0
"""Seconds between two looks at the folder of seal keys."""

SEALING = 60.0
"""Seconds between two links of the audit log's chain."""

ROOM = 10.0
"""Seconds between two looks whether a full disk has room again."""

ALIVE = 5.0
"""Seconds between two signs of life."""

BESIDE = 2
"""Activities of one queue beside the business that run at once in a worker."""

DRAIN = timedelta(seconds=20)
"""How long activities that are under way may take to end after SIGTERM."""


async def run(
    settings: Settings, clock: Clock, stop: asyncio.Event, *, offset: timedelta = timedelta(0)
) -> None:
    """Work until `stop` is set.

    `offset` is business time minus the engine's, for tests that put a running stack into another
    week; `clock` then shows the same time. Database and engine are waited for, however long they
    take to come up: a worker that ended for their sake would only be started again.
    """
    async with signs_of_life(settings.alive_file):
        await _run(settings, clock, stop, offset)


async def _run(settings: Settings, clock: Clock, stop: asyncio.Event, offset: timedelta) -> None:
    database = Database(
        settings.database(),
        pool_size=settings.database_pool_size,
        application="almanac-worker",
        seal_keys=settings.seal_keys,
        audit_key=settings.signing_key,
    )
    client = await reach(address_of(settings), stop, _runtime(settings))
    if client is None or not await begin_installation(database, clock, stop):
        await database.close()
        return
    sender = Sender(database, mail_settings(settings))
    engine = Engine(
        database, tools=Tools(mail=sender.advance, mail_helper=sender.help), offset=offset
    )
    seal_audit = AuditSealing(database)
    relay = Relay(database, client, clock, settings.temporal_task_queue)
    workers = build(
        client, engine, settings.temporal_task_queue, activities=settings.worker_activities
    )
    async with contextlib.AsyncExitStack() as running:
        for worker in workers:
            await running.enter_async_context(worker)
        log.info("worker_started", task_queue=settings.temporal_task_queue)
        loops = [
            asyncio.create_task(_repeat(relay.drain, settings.relay_poll_seconds, "relay")),
            asyncio.create_task(_repeat(relay.reconcile, settings.reconcile_seconds, "reconciler")),
            asyncio.create_task(_repeat(relay.watch, 1.0, "watch")),
            asyncio.create_task(
                _repeat(lambda: keep_house(database, clock.now()), HOUSEKEEPING, "housekeeping")
            ),
            asyncio.create_task(_repeat(lambda: tend(database, clock.now()), TENDING, "seal keys")),
            asyncio.create_task(_repeat(lambda: seal_audit(clock.now()), SEALING, "audit")),
            asyncio.create_task(_repeat(lambda: _room(database), ROOM, "room")),
        ]
        await stop.wait()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await asyncio.gather(*(worker.shutdown() for worker in workers))  # each in its own time
    await sender.close()
    await database.close()
    log.info("worker_stopped")


def build(client: Client, engine: Engine, task_queue: str, *, activities: int = 8) -> list[Worker]:
    """The workers of this process: one with the workflows, and one for each queue beside it.

    `activities` run at once at most, beside those of mail and of slow work, which have slots of
    their own. The first worker knows all activities: workflows that began before there were
    queues still call them there.
    """
    business = Worker(
        client,
        task_queue=task_queue,
        workflows=list(WORKFLOWS.values()),
        activities=engine.activities(),
        max_concurrent_activities=activities,
        graceful_shutdown_timeout=DRAIN,
    )
    beside = [
        Worker(
            client,
            task_queue=queue.of(task_queue),
            activities=engine.activities(queue),
            max_concurrent_activities=BESIDE,
            graceful_shutdown_timeout=DRAIN,
        )
        for queue in Queue
        if queue is not Queue.BUSINESS
    ]
    return [business, *beside]


async def begin_installation(database: Database, clock: Clock, stop: asyncio.Event) -> bool:
    """The two processes that every installation has. Idempotent.

    Waits for a database that cannot be reached or is starting up. False if told to stop meanwhile.
    """
    while not stop.is_set():
        try:
            async with database.begin() as conn:
                for kind in SINGLE:
                    await start(conn, kind.id, kind, now=clock.now())
        except (OperationalError, InterfaceError, OSError) as error:
            log.warning("database_unavailable", outage=outage_of(error))
        else:
            return True
        await _rest(stop)
    return False


@contextlib.asynccontextmanager
async def signs_of_life(file: Path | None) -> AsyncIterator[None]:
    """Touch the file as long as this process turns, for those who watch over it."""

    async def touch() -> None:
        while file is not None:
            _touch(file)
            await asyncio.sleep(ALIVE)

    touching = asyncio.create_task(touch())
    try:
        yield
    finally:
        touching.cancel()


def _touch(file: Path) -> None:
    with contextlib.suppress(OSError):  # a full disk is told by others
        file.touch(mode=0o600)


async def reach(
    address: TemporalAddress, stop: asyncio.Event, runtime: Runtime | None = None
) -> Client | None:
    """Connect to the engine, however long it takes to come up; none if told to stop meanwhile."""
    while not stop.is_set():
        try:
            return await connect(address, runtime)
        except (RPCError, RuntimeError) as error:
            log.warning("engine_unreachable", address=address.address, error=type(error).__name__)
        await _rest(stop)
    return None


async def _rest(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=2)


def address_of(settings: Settings) -> TemporalAddress:
    """Where the engine is, from the settings."""
    tls: TLSConfig | bool = settings.temporal_tls
    if settings.temporal_tls_ca or settings.temporal_tls_cert:
        key = settings.temporal_tls_key
        tls = TLSConfig(
            server_root_ca_cert=_bytes(settings.temporal_tls_ca),
            client_cert=_bytes(settings.temporal_tls_cert),
            client_private_key=_bytes(key.get_secret_value() if key else None),
        )
    api_key = settings.temporal_api_key
    return TemporalAddress(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        tls=tls,
        api_key=api_key.get_secret_value() if api_key else None,
        keys=tuple((key.id, key.key) for key in settings.payload_keys),
    )


def mail_settings(settings: Settings) -> MailSettings:
    """How mails leave, from the settings. Raises SettingsError without a relay."""
    password = settings.smtp_password
    return replace(
        letterhead(settings),
        relay=SmtpRelay(
            host=settings.relay_host(),
            port=settings.smtp_port,
            security=settings.smtp_security,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            timeout=settings.smtp_timeout_seconds,
        ),
        per_second=settings.smtp_per_second,
    )


def _bytes(pem: str | None) -> bytes | None:
    return pem.encode() if pem else None


def _runtime(settings: Settings) -> Runtime:
    """The SDK's core: its lines among ours, its metrics if a port was given for them."""
    lines = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
    )
    metrics = None
    if settings.metrics_port is not None:
        address = f"{settings.api_host}:{settings.metrics_port}"
        metrics = PrometheusConfig(bind_address=address)
    return Runtime(telemetry=TelemetryConfig(logging=lines, metrics=metrics))


async def _room(database: Database) -> int:
    """After a write was refused for a full disk: tell when there is room again."""
    if database.full and await database.has_room():
        log.warning("database_has_room_again")
        return 1
    return 0


async def _repeat(work: Callable[[], Awaitable[int]], seconds: float, name: str) -> None:
    """Do it again and again; a failure is logged by its kind and tried again."""
    while True:
        try:
            done = await work()
        except Exception as error:
            log.warning("retrying", loop=name, error=type(error).__name__, outage=outage_of(error))
            done = 0
        await asyncio.sleep(0 if name == "relay" and done else seconds)


async def main() -> int:
    """Read the settings, work, end on SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    collect_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has none; Ctrl-C ends it
            loop.add_signal_handler(name, stop.set)
    await run(settings, SystemClock(), stop)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except SettingsError as error:
        sys.exit(str(error))
