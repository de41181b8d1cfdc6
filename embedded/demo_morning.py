"""The first morning of the demo's cycle, lived through in a moment.

Business time is an argument, so the same activities that a worker calls are called here with the
instants of the last working morning, in order. From then on the engine goes on in real time.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from activities.cycles import advance_cycle
from activities.kinds.feedback_round import Phase, advance_round
from activities.notifications.sender import Sender
from activities.stages import advance_stage
from activities.turn import Turn
from config import Settings
from domain.progress import Progress
from domain.states import ProcessKind
from store.base.session import Database
from worker import mail_settings


async def live_through(
    database: Database,
    settings: Settings,
    begins: datetime,
    until: datetime,
    *,
    only: UUID | None = None,
) -> None:
    """Let cycles do, from `begins` to `until`, what they would have done in that time.

    All that are open, or one. Safe to repeat and to interrupt, as every advance is. No worker may
    run beside it.
    """
    sender = Sender(database, mail_settings(settings))
    try:
        as_of: datetime | None = begins
        while as_of is not None and as_of <= until:
            wishes = await _turn(database, sender, as_of, only)
            later = [wish.next_due_at for wish in wishes if wish.next_due_at is not None]
            as_of = min((instant for instant in later if instant > as_of), default=None)
    finally:
        await sender.close()


async def _turn(
    database: Database, sender: Sender, as_of: datetime, only: UUID | None
) -> list[Progress]:
    """Everything that is due at one instant; stages after cycles, which begin them."""
    wishes = []
    for cycle_id, _ in await _processes(database, ProcessKind.REVIEW_CYCLE, only):
        wishes.append(await advance_cycle(_turn_of(database), cycle_id, as_of))
    for cycle_id, stage_id in await _processes(database, ProcessKind.STAGE, only):
        wishes.append(await advance_stage(_turn_of(database), cycle_id, stage_id, as_of))
    for cycle_id, stage_id in await _processes(database, ProcessKind.FEEDBACK_ROUND, only):
        for phase in Phase:  # a phase that is over is passed, as in the workflow
            wish = await advance_round(_turn_of(database), cycle_id, stage_id, phase, as_of)
            if not wish.closed:
                wishes.append(wish)
                break
    wishes.append(await sender.advance(_turn_of(database), as_of))
    return wishes


def _turn_of(database: Database) -> Turn:
    return Turn(database, lambda: None)  # no engine waits for a sign of life


async def _processes(
    database: Database, kind: ProcessKind, only: UUID | None
) -> list[tuple[UUID, UUID]]:
    async with database.begin() as conn:
        rows = await conn.execute(
            text(
                "SELECT cycle_id, stage_id FROM processes"
                " WHERE kind = :kind AND state = 'open'"
                " AND (CAST(:only AS uuid) IS NULL OR cycle_id = :only) ORDER BY id"
            ),
            {"kind": kind, "only": only},
        )
        return [(cycle, stage) for cycle, stage in rows]
