"""An attack on what PostgreSQL leaves behind: tables, TOAST and the log, as files on the disk.

The attacker has every byte of the cluster from while the round was open and from afterwards, knows
all ciphertexts, and looks for keys wherever the round is named. While the key lay in a table of the
database this opened every answer by name; planted there again, it still does.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from domain.access import Actor
from embedded.postgres import RunningPostgres
from store.base.seal_keys import KEY_BYTES
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.keeping_keys import remove_closed
from store.kinds.feedback_round.rating import save_rating, withdraw_rating
from store.kinds.feedback_round.seals import NONCE, unseal
from tests.store.kinds.feedback_round.world import (
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
    task_of,
)

SHOWN = [f"Shown words number {n}, quite ordinary" for n in range(4)]
CHANGED = "Zebra words that were changed before the close"
WITHDRAWN = "Quagga words that were taken back"
TYPED = "Okapi words that were typed and never sent"
AROUND = 192
"""Bytes before and after the name of a round, in which a key of the same row would lie."""


@dataclass
class Spoils:
    """What the attacker has: bytes, and ciphertexts by task."""

    data: list[bytes] = field(default_factory=list)
    sealed: list[tuple[UUID, bytes]] = field(default_factory=list)


async def _copy(owner: Database, postgres: RunningPostgres, into: Spoils) -> None:
    """A base backup with its log: every file of this database and of the log."""
    async with owner.begin() as conn:
        oid = await conn.scalar(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        )
        found = await conn.execute(text("SELECT task_id, sealed FROM sealed_answers"))
        into.sealed += [(row.task_id, bytes(row.sealed)) for row in found]
    async with owner.engine.connect() as raw:
        await (await raw.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("CHECKPOINT")
        )
    cluster = postgres.home / "cluster"
    for folder in (cluster / "base" / str(oid), cluster / "pg_wal"):
        into.data += [file.read_bytes() for file in folder.iterdir() if file.is_file()]


def _opened(spoils: Spoils, stage: UUID, keys: Iterable[bytes] = ()) -> set[UUID]:
    """The tasks whose answers the attacker reads, with what lies around and the keys given."""
    candidates = set(keys)
    for data in spoils.data:
        at = data.find(stage.bytes)
        while at >= 0:
            around = data[max(0, at - AROUND) : at + 16 + AROUND]
            candidates |= {around[n : n + KEY_BYTES] for n in range(len(around) - KEY_BYTES)}
            at = data.find(stage.bytes, at + 1)
    opened = set()
    for key in candidates:
        cipher = AESGCM(key)
        for task, sealed in spoils.sealed[:1] if key not in keys else spoils.sealed:
            try:
                cipher.decrypt(sealed[:NONCE], sealed[NONCE:], task.bytes)
            except InvalidTag:
                continue
            return {one for one, text_ in spoils.sealed if unseal(key, one, text_) is not None}
    return opened


def _bytes(file: Path) -> bytes:
    return file.read_bytes()


def _said(spoils: Spoils, words: str) -> bool:
    return any(words.encode() in data for data in spoils.data)


def _keys(folder: Path, stage: UUID) -> list[bytes]:
    return [file.read_bytes() for file in (folder / str(stage)).iterdir()]


async def _write(database: Database, world: World) -> None:
    """Six raters: four submit, of whom one changes it; one takes it back; one only types."""
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:7]]})
    first = await task_of(database, world, world.team[1])
    async with database.begin() as conn:
        await save_rating(conn, first, Actor(world.team[1], "person"), {"keep": TYPED}, now=NOW)
    await rate(database, world, world.team[1], {"keep": CHANGED, "overall": 2})
    for rater, words in zip(world.team[1:5], SHOWN, strict=True):
        await rate(database, world, rater, {"keep": words, "overall": 3})
    back = await rate(database, world, world.team[5], {"keep": WITHDRAWN, "overall": 3})
    types = await task_of(database, world, world.team[6])
    async with database.begin() as conn:
        await withdraw_rating(conn, back, Actor(world.team[5], "person"), now=NOW)
        await save_rating(conn, types, Actor(world.team[6], "person"), {"keep": TYPED}, now=NOW)


async def _close(database: Database, world: World) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'expired', ended_at = :now WHERE state = 'open'"),
            {"now": NOW},
        )
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, NOW)
    await remove_closed(database)


async def test_tables_and_log_of_an_open_and_a_closed_round_open_nothing(
    database: Database, owner: Database, postgres: RunningPostgres, seal_keys: Path
) -> None:
    world = await make_world(database)
    await _write(database, world)
    spoils = Spoils()
    await _copy(owner, postgres, spoils)
    keys = _keys(seal_keys, world.collect)
    assert len(keys) == 1
    assert len(spoils.sealed) == 6
    for _, sealed in spoils.sealed:  # it is this round that lies in the files
        assert any(sealed[100:400] in data for data in spoils.data)
    for words in (*SHOWN, CHANGED, WITHDRAWN, TYPED):
        assert not _said(spoils, words)

    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]
    await _copy(owner, postgres, spoils)
    for words in (CHANGED, WITHDRAWN, TYPED):
        assert not _said(spoils, words)
    for words in SHOWN:  # what the report shows is there, under no name
        assert _said(spoils, words)
    [key] = keys
    forms = (key, key.hex().encode(), base64.b64encode(key), base64.urlsafe_b64encode(key))
    assert not any(form in data for form in forms for data in spoils.data)
    assert _opened(spoils, world.collect) == set()
    assert not (seal_keys / str(world.collect)).exists()


async def test_the_attack_opens_everything_where_it_must(
    database: Database, owner: Database, postgres: RunningPostgres, seal_keys: Path
) -> None:
    """With the folder while the round is open; and with a key in the table, as it once was."""
    world = await make_world(database)
    await _write(database, world)
    spoils = Spoils()
    await _copy(owner, postgres, spoils)
    assert _opened(spoils, world.collect) == set()
    keys = _keys(seal_keys, world.collect)
    everybody = {task for task, _ in spoils.sealed}
    assert _opened(spoils, world.collect, keys) == everybody

    async with database.begin() as conn:
        await conn.execute(text("UPDATE round_seals SET key = :key"), {"key": keys[0]})
    await _copy(owner, postgres, spoils)
    assert _opened(spoils, world.collect) == everybody


async def test_a_server_that_logs_every_statement_with_its_values_reads_no_answer(
    database: Database, owner: Database, database_url: str, postgres: RunningPostgres
) -> None:
    """Who administers the database can switch that on unseen, for as long as the round is open."""
    world = await make_world(database)
    async with owner.begin() as conn:
        name = await conn.scalar(text("SELECT current_database()"))
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0"):
            await conn.execute(text(f'ALTER DATABASE "{name}" SET {setting}'))
    watched = Database(database_url, pool_size=2, seal_keys=database.seal_keys.folder)
    try:
        await _write(watched, world)
        async with watched.begin() as conn:
            shown = await conn.execute(text("SELECT query FROM pg_stat_activity"))
            queries = " ".join(str(query) for query in shown.scalars())
    finally:
        await watched.close()
    logged = _bytes(postgres.log)
    assert b"sealed_answers" in logged  # it is these statements that were logged, with values
    assert b"Parameters: " in logged or b"parameters: " in logged
    for words in (*SHOWN, CHANGED, WITHDRAWN, TYPED):
        assert words.encode() not in logged
        assert words not in queries
    [key] = _keys(database.seal_keys.folder or Path(), world.collect)
    for form in (key, key.hex().encode(), base64.b64encode(key)):
        assert form not in logged
