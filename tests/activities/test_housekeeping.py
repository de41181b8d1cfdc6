"""Each worker keeps the newest seal of the audit log outside the database, for the next one."""

import stat
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from structlog.testing import capture_logs

from activities.housekeeping import AuditSealing
from domain.access import ENGINE
from store.base.audit import last_seal, record
from store.base.audit_anchor import FILE, kept_seals
from store.base.audit_check import AuditVerdict, verify
from store.base.session import Database


@pytest_asyncio.fixture
async def signing(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A worker's pool: with the folder of seal keys and the key of the log."""
    pool = Database(
        database_url, pool_size=3, seal_keys=tmp_path, audit_key="a key that lies elsewhere"
    )
    yield pool
    await pool.close()


async def _act(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await record(conn, at=now, actor=ENGINE, action="x", object_type="stage", object_id=1)


async def _truncate(owner: Database, after: int) -> None:
    """Whoever owns the database removes the newest entries together with their seals."""
    async with owner.begin() as conn:
        await conn.execute(text("SET LOCAL session_replication_role = replica"))
        for column, table in (("id", "audit"), ("last_id", "audit_seals")):
            await conn.execute(
                text(f"DELETE FROM {table} WHERE {column} > :after"), {"after": after}
            )


async def _held(database: Database) -> list[tuple[str, str]]:
    async with database.begin() as conn:
        rows = await conn.execute(
            text("SELECT code, mended_by FROM held_rows WHERE cleared_at IS NULL")
        )
        return [(row.code, row.mended_by) for row in rows]


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def _verdict(database: Database, folder: Path) -> AuditVerdict:
    async with database.begin() as conn:
        return await verify(conn, kept=await kept_seals(folder))


@pytest.mark.parametrize("left", [2, 0], ids=["the newest", "all of it"])
async def test_what_was_removed_while_no_worker_ran_is_found_by_the_next_one(
    signing: Database, owner: Database, tmp_path: Path, now: datetime, left: int
) -> None:
    for _ in range(3):
        await _act(signing, now)
        await AuditSealing(signing)(now)  # a worker that seals, and ends
    async with signing.begin() as conn:
        gone = await last_seal(conn)
    assert (await _verdict(signing, tmp_path)).holds
    await _truncate(owner, left)
    assert not (await _verdict(signing, tmp_path)).holds

    await _act(signing, now)  # life goes on before anybody looks
    for _ in range(2):
        worker = AuditSealing(signing)
        with capture_logs() as logged:
            await worker(now)
            await worker(now)  # it says so once
        missing = [line["seal"] for line in logged if line["event"] == "audit_seal_missing"]
        assert missing == [gone]
    assert await _held(signing) == [("audit-seal-missing", "administrators")]
    verdict = await _verdict(signing, tmp_path)
    assert verdict.missing == (gone,)  # new seals do not hide it
    assert not verdict.holds

    (tmp_path / FILE).unlink()  # explained: the database was restored
    await AuditSealing(signing)(now)
    assert (await _verdict(signing, tmp_path)).holds
    assert await _held(signing) == []


async def test_the_file_holds_seals_and_is_nobody_elses(
    signing: Database, tmp_path: Path, now: datetime
) -> None:
    await _act(signing, now)
    await AuditSealing(signing)(now)
    async with signing.begin() as conn:
        assert await kept_seals(tmp_path) == (await last_seal(conn),)
    assert _modes(tmp_path) == {FILE: 0o600}


async def test_a_folder_that_cannot_be_used_stops_no_sealing(
    signing: Database, tmp_path: Path, now: datetime
) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\x00 no seal")
    await _act(signing, now)
    worker = AuditSealing(signing)
    with capture_logs() as logged:
        assert await worker(now) == 1
    assert [line["event"] for line in logged] == ["audit_seal_not_kept", "audit_sealed"]


async def test_what_is_no_seal_counts_as_missing(
    signing: Database, tmp_path: Path, now: datetime
) -> None:
    (tmp_path / FILE).write_text("nonsense\n" + "9" * 40 + ":ab\n")
    with capture_logs() as logged:
        await AuditSealing(signing)(now)
    assert [line["seal"] for line in logged] == ["nonsense", "9" * 40 + ":ab"]
