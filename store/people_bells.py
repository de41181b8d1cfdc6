"""Who must look again when people or reporting lines have changed."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ids import CALENDAR_PROCESS
from store.processes import ring


async def people_changed(conn: AsyncConnection) -> None:
    """Wake the launch calendar: it settles what changes of people mean for running cycles.

    It rings the processes whose tasks it moves, so that one import does not wake every stage of
    every cycle.
    """
    await ring(conn, CALENDAR_PROCESS, urgent=True)


async def open_cycles(conn: AsyncConnection) -> list[UUID]:
    """The ids of cycles in which something may have to move, oldest first."""
    rows = await conn.execute(
        text("SELECT id FROM cycles WHERE state = 'open' ORDER BY created_at, id")
    )
    return list(rows.scalars())
