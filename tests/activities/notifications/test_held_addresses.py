"""No mail goes to an address that does not count yet; what waited goes there once it does."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from domain.access import SERVICE, Actor
from domain.notifications import Event
from store.access.address_changes import HOLD, confirm_on_the_machine, held_addresses
from store.base.session import Database
from store.changes.people_import import import_people
from store.people.times import company_calendars
from store.tasks.sending_hours import Letterboxes
from tests.activities.notifications.outbox_world import Office, open_office
from tests.activities.notifications.sink import Sink, running_sink
from tests.store.people_rows import HR, WORKER

NEW = "new@example.com"
OLD = "worker@example.com"
DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest_asyncio.fixture
async def office(database: Database, now: datetime) -> AsyncIterator[Office]:
    """WORKER, who had signed in before, has a task that is to be announced."""
    async with open_office(database, now) as office:
        await office.execute("UPDATE people SET signed_in = true")
        await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
        yield office


async def _change(office: Office, *, swap: bool = False) -> None:
    lines = ["employee_id,first_name,last_name,email,hire_date"]
    lines.append(f"worker,Worker,Example,{'lead@example.com' if swap else NEW},2020-01-01")
    if swap:
        lines.append(f"lead,Lead,Example,{OLD},2020-01-01")
    async with office.database.begin() as conn:
        await import_people(
            conn,
            "\n".join(lines).encode(),
            effective_on=office.now.date(),
            actor=Actor(HR, "hr"),
            now=office.now,
        )


async def _waits(office: Office, now: datetime) -> int:
    async with office.database.begin() as conn:
        return len(await held_addresses(conn, now))


async def test_a_task_is_mailed_to_no_held_address_and_to_the_new_one_once_it_counts(
    office: Office, sink: Sink
) -> None:
    """Else whoever changed it would read about whom somebody writes, by a link that is dead."""
    await _change(office)
    for days in range(3):
        await office.send(sink.port, office.now + days * DAY)
        assert sink.to(NEW) == []
    assert len(sink.to(OLD)) == 1  # that the address was changed
    assert (await office.states())["task_opened"] == ("queued", None)
    task = "SELECT announced_on FROM tasks WHERE id = :id"
    assert await office.rows(task, id=office.world.self_task) == [(None,)]  # no ladder climbs

    await office.send(sink.port, office.now + HOLD)
    assert len(sink.to(NEW)) == 1
    assert (await office.states())["task_opened"] == ("sent", None)


async def test_what_waited_goes_the_morning_after_somebody_has_confirmed(
    office: Office, sink: Sink
) -> None:
    await _change(office)
    await office.send(sink.port)
    async with office.database.begin() as conn:
        await confirm_on_the_machine(conn, "worker", SERVICE, office.now)
    await office.send(sink.port, office.now + DAY)
    assert len(sink.to(NEW)) == 1


async def test_a_sign_in_link_that_somebody_asks_for_goes_where_they_asked(
    office: Office, sink: Sink
) -> None:
    """Its page says that the address does not count yet, and until when."""
    await _change(office)
    await office.queue(office.item(Event.SIGN_IN, WORKER, data={"target": "/"}))
    await office.send(sink.port)
    [mail] = sink.to(NEW)
    assert "Sign in" in str(mail["subject"])


async def test_where_the_old_address_refuses_the_mail_that_tells_the_new_one_counts(
    office: Office, sink: Sink
) -> None:
    """As if it had been refused before: nobody is there to object."""
    sink.rcpt = {OLD: "550 5.1.1 no such user"}.get
    await _change(office)
    await office.send(sink.port)
    assert await _waits(office, office.now) == 0
    refused = "SELECT address_refused_at FROM people WHERE id = :id"
    assert await office.rows(refused, id=WORKER) == [(None,)]  # the new one was not refused
    await office.send(sink.port, office.now + DAY)
    assert len(sink.to(NEW)) == 1
    entries = await office.rows(
        "SELECT actor_kind, object_id FROM audit WHERE action = 'address_at_once'"
    )
    assert [tuple(entry) for entry in entries] == [("engine", str(WORKER))]


async def test_swapped_addresses_get_nothing_until_somebody_has_stood_for_them(
    office: Office, sink: Sink
) -> None:
    """Each would read the other's mail."""
    await _change(office, swap=True)
    await office.send(sink.port, office.now + 10 * HOLD)
    assert sink.accepted == []
    assert await _waits(office, office.now + 10 * HOLD) == 2


@pytest.mark.parametrize("forever", [False, True], ids=["72 hours", "until confirmed"])
async def test_what_is_foreseen_of_a_mail_is_what_happens(office: Office, forever: bool) -> None:
    await _change(office, swap=forever)
    async with office.database.begin() as conn:
        year = office.now.year
        calendars = await company_calendars(conn, year - 1, year + 1)
        boxes = Letterboxes()
        await boxes.add(conn, calendars, [WORKER], office.now)
        leaves = boxes.leaves(WORKER, office.now, office.now, stands_in=True)
        held = await conn.scalar(
            text("SELECT holds_until FROM address_changes WHERE person_id = :id"), {"id": WORKER}
        )
    if forever:
        assert (leaves, held) == (None, None)
    else:
        assert leaves is not None
        assert held == office.now + HOLD <= leaves
