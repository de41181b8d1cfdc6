"""Every event finds what it must say in the rows."""

import re
from datetime import datetime

import pytest

from activities.notifications.raters import outsiders, relationships
from domain.access import ENGINE, Level
from domain.notifications import Event
from store.access.links import find_link
from store.access.sessions import opens_task
from store.base.audit import last_seal, record, seal
from store.base.session import Database
from tests.activities.notifications.outbox_world import Office, open_office
from tests.activities.notifications.sink import running_sink
from tests.store.people_rows import ADMIN, HR, LEAD, WORKER

DATA: dict[Event, dict[str, object]] = {
    Event.REMINDER: {"told_on": "2027-01-20", "told_role": "manager"},
    Event.ESCALATED_NOTICE: {"told": [LEAD]},
    Event.REASSIGNED_AWAY: {"to": LEAD},
    Event.DUE_CHANGED: {"was_due_on": "2027-01-10"},
    Event.INPUT_CHANGED: {"stage": "self"},
    Event.RESULTS_RELEASED: {"people": 3},
    Event.ADDRESS_REFUSED: {"code": 550},
    Event.TEST_MAIL: {"asked_by": HR},
    Event.FEEDBACK_EXTENDED: {"until": "2027-01-20"},
    Event.REPLACEMENT_WANTED: {"until": "2027-01-20"},
    Event.REPORT_READY: {"subject_on": "2027-01-20"},
    Event.SEALS_LOST: {"people": 2},
    Event.SEAL_BROKEN: {"opened_by": HR, "reason": "court-order"},
}
TO_HR = frozenset(
    {
        Event.NOT_HELD,
        Event.LAUNCH_CHECK,
        Event.LAUNCH_WAITING,
        Event.LAUNCHED_REPORT,
        Event.CYCLE_ENDED,
        Event.ADDRESS_REFUSED,
        Event.NEEDS_ASSIGNEE,
        Event.LEAVE_RETURN_QUESTION,
        Event.NO_RATERS,
        Event.SEAL_BROKEN,
        Event.SEALS_LOST,
        Event.COMMENTS_WAITING,
        Event.HELD_ROW,
    }
)
ABOUT_CYCLES = TO_HR | {
    Event.PAUSED,
    Event.CANCELLED,
    Event.INPUT_CHANGED,
    Event.RESULT_OPENED,
    Event.RESULTS_RELEASED,
    Event.REPLACEMENT_WANTED,
    Event.REPORT_READY,
    Event.REPORT_OPENED,
}
WITH_TASKS = {Event.NEEDS_ASSIGNEE, Event.LEAVE_RETURN_QUESTION}
CYCLE_STATES = {Event.PAUSED: "paused", Event.CANCELLED: "cancelled", Event.CYCLE_ENDED: "closed"}


@pytest.mark.parametrize("event", list(Event))
async def test_every_event_becomes_a_mail(database: Database, now: datetime, event: Event) -> None:
    async with open_office(database, now) as office, running_sink() as sink:
        task, person = office.world.self_task, WORKER
        more: dict[str, object] = {}
        if event in (Event.REMINDER, Event.ESCALATED_NOTICE, Event.ESCALATION):
            more["rung"] = "remind:1" if event is Event.REMINDER else "escalate:3"
        if event in (Event.ESCALATION, Event.EXTENDED_NOTICE, Event.DONE_NOTICE):
            person = LEAD
        if event is Event.DONE_NOTICE:  # goes only with something else
            await office.queue(
                office.item(Event.RESULT_OPENED, LEAD, cycle_id=office.world.cycle_id)
            )
        if event is Event.INPUT_CHANGED:
            person = LEAD
            await office.queue(
                office.item(Event.TASK_OPENED, LEAD, office.world.boss_self_task, key="other")
            )
            await office.execute(
                "UPDATE tasks SET assignee_id = :lead WHERE id = :id",
                lead=LEAD,
                id=office.world.boss_self_task,
            )
        if event in TO_HR:
            person, more["desk"] = HR, "hr"
        if event is Event.CANCELLED:
            await office.execute("UPDATE tasks SET state = 'cancelled', ended_at = :at", at=now)
        if event is Event.NEEDS_ASSIGNEE:
            await office.execute("UPDATE tasks SET assignee_id = NULL WHERE id = :id", id=task)
        if event in CYCLE_STATES:
            await office.execute("UPDATE cycles SET state = :state", state=CYCLE_STATES[event])
        about = task if event not in ABOUT_CYCLES or event in WITH_TASKS else None
        data = DATA.get(event, {})
        if event is Event.ADDRESS_CHANGED:
            about, data = None, {"change": await _changed_address(office, person)}
        if event in (Event.SIGN_IN, Event.TEST_MAIL):
            about = None
        item = office.item(
            event,
            person,
            about,
            **{
                "cycle_id": office.world.cycle_id,
                "subject_id": WORKER,
                "data": data,
                "ride_along": event.ride_along,
                **more,
            },
        )
        await office.queue(item)
        await office.send(sink.port)
        states = await office.states()
        assert states[event] == ("sent", None)
        assert sink.accepted


async def _changed_address(office: Office, person: int) -> int:
    """An address that took the place of another and does not count yet; the change's id."""
    rows = await office.rows(
        "INSERT INTO address_changes (person_id, old_address, new_address, changed_at,"
        " changed_by_kind, state) SELECT id, email, 'other@example.com', :now, 'engine', 'open'"
        " FROM people WHERE id = :person RETURNING id",
        person=person,
        now=office.now,
    )
    return int(rows[0].id)


async def test_administrators_are_mailed_the_newest_seal_of_the_audit_log_and_nobody_else(
    database: Database, now: datetime
) -> None:
    async with open_office(database, now) as office, running_sink() as sink:
        async with database.begin() as conn:
            await record(conn, at=now, actor=ENGINE, action="x", object_type="cycle", object_id=1)
        await seal(database, now)
        async with database.begin() as conn:
            newest = await last_seal(conn)
        for person in (ADMIN, WORKER):
            await office.queue(
                office.item(
                    Event.TEST_MAIL, person, None, key=f"test:{person}", data={"asked_by": HR}
                )
            )
        await office.send(sink.port)
        bodies = {mail.person_id: mail.text for mail in await office.mails()}
    assert newest is not None
    assert {person for person, body in bodies.items() if newest in body} == {ADMIN}
    assert bodies.keys() == {ADMIN, WORKER}


async def test_who_is_outside_and_in_which_group_is_read_from_the_rows(
    database: Database, now: datetime
) -> None:
    async with open_office(database, now) as office:
        task = office.world.self_task
        await office.execute("UPDATE people SET status = 'external' WHERE id = :id", id=WORKER)
        await office.execute(
            "UPDATE tasks SET role = 'rater', subject_id = :lead WHERE id = :id", lead=LEAD, id=task
        )
        await office.execute(
            "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, "
            "created_at) SELECT stage_id, subject_id, assignee_id, 'external', 'asked', 'subject', "
            ":now FROM tasks WHERE id = :id",
            now=now,
            id=task,
        )
        async with database.begin() as conn:
            assert await outsiders(conn, [WORKER, LEAD, HR]) == {WORKER}
            assert await relationships(conn, [task, office.world.boss_self_task]) == {
                task: "external"
            }


async def test_several_tasks_of_one_stage_are_opened_from_the_own_list_by_one_link(
    database: Database, now: datetime
) -> None:
    async with open_office(database, now) as office, running_sink() as sink:
        tasks = (office.world.self_task, office.world.boss_self_task)
        for task in tasks:
            await office.execute(
                "UPDATE tasks SET assignee_id = :lead WHERE id = :id", lead=LEAD, id=task
            )
            await office.queue(office.item(Event.TASK_OPENED, LEAD, task))
        await office.send(sink.port)
        (mail,) = await office.mails()
        tokens = re.findall(r"/l/([\w-]+)", mail.text)
        async with database.begin() as conn:
            links = [await find_link(conn, token, now) for token in tokens]
            to_list = [link for link in links if link.target.startswith("/tasks?cycle=")]
            reached = [await opens_task(conn, LEAD, to_list[0].opens, task) for task in tasks]
    assert [link.level for link in to_list] == [Level.TASK]
    assert reached == [True, True]
    assert f"{to_list[0].target}&".count("stage=") == 1


async def test_tasks_of_several_stages_have_no_link_that_would_open_only_some(
    database: Database, now: datetime
) -> None:
    async with open_office(database, now) as office, running_sink() as sink:
        tasks = (office.world.self_task, office.world.manager_task)
        for task in tasks:
            await office.execute(
                "UPDATE tasks SET assignee_id = :lead WHERE id = :id", lead=LEAD, id=task
            )
            await office.queue(office.item(Event.TASK_OPENED, LEAD, task))
        await office.send(sink.port)
        targets = await office.rows("SELECT target FROM links ORDER BY target")
    assert {row.target for row in targets} == {f"/tasks/{task}" for task in tasks}
