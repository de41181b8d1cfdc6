"""A launch that is given up before it was confirmed: nothing has opened, nobody was told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState
from domain.states import CycleState
from store.base.audit import record
from store.cycles.launch_rows import lock_checked


async def give_up_launch(
    conn: AsyncConnection, cycle_id: UUID, actor: Actor, now: datetime, reason: str
) -> None:
    """Give a launch up before it was confirmed. What was opened is cancelled by steering.

    Idempotent for a stopped cycle. Raises NotFound, and IllegalState for a cycle that is open.
    """
    cycle = await lock_checked(conn, cycle_id)
    if cycle.state is CycleState.CANCELLED:
        return
    if cycle.state not in (CycleState.CHECK, CycleState.WAITING):
        raise IllegalState(
            f"the cycle {cycle_id} is {cycle.state}", hint="Cancel it: people were told already."
        )
    await conn.execute(
        text(
            "UPDATE cycles SET state = :state, closed_at = :now, ended_reason = :reason,"
            " version = version + 1 WHERE id = :id"
        ),
        {"state": CycleState.CANCELLED, "now": now, "reason": reason, "id": cycle_id},
    )
    await conn.execute(
        text("UPDATE recurrences SET state = 'skipped', reason = 'stopped' WHERE cycle_id = :id"),
        {"id": cycle_id},
    )
    await record(
        conn,
        at=now,
        actor=actor,
        action="launch_stopped",
        object_type="cycle",
        object_id=cycle_id,
        cycle_id=cycle.id,
        before={"state": cycle.state},
        after={"state": CycleState.CANCELLED},
    )
