"""Housekeeping: what need not be kept goes, and what was recorded is sealed.

Nothing that anybody waits for, so it is no process of its own: each worker does it beside its work,
and whoever comes second finds nothing left.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from domain.processes.mail import MAIL
from domain.states import Desk
from store.base.audit import has_seal, last_seal, seal
from store.base.audit_anchor import FILE, keep_seals, kept_seals
from store.base.session import Database
from store.engine.processes import hold, ring, unhold
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

    Each new seal is written to this process's log, and to a file beside the seal keys, from which
    another worker and `almanac audit verify` take it (`store.base.audit_anchor`). A seal that was
    there and is gone was removed from the database: that is logged as an error, once by each
    worker, is a held row for administrators, and stays in the file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.seal_keys.folder
        self._last: str | None = None
        self._reported: set[str] = set()
        self._readable = True

    async def __call__(self, as_of: datetime) -> int:
        """Seal; returns how many entries. Repeatable, and safe from several processes."""
        kept = await self._kept()
        known = [*kept, *([self._last] if self._last and self._last not in kept else [])]
        async with self._database.begin() as conn:
            missing = [one for one in known if not await has_seal(conn, one)]
        await self._tell(missing, as_of)
        sealed = await seal(self._database, as_of)
        async with self._database.begin() as conn:
            last = await last_seal(conn)
        if last is not None and last != self._last:
            log.info("audit_sealed", seal=last)
        seals = (*([last] if last else []), *missing)
        if seals != kept:
            await self._keep(seals)
        self._last = last
        return sealed

    async def _tell(self, missing: Sequence[str], as_of: datetime) -> None:
        """Log what is gone, once each, and let administrators hear of it as of a held row."""
        new = [one for one in missing if one not in self._reported]
        for one in new:
            log.error("audit_seal_missing", seal=one)
        async with self._database.begin() as conn:
            if missing:
                await hold(
                    conn,
                    MAIL.id,
                    code="audit-seal-missing",
                    as_of=as_of,
                    mended_by=Desk.ADMINISTRATORS,
                    what=FILE,
                )
            else:
                await unhold(conn, MAIL.id, as_of, what=FILE)
            if new:
                await ring(conn, MAIL.id)
        self._reported |= set(missing)

    async def _kept(self) -> tuple[str, ...]:
        try:
            kept = await kept_seals(self._folder)
        except (OSError, UnicodeError):
            self._complain()
            return ()
        self._readable = True
        return kept

    async def _keep(self, seals: tuple[str, ...]) -> None:
        try:
            await keep_seals(self._folder, seals)
        except OSError:
            self._complain()

    def _complain(self) -> None:
        """Once: sealing goes on, and `/readyz` says what is wrong with the folder."""
        if self._readable:
            log.warning("audit_seal_not_kept")
        self._readable = False
