"""The release: HR's task, once per cycle, that lets managers see final results."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.ladders import next_rung
from definitions.timeline import task_times
from domain.access import Actor
from domain.errors import IllegalState
from domain.states import CycleState, Desk, Role, TaskState
from store.base.audit import record
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.results import release_results, tell_managers_of_release
from store.engine.processes import ring
from store.people.times import desk_members, managers_of
from store.steering.cycle import Preview
from store.steering.orders import end_tasks
from store.tasks.holders import Holder, cycle_times
from store.tasks.opening import NewTask, announcement, create_tasks, current_plan
from store.tasks.rows import TaskFacts, lock_task


async def open_release(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Give HR the release task of the cycle once its barrier is open. Idempotent."""
    exists = await conn.scalar(
        text("SELECT 1 FROM tasks WHERE stage_id = :id LIMIT 1"), {"id": stage.id}
    )
    begun = stage.opened_at if stage.barrier else cycle.opened_at
    if exists or begun is None:
        return 0
    members = await desk_members(conn, Desk.HR, as_of.date())
    if not members:
        raise ValueError(f"nobody is on the HR desk to release the results of {cycle.id}")
    desk = (await cycle_times(conn, cycle, members[:1]))[members[0]]
    if desk.local_date(as_of) > desk.local_date(begun):
        begun = as_of
    dates = task_times(
        cycle.definition,
        stage.spec,
        current_plan(cycle),
        assignee=desk,
        anchors=cycle.anchors(),
        begins=begun,
    )
    announce_at = announcement(cycle, stage, dates, desk)
    rung = next_rung(
        stage.ladder,
        None,
        due_on=dates.due_on,
        assignee=desk,
        announced_on=desk.local_date(announce_at),
        closes_at=dates.closes_at,
    )
    task = NewTask(
        subject_id=None,
        role=Role.HR,
        holder=Holder(None, Desk.HR, members[0]),
        begun_at=begun,
        cause="after",
        times=dates,
        announce_at=announce_at,
        rung=rung,
    )
    await create_tasks(conn, cycle, stage, [task], as_of)
    return 1


async def preview_release(
    conn: AsyncConnection, task_id: UUID, departments: Sequence[str] | None, now: datetime
) -> Preview:
    """What releasing would do."""
    cycle, stage, task = await lock_task(conn, task_id)
    _release_task(stage, task)
    people = await _concerned(conn, cycle, departments)
    later = cycle.conversations
    return Preview(
        "release",
        (
            f"{len(people)} results are released: their managers can read them from now on.",
            "Each person reads theirs when the conversation was held."
            if later
            else "Each person can read theirs at once, and is told.",
            "A release cannot be taken back.",
        ),
        {"people": len(people)},
    )


def _release_task(stage: StageFacts, task: TaskFacts) -> None:
    if not stage.traits.opens_results:
        raise IllegalState("This task is no release.")
    if task.state is not TaskState.OPEN:
        raise IllegalState(f"The release is {task.state}.")


async def _concerned(
    conn: AsyncConnection, cycle: CycleFacts, departments: Sequence[str] | None
) -> list[int]:
    rows = await conn.execute(
        text(
            "SELECT person_id FROM participants WHERE cycle_id = :cycle AND state = 'in' "
            "AND released_at IS NULL AND (CAST(:departments AS text[]) IS NULL "
            "OR coalesce(department, '') = ANY(CAST(:departments AS text[])))"
        ),
        {
            "cycle": cycle.id,
            "departments": None if departments is None else list(departments),
        },
    )
    return list(rows.scalars())


async def release(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    departments: Sequence[str] | None = None,
) -> int:
    """HR releases results: of the whole cycle, or of some departments (an empty name: of none).

    When nobody is left the task is done. Releasing again releases nobody twice. Returns how many
    results were newly released.
    """
    cycle, stage, task = await lock_task(conn, task_id)
    if stage.traits.opens_results and task.state is TaskState.DONE:
        return 0
    if cycle.state is not CycleState.OPEN:
        raise IllegalState("The cycle is not running; nothing can be released.")
    _release_task(stage, task)
    people = await _concerned(conn, cycle, departments)
    released = await release_results(conn, cycle, people, now)
    managers = await managers_of(conn, released, now.date())
    counts: dict[int, int] = {}
    for manager in managers.values():
        counts[manager] = counts.get(manager, 0) + 1
    await tell_managers_of_release(conn, cycle, counts, now)
    if not await _concerned(conn, cycle, None):
        await end_tasks(conn, [task], TaskState.DONE, "released", now, actor.person_id)
    await record(
        conn,
        at=now,
        actor=actor,
        action="release",
        object_type="task",
        object_id=task.id,
        cycle_id=cycle.id,
        before={},
        after={"people": len(released), "departments": list(departments or [])},
    )
    await ring(
        conn,
        stage.process,
        cycle.process,
        *(cycle.stages[i].process for i in stage.successors),
        urgent=True,
    )
    return len(released)
