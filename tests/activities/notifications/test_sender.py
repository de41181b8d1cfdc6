"""What the sender sends, to whom and when; and what it does not, and why."""

import re
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from activities.notifications.sender import Sender
from activities.turn import Turn
from config import Settings
from domain.access import Actor
from domain.notifications import Event
from store.access.address_changes import by_token
from store.access.links import LinkState, find_link, use_link
from store.base.session import Database
from store.changes.people_import import import_people
from tests.activities.notifications.outbox_world import Office, open_office, settings
from tests.activities.notifications.sink import Sink, running_sink
from tests.store.people_rows import BOSS, HR, LEAD, WORKER
from worker import mail_settings


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest_asyncio.fixture
async def office(database: Database, now: datetime) -> AsyncIterator[Office]:
    async with open_office(database, now) as office:
        yield office


async def test_all_that_is_due_for_a_person_is_one_mail(office: Office, sink: Sink) -> None:
    await office.queue(
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
        office.item(Event.TASK_OPENED, LEAD, office.world.manager_task),
        office.item(
            Event.RESULTS_RELEASED, LEAD, cycle_id=office.world.cycle_id, data={"people": 2}
        ),
    )
    progress = await office.send(sink.port)
    assert progress.next_due_at is None
    assert sorted(sink.addresses) == ["lead@example.com", "worker@example.com"]
    mails = await office.mails()
    assert {mail.state for mail in mails} == {"sent"}
    assert {mail.kind for mail in mails} == {"daily"}
    assert {mail.message_id for mail in mails} == set(sink.message_ids())
    assert {mail.smtp_code for mail in mails} == {250}
    again = await office.send(sink.port)
    assert again.next_due_at is None
    assert len(sink.accepted) == 2, "a second turn finds nothing to do"


async def test_the_link_is_the_receivers_and_its_token_is_kept_nowhere(
    office: Office, sink: Sink
) -> None:
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    await office.send(sink.port)
    body = sink.accepted[0].get_body(("plain",))
    assert body is not None
    token = body.get_content().split("/l/")[1].split()[0]
    async with office.database.begin() as conn:
        link = await find_link(conn, token, office.now)
    assert (link.state, link.person_id, link.task_id) == (
        LinkState.VALID,
        WORKER,
        office.world.self_task,
    )
    (mail,) = await office.mails()
    assert token not in mail.text
    assert mail.raw is None


async def test_the_domain_of_the_settings_is_that_of_every_id_of_a_mail(
    office: Office, sink: Sink
) -> None:
    """ALMANAC_MAIL_DOMAIN; the ledger and the mail say the same, and answers find their thread."""
    task = office.world.self_task
    await office.queue(office.item(Event.TASK_OPENED, WORKER, task))
    await office.send(sink.port, domain="Ids.example.org")
    await office.queue(office.item(Event.REMINDER, WORKER, task, rung="remind:-1"))
    await office.send(sink.port, office.now + timedelta(days=1), domain="Ids.example.org")
    first, second = sink.to("worker@example.com")
    for mail in (first, second):
        assert str(mail["Message-ID"]).endswith("@ids.example.org>")
        assert mail["List-Id"] == "<almanac.ids.example.org>"
    assert second["In-Reply-To"] == first["Message-ID"]
    assert {mail.message_id for mail in await office.mails()} == set(sink.message_ids())
    assert (
        mail_settings(Settings(smtp_host="relay", mail_domain="ids.example.org")).message_domain
        == "ids.example.org"
    )


async def test_a_mail_that_really_went_out_announces_its_task_on_the_assignees_date(
    office: Office, sink: Sink
) -> None:
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    await office.send(sink.port)
    (row,) = await office.rows(
        "SELECT announced_on FROM tasks WHERE id = :id", id=office.world.self_task
    )
    assert row.announced_on == date(2027, 1, 12)


async def test_what_became_moot_is_suppressed_with_its_reason(office: Office, sink: Sink) -> None:
    await office.queue(
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
        office.item(Event.REMINDER, LEAD, office.world.manager_task, rung="remind:-1"),
        office.item(Event.REOPENED, BOSS, office.world.boss_self_task),
        office.item(
            Event.DUE_CHANGED, HR, office.world.hr_self_task, data={"was_due_on": "2027-01-20"}
        ),
    )
    await office.execute(
        "UPDATE tasks SET state = 'done' WHERE id = :id", id=office.world.self_task
    )
    await office.execute(
        "UPDATE tasks SET due_revision = 2 WHERE id = :id", id=office.world.manager_task
    )
    await office.execute(
        "UPDATE tasks SET assignee_id = :to WHERE id = :id",
        to=LEAD,
        id=office.world.boss_self_task,
    )
    await office.execute("UPDATE people SET status = 'left' WHERE id = :id", id=HR)
    await office.send(sink.port)
    assert await office.states() == {
        "task_opened": ("suppressed", "done"),
        "reminder": ("suppressed", "due_changed"),
        "reopened": ("suppressed", "reassigned"),
        "due_changed": ("suppressed", "left"),
    }
    assert sink.accepted == []
    assert await office.mails() == []


async def test_a_task_appears_once_under_its_most_pressing_rung(office: Office, sink: Sink) -> None:
    task = office.world.self_task
    await office.execute(
        "UPDATE tasks SET last_rung = 'remind:0', last_rung_on = :on, rung_out = false,"
        " next_rung = NULL, next_rung_at = NULL WHERE id = :id",
        on=office.now.date(),
        id=task,
    )
    await office.queue(
        office.item(Event.TASK_OPENED, WORKER, task),
        office.item(Event.REMINDER, WORKER, task, rung="remind:-1"),
        office.item(Event.REMINDER, WORKER, task, rung="remind:0", key="latest"),
    )
    await office.send(sink.port)
    rows = await office.rows("SELECT event, rung, state, reason FROM notifications ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("task_opened", None, "sent", None),
        ("reminder", "remind:-1", "suppressed", "superseded"),
        ("reminder", "remind:0", "suppressed", "superseded"),
    ]
    (row,) = await office.rows("SELECT rung_out, announced_on FROM tasks WHERE id = :id", id=task)
    assert row.rung_out, "the person was told of the task; its ladder may go on"
    assert row.announced_on is not None


async def test_what_rides_along_waits_for_a_daily_mail(office: Office, sink: Sink) -> None:
    task = office.world.self_task
    await office.execute("UPDATE tasks SET ended_at = :now WHERE id = :id", now=office.now, id=task)
    await office.queue(
        office.item(
            Event.DONE_NOTICE, LEAD, task, ride_along=True, send_at=office.now - timedelta(days=3)
        ),
        office.item(
            Event.REASSIGNED_TO,
            LEAD,
            office.world.manager_task,
            send_at=office.now + timedelta(hours=2),
        ),
    )
    first = await office.send(sink.port)
    assert sink.accepted == []
    assert first.next_due_at == office.now + timedelta(hours=2)
    await office.send(sink.port, office.now + timedelta(hours=2))
    assert len(sink.accepted) == 1, "a mail at once takes nothing along"
    assert (await office.states())["done_notice"] == ("queued", None)
    tomorrow = office.now + timedelta(days=1)
    await office.queue(
        office.item(Event.RESULT_OPENED, LEAD, cycle_id=office.world.cycle_id, send_at=tomorrow)
    )
    await office.send(sink.port, tomorrow)
    assert (await office.states())["done_notice"] == ("sent", None)
    assert len(sink.accepted) == 2


async def test_there_is_one_daily_mail_a_day(office: Office, sink: Sink) -> None:
    await office.queue(office.item(Event.TASK_OPENED, LEAD, office.world.manager_task))
    await office.send(sink.port)
    await office.queue(
        office.item(Event.RESULT_OPENED, LEAD, cycle_id=office.world.cycle_id, key="late")
    )
    progress = await office.send(sink.port, office.now + timedelta(minutes=3))
    assert len(sink.accepted) == 1
    assert progress.next_due_at == office.now + timedelta(days=1)


async def test_nothing_leaves_at_night_or_on_a_day_off(office: Office, sink: Sink) -> None:
    """The sender was down from Friday morning to Saturday: it waits for Monday."""
    friday = office.now + timedelta(days=3)
    await office.queue(
        office.item(Event.TASK_OPENED, LEAD, office.world.manager_task, send_at=friday)
    )
    progress = await office.send(sink.port, friday + timedelta(days=1))
    assert sink.accepted == []
    # Monday 18 January 2027 is Martin Luther King Day.
    assert progress.next_due_at == friday + timedelta(days=4)


async def test_on_leave_nothing_is_sent_until_the_first_day_back(
    office: Office, sink: Sink
) -> None:
    await office.execute(
        "INSERT INTO leaves (person_id, first_day, last_day, recorded_at)"
        " VALUES (:id, '2027-01-11', '2027-01-13', :now)",
        id=LEAD,
        now=office.now,
    )
    await office.queue(office.item(Event.TASK_OPENED, LEAD, office.world.manager_task))
    progress = await office.send(sink.port)
    assert sink.accepted == []
    assert progress.next_due_at == office.now + timedelta(days=2)
    await office.send(sink.port, office.now + timedelta(days=2))
    assert sink.addresses == ["lead@example.com"]


async def test_a_delegate_gets_the_mail_instead(office: Office, sink: Sink) -> None:
    await office.execute(
        "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at)"
        " VALUES (:id, '2027-01-11', '2027-01-13', :delegate, :now)",
        id=LEAD,
        delegate=BOSS,
        now=office.now,
    )
    await office.queue(office.item(Event.TASK_OPENED, LEAD, office.world.manager_task))
    await office.send(sink.port)
    assert sink.addresses == ["boss@example.com"]
    (mail,) = await office.mails()
    assert (mail.person_id, mail.instead_of_id, mail.kind) == (BOSS, LEAD, "daily")
    (link,) = await office.rows("SELECT person_id FROM links")
    assert link.person_id == BOSS


async def test_what_is_the_persons_own_waits_for_them_and_not_for_a_delegate(
    office: Office, sink: Sink
) -> None:
    """The delegate gets what they act on; results, and what is about the delegate, they do not."""
    await office.execute(
        "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at)"
        " VALUES (:id, '2027-01-11', '2027-01-13', :delegate, :now)",
        id=LEAD,
        delegate=WORKER,
        now=office.now,
    )
    cycle = office.world.cycle_id
    await office.execute(
        "UPDATE tasks SET assignee_id = :lead WHERE id = :id",
        lead=LEAD,
        id=office.world.hr_self_task,
    )
    await office.queue(
        office.item(Event.RESULT_OPENED, LEAD, cycle_id=cycle),
        office.item(Event.TASK_OPENED, LEAD, office.world.manager_task),  # about the delegate
        office.item(Event.ESCALATION, LEAD, office.world.self_task),  # held by the delegate
        office.item(Event.REOPENED, LEAD, office.world.hr_self_task),  # somebody else's
    )
    progress = await office.send(sink.port)
    assert sink.addresses == ["worker@example.com"]
    states = await office.states()
    assert {event for event, (state, _) in states.items() if state == "sent"} == {"reopened"}
    back = office.now + timedelta(days=2)
    assert progress.next_due_at == back
    await office.send(sink.port, back)
    assert sink.addresses == ["worker@example.com", "lead@example.com"]
    (mail,) = [mail for mail in await office.mails() if mail.person_id == LEAD]
    assert mail.instead_of_id is None
    assert {state for state, _ in (await office.states()).values()} == {"sent"}


async def test_an_acknowledgement_is_mailed_to_no_delegate(office: Office, sink: Sink) -> None:
    await office.execute(
        "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at)"
        " VALUES (:id, '2027-01-11', '2027-01-13', :delegate, :now)",
        id=WORKER,
        delegate=LEAD,
        now=office.now,
    )
    await office.execute("UPDATE stages SET kind = 'acknowledgement' WHERE key = 'self'")
    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    progress = await office.send(sink.port)
    assert sink.accepted == []
    assert progress.next_due_at == office.now + timedelta(days=2)


async def test_of_a_paused_cycle_only_the_pause_is_told(office: Office, sink: Sink) -> None:
    cycle = office.world.cycle_id
    await office.queue(
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
        office.item(Event.PAUSED, LEAD, cycle_id=cycle, task_id=None),
    )
    await office.execute("UPDATE cycles SET state = 'paused' WHERE id = :id", id=cycle)
    progress = await office.send(sink.port)
    assert sink.addresses == ["lead@example.com"]
    assert (await office.states())["task_opened"] == ("queued", None)
    assert progress.next_due_at is None, "it does not look again and again"
    await office.execute("UPDATE cycles SET state = 'open' WHERE id = :id", id=cycle)
    await office.send(sink.port, office.now + timedelta(hours=1))
    assert sink.addresses == ["lead@example.com", "worker@example.com"]


async def test_a_pause_between_claim_and_hand_over_is_seen(office: Office, sink: Sink) -> None:
    from store.mail.claims import claim
    from store.mail.delivery import Ready, mark

    await office.queue(office.item(Event.TASK_OPENED, WORKER, office.world.self_task))
    async with office.database.begin() as conn:
        taken = await claim(conn, office.now, people=10, message_id=lambda key: f"<{key}@x>")
    await office.execute("UPDATE cycles SET state = 'paused'")
    async with office.database.begin() as conn:
        ready = [Ready(mail.id, "subject", "text") for mail in taken.mails]
        assert await mark(conn, ready, lease=taken.lease, as_of=office.now) == set()
    await office.send(sink.port)
    assert sink.accepted == []
    assert (await office.states())["task_opened"] == ("queued", None)


async def test_a_sign_in_link_waits_for_nothing(office: Office, sink: Sink) -> None:
    night = office.now + timedelta(hours=14)
    await office.queue(office.item(Event.SIGN_IN, WORKER, send_at=night, at=night))
    await office.send(sink.port, night)
    assert sink.addresses == ["worker@example.com"]
    await office.queue(office.item(Event.SIGN_IN, WORKER, key="another", send_at=night, at=night))
    await office.send(sink.port, night + timedelta(hours=1))
    assert len(sink.accepted) == 1
    rows = await office.rows("SELECT reason FROM notifications WHERE key = 'another'")
    assert [row.reason for row in rows] == ["too_late"]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=7)])
async def test_daily_mail_lets_the_stages_of_that_instant_go_first(
    office: Office, sink: Sink, late: timedelta
) -> None:
    """Also when all of them are behind, because the machine was off."""
    await office.execute(
        "UPDATE processes SET armed_until = :due WHERE kind <> 'mail'", due=office.now - late
    )
    await office.queue(
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
        office.item(Event.SIGN_IN, LEAD),
    )
    sender, turn = Sender(office.database, settings(sink.port)), Turn(office.database, lambda: None)
    progress = await sender.advance(turn, office.now)
    assert sink.addresses == ["lead@example.com"], "whoever waits for a link does not wait"
    assert progress.next_due_at == office.now + timedelta(seconds=1)
    for seconds in (61, 122):  # now it is behind: another minute, and no more
        await sender.advance(turn, office.now + timedelta(seconds=seconds))
    assert len(sink.accepted) == 2, "nobody waits for a stage that does not come back"
    await sender.close()


async def test_one_item_that_cannot_be_written_stops_nobody(office: Office, sink: Sink) -> None:
    await office.queue(
        office.item(Event.CYCLE_ENDED, HR, key="of no cycle"),
        office.item(Event.TASK_OPENED, WORKER, office.world.self_task),
    )
    await office.execute("UPDATE people SET email = 'not an address' WHERE id = :id", id=BOSS)
    await office.queue(office.item(Event.TASK_OPENED, BOSS, office.world.boss_self_task))
    await office.send(sink.port)
    assert sink.to("worker@example.com")
    states = await office.rows(
        "SELECT person_id, state, reason FROM notifications WHERE event <> 'address_refused'"
        " ORDER BY id"
    )
    assert [tuple(row) for row in states] == [
        (HR, "failed", "cannot_compose"),
        (WORKER, "sent", None),
        (BOSS, "failed", "address_refused"),
    ]
    (held,) = await office.rows("SELECT person_id, mended_by, code FROM held_rows")
    assert (held.person_id, held.mended_by) == (HR, "administrators")
    assert held.code.startswith("cannot-compose: ")


async def test_a_result_is_read_after_a_fresh_sign_in_and_no_mail_holds_a_key_to_it(
    office: Office, sink: Sink
) -> None:
    cycle = office.world.cycle_id
    await office.queue(
        office.item(Event.RESULT_OPENED, WORKER, cycle_id=cycle, subject_id=WORKER),
        office.item(Event.RESULTS_RELEASED, LEAD, cycle_id=cycle, data={"people": 2}),
    )
    await office.send(sink.port)
    found = {}
    for address in ("worker@example.com", "lead@example.com"):
        body = sink.to(address)[0].get_body(("plain",))
        assert body is not None
        assert "/l/" not in body.get_content()
        path = re.search(r"\.com(/reviews\S*)", body.get_content())
        assert path, "the button leads somewhere"
        found[address] = path[1]
    assert found == {
        "worker@example.com": f"/reviews/{cycle}/{WORKER}",
        "lead@example.com": "/reviews",
    }
    async with office.database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM links")) == 0


async def test_a_changed_address_is_told_to_the_old_one_with_a_link_that_only_decides(
    office: Office, sink: Sink
) -> None:
    """Also hours later, after the relay was down: it is not a link that somebody waits for."""
    csv = "employee_id,first_name,last_name,email,hire_date\nworker,Worker,Example,{},2020-01-01"
    async with office.database.begin() as conn:
        await conn.execute(text("UPDATE people SET signed_in = true"))
        await import_people(
            conn,
            csv.format("thief@example.com").encode(),
            effective_on=office.now.date(),
            actor=Actor(HR, "hr"),
            now=office.now - timedelta(hours=5),
        )
    await office.send(sink.port)
    assert sink.to("thief@example.com") == []
    body = sink.to("worker@example.com")[0].get_body(("plain",))
    assert body is not None
    token = re.search(r"/address/(\S+)", body.get_content())
    assert token, "the button leads somewhere"
    async with office.database.begin() as conn:
        change = await by_token(conn, token[1], office.now)
        assert change is not None
        assert (change.person_id, change.new_address) == (WORKER, "thief@example.com")
        assert (await use_link(conn, token[1], office.now)).state is LinkState.UNKNOWN
