"""Housekeeping: what need not be kept goes, and what was recorded is sealed.

Nothing that anybody waits for, so it is no process of its own: each worker does it beside its work,
and whoever comes second finds nothing left.
"""

from datetime import datetime

from store.audit import seal
from store.retention import CHUNK, STEPS
from store.session import Database


async def keep_house(database: Database, as_of: datetime) -> int:
    """Remove what has expired by `as_of`, a chunk a transaction; returns how many rows.

    Repeated, it finds nothing. It touches nothing that somebody still has to do or may read.
    """
    total = 0
    for step in STEPS:
        removed = CHUNK
        while removed >= CHUNK:
            async with database.begin() as conn:
                removed = await step(conn, as_of)
            total += removed
    return total


async def seal_audit(database: Database, as_of: datetime) -> int:
    """Add what was recorded meanwhile to the audit log's chain; returns how many entries."""
    return await seal(database, as_of)
