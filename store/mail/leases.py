"""Whose a claimed mail is: a token, good for some seconds, renewed by its holder while it lives.

Only the holder of the token marks a mail, and what it marked it may begin only while its lease is
good by its own clock. A holder that dies, or is frozen, is taken over after the lease; a frozen
one that wakes finds the token changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LEASE = timedelta(seconds=15)
"""No longer than the engine takes to notice a dead worker: mails wait for whichever is later."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim's token, and the business instant after which another sender may take over."""

    token: UUID
    until: datetime


def new_lease(as_of: datetime) -> Lease:
    """The lease of a sender that begins at `as_of`."""
    return Lease(uuid4(), as_of + LEASE)


async def renew(conn: AsyncConnection, mails: Sequence[UUID], lease: Lease) -> set[UUID]:
    """Hold these until `lease.until`; returns those that are still this lease's. Repeatable."""
    if not mails:
        return set()
    rows = await conn.execute(
        text(
            "UPDATE mails SET claimed_until = greatest(claimed_until, :until) "
            "WHERE id = ANY(CAST(:ids AS uuid[])) AND claimed_by = :token AND state = 'sending' "
            "RETURNING id"
        ),
        {"ids": list(mails), "token": lease.token, "until": lease.until},
    )
    return set(rows.scalars())


async def release(
    conn: AsyncConnection, mails: Sequence[UUID], *, lease: Lease, as_of: datetime
) -> None:
    """Give claimed mails back that were not marked: they are decided anew from `as_of` on.

    Repeatable.
    """
    if not mails:
        return
    await conn.execute(
        text(
            "UPDATE mails SET claimed_by = NULL, claimed_until = NULL, next_try_at = :as_of "
            "WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'sending' AND claimed_by = :token"
        ),
        {"ids": list(mails), "token": lease.token, "as_of": as_of},
    )
