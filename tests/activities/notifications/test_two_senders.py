"""The second sender: rung when there is more than one takes; each person's mail goes once."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from activities.notifications import sender as sending
from activities.notifications.sender import Sender
from activities.turn import unwatched
from domain.processes.mail_helper import MAIL_HELPER
from store.base.session import Database
from tests.activities.notifications.outbox_world import Office, open_office, settings
from tests.activities.notifications.sink import Sink, running_sink

MORNING = datetime(2026, 3, 3, 17, tzinfo=UTC)
PEOPLE = 60
RUNG = "SELECT count(*) FROM bells WHERE process_id = :helper"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database, MORNING) as office:
        yield office


async def rung(office: Office) -> int:
    [(count,)] = await office.rows(RUNG, helper=MAIL_HELPER.id)
    return int(count)


async def test_it_is_rung_once_a_turn_when_a_claim_is_full(
    office: Office, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PEOPLE", 10)
    await office.crowd(PEOPLE)
    await office.send(sink.port)
    assert await rung(office) == 1
    assert len(sink.accepted) == PEOPLE


async def test_it_is_left_alone_when_one_claim_takes_all(office: Office, sink: Sink) -> None:
    await office.crowd(PEOPLE)
    await office.send(sink.port)
    assert await rung(office) == 0
    assert len(sink.accepted) == PEOPLE


async def test_in_one_worker_both_keep_to_one_rate(office: Office, sink: Sink) -> None:
    await office.crowd(30)
    sender = Sender(office.database, settings(sink.port, per_second=20.0))
    begun = time.monotonic()
    await asyncio.gather(
        sender.advance(unwatched(office.database), office.now),
        sender.help(unwatched(office.database), office.now),
    )
    while len(sink.accepted) < 30:
        await sender.advance(unwatched(office.database), office.now)
    took = time.monotonic() - begun
    await sender.close()
    assert took >= 29 / 20


async def test_both_at_once_send_each_persons_mail_once_and_both_do_some(
    office: Office, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PEOPLE", 5)
    await office.crowd(PEOPLE)
    async with running_sink() as other:
        first = Sender(office.database, settings(sink.port))
        second = Sender(office.database, settings(other.port))
        await asyncio.gather(
            first.advance(unwatched(office.database), office.now),
            second.help(unwatched(office.database), office.now),
        )
        await first.advance(unwatched(office.database), office.now)  # what the other just had
        await first.close()
        await second.close()
        assert sink.accepted
        assert other.accepted, "both did some"
        sent = Counter([*sink.addresses, *other.addresses])
    assert set(sent.values()) == {1}
    assert len(sent) == PEOPLE


async def test_it_sleeps_when_nothing_is_left_and_is_armed_for_nothing(
    office: Office, sink: Sink
) -> None:
    sender = Sender(office.database, settings(sink.port))
    progress = await sender.help(unwatched(office.database), office.now)
    await sender.close()
    assert (progress.next_due_at, progress.waits_for) == (None, "more-mail")


async def test_it_hands_nothing_to_a_server_that_refuses_all(office: Office, sink: Sink) -> None:
    """Only the first sender tries whether it takes mail again, a few at a time."""
    await office.crowd(PEOPLE)
    await office.execute(
        "UPDATE mail_server SET refused_since = :now, next_probe_at = :now", now=office.now
    )
    sender = Sender(office.database, settings(sink.port))
    await sender.help(unwatched(office.database), office.now)
    await sender.close()
    assert sink.accepted == []


async def test_it_takes_nobody_for_whom_somebody_acts_and_nobody_who_acts(
    office: Office, sink: Sink
) -> None:
    """Else one morning's mail of a delegate could be two: one made by each sender."""
    await office.crowd(3)
    ids = [row.id for row in await office.rows("SELECT id FROM people WHERE employee_id ~ '^c'")]
    await office.execute(
        "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at) "
        "VALUES (:away, :day, :day, :acts, :now)",
        away=ids[0],
        acts=ids[1],
        day=MORNING.date(),
        now=office.now,
    )
    sender = Sender(office.database, settings(sink.port))
    await sender.help(unwatched(office.database), office.now)
    assert sink.addresses == ["p3@example.com"]
    await sender.advance(unwatched(office.database), office.now)
    await sender.close()
    assert sorted(sink.addresses) == ["p2@example.com", "p3@example.com"], "both cases in one mail"
