"""The folder of seal keys is kept in order, beside the work of every worker.

The database decides: a key goes after the close of its round was committed, however often a process
is killed in between, and never before. What is found here is mended here or rings the round that
mends it; a folder that is missing altogether is an administrator's matter and only told.
"""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState
from domain.notifications import Event
from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.states import Desk
from store.base.arrays import literal
from store.base.audit import record
from store.base.seal_keys import STALE_SECONDS, KeysUnavailable, keys_of, new_name
from store.base.session import Database
from store.engine.processes import ring
from store.kinds.feedback_round.seals import right_folder
from store.outbox.notices import tell_desk

AT_ONCE = 250
"""Keys that one transaction destroys, while the other workers wait for none of them."""

log = structlog.get_logger("almanac.seals")


async def tend(database: Database, now: datetime) -> int:
    """Move keys out of the database, destroy those of closed rounds, look for lost ones.

    Returns how many keys were moved or destroyed. Repeatable; several workers do it side by side.
    If the folder cannot be used, administrators are told once a day and nothing else is done.
    """
    try:
        async with database.begin() as conn:
            await right_folder(conn)
    except KeysUnavailable as error:
        log.error("seal_keys_unavailable", reason=error.reason)
        async with database.begin() as conn:
            await _tell_administrators(conn, now)
        return 0
    done = await move_out(database) + await remove_closed(database)
    async with database.begin() as conn:
        await _look_for_lost(conn)
        done += await _remove_unused(conn)
    return done


async def move_out(database: Database) -> int:
    """Move keys that an older version kept in the database into the folder. Repeatable."""
    moved = 0
    while True:
        async with database.begin() as conn:
            rows = (
                await conn.execute(
                    text(
                        "SELECT stage_id, subject_id, key FROM round_seals WHERE key IS NOT NULL "
                        "ORDER BY stage_id, subject_id LIMIT :most FOR UPDATE SKIP LOCKED"
                    ),
                    {"most": AT_ONCE},
                )
            ).all()
            if not rows:
                return moved
            await right_folder(conn)
            found: dict[UUID, dict[int, bytes]] = defaultdict(dict)
            for row in rows:
                found[row.stage_id][row.subject_id] = bytes(row.key)
            for stage_id, keys in found.items():
                await keys_of(conn).make(stage_id, keys)
                await conn.execute(
                    text(
                        "UPDATE round_seals SET key = NULL WHERE stage_id = :stage "
                        "AND subject_id = ANY(CAST(:subjects AS bigint[]))"
                    ),
                    {"stage": stage_id, "subjects": literal(keys)},
                )
        moved += len(rows)


async def remove_closed(database: Database) -> int:
    """Destroy the keys of rounds whose close is committed. Repeatable; returns how many.

    A key counts as destroyed when its removal is on the disk. Raises KeysUnavailable.
    """
    removed = 0
    while True:
        async with database.begin() as conn:
            rows = (
                await conn.execute(
                    text(
                        "SELECT stage_id, subject_id FROM closed_seals "
                        "ORDER BY stage_id, subject_id LIMIT :most FOR UPDATE SKIP LOCKED"
                    ),
                    {"most": AT_ONCE},
                )
            ).all()
            if not rows:
                return removed
            await right_folder(conn)
            found: dict[UUID, list[int]] = defaultdict(list)
            for row in rows:
                found[row.stage_id].append(row.subject_id)
            for stage_id, subjects in found.items():
                await keys_of(conn).destroy(stage_id, subjects)
                await conn.execute(
                    text(
                        "DELETE FROM closed_seals WHERE stage_id = :stage "
                        "AND subject_id = ANY(CAST(:subjects AS bigint[]))"
                    ),
                    {"stage": stage_id, "subjects": literal(subjects)},
                )
        removed += len(rows)


async def give_up_lost(conn: AsyncConnection, actor: Actor, *, now: datetime) -> None:
    """Take the folder that this process has in place of the one that the database knows.

    For the case in which that one is gone for good: rounds that are open find their keys lost and
    ask their raters again. Raises IllegalState if the folder is the right one, KeysUnavailable if
    it cannot be used.
    """
    keys = keys_of(conn)
    name = await keys.name()
    known = await conn.scalar(text("SELECT name FROM seal_key_folder FOR UPDATE"))
    if name is not None and name == known:
        raise IllegalState("The folder of seal keys is there; nothing is lost.")
    name = name or await keys.christen(new_name())
    await conn.execute(
        text(
            "INSERT INTO seal_key_folder (name) VALUES (:name) "
            "ON CONFLICT (one) DO UPDATE SET name = excluded.name"
        ),
        {"name": name},
    )
    await record(
        conn,
        at=now,
        actor=actor,
        action="seal_folder_replaced",
        object_type="installation",
        object_id=name,
    )
    await _look_for_lost(conn)


async def _look_for_lost(conn: AsyncConnection) -> None:
    """Ring rounds with seals whose keys are missing, and keep the number for `/readyz`."""
    missing = 0
    for stage_id, subjects in (await _open(conn)).items():
        lost = subjects - await keys_of(conn).kept(stage_id)
        if lost:
            missing += len(lost)
            log.error("seal_keys_lost", stage=str(stage_id), people=len(lost))
            await ring(conn, FEEDBACK_ROUND.id_of(stage_id), urgent=True)
    await conn.execute(
        text("UPDATE seal_key_folder SET missing = :missing WHERE missing <> :missing"),
        {"missing": missing},
    )


async def _open(conn: AsyncConnection) -> dict[UUID, set[int]]:
    rows = await conn.execute(
        text("SELECT stage_id, subject_id FROM round_seals WHERE key IS NULL")
    )
    found: dict[UUID, set[int]] = defaultdict(set)
    for row in rows:
        found[row.stage_id].add(row.subject_id)
    return found


async def _remove_unused(conn: AsyncConnection) -> int:
    """Destroy keys that no seal belongs to: their transaction was rolled back, or never ended.

    Only of rounds that this database knows, and only old ones: a transaction may be under way.
    """
    keys, removed = keys_of(conn), 0
    known = set(
        (await conn.execute(text("SELECT id FROM stages WHERE kind = 'collect'"))).scalars()
    )
    for stage_id in known.intersection(await keys.rounds()):
        await keys.tidy(stage_id)
        old = await keys.kept(stage_id, for_seconds=STALE_SECONDS)
        rows = await conn.execute(
            text("SELECT subject_id FROM round_seals WHERE stage_id = :stage"), {"stage": stage_id}
        )
        unused = old - set(rows.scalars())
        await keys.destroy(stage_id, unused)
        removed += len(unused)
    return removed


async def _tell_administrators(conn: AsyncConnection, now: datetime) -> None:
    await tell_desk(
        conn,
        Desk.ADMINISTRATORS,
        Event.SEALS_LOST,
        key=f"seal_keys:{now.date().isoformat()}",
        cause="seal_keys_unavailable",
        now=now,
    )
