"""Connections that died while they lay in the pool."""

import pytest
from sqlalchemy import text

from store.base import session
from store.base.session import Database


async def test_a_connection_that_died_at_rest_is_replaced_before_it_is_used(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.begin() as first, database.begin() as second:
        dead = await first.scalar(text("SELECT pg_backend_pid()"))
        killer = await second.scalar(text("SELECT pg_backend_pid()"))
    async with database.begin() as conn:
        mine = await conn.scalar(text("SELECT pg_backend_pid()"))
        other = dead if mine == killer else killer
        await conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": other})
    monkeypatch.setattr(session, "RESTED_SECONDS", 0.0)
    async with database.begin() as one, database.begin() as two:
        alive = {await c.scalar(text("SELECT pg_backend_pid()")) for c in (one, two)}
    assert mine in alive
    assert other not in alive
