"""Long leave: more than 20 working days, and nobody acts (language reference §4).

Somebody's own task is excused as soon as that is known; a task about somebody else needs an
assignee, which HR is asked for: nothing goes up to the next level unasked. Whoever is back before
the stage closed for all: HR is asked once whether the task shall be opened after all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.states import Desk, StageState, TaskState
from store.applying import end_tasks
from store.cycle_facts import CycleFacts
from store.handover import Handover, hand_over
from store.notices import tell_desk
from store.people import person_times
from store.processes import ring
from store.task_rows import COLUMNS, TaskFacts

LONGEST_PAUSE = 20
"""Working days of leave that merely move dates."""

EXCUSED = "on_leave"
"""Why a task was excused; until when, the leave says."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Away:
    task: TaskFacts
    first_day: date
    last_day: date


async def follow_absences(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Excuse, or ask HR about, tasks of people on long leave; ask again when they are back.

    Returns how many tasks were concerned, and when somebody comes back. Idempotent. With
    `policies.leave: keep` nothing happens: statutory periods run on.
    """
    if cycle.definition.policies.leave != "pause":
        return 0, None
    long = await _long(conn, cycle, await _away(conn, cycle))
    own = [away for away in long if away.task.assignee_id == away.task.subject_id]
    others = [away for away in long if away.task.assignee_id != away.task.subject_id]
    if own:
        tasks = [away.task for away in own]
        await end_tasks(conn, tasks, TaskState.EXCUSED, EXCUSED, as_of, None)
    await hand_over(
        conn,
        cycle,
        [Handover(away.task, None) for away in others],
        cause="long_leave",
        actor_id=None,
        now=as_of,
        tell_old=False,
    )
    await _wake(conn, cycle, [away.task for away in own])
    asked, next_return = await _ask_about_returns(conn, cycle, as_of)
    return len(long) + asked, next_return


async def _away(conn: AsyncConnection, cycle: CycleFacts) -> list[_Away]:
    """Live tasks whose assignee is on leave, without a delegate, while they are to be done."""
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS}, l.first_day, l.last_day FROM tasks t"
            " JOIN leaves l ON l.person_id = t.assignee_id AND l.withdrawn_at IS NULL"
            " AND l.delegate_id IS NULL AND l.last_day - l.first_day >= :days"
            " AND l.last_day >= CAST(t.begun_at AS date) AND l.first_day <= t.due_on"
            " WHERE t.cycle_id = :cycle AND t.state IN ('planned', 'open')"
            " AND NOT EXISTS (SELECT FROM task_events e WHERE e.task_id = t.id"
            "  AND e.event = 'reopened' AND e.at > l.recorded_at)"
            " ORDER BY t.id, l.last_day DESC FOR UPDATE OF t"
        ),
        {"cycle": cycle.id, "days": LONGEST_PAUSE},
    )
    found: dict[UUID, _Away] = {}
    for row in rows:
        if row.id not in found:
            found[row.id] = _Away(task_of(row), row.first_day, row.last_day)
    return list(found.values())


async def _long(conn: AsyncConnection, cycle: CycleFacts, away: Sequence[_Away]) -> list[_Away]:
    people = sorted({each.task.assignee_id or 0 for each in away})
    times = await person_times(conn, cycle.calendars, people, leave="keep")

    def working_days(each: _Away) -> int:
        time = times.get(each.task.assignee_id or 0, cycle.company)
        first = max(each.first_day, date(cycle.calendars.first_year, 1, 1))
        last = min(each.last_day, date(cycle.calendars.last_year, 12, 31) - _DAY)
        return time.calendar.count(first, last + _DAY)

    return [each for each in away if working_days(each) > LONGEST_PAUSE]


async def _ask_about_returns(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS}, max(l.last_day) AS last_day FROM tasks t"
            " JOIN stages s ON s.id = t.stage_id AND s.state <> :closed"
            " JOIN leaves l ON l.person_id = t.assignee_id AND l.withdrawn_at IS NULL"
            " AND l.last_day - l.first_day >= :days AND l.last_day >= CAST(t.begun_at AS date)"
            " WHERE t.cycle_id = :cycle AND t.state = 'excused' AND t.ended_reason = :reason"
            " GROUP BY t.id"
        ),
        {
            "cycle": cycle.id,
            "closed": StageState.CLOSED,
            "days": LONGEST_PAUSE,
            "reason": EXCUSED,
        },
    )
    asked = 0
    later = []
    excused = rows.all()
    times = await person_times(conn, cycle.calendars, [row.assignee_id for row in excused])
    for row in excused:
        time = times.get(row.assignee_id, cycle.company)
        back = time.opening(time.calendar.on_or_after(row.last_day + _DAY))
        if back > as_of:
            later.append(back)
            continue
        asked += await tell_desk(
            conn,
            Desk.HR,
            Event.LEAVE_RETURN_QUESTION,
            key=f"task:{row.id}:back:{row.last_day}",
            cause="back_from_leave",
            now=as_of,
            task=task_of(row),
        )
    return asked, min(later, default=None)


def task_of(row: Row[Any]) -> TaskFacts:
    """The task in a row that holds other columns beside its own."""
    values = {name: row._mapping[name] for name in _NAMES}
    values |= {"state": TaskState(row.state), "told_to": tuple(row.told_to or ())}
    return TaskFacts(**values)


_NAMES = tuple(field.name for field in fields(TaskFacts))


async def _wake(conn: AsyncConnection, cycle: CycleFacts, ended: Sequence[TaskFacts]) -> None:
    stages = [cycle.stages[stage_id] for stage_id in {task.stage_id for task in ended}]
    following = {cycle.stages[i].process for stage in stages for i in stage.successors}
    own = {stage.process for stage in stages}
    if ended:
        await ring(conn, f"cycle-{cycle.id}", *sorted(own | following), urgent=True)
