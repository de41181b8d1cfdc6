"""The audit log: entries cannot be changed, and the chain shows who tried."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.access import ENGINE, Actor
from store.audit import record, seal, verify
from store.session import Database


async def _record(database: Database, now: datetime, count: int) -> None:
    async with database.begin() as conn:
        for number in range(count):
            await record(
                conn,
                at=now,
                actor=Actor(7, "hr"),
                action="extend",
                object_type="task",
                object_id=number,
                before={"due_on": "2027-01-20"},
                after={"due_on": now},
            )


async def test_a_sealed_chain_holds(database: Database, now: datetime) -> None:
    await _record(database, now, 3)
    assert await seal(database, now) == 3
    await _record(database, now, 2)
    assert await seal(database, now) == 2
    assert await seal(database, now) == 0
    await _record(database, now, 1)
    async with database.begin() as conn:
        verdict = await verify(conn)
    assert verdict.holds
    assert (verdict.seals, verdict.entries, verdict.unsealed) == (2, 5, 1)


async def test_entries_cannot_be_changed_or_removed(database: Database, now: datetime) -> None:
    await _record(database, now, 1)
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.begin() as conn:
                await conn.execute(text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor_id = 8 WHERE object_id = '1'",
        "DELETE FROM audit WHERE object_id = '1'",
        "UPDATE audit SET after = '{}' WHERE object_id = '2'",
        "INSERT INTO audit (id, at, actor_kind, action, object_type, object_id) OVERRIDING SYSTEM "
        "VALUE VALUES (0, now(), 'hr', 'a', 'b', 'c')",
    ],
)
async def test_tampering_behind_the_triggers_breaks_the_chain(
    database: Database, now: datetime, tampering: str
) -> None:
    await _record(database, now, 3)
    await seal(database, now)
    await _record(database, now, 3)
    await seal(database, now)
    async with database.begin() as conn:
        await conn.execute(text("SET LOCAL session_replication_role = replica"))
        await conn.execute(text(tampering))
    async with database.begin() as conn:
        verdict = await verify(conn)
    assert not verdict.holds
    assert verdict.broken_seal in (1, 2)


async def test_an_entry_that_commits_late_is_not_left_out(
    database: Database, now: datetime
) -> None:
    async with database.begin() as slow:
        await record(slow, at=now, actor=ENGINE, action="open", object_type="stage", object_id="1")
        await _record(database, now, 2)  # takes higher ids and commits first
        assert await seal(database, now) == 0
    assert await seal(database, now) == 3
    async with database.begin() as conn:
        assert (await verify(conn)).entries == 3
