"""Housekeeping: what need not be kept goes, and what was recorded is sealed.

Nothing that anybody waits for, so it is no process of its own: each worker does it beside its work,
and whoever comes second finds nothing left.
"""

from datetime import datetime

import structlog

from store.base.audit import has_seal, last_seal, seal
from store.base.session import Database
from store.upkeep.retention import CHUNK, STEPS

log = structlog.get_logger("almanac.audit")


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


class AuditSealing:
    """Adds what was recorded to the audit log's chain, and remembers outside the database how far.

    Each new seal is written to this process's log, which is one place from which
    `almanac audit verify --against` can take it. A seal that this process has seen and that is gone
    was removed from the database: that is logged as an error.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: str | None = None

    async def __call__(self, as_of: datetime) -> int:
        """Seal; returns how many entries. Repeatable, and safe from several processes."""
        async with self._database.begin() as conn:
            if self._last is not None and not await has_seal(conn, self._last):
                log.error("audit_seal_missing", seal=self._last)
        sealed = await seal(self._database, as_of)
        async with self._database.begin() as conn:
            last = await last_seal(conn)
        if last is not None and last != self._last:
            log.info("audit_sealed", seal=last)
        self._last = last
        return sealed
