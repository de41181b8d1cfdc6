"""What follows from a rater's act, so that its hour cannot be told from it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.cycles.facts import StageFacts
from store.engine.processes import ring


async def ring_if_last(conn: AsyncConnection, stage: StageFacts, subject_id: int | None) -> None:
    """Wake the round where it may be through with a subject: no answer about them is awaited.

    While others are awaited nothing follows from an act before the next day, and a bell would tell
    the minute of it.
    """
    awaited = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM tasks WHERE stage_id = :stage AND subject_id = :subject "
            "AND state IN ('planned', 'open'))"
        ),
        {"stage": stage.id, "subject": subject_id},
    )
    if not awaited:
        await ring(conn, stage.process)
