"""The release: HR's task, once per cycle, that lets managers see final results."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.ladders import next_rung
from definitions.timeline import task_times
from domain.states import Desk, Role
from store.cycle_facts import CycleFacts, StageFacts
from store.opening import Holder, NewTask, announcement, create_tasks, current_plan, cycle_times
from store.people import desk_members


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
