"""How many requests somebody has in a round, and who is full."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.relationships import PROTECTED
from store.base.arrays import literal

LOCK = 4_061_874_526  # an arbitrary number that only lists of raters take, one round each

HELD = "'asked', 'declined'"
"""States that count. Who declines is not asked for more instead; and if they were shown as full
and then no longer, everybody would know that they declined something."""

COUNTS = [name.value for name in PROTECTED]
"""Requests that count: to write about oneself, or about one's own reports, is nobody's favour."""


async def lock_round(conn: AsyncConnection, round_id: UUID) -> None:
    """Wait until nobody else in this round decides who is asked, and hold that."""
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:id AS text), :lock))"),
        {"id": round_id, "lock": LOCK},
    )


async def loads(
    conn: AsyncConnection, round_id: UUID, people: Sequence[int] | None = None
) -> dict[int, int]:
    """How many requests each of these people (none: everybody) has in a round. Zero is left out."""
    rows = await conn.execute(
        text(
            "SELECT person_id, count(*) FROM raters WHERE stage_id = :round "
            f"AND state IN ({HELD}) AND relationship = ANY(:counts) "
            "AND (CAST(:people AS bigint[]) IS NULL OR person_id = ANY(CAST(:people AS bigint[]))) "
            "GROUP BY person_id"
        ),
        {
            "round": round_id,
            "counts": COUNTS,
            "people": None if people is None else literal(people),
        },
    )
    return dict(rows.all())
