"""Senders that are killed or frozen in the middle: counted at the receiving end, by Message-ID."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from activities.notifications.sender import BATCH
from store.base.session import Database
from store.mail.leases import LEASE
from tests.activities.notifications.outbox_world import Office, open_office
from tests.activities.notifications.sink import Sink, running_sink
from tests.waiting import until

ROOT = Path(__file__).parents[3]
PEOPLE = 240


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest_asyncio.fixture
async def office(database: Database, now: datetime) -> AsyncIterator[Office]:
    async with open_office(database, now) as office:
        await office.crowd(PEOPLE)
        yield office


async def sender(
    url: str, port: int, as_of: datetime, within: float = 15
) -> asyncio.subprocess.Process:
    """Start a sender; it has begun when this returns."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.notifications.sender_process"),
        *(url, str(port), as_of.isoformat(), str(within)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    return process


async def reaches(sink: Sink, mails: int, process: asyncio.subprocess.Process) -> None:
    """Wait until so many mails were accepted, or the sender has ended."""
    while len(sink.accepted) < mails and process.returncode is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.005)


async def check(office: Office, sink: Sink) -> int:
    """Each mail once; more often only where the ledger says so. Returns how many were doubtful."""
    mails = {mail.message_id: mail for mail in await office.mails()}
    accepted = sink.message_ids()
    assert set(accepted) == set(mails), "accepted and on the ledger are the same mails"
    assert {mail.state for mail in mails.values()} == {"sent"}
    twice = {i for i, times in accepted.items() if times > 1}
    doubtful = {i for i, mail in mails.items() if mail.unanswered}
    assert twice <= doubtful
    assert all(times <= 1 + mails[i].unanswered for i, times in accepted.items())
    rows = await office.rows("SELECT state, count(*) FROM notifications GROUP BY 1")
    assert [tuple(row) for row in rows] == [("sent", PEOPLE)]
    assert len(mails) == PEOPLE, "nobody got two mails"
    return len(doubtful)


async def _clock() -> float:
    return time.monotonic()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_killed_sender_loses_and_doubles_nothing(
    office: Office, sink: Sink, seed: int, database_url: str
) -> None:
    moments = random.Random(seed)
    as_of = office.now
    for _ in range(4):
        killed_at = len(sink.accepted) + moments.randrange(0, 60)
        begun = time.monotonic()
        process = await sender(database_url, sink.port, as_of)
        await reaches(sink, killed_at, process)
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        # A lease is renewed as real time goes by: however slow the machine was, it is over then.
        as_of += LEASE + timedelta(seconds=time.monotonic() - begun + 1)
    process = await sender(database_url, sink.port, as_of)
    assert await process.wait() == 0
    doubtful = await check(office, sink)
    assert doubtful <= 4 * 3 * BATCH, "what a sender had marked and not yet settled"


@pytest.mark.timeout(900)
async def test_a_frozen_sender_that_wakes_after_its_lease_sends_nothing_more(
    office: Office, sink: Sink, database_url: str
) -> None:
    begun = time.monotonic()
    frozen = await sender(database_url, sink.port, office.now, within=2)
    await reaches(sink, 60, frozen)
    os.kill(frozen.pid, signal.SIGSTOP)
    later = office.now + LEASE + timedelta(seconds=time.monotonic() - begun + 1)
    second = await sender(database_url, sink.port, later)
    assert await second.wait() == 0
    trusted = time.monotonic() + 1  # half of its lease: its own clock goes on while it is frozen
    await until("the frozen sender's lease to end", _clock, lambda at: at > trusted)
    before = len(sink.accepted)
    os.kill(frozen.pid, signal.SIGCONT)
    await frozen.wait()
    assert len(sink.accepted) - before <= 3, "what was on the wire, one mail a connection"
    last = await sender(database_url, sink.port, later + timedelta(minutes=6))
    assert await last.wait() == 0  # whatever the frozen one had locked
    assert await check(office, sink) <= 3 * BATCH
