"""Whoever holds an open task of a paused cycle is told so, once a pause; and when it goes on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.states import TaskState
from store.cycles.facts import CycleFacts
from store.outbox.notices import Notice, tell_all
from store.tasks.rows import TaskFacts


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


async def tell_going_on(
    conn: AsyncConnection, tasks: Sequence[TaskFacts], *, paused: datetime, resumed: datetime
) -> None:
    """Tell the holders of open tasks whose due dates did not move that the pause is over.

    Those who were told of it: a pause that ended before its mail went out is mentioned nowhere.
    Idempotent by the task and the instant of the pause.
    """
    open_ones = [t for t in tasks if t.state is TaskState.OPEN]
    if not open_ones:
        return
    rows = await conn.execute(
        text(
            "SELECT person_id FROM notifications WHERE event = 'paused' AND at = :paused "
            "AND cycle_id = ANY(CAST(:cycles AS uuid[])) "
            "AND state IN ('sending', 'sent', 'unknown')"
        ),
        {"paused": paused, "cycles": sorted({t.cycle_id for t in open_ones})},
    )
    told = set(rows.scalars())
    await tell_all(
        conn,
        [
            Notice(
                t.assignee_id,
                Event.RESUMED,
                f"task:{t.id}:{t.due_revision}:pause:{paused.isoformat()}",
                "resumed",
                task=t,
                data={"was_due_on": t.due_on.isoformat()},
            )
            for t in open_ones
            if t.assignee_id is not None and t.assignee_id in told
        ],
        resumed,
    )
