"""Steering one task: extend, reassign, reopen, excuse, nudge.

Facts of one transaction each, with their audit entry; the engine is rung only where its next
instant changes. Nobody steers their own case or that of their own manager line with HR's rights:
the route asks `domain.access` before it comes here.
"""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.timeline import earliest_due
from domain.access import NOT_ONESELF, Actor, opens_to_oneself
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.states import CycleState, Role, TaskState
from store.base.audit import record
from store.cycles.facts import CycleFacts, StageFacts
from store.engine.processes import ring, start
from store.outbox.notices import Notice, tell, tell_all
from store.outbox.outbox import suppress_for_tasks
from store.people.company import kept_from_answers
from store.steering.cycle import MOST_DAYS, Preview
from store.steering.moves import must_be_below, within
from store.steering.orders import end_tasks
from store.tasks.deadlines import (
    NewDates,
    assignee_times,
    close_of,
    extension,
    move_due,
    rung_ahead,
)
from store.tasks.drafts import Until, away_data, drafts_left_behind, kept_until
from store.tasks.events import record_events
from store.tasks.handover import later_close
from store.tasks.holders import cycle_times
from store.tasks.rows import TaskFacts, lock_task
from store.tasks.submitting import ring_after_end

GRACE = 3
"""Working days that whoever gets a task back has at least (language reference §7)."""


async def _wake(conn: AsyncConnection, stage: StageFacts) -> None:
    await conn.execute(
        text("UPDATE processes SET state = 'open' WHERE id = :id AND state <> 'open'"),
        {"id": stage.process},
    )
    await ring(conn, stage.process, urgent=True)


async def _audit(
    conn: AsyncConnection,
    task: TaskFacts,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="task",
        object_id=task.id,
        cycle_id=task.cycle_id,
        before=before,
        after=after,
    )


def _steerable(cycle: CycleFacts) -> None:
    if cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        raise IllegalState("The cycle has ended; its tasks cannot be changed any more.")


def _not_a_raters(task: TaskFacts) -> None:
    """Asked before anything else: another refusal would tell in which state the task is."""
    if task.role == Role.RATER:
        raise IllegalState("Whether a rater has answered is nobody's business.")


def _live(task: TaskFacts) -> None:
    if task.state not in (TaskState.OPEN, TaskState.PLANNED):
        raise IllegalState(f"This task is {task.state}; reopen it instead.")


def _more(cycle: CycleFacts, stage: StageFacts, days: int, actor: Actor, now: datetime) -> NewDates:
    """The dates after an extension: a desk's as it likes, somebody else's within bounds."""
    if actor.kind == "person":
        return within(cycle, stage, days, now)
    return extension(cycle, stage, days)


async def preview_extend_task(
    conn: AsyncConnection, task_id: UUID, days: int, actor: Actor, now: datetime
) -> Preview:
    """What extending would do: the new due date. Raises what `extend_task` raises."""
    cycle, stage, task = await lock_task(conn, task_id)
    _not_a_raters(task)
    _steerable(cycle)
    _live(task)
    _check_days(days)
    time = (await assignee_times(conn, cycle, [task], now))[task.id]
    due_on, closes, _ = _more(cycle, stage, days, actor, now)(task, time)
    sentences = [f"Due {due_on:%a %d %b %Y} instead of {task.due_on:%a %d %b %Y}."]
    if closes is not None:
        sentences.append(f"It closes on {time.local_date(closes):%a %d %b %Y}.")
    sentences.append("The holder is told at once; whoever it was escalated to gets one line.")
    return Preview("extend_task", tuple(sentences), {"tasks": 1})


def _check_days(days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"A task can be extended by 1 to {MOST_DAYS} working days.",
            ({"field": "days", "code": "range", "message": f"Give 1 to {MOST_DAYS}."},),
        )


async def extend_task(
    conn: AsyncConnection, task_id: UUID, days: int, actor: Actor, now: datetime
) -> date:
    """Give one task `days` working days more, on its holder's calendar. Returns the new due date.

    A desk moves the close with it. Somebody who was told that it is overdue gives no more than
    `store.steering.moves.more_days`, and the close stays. Not idempotent by itself: the caller
    holds the command key.
    """
    cycle, stage, task = await lock_task(conn, task_id, steering=True)
    _not_a_raters(task)
    _steerable(cycle)
    _live(task)
    _check_days(days)
    moved = await move_due(
        conn,
        cycle,
        stage,
        [task],
        _more(cycle, stage, days, actor, now),
        now=now,
        event="extended",
        actor_id=actor.person_id,
        tell=Event.DUE_CHANGED,
    )
    await _audit(
        conn,
        task,
        "extend",
        actor,
        now,
        {"due_on": task.due_on.isoformat()},
        {"due_on": moved[0].due_on.isoformat()},
    )
    await _wake(conn, stage)
    return moved[0].due_on


async def reassign(
    conn: AsyncConnection,
    task_id: UUID,
    to_person: int,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "reassigned",
) -> None:
    """Move a live task to somebody else, who has the stage's `at_least` from today. Both are told.

    What the former holder has typed stays theirs; they may send it on (`store.tasks.drafts`). Given
    to whoever holds it already, nothing happens. A desk chooses anybody; somebody who was told that
    it is overdue chooses themselves or somebody below them. Raises Invalid if it is nobody of
    those, if that person has left, or already holds the same task.
    """
    cycle, stage, task = await lock_task(conn, task_id, steering=True)
    _not_a_raters(task)
    _steerable(cycle)
    _live(task)
    if to_person == task.assignee_id:
        return
    await _may_hold(conn, task, to_person)
    kept_from = await kept_from_answers(conn, cycle.definition.policies.hr_reads, now.date())
    if opens_to_oneself(actor, to_person, kept_from):
        raise Invalid(NOT_ONESELF)
    if actor.kind == "person" and actor.person_id is not None:
        await must_be_below(conn, to_person, actor.person_id, now.date())
    former = task.assignee_id
    time = (await cycle_times(conn, cycle, [to_person])).get(to_person)
    if time is None:
        raise Invalid("That person's record has no usable calendar or zone.")
    due_on = max(task.due_on, earliest_due(stage.spec.at_least, time.local_date(now), time))
    closes = later_close(task.closes_at, close_of(cycle, stage, due_on, time))
    announced = time.local_date(time.at_once(now))
    rung = rung_ahead(stage, due_on, closes, announced, time, now)
    left = (await drafts_left_behind(conn, cycle, [task], now)).get(task.id)
    await conn.execute(
        text(
            """
            UPDATE tasks SET assignee_id = :to, desk = NULL, due_on = :due_on, due_at = :due_at,
                closes_at = :closes, due_revision = due_revision + 1, announced_on = NULL,
                next_rung = :rung, next_rung_at = :rung_at, last_rung = NULL, last_rung_on = NULL,
                rung_out = true, told_to = NULL, version = version + 1, seen_at = NULL,
                announce_at = greatest(announce_at, :announce_at)
            WHERE id = :id
            """
        ),
        {
            "id": task.id,
            "to": to_person,
            "due_on": due_on,
            "due_at": time.end_of(due_on),
            "closes": closes,
            "rung": rung.key if rung else None,
            "rung_at": rung.at if rung else None,
            "announce_at": time.at_once(now),
        },
    )
    await record_events(
        conn,
        [
            (
                task.id,
                now,
                "reassigned",
                {"from": former, "to": to_person, "reason": reason, **kept_until(left)},
            )
        ],
        actor.person_id,
    )
    await suppress_for_tasks(conn, [task.id], "reassigned", now)
    if task.state is TaskState.OPEN:
        await _tell_reassigned(conn, task, former, to_person, left, now)
    await _audit(
        conn, task, "reassign", actor, now, {"assignee_id": former}, {"assignee_id": to_person}
    )
    await _wake(conn, stage)


async def _may_hold(conn: AsyncConnection, task: TaskFacts, person: int) -> None:
    row = (
        await conn.execute(text("SELECT status FROM people WHERE id = :id"), {"id": person})
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no person {person}")
    if row.status != "active":
        raise Invalid("That person has left; choose somebody else.")
    if person == task.subject_id and task.role != "subject":
        raise Invalid("Nobody reviews themselves; choose somebody else.")
    if person != task.subject_id and task.role == "subject":
        raise Invalid("Nobody but the person speaks for themselves; excuse the task instead.")
    taken = await conn.scalar(
        text(
            "SELECT 1 FROM tasks WHERE stage_id = :stage AND role = :role "
            "AND subject_id IS NOT DISTINCT FROM CAST(:subject AS bigint) "
            "AND assignee_id = :person AND state IN ('planned', 'open')"
        ),
        {
            "stage": task.stage_id,
            "role": task.role,
            "subject": task.subject_id,
            "person": person,
        },
    )
    if taken:
        raise Invalid("That person holds this task already.")


async def _tell_reassigned(
    conn: AsyncConnection,
    task: TaskFacts,
    former: int | None,
    to: int,
    left: Until | None,
    now: datetime,
) -> None:
    renewed = _renewed(task)
    key = f"task:{task.id}:{renewed.due_revision}"
    notices = [
        Notice(
            to,
            Event.REASSIGNED_TO,
            key,
            "reassigned",
            task=renewed,
            data=None if former is None else {"from": former},
        )
    ]
    if former is not None and task.announced_on is not None:
        data = away_data(to, left)
        notices.append(
            Notice(former, Event.REASSIGNED_AWAY, key, "reassigned", task=renewed, data=data)
        )
    await tell_all(conn, notices, now)


def _renewed(task: TaskFacts) -> TaskFacts:
    return replace(task, due_revision=task.due_revision + 1)


async def reopen(
    conn: AsyncConnection, task_id: UUID, reason: str, actor: Actor, now: datetime
) -> date:
    """HR opens an ended task again, before results were released. Returns the new due date.

    Due is the later of the old date and three working days from now. The submitted answers become
    the holder's draft; the next submission is a new revision. What was opened or written
    downstream stays.
    """
    cycle, stage, task = await lock_task(conn, task_id, steering=True)
    _not_a_raters(task)
    _steerable(cycle)
    if task.state in (TaskState.OPEN, TaskState.PLANNED):
        raise IllegalState("This task is open already.")
    if not reason.strip():
        raise Invalid(
            "Please give a reason: it is kept with the task.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    if await _released(conn, cycle, task):
        raise IllegalState("The result was released; it cannot be reopened any more.")
    await conn.execute(
        text(
            """
            WITH back AS (
                INSERT INTO drafts (task_id, author_id, answers, saved_at)
                SELECT r.task_id, r.author_id, r.answers, :now FROM responses r
                WHERE r.task_id = :id AND r.revision = :revision
                ON CONFLICT (task_id, author_id) DO UPDATE SET answers = excluded.answers,
                    saved_at = excluded.saved_at, version = drafts.version + 1
            )
            UPDATE tasks SET state = 'open', ended_at = NULL, ended_by_id = NULL,
                ended_reason = NULL, held_on = NULL, opens_at = least(opens_at, :now)
            WHERE id = :id
            """
        ),
        {"id": task.id, "revision": task.revision, "now": now},
    )
    moved = await move_due(
        conn,
        cycle,
        stage,
        [task],
        _after_reopening(cycle, stage, now),
        now=now,
        event="reopened",
        actor_id=actor.person_id,
        tell=None,
        words=reason.strip(),
        unmoved=True,
    )
    if task.assignee_id is not None:
        await tell(
            conn,
            [task.assignee_id],
            Event.REOPENED,
            key=f"task:{task.id}:{task.due_revision + 1}",
            task=_renewed(task),
            cause="reopened",
            now=now,
            data={"reason": reason.strip()},
        )
    await conn.execute(
        text("UPDATE stages SET state = 'open', closed_at = NULL WHERE id = :id"),
        {"id": stage.id},
    )
    await _audit(
        conn,
        task,
        "reopen",
        actor,
        now,
        {"state": task.state.value, "revision": task.revision},
        {"state": TaskState.OPEN.value, "due_on": moved[0].due_on.isoformat()},
    )
    await start(
        conn,
        stage.process,
        stage.process_kind,
        cycle_id=cycle.id,
        stage_id=stage.round or stage.id,
        now=now,
    )
    return moved[0].due_on


def _after_reopening(cycle: CycleFacts, stage: StageFacts, now: datetime) -> NewDates:
    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        day = time.calendar.after(time.local_date(now), GRACE)
        due_on = max(task.due_on, day)
        return due_on, close_of(cycle, stage, due_on, time), task.opens_at

    return dates


async def _released(conn: AsyncConnection, cycle: CycleFacts, task: TaskFacts) -> bool:
    if not cycle.releases or task.subject_id is None:
        return False
    stages = {s.id for r in cycle.releases for s in cycle.later_than(r)}
    if task.stage_id in stages:
        return False
    return bool(
        await conn.scalar(
            text(
                "SELECT 1 FROM participants WHERE cycle_id = :cycle AND person_id = :person "
                "AND released_at IS NOT NULL"
            ),
            {"cycle": cycle.id, "person": task.subject_id},
        )
    )


async def excuse(
    conn: AsyncConnection, task_id: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    """Let somebody off a task; it counts as closed. Excusing twice changes nothing.

    The reason stays with the task, for whoever may read it.
    """
    cycle, stage, task = await lock_task(conn, task_id, steering=True)
    _not_a_raters(task)
    _steerable(cycle)
    if task.state is TaskState.EXCUSED:
        return
    _live(task)
    if not reason.strip():
        raise Invalid(
            "Please give a reason: it is kept with the task.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    by = "excused_by_manager" if actor.kind == "person" else "excused_by_hr"
    await end_tasks(conn, [task], TaskState.EXCUSED, by, now, actor.person_id, words=reason.strip())
    await _audit(
        conn,
        task,
        "excuse",
        actor,
        now,
        {"state": task.state.value},
        {"state": TaskState.EXCUSED.value},
    )
    await ring_after_end(conn, cycle, stage)
    await _wake(conn, stage)


async def nudge(conn: AsyncConnection, task_id: UUID, actor: Actor, now: datetime) -> None:
    """Remind the holder once more, at most once a day, whoever asks how often."""
    cycle, _, task = await lock_task(conn, task_id)
    _not_a_raters(task)
    if task.state is not TaskState.OPEN or cycle.state is not CycleState.OPEN:
        raise IllegalState("Only open tasks of a running cycle can be nudged.")
    if task.assignee_id is None:
        raise IllegalState("Nobody holds this task yet; give it to somebody.")
    time = (await assignee_times(conn, cycle, [task], now))[task.id]
    await tell(
        conn,
        [task.assignee_id],
        Event.REMINDER,
        key=f"task:{task.id}:{task.due_revision}:nudge:{time.local_date(now)}",
        task=task,
        cause="nudge",
        now=now,
        data={"by": actor.person_id},
    )
    await record_events(conn, [(task.id, now, "nudged", {})], actor.person_id)
    await _audit(conn, task, "nudge", actor, now, {}, {})
