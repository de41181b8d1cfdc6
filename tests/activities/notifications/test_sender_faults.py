"""Whatever the relay does: each mail once, or the ledger says that it may have been twice."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest_asyncio

from domain.notifications import Event
from store.base.session import Database
from store.mail.claims import claim
from store.mail.delivery import Ready, mark
from store.mail.refused_addresses import address_mended
from tests.activities.notifications.outbox_world import Office, open_office
from tests.activities.notifications.sink import Sink, running_sink
from tests.store.people_rows import BOSS, LEAD, WORKER

CLOSED_PORT = 9
"""Nobody listens there."""


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest_asyncio.fixture
async def office(database: Database, now: datetime) -> AsyncIterator[Office]:
    async with open_office(database, now) as office:
        yield office


def three(office: Office) -> list[object]:
    return [
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
        office.item(Event.TASK_OPENED, LEAD, office.world.manager_task),
        office.item(Event.TASK_OPENED, BOSS, office.world.boss_self_task),
    ]


async def test_a_temporary_refusal_is_tried_again_later_with_what_came_since(
    office: Office, sink: Sink
) -> None:
    await office.queue(*three(office))  # type: ignore[arg-type]
    sink.rcpt = lambda address: "451 later" if address.startswith("lead") else None
    progress = await office.send(sink.port)
    assert sorted(sink.addresses) == ["boss@example.com", "worker@example.com"]
    assert progress.next_due_at == office.now + timedelta(minutes=1)
    sink.rcpt = lambda address: None
    await office.queue(
        office.item(Event.RESULT_OPENED, LEAD, cycle_id=office.world.cycle_id, key="since")
    )
    await office.send(sink.port, office.now + timedelta(minutes=1))
    assert len(sink.to("lead@example.com")) == 1
    rows = await office.rows(
        "SELECT n.state, m.attempts, m.smtp_code, m.unanswered FROM notifications n"
        " JOIN mails m ON m.id = n.mail_id WHERE n.person_id = :id",
        id=LEAD,
    )
    assert [tuple(row) for row in rows] == [("sent", 2, 250, 0)] * 2


async def test_a_mail_that_became_moot_while_it_waited_is_dropped(
    office: Office, sink: Sink
) -> None:
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    sink.data = lambda address: "421 going away"
    await office.send(sink.port)
    await office.execute("UPDATE tasks SET state = 'done'")
    sink.data = lambda address: None
    progress = await office.send(sink.port, office.now + timedelta(minutes=2))
    assert sink.accepted == []
    assert progress.next_due_at is None
    (mail,) = await office.mails()
    assert (mail.state, mail.smtp_code) == ("suppressed", 421)


async def test_a_relay_that_is_down_is_not_hammered_and_the_order_is_kept(
    office: Office, sink: Sink
) -> None:
    for index, item in enumerate(three(office)):
        earlier = timedelta(minutes=10 - index)
        await office.queue(item)  # type: ignore[arg-type]
        await office.execute(
            "UPDATE notifications SET send_at = send_at - CAST(:by AS interval) WHERE key = :key",
            by=earlier,
            key=item.key,  # type: ignore[attr-defined]
        )
    progress = await office.send(CLOSED_PORT)
    assert progress.waits_for == "relay"
    assert progress.next_due_at == office.now + timedelta(seconds=15)
    mails = await office.mails()
    assert {(mail.state, mail.handed_over_at) for mail in mails} == {("sending", None)}
    later = office.now + timedelta(minutes=5)
    await office.send(sink.port, later, connections=1)
    assert sink.addresses == ["worker@example.com", "lead@example.com", "boss@example.com"]
    assert set(sink.message_ids().values()) == {1}


async def test_a_refused_address_is_told_to_hr_once_and_stops_the_ladder(
    office: Office, sink: Sink
) -> None:
    task = office.world.self_task
    await office.execute(
        "UPDATE tasks SET last_rung = 'remind:1', last_rung_on = :on, rung_out = false"
        " WHERE id = :id",
        on=office.now.date(),
        id=task,
    )
    sink.rcpt = lambda address: "550 no such user" if address.startswith("worker") else None
    await office.queue(office.item(Event.REMINDER, WORKER, task, rung="remind:1"))
    await office.send(sink.port)
    await office.queue(office.item(Event.REOPENED, WORKER, task))
    await office.send(sink.port, office.now + timedelta(hours=1))
    tomorrow = office.now + timedelta(days=1)
    await office.send(sink.port, tomorrow)
    told = [a for a in sink.addresses if a != "worker@example.com"]
    assert sorted(told) == ["hr@example.com", "secondhr@example.com"]
    rows = await office.rows(
        "SELECT event, state, reason FROM notifications WHERE person_id = :id ORDER BY id",
        id=WORKER,
    )
    assert [tuple(row) for row in rows] == [
        ("reminder", "failed", "address_refused"),
        ("reopened", "suppressed", "address_refused"),
    ]
    (row,) = await office.rows("SELECT rung_out FROM tasks WHERE id = :id", id=task)
    assert not row.rung_out
    sink.rcpt = lambda address: None
    async with office.database.begin() as conn:
        assert await address_mended(conn, [WORKER], tomorrow) == 2
        assert await address_mended(conn, [WORKER], tomorrow) == 0
    await office.send(sink.port, tomorrow + timedelta(minutes=1))
    assert len(sink.to("worker@example.com")) == 1, "what was missed is made up for, in one mail"
    (row,) = await office.rows("SELECT rung_out FROM tasks WHERE id = :id", id=task)
    assert row.rung_out


async def test_a_message_that_a_well_server_refuses_is_given_up_and_blames_no_address(
    office: Office, sink: Sink
) -> None:
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    sink.data = lambda address: "554 not this one" if address.startswith("worker") else None
    as_of = office.now
    for turn in range(5):
        if turn == 3:
            await office.queue(office.item(Event.SIGN_IN, LEAD, at=as_of, send_at=as_of))
        progress = await office.send(sink.port, as_of)
        as_of = progress.next_due_at or as_of
    [mail] = [mail for mail in await office.mails() if mail.person_id == WORKER]
    assert (mail.state, mail.attempts) == ("failed", 5)
    assert await office.rows("SELECT 1 FROM people WHERE address_refused_at IS NOT NULL") == []
    (held,) = await office.rows("SELECT code FROM held_rows")
    assert held.code == "message-refused: 554"


async def test_accepted_without_an_answer_is_sent_again_under_the_same_message_id(
    office: Office, sink: Sink
) -> None:
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    sink.data = lambda address: "drop"
    progress = await office.send(sink.port)
    (mail,) = await office.mails()
    assert (mail.state, mail.unanswered) == ("sending", 1)
    sink.data = lambda address: None
    await office.queue(
        office.item(Event.RESULT_OPENED, WORKER, cycle_id=office.world.cycle_id, key="since")
    )
    assert progress.next_due_at is not None
    await office.send(sink.port, progress.next_due_at)
    first, second = sink.accepted
    assert first["Message-ID"] == second["Message-ID"]
    mails = await office.mails()
    assert [(mail.state, mail.unanswered) for mail in mails] == [("sent", 1)], (
        "the ledger says that it may have come twice, and nothing new was put into it"
    )


async def test_a_stalled_relay_leaves_what_only_informs(office: Office, sink: Sink) -> None:
    task = office.world.manager_task
    await office.queue(
        office.item(Event.EXTENDED_NOTICE, LEAD, task, data={"due_on": "2027-02-01"})
    )
    sink.data = lambda address: "stall"
    from activities.notifications.smtp import Relay

    relay = Relay(host="127.0.0.1", port=sink.port, security="none", timeout=3)
    progress = await office.send(sink.port, relay=relay)
    assert progress.next_due_at == office.now + timedelta(minutes=1)
    sink.data = lambda address: None
    await office.send(sink.port, progress.next_due_at)
    assert sink.accepted == []
    assert await office.states() == {"extended_notice": ("unknown", None)}


async def test_after_five_hand_overs_without_an_answer_the_ladder_goes_on(
    office: Office, sink: Sink
) -> None:
    task = office.world.self_task
    await office.execute(
        "UPDATE tasks SET last_rung = 'remind:1', last_rung_on = :on, rung_out = false"
        " WHERE id = :id",
        on=office.now.date(),
        id=task,
    )
    await office.queue(office.item(Event.REMINDER, WORKER, task, rung="remind:1"))
    sink.data = lambda address: "drop"
    as_of = office.now
    for _ in range(6):
        progress = await office.send(sink.port, as_of)
        as_of = progress.next_due_at or as_of
    assert set(sink.message_ids().values()) == {5}
    (mail,) = await office.mails()
    assert (mail.state, mail.unanswered) == ("unknown", 5)
    (row,) = await office.rows("SELECT rung_out FROM tasks WHERE id = :id", id=task)
    assert row.rung_out


async def test_a_sender_that_died_after_its_claim_is_continued(office: Office, sink: Sink) -> None:
    await office.queue(*three(office))  # type: ignore[arg-type]
    async with office.database.begin() as conn:
        taken = await claim(conn, office.now, people=10, message_id=lambda key: f"<{key}@x>")
    assert len(taken.mails) == 3
    progress = await office.send(sink.port)
    assert sink.accepted == [], "the lease still holds"
    assert progress.next_due_at == taken.lease.until
    await office.send(sink.port, taken.lease.until)
    assert len(sink.accepted) == 3
    assert {mail.unanswered for mail in await office.mails()} == {0}, "nothing was in doubt"


async def test_a_sender_that_lost_its_lease_marks_nothing(office: Office, sink: Sink) -> None:
    await office.queue(*three(office))  # type: ignore[arg-type]
    async with office.database.begin() as conn:
        frozen = await claim(conn, office.now, people=10, message_id=lambda key: f"<{key}@x>")
    await office.send(sink.port, frozen.lease.until)
    async with office.database.begin() as conn:
        ready = [Ready(mail.id, "subject", "text") for mail in frozen.mails]
        assert await mark(conn, ready, lease=frozen.lease, as_of=office.now) == set()
    assert set(sink.message_ids().values()) == {1}


async def test_two_senders_side_by_side_claim_nobody_twice(office: Office) -> None:
    await office.queue(*three(office))  # type: ignore[arg-type]
    async with office.database.begin() as one, office.database.begin() as other:
        first = await claim(one, office.now, people=2, message_id=lambda key: key)
        second = await claim(other, office.now, people=10, message_id=lambda key: key)
    assert len(first.mails) == 2
    assert len(second.mails) == 1
    keys = {mail.key for mail in (*first.mails, *second.mails)}
    assert len(keys) == 3
