"""A sender holds the mails that it claimed, as long as it lives, and knows when it does not.

It renews its lease in the rows every few seconds. Between two renewals it trusts its own clock; a
sender that was frozen for longer asks the rows before it begins anything.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.session import Database
from store.mail.leases import LEASE, Lease, new_lease, renew

log = structlog.get_logger("almanac.mail")

RENEWALS = 4
"""So often a lease is renewed before it would end; half of it is trusted without."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Where there is one, a clock that goes on while the machine sleeps."""


class Holding:
    """What a sender holds in one turn. `as_of` is the turn's business instant."""

    def __init__(self, database: Database, as_of: datetime) -> None:
        self._database = database
        self._lease = new_lease(as_of)
        self._as_of = as_of
        self._begun = time.clock_gettime(_CLOCK)
        self._trusted_until = self._begun
        self._mails: set[UUID] = set()
        self._rows = asyncio.Lock()  # one transaction of ours on these rows at a time
        self._renewing: asyncio.Task[None] | None = None

    @property
    def lease(self) -> Lease:
        """The token, good from this moment on."""
        return replace(self._lease, until=self._as_of + self._elapsed() + LEASE)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.clock_gettime(_CLOCK) - self._begun)

    async def begin(self) -> None:
        """Renew from now on until `end`."""
        self._renewing = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Renew no more."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    def take(self, mails: Iterable[UUID]) -> None:
        """These were claimed moments ago, with `lease`."""
        self._mails |= set(mails)

    def leave(self, mails: Iterable[UUID]) -> None:
        """These are settled."""
        self._mails -= set(mails)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[tuple[AsyncConnection, Lease]]:
        """A transaction on the rows of these mails, with the lease that it writes."""
        async with self._rows, self._database.begin() as conn:
            yield conn, self.lease

    async def still_mine(self, mail: UUID) -> bool:
        """May this mail be begun now? Asks the rows where our own clock cannot say."""
        if mail in self._mails and time.clock_gettime(_CLOCK) >= self._trusted_until:
            try:
                await self._renew()
            except SQLAlchemyError:
                return False
        return mail in self._mails

    async def _renew(self) -> None:
        begun = time.clock_gettime(_CLOCK)
        asked = set(self._mails)
        async with self.writing() as (conn, lease):
            kept = await renew(conn, sorted(asked), lease)
        self._trusted_until = begun + LEASE.total_seconds() / 2
        if lost := (asked & self._mails) - kept:
            log.warning("mails_taken_over", mails=len(lost))
            self._mails -= lost

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / RENEWALS)
            try:
                await self._renew()
            except SQLAlchemyError as error:
                log.warning("lease_not_renewed", error=type(error).__name__)
