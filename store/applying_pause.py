"""Whoever holds an open task of a paused cycle is told so, once a pause."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from store.cycle_facts import CycleFacts
from store.notices import Notice, tell_all


async def tell_paused(conn: AsyncConnection, cycle: CycleFacts) -> None:
    """One mail to each holder of an open task that was announced. Idempotent by the pause."""
    pause = (
        await conn.execute(
            text(
                "SELECT id, paused_at FROM pauses WHERE cycle_id = :id AND resumed_at IS NULL "
                "ORDER BY id DESC LIMIT 1"
            ),
            {"id": cycle.id},
        )
    ).one_or_none()
    if pause is None:
        return
    holders = await conn.execute(
        text(
            "SELECT DISTINCT assignee_id FROM tasks WHERE cycle_id = :id AND state = 'open' "
            "AND announced_on IS NOT NULL AND assignee_id IS NOT NULL"
        ),
        {"id": cycle.id},
    )
    await tell_all(
        conn,
        [
            Notice(p, Event.PAUSED, f"pause:{pause.id}", "paused", cycle_id=cycle.id)
            for p in holders.scalars()
        ],
        pause.paused_at,
    )
