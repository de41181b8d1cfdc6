"""HR adds somebody to a running cycle, or takes somebody out."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.timeline import Plan, plan_person
from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.states import CycleState, ParticipantState, TaskState
from store.access.visible import REQUEST
from store.base.audit import record
from store.cycles.facts import CycleFacts, load_cycle
from store.cycles.participants import (
    count_participants,
    skip_missing_stages,
    write_personal_plans,
    write_skips,
)
from store.engine.processes import ring_cycle
from store.outbox.notices import Notice, tell_all
from store.people.times import person_times
from store.steering.cycle import Preview, about_requests
from store.steering.orders import end_tasks
from store.tasks.late_joiners import ENTERED_LATE
from store.tasks.rows import COLUMNS, from_row


def _running(cycle: CycleFacts) -> None:
    if cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        raise IllegalState("The cycle is not running.")


async def preview_add(
    conn: AsyncConnection, cycle_id: UUID, person_id: int, now: datetime
) -> Preview:
    """What adding would do."""
    cycle = await load_cycle(conn, cycle_id)
    _running(cycle)
    await _may_enter(conn, cycle, person_id)
    closed = [s.spec.title for s in cycle.stages.values() if s.state == "closed"]
    return Preview(
        "add_participant",
        (
            "They get the full time from today in what is open now, and are then like everybody.",
            f"Already closed, so skipped: {', '.join(closed)}."
            if closed
            else "No stage has closed yet, so they take part in all of them.",
        ),
        {"people": 1, "skipped": len(closed)},
    )


async def add_participant(
    conn: AsyncConnection,
    cycle_id: UUID,
    person_id: int,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    """Somebody takes part from now on, whatever the audience says. Adding twice changes nothing.

    `reason`, if given, is HR's, and shown to HR beside the name, and to the person if they ask.

    They have the full time from today in stages that are open; closed ones are skipped with that
    reason. Raises NotFound, IllegalState, Invalid if that person has left.
    """
    cycle = await load_cycle(conn, cycle_id, lock="update")
    _running(cycle)
    hire_date = await _may_enter(conn, cycle, person_id)
    today = cycle.company.local_date(now)
    entered = await conn.scalar(
        text(
            """
            INSERT INTO participants
                (cycle_id, person_id, state, reason, because, department, entered_on, late)
            SELECT :cycle, p.id, 'in', 'added_by_hr', :because, p.department, :today, true
            FROM people p WHERE p.id = :person
            ON CONFLICT (cycle_id, person_id) DO UPDATE SET state = 'in', reason = 'added_by_hr',
                because = excluded.because, entered_on = :today, late = true
            WHERE participants.state <> 'in' RETURNING person_id
            """
        ),
        {
            "cycle": cycle_id,
            "person": person_id,
            "today": today,
            "because": reason.strip() or None,
        },
    )
    if entered is None:
        return
    closed = [s.key for s in cycle.stages.values() if s.state == "closed"]
    await write_skips(conn, cycle.id, [(key, person_id, ENTERED_LATE) for key in closed], now)
    if cycle.rolling:
        times = await person_times(conn, cycle.calendars, [person_id])
        plan: Plan = plan_person(cycle.definition, hire_date, times[person_id])
        await write_personal_plans(conn, cycle.id, {person_id: plan})
    await skip_missing_stages(conn, cycle.id, cycle.definition, today, now, [person_id])
    await count_participants(conn, cycle.id)
    await _audit(conn, cycle, "add_participant", person_id, actor, now, reason=reason)
    await ring_cycle(conn, cycle_id)


async def _may_enter(conn: AsyncConnection, cycle: CycleFacts, person_id: int) -> date:
    row = (
        await conn.execute(
            text("SELECT status, hire_date FROM people WHERE id = :id"), {"id": person_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no person {person_id}")
    if row.status != "active":
        raise Invalid("That person has left.")
    hired: date = row.hire_date
    return hired


async def preview_remove(
    conn: AsyncConnection, cycle_id: UUID, person_id: int, now: datetime
) -> Preview:
    """What removing would do."""
    cycle = await load_cycle(conn, cycle_id)
    _running(cycle)
    count = await conn.scalar(
        text(
            "SELECT count(*) FROM tasks t WHERE t.cycle_id = :cycle AND t.subject_id = :person "
            f"AND (t.state IN ('planned', 'open') OR {REQUEST})"
        ),
        {"cycle": cycle_id, "person": person_id},
    )
    return Preview(
        "remove_participant",
        (
            f"{count} tasks about them are cancelled; who had been told of one hears of it once.",
            "Reviews that they write about others stay with them. What was submitted is kept.",
            *about_requests(*cycle.stages.values()),
        ),
        {"tasks": int(count or 0)},
    )


async def remove_participant(
    conn: AsyncConnection,
    cycle_id: UUID,
    person_id: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Somebody no longer takes part: tasks about them are cancelled. Returns how many.

    What they write about others stays theirs. Removing twice changes nothing.
    """
    cycle = await load_cycle(conn, cycle_id, lock="update")
    _running(cycle)
    if not reason.strip():
        raise Invalid(
            "Please give a reason: it is shown to HR, and to the person if they ask.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    left = await conn.scalar(
        text(
            "UPDATE participants SET state = :removed, reason = 'removed_by_hr', because = :why "
            "WHERE cycle_id = :cycle AND person_id = :person AND state = 'in' RETURNING person_id"
        ),
        {
            "removed": ParticipantState.REMOVED,
            "why": reason.strip(),
            "cycle": cycle_id,
            "person": person_id,
        },
    )
    if left is None:
        return 0
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.cycle_id = :cycle AND t.subject_id = :person "
            "AND t.state IN ('planned', 'open') ORDER BY t.id FOR UPDATE"
        ),
        {"cycle": cycle_id, "person": person_id},
    )
    tasks = [from_row(row) for row in rows]
    await end_tasks(conn, tasks, TaskState.CANCELLED, "removed_by_hr", now, actor.person_id)
    await tell_all(
        conn,
        [
            Notice(
                t.assignee_id,
                Event.CANCELLED,
                f"task:{t.id}:{t.due_revision}",
                "removed_by_hr",
                task=t,
            )
            for t in tasks
            if t.assignee_id is not None and t.announced_on is not None
        ],
        now,
    )
    await count_participants(conn, cycle.id)
    await _audit(conn, cycle, "remove_participant", person_id, actor, now, reason=reason)
    await ring_cycle(conn, cycle_id)
    return len(tasks)


async def _audit(
    conn: AsyncConnection,
    cycle: CycleFacts,
    action: str,
    person_id: int,
    actor: Actor,
    now: datetime,
    *,
    reason: str,
) -> None:
    # By reference: the words themselves stand beside the participant.
    given = "given" if reason.strip() else "none"
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="person",
        object_id=person_id,
        cycle_id=cycle.id,
        after={"person_id": person_id, "reason": given},
    )
