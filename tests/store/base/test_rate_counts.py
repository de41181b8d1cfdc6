"""Counters in the database: a sliding window, and nobody's address in it."""

from datetime import datetime, timedelta

from sqlalchemy import text

from store.base.rate_counts import RateLimit, forget_old, hit
from store.base.session import Database

LIMIT = RateLimit("test", hits=3, seconds=600)


async def test_the_fourth_hit_within_the_window_is_refused(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        states = [await hit(conn, LIMIT, "somebody@example.com", now) for _ in range(4)]
        other = await hit(conn, LIMIT, "somebody.else@example.com", now)
        kept = (await conn.execute(text("SELECT bucket FROM rate_counts"))).scalars().all()
    assert [state.allowed for state in states] == [True, True, True, False]
    assert [state.remaining for state in states] == [2, 1, 0, 0]
    assert states[-1].reset_seconds <= 600
    assert other.allowed
    assert "example" not in str(kept)


async def test_hits_fade_out_over_the_next_window(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        for _ in range(3):
            await hit(conn, LIMIT, "x", now)
        early = await hit(conn, LIMIT, "x", now + timedelta(seconds=601))
        late = await hit(conn, LIMIT, "x", now + timedelta(seconds=1190))
        assert await forget_old(conn, now + timedelta(days=5)) == 2
    assert (early.allowed, late.allowed) == (True, True)
    assert early.remaining == 0
