"""The audit log: entries cannot be changed, and an owner of the database cannot hide a change."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from domain.access import ENGINE, Actor
from domain.errors import IllegalState, Invalid
from store.base.audit import Change, has_seal, last_seal, record, record_each, seal
from store.base.audit_check import AuditVerdict, verify
from store.base.session import Database

KEY = "a key that lies nowhere in the database"
FORGED = (
    "INSERT INTO audit (id, at, actor_id, actor_kind, action, object_type, object_id, mac) "
    "OVERRIDING SYSTEM VALUE SELECT {id}, at, 8, actor_kind, action, object_type, object_id, {mac} "
    "FROM audit WHERE object_id = '1' ORDER BY id LIMIT 1"
)


@pytest_asyncio.fixture
async def signing(database_url: str) -> AsyncIterator[Database]:
    """The application's pool, which has the key."""
    pool = Database(database_url, pool_size=3, audit_key=KEY)
    yield pool
    await pool.close()


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
                before={"due_on": "2027-01-20", "share": 2.0, "more": [1, {"a": None}]},
                after={"due_on": now},
            )


async def _two_seals(database: Database, now: datetime) -> None:
    for _ in range(2):
        await _record(database, now, 3)
        assert await seal(database, now) == 3


async def _verdict(database: Database, against: str | None = None) -> AuditVerdict:
    async with database.begin() as conn:
        return await verify(conn, against=against)


async def _behind_the_triggers(owner: Database, *statements: str) -> None:
    async with owner.begin() as conn:
        await conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await conn.execute(text(statement))


async def test_a_sealed_chain_holds(signing: Database, now: datetime) -> None:
    await _record(signing, now, 3)
    assert await seal(signing, now) == 3
    await _record(signing, now, 2)
    assert await seal(signing, now) == 2
    assert await seal(signing, now) == 0
    await _record(signing, now, 1)
    verdict = await _verdict(signing)
    assert verdict.holds
    assert verdict.signed
    assert (verdict.seals, verdict.entries, verdict.unsealed) == (2, 5, 1)
    assert (await _verdict(signing, against=verdict.last)).anchored


async def test_entries_that_are_made_in_one_statement_are_signed_as_well(
    signing: Database, now: datetime
) -> None:
    await _two_seals(signing, now)
    changes = [Change("address_changed", n, {"of": n}, {"on": now}) for n in range(3)]
    async with signing.begin() as conn:
        await record_each(conn, changes, at=now, actor=Actor(7, "hr"), of="person")
    verdict = await _verdict(signing)
    assert (verdict.unsealed, verdict.forged) == (3, ())


async def test_without_a_key_the_chain_is_plain_and_says_so(
    database: Database, now: datetime
) -> None:
    await _two_seals(database, now)
    verdict = await _verdict(database)
    assert verdict.holds
    assert not verdict.signed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE audit_seals SET hash = 'x'",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON audit",
        "ALTER TABLE audit ADD COLUMN x int",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE mine (x int)",
        "SET ROLE almanac",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$",
    ],
)
async def test_the_role_of_the_application_may_not(
    signing: Database, now: datetime, statement: str
) -> None:
    await _two_seals(signing, now)
    async with signing.begin() as conn:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            await conn.execute(text(statement))
        await conn.rollback()
    assert (await _verdict(signing)).holds


async def test_not_even_the_owner_changes_entries_by_accident(
    owner: Database, now: datetime
) -> None:
    await _record(owner, now, 1)
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with owner.begin() as conn:
                await conn.execute(text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor_id = 8 WHERE object_id = '1'",
        "DELETE FROM audit WHERE object_id = '1' AND id < 4",
        "UPDATE audit SET after = '{}' WHERE object_id = '2'",
        "UPDATE audit SET mac = NULL WHERE object_id = '2'",
        FORGED.format(id=0, mac="NULL"),
    ],
)
async def test_tampering_behind_the_triggers_breaks_the_chain(
    signing: Database, owner: Database, now: datetime, tampering: str
) -> None:
    await _two_seals(signing, now)
    await _behind_the_triggers(owner, tampering)
    verdict = await _verdict(signing)
    assert not verdict.holds
    assert verdict.broken_seal in (1, 2)


@pytest.mark.parametrize("mac", ["NULL", "mac", "decode(repeat('ab', 48), 'hex')"])
async def test_an_entry_that_was_slipped_in_before_it_was_sealed_has_no_signature(
    signing: Database, owner: Database, now: datetime, mac: str
) -> None:
    await _two_seals(signing, now)
    await _behind_the_triggers(owner, FORGED.format(id=100, mac=mac))
    assert (await _verdict(signing)).forged == (100,)
    await seal(signing, now)  # a worker seals what it finds; the entry stays what it is
    assert (await _verdict(signing)).forged == (100,)


async def test_a_chain_made_anew_with_our_code_but_without_the_key_is_found(
    signing: Database, owner: Database, database_url: str, now: datetime
) -> None:
    await _two_seals(signing, now)
    kept = (await _verdict(signing)).last
    await _behind_the_triggers(
        owner, "UPDATE audit SET actor_id = 8 WHERE object_id = '1'", "DELETE FROM audit_seals"
    )
    await seal(owner, now)
    verdict = await _verdict(signing, against=kept)
    assert not verdict.holds
    assert verdict.unsigned_end
    assert verdict.anchored is False

    # The next seal of a worker does not launder it: entries above are signed, and these are not.
    await _record(signing, now, 1)
    await seal(signing, now)
    assert (await _verdict(signing, against=kept)).anchored is False

    other = Database(database_url, pool_size=1, audit_key="another key, of the attacker's own")
    await _behind_the_triggers(owner, "DELETE FROM audit_seals")
    await seal(other, now)
    assert (await _verdict(signing)).broken_seal is not None
    await other.close()


async def test_a_removed_end_shows_against_a_seal_that_was_kept_elsewhere(
    signing: Database, owner: Database, now: datetime
) -> None:
    await _two_seals(signing, now)
    async with signing.begin() as conn:
        kept = await last_seal(conn)
    assert kept is not None
    await _behind_the_triggers(
        owner,
        "DELETE FROM audit WHERE id > 3",
        "DELETE FROM audit_seals WHERE last_id > 3",
    )
    assert (await _verdict(signing)).holds  # by itself the log cannot know
    assert not (await _verdict(signing, against=kept)).holds
    async with signing.begin() as conn:
        assert not await has_seal(conn, kept)
        with pytest.raises(Invalid):
            await verify(conn, against="nonsense")


async def test_an_unsealed_entry_that_was_removed_leaves_a_gap(
    signing: Database, owner: Database, now: datetime
) -> None:
    await _two_seals(signing, now)
    await _record(signing, now, 3)
    await _behind_the_triggers(owner, "DELETE FROM audit WHERE id = 8")
    verdict = await _verdict(signing)
    assert verdict.gaps == ((8, 8),)


async def test_a_log_from_before_the_key_is_held_by_the_first_signed_seal(
    database: Database, signing: Database, owner: Database, now: datetime
) -> None:
    await _two_seals(database, now)
    await _record(signing, now, 1)
    assert (await _verdict(signing)).unsigned_end  # until the next seal
    await seal(signing, now)
    verdict = await _verdict(signing)
    assert verdict.holds
    assert verdict.signed
    await _record(database, now, 1)  # a process that has no key
    assert (await _verdict(signing)).forged
    with pytest.raises(IllegalState, match="signed"):
        await _verdict(database)
    await _behind_the_triggers(owner, "UPDATE audit SET actor_id = 8 WHERE id = 1")
    assert (await _verdict(signing)).broken_seal == 1


async def test_an_entry_that_commits_late_is_not_left_out(signing: Database, now: datetime) -> None:
    async with signing.begin() as slow:
        await record(slow, at=now, actor=ENGINE, action="open", object_type="stage", object_id="1")
        await _record(signing, now, 2)  # takes higher ids and commits first
        assert await seal(signing, now) == 0
    assert await seal(signing, now) == 3
    assert (await _verdict(signing)).entries == 3
