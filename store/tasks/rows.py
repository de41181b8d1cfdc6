"""The row of a task, locked, and who may act on it."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import NotFound
from domain.states import Desk, Role, TaskState
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.people.leaves import delegates_at
from store.people.own_lines import closed_cases
from store.people.times import desk_members


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task as locked."""

    id: UUID
    cycle_id: UUID
    stage_id: UUID
    subject_id: int | None
    role: str
    assignee_id: int | None
    desk: str | None
    state: TaskState
    opens_at: datetime
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    due_revision: int
    announced_on: date | None
    next_rung: str | None
    next_rung_at: datetime | None
    last_rung: str | None
    told_to: tuple[int, ...]
    revision: int
    version: int
    ended_by_id: int | None


COLUMNS = (
    "t.id, t.cycle_id, t.stage_id, t.subject_id, t.role, t.assignee_id, t.desk, t.state, "
    "t.opens_at, t.due_on, t.due_at, t.closes_at, t.due_revision, t.announced_on, t.next_rung, "
    "t.next_rung_at, t.last_rung, t.told_to, t.revision, t.version, t.ended_by_id"
)


def from_row(row: Row[Any], *, leave_out: Collection[str] = ()) -> TaskFacts:
    """A row with `COLUMNS`, typed. `leave_out` are columns beside them."""
    values = {name: value for name, value in row._asdict().items() if name not in leave_out}
    values |= {"state": TaskState(row.state), "told_to": tuple(row.told_to or ())}
    return TaskFacts(**values)


def task_of(row: Row[Any]) -> TaskFacts:
    """The task in a row that holds other columns beside `COLUMNS`."""
    values = {each.name: row._mapping[each.name] for each in fields(TaskFacts)}
    values |= {"state": TaskState(row.state), "told_to": tuple(row.told_to or ())}
    return TaskFacts(**values)


async def live_tasks(
    conn: AsyncConnection, stage_id: UUID, *, steered_before: int, limit: int
) -> list[TaskFacts]:
    """Lock a chunk of a stage's live tasks to which a steering order was not applied yet."""
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.stage_id = :stage "
            "AND t.state IN ('planned', 'open') AND t.steered < :order "
            "ORDER BY t.id LIMIT :limit FOR UPDATE"
        ),
        {"stage": stage_id, "order": steered_before, "limit": limit},
    )
    return [from_row(row) for row in rows]


async def lock_task(
    conn: AsyncConnection, task_id: UUID, *, steering: bool = False
) -> tuple[CycleFacts, StageFacts, TaskFacts]:
    """Lock a task's cycle (shared, or exclusively for steering) and then the task.

    Raises NotFound if there is no such task.
    """
    cycle_id = await conn.scalar(text("SELECT cycle_id FROM tasks WHERE id = :id"), {"id": task_id})
    if cycle_id is None:
        raise NotFound(f"there is no task {task_id}")
    cycle = await load_cycle(conn, cycle_id, lock="update" if steering else "share")
    row = (
        await conn.execute(
            text(f"SELECT {COLUMNS} FROM tasks t WHERE t.id = :id FOR UPDATE"), {"id": task_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no task {task_id}")
    task = from_row(row)
    return cycle, cycle.stages[task.stage_id], task


async def may_act(
    conn: AsyncConnection, task: TaskFacts, actor: Actor, now: datetime
) -> int | None:
    """On whose behalf the actor may do this task: none for their own; raises NotFound if not.

    The assignee may; while they are on leave, their delegate, but not about themselves and not as
    a rater; for a desk its members, but nobody about themselves or somebody who is, or was during
    the cycle, of their own manager line.
    """
    person = actor.person_id
    delegable = task.assignee_id is not None and task.role != Role.RATER
    if person is not None and person == task.assignee_id:
        return None
    if person is not None and delegable and task.subject_id != person:
        acting = await delegates_at(conn, [task.assignee_id or 0], now)
        if person in acting.values():
            return task.assignee_id
    if person is not None and task.desk == Desk.HR:
        members = await desk_members(conn, Desk.HR, now.date())
        closed = await closed_cases(conn, [person], now.date(), task.cycle_id)
        if person in members and task.subject_id not in closed[person]:
            return None
    # Whoever may not do it is not told that it exists.
    raise NotFound(f"there is no task {task.id}")
