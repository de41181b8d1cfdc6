"""Who must look again when people or reporting lines have changed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.processes.launch_calendar import LAUNCH_CALENDAR
from store.cycles.facts import CycleFacts
from store.engine.processes import ring
from store.tasks.rows import TaskFacts


async def people_changed(conn: AsyncConnection) -> None:
    """Wake the launch calendar: it settles what changes of people mean for running cycles.

    It rings the processes whose tasks it moves, so that one import does not wake every stage of
    every cycle.
    """
    await ring(conn, LAUNCH_CALENDAR.id, urgent=True)


async def wake_after_end(
    conn: AsyncConnection, cycle: CycleFacts, ended: Sequence[TaskFacts]
) -> None:
    """Wake the cycle, the stages of tasks that have ended, and what waits for them."""
    stages = [cycle.stages[stage_id] for stage_id in {task.stage_id for task in ended}]
    following = {cycle.stages[i].process for stage in stages for i in stage.successors}
    own = {stage.process for stage in stages}
    if ended:
        await ring(conn, cycle.process, *sorted(own | following), urgent=True)


async def open_cycles(conn: AsyncConnection) -> list[UUID]:
    """The ids of cycles in which something may have to move, oldest first."""
    rows = await conn.execute(
        text("SELECT id FROM cycles WHERE state = 'open' ORDER BY created_at, id")
    )
    return list(rows.scalars())
