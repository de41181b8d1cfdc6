"""What somebody may do about tasks of others, and how far the definition lets them go.

One rule for the page, the API and the mail: what a mail offers is what its button allows.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.timeline import earliest_due
from domain.access import Move, Reader, TaskAccess, moves_on
from domain.errors import Invalid
from domain.states import CycleState, Desk, Role, TaskState
from store.access.facts import ROLE_COLUMNS, TOLD_TO, roles_of_row
from store.base.arrays import literal
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.people.times import lines_above
from store.steering.cycle import MOST_DAYS
from store.tasks.deadlines import NewDates
from store.tasks.holders import cycle_times
from store.tasks.rows import COLUMNS, TaskFacts, from_row

Asked = tuple[int, UUID]
"""A person and a task."""


async def moves_of(
    conn: AsyncConnection, asked: Collection[Asked], now: datetime
) -> dict[Asked, frozenset[Move]]:
    """What each of these people may do now about the task beside them. Reads only.

    Empty where it is nothing, or where there is no such task.
    """
    if not asked:
        return {}
    tasks = await _tasks(conn, {task for _, task in asked}, now)
    readers = await _readers(conn, {person for person, _ in asked}, now.date())
    found: dict[Asked, frozenset[Move]] = {}
    for person, task_id in asked:
        task, reader = tasks.get(task_id), readers.get(person)
        allowed: frozenset[Move] = frozenset()
        if task is not None and reader is not None:
            allowed = moves_on(reader, task.access) & _possible(task, reader)
        found[person, task_id] = allowed
    return found


@dataclass(frozen=True, slots=True)
class _Task:
    """A task with what decides about its moves. `more`: days that somebody told of it may give."""

    facts: TaskFacts
    access: TaskAccess
    cycle_state: CycleState
    more: range


def _possible(task: _Task, reader: Reader) -> frozenset[Move]:
    """What can be done as things stand, whoever asks."""
    if task.cycle_state not in (CycleState.OPEN, CycleState.PAUSED):
        return frozenset()
    if task.facts.state not in (TaskState.OPEN, TaskState.PLANNED):
        return frozenset({Move.REOPEN})
    possible = {Move.REASSIGN, Move.EXCUSE, Move.EXTEND}
    if task.facts.state is TaskState.OPEN and task.cycle_state is CycleState.OPEN:
        possible.add(Move.NUDGE)
    if not reader.is_hr and not task.more:
        possible.discard(Move.EXTEND)
    return frozenset(possible)


async def _tasks(conn: AsyncConnection, ids: Collection[UUID], now: datetime) -> dict[UUID, _Task]:
    rows = (
        await conn.execute(
            text(
                f"SELECT {COLUMNS}, c.state AS cycle_state, {TOLD_TO} AS told FROM tasks t "
                "JOIN cycles c ON c.id = t.cycle_id WHERE t.id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": literal(ids), "now": now},
        )
    ).all()
    facts = {row.id: _facts(row) for row in rows}
    cycles = {i: await load_cycle(conn, i) for i in {task.cycle_id for task in facts.values()}}
    times = {
        i: await cycle_times(
            conn,
            cycle,
            {t.assignee_id for t in facts.values() if t.cycle_id == i and t.assignee_id},
        )
        for i, cycle in cycles.items()
    }
    found = {}
    for row in rows:
        task = facts[row.id]
        cycle = cycles[task.cycle_id]
        time = times[task.cycle_id].get(task.assignee_id or 0)
        more = more_days(cycle, cycle.stages[task.stage_id], task, time, now) if time else range(0)
        found[task.id] = _Task(task, _access(task, row.told), CycleState(row.cycle_state), more)
    return found


def _facts(row: Any) -> TaskFacts:
    return from_row(row, leave_out=("cycle_state", "told"))


def _access(task: TaskFacts, told: Collection[int] | None) -> TaskAccess:
    return TaskAccess(
        assignee_id=task.assignee_id,
        subject_id=task.subject_id,
        role=Role(task.role),
        desk=Desk(task.desk) if task.desk else None,
        told_to=frozenset(told or ()),
    )


async def _readers(
    conn: AsyncConnection, people: Collection[int], on: date
) -> Mapping[int, Reader]:
    """People of the company with their roles and the line above them."""
    rows = (
        await conn.execute(
            text(
                f"SELECT p.id, {ROLE_COLUMNS} FROM people p WHERE p.status = 'active' "
                "AND p.id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"ids": literal(people), "on": on},
        )
    ).all()
    lines = await lines_above(conn, sorted(people), on)
    return {
        row.id: Reader(row.id, roles_of_row(row), frozenset(lines.get(row.id, ()))) for row in rows
    }


# --- How far -------------------------------------------------------------------------------------


def more_days(
    cycle: CycleFacts, stage: StageFacts, task: TaskFacts, time: PersonTime, now: datetime
) -> range:
    """How many working days somebody who was told of a task may give, from its present due date.

    The new date must not be past. It lies no further away than the definition leaves somebody who
    gets the task today (`at_least`), and neither the task's own close nor the cycle's end moves for
    it. Empty: none. HR may give more, and moves the close with it.
    """
    today = time.local_date(now)
    last = earliest_due(stage.spec.at_least, today, time)
    for instant in (task.closes_at, cycle.ends_at):
        if instant is not None:
            last = min(last, time.local_date(instant))
    first = most = 0
    day = task.due_on
    while most < MOST_DAYS and (day := time.calendar.after(day, 1)) <= last:
        most += 1
        if not first and day >= today:
            first = most
    return range(first, most + 1) if first else range(0)


def within(cycle: CycleFacts, stage: StageFacts, days: int, now: datetime) -> NewDates:
    """`days` working days more by somebody who was told of the task; its close stays.

    Raises Invalid if that is not theirs to give.
    """

    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        may = more_days(cycle, stage, task, time, now)
        if days not in may:
            message = _bound(task, time, may)
            raise Invalid(message, ({"field": "days", "code": "range", "message": message},))
        return time.calendar.after(task.due_on, days), task.closes_at, task.opens_at

    return dates


def _bound(task: TaskFacts, time: PersonTime, may: range) -> str:
    if not may:
        return "There is no more time to give here; HR can."
    first, last = may[0], may[-1]
    until = f"{time.calendar.after(task.due_on, last):%a %d %b %Y}"
    if first == last:
        return f"You can give {_days(last)}, until {until}; HR can give more."
    return f"You can give {first} to {_days(last)}, at most until {until}; HR can give more."


def _days(number: int) -> str:
    return f"{number} working day" + ("" if number == 1 else "s")


async def must_be_below(conn: AsyncConnection, person: int, mover: int, on: date) -> None:
    """Raises Invalid unless `person` is `mover`, or reports to them, directly or through others."""
    above = (await lines_above(conn, [person], on)).get(person, [])
    if person != mover and mover not in above:
        message = (
            "Choose yourself, or somebody who reports to you, directly or through others. "
            "HR can give it to anybody."
        )
        raise Invalid(message, ({"field": "person", "code": "range", "message": message},))
