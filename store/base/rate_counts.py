"""Counters for sign-in and test mails, shared by all API processes.

A sliding window made of two fixed ones: the hits of the window before count for the part of it
that still lies within one window's length.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `hits` within `seconds`. `name` is part of the bucket and of the header."""

    name: str
    hits: int
    seconds: int


@dataclass(frozen=True, slots=True)
class RateState:
    """Where a bucket stands after this hit. `reset_seconds`: when trying again makes sense."""

    allowed: bool
    limit: RateLimit
    remaining: int
    reset_seconds: int


async def hit(conn: AsyncConnection, limit: RateLimit, whom: str, now: datetime) -> RateState:
    """Count one attempt. `whom` (an address, a host) is stored as a hash only.

    Call it in a transaction of its own, so that a refused attempt counts, too.
    """
    bucket = f"{limit.name}:{hashlib.sha256(whom.encode()).hexdigest()[:32]}"
    seconds = int(now.timestamp())
    window = datetime.fromtimestamp(seconds - seconds % limit.seconds, UTC)
    row = (
        await conn.execute(
            text(
                "INSERT INTO rate_counts AS c (bucket, window_at, hits) VALUES (:bucket, :at, 1) "
                "ON CONFLICT (bucket, window_at) DO UPDATE SET hits = c.hits + 1 "
                "RETURNING hits, coalesce((SELECT b.hits FROM rate_counts b "
                " WHERE b.bucket = :bucket AND b.window_at = :before), 0) AS earlier"
            ),
            {"bucket": bucket, "at": window, "before": window - timedelta(seconds=limit.seconds)},
        )
    ).one()
    gone = (now - window).total_seconds()
    weighed = row.hits + int(row.earlier * (1 - gone / limit.seconds))
    return RateState(
        allowed=weighed <= limit.hits,
        limit=limit,
        remaining=max(0, limit.hits - weighed),
        reset_seconds=max(1, int(limit.seconds - gone)),
    )


async def forget_old(conn: AsyncConnection, now: datetime) -> int:
    """Delete windows that no longer count. Returns how many."""
    result = await conn.execute(
        text("DELETE FROM rate_counts WHERE window_at < :before"),
        {"before": now - timedelta(days=2)},
    )
    return result.rowcount
