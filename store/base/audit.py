"""The audit log: who did what, on whose behalf, in the transaction of the act itself.

Entries are sealed afterwards, in batches, into a hash chain: a link covers the ids after the link
before it up to `last_id`, and hashes them together with that link. Whoever changes, removes or
slips in a sealed entry breaks every link from there on.

Ids are handed out before transactions commit, so a batch may end at an id only when every
transaction that could hold a lower one has ended. `seal` waits for that.

Entries and links are signed under a key that is not in the database, if the installation has one
(`store.base.audit_signing`); `store.base.audit_check` compares.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from store.base.audit_signing import NO_LINK, audit_key, link, sign
from store.base.session import Database

LOCK = 4_061_874_525  # an arbitrary number that only sealing takes
BATCH = 5_000
_PATIENCE = 100  # times 20 ms: longer than any of our transactions should last


async def record(
    conn: AsyncConnection,
    *,
    at: datetime,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str | int | UUID,
    cycle_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the caller's transaction.

    `at` is the UTC instant of the act. `before` and `after` say what changed by reference: ids,
    states, instants, counts. Never an answer, a name or an address. Not idempotent: the caller
    records an act once, in the transaction that makes it happen once.
    """
    entry = {
        "at": at,
        "actor_id": actor.person_id,
        "actor_kind": actor.kind,
        "on_behalf_of_id": actor.on_behalf_of_id,
        "action": action,
        "object_type": object_type,
        "object_id": str(object_id),
        "cycle_id": cycle_id,
        "before": _settled(before),
        "after": _settled(after),
    }
    written = {
        name: json.dumps(entry[name]) for name in ("before", "after") if entry[name] is not None
    }
    await conn.execute(
        _RECORD,
        {**entry, "before": None, "after": None, **written, "mac": sign(audit_key(conn), entry)},
    )


# The transaction gets its number before the entry gets its id: `seal` relies on that order.
_RECORD = text(
    """
    WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS number)
    INSERT INTO audit (at, actor_id, actor_kind, on_behalf_of_id, action, object_type, object_id,
                       cycle_id, before, after, mac)
    SELECT :at, CAST(:actor_id AS bigint), :actor_kind, CAST(:on_behalf_of_id AS bigint), :action,
           :object_type, :object_id, CAST(:cycle_id AS uuid), CAST(:before AS jsonb),
           CAST(:after AS jsonb), CAST(:mac AS bytea)
    FROM own
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of many that an act makes. `before` and `after` as in `record`."""

    action: str
    object_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


async def record_each(
    conn: AsyncConnection, changes: Sequence[Change], *, at: datetime, actor: Actor, of: str
) -> None:
    """Add an entry a change, in one statement. `of` is the type of their objects. See `record`."""
    if not changes:
        return
    key = audit_key(conn)
    made = [
        {
            "at": at,
            "actor_id": actor.person_id,
            "actor_kind": actor.kind,
            "on_behalf_of_id": None,
            "action": change.action,
            "object_type": of,
            "object_id": str(change.object_id),
            "cycle_id": None,
            "before": _settled(change.before),
            "after": _settled(change.after),
        }
        for change in changes
    ]
    macs = [sign(key, entry) for entry in made]
    await conn.execute(
        _RECORD_EACH,
        {
            "at": at,
            "actor_id": actor.person_id,
            "actor_kind": actor.kind,
            "of": of,
            "actions": [entry["action"] for entry in made],
            "ids": [entry["object_id"] for entry in made],
            "befores": [json.dumps(entry["before"]) for entry in made],
            "afters": [json.dumps(entry["after"]) for entry in made],
            "macs": [mac and mac.hex() for mac in macs],
        },
    )


_RECORD_EACH = text(
    """
    WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS number)
    INSERT INTO audit (at, actor_id, actor_kind, action, object_type, object_id, before, after,
                       mac)
    SELECT :at, CAST(:actor_id AS bigint), :actor_kind, c.action, :of, c.object_id,
           CAST(c.before AS jsonb), CAST(c.after AS jsonb), decode(c.mac, 'hex')
    FROM own, unnest(CAST(:actions AS text[]), CAST(:ids AS text[]), CAST(:befores AS text[]),
      CAST(:afters AS text[]), CAST(:macs AS text[])) AS c(action, object_id, before, after, mac)
    """
)


async def seal(database: Database, now: datetime) -> int:
    """Seal what was recorded until this moment. Returns how many entries were sealed.

    Repeatable, and safe from several processes: one of them seals, the others return 0. Returns 0,
    too, if some transaction does not end for seconds; the next call tries again.
    """
    async with database.begin() as conn:
        until = await _last_settled(conn)
    if until is None:
        return 0
    sealed = 0
    while True:
        async with database.begin() as conn:
            count = await _seal_batch(conn, until, now)
        sealed += count
        if count < BATCH:
            return sealed


async def _last_settled(conn: AsyncConnection) -> int | None:
    """The highest id of now, once nobody can commit a lower one any more."""
    newest, horizon = (
        await conn.execute(
            text(
                "SELECT (SELECT max(id) FROM audit), "
                "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
            )
        )
    ).one()
    if newest is None:
        return None
    for _ in range(_PATIENCE):
        oldest = await conn.scalar(
            text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
        )
        if oldest is not None and oldest >= horizon:
            return int(newest)
        await asyncio.sleep(0.02)
    return None


async def _seal_batch(conn: AsyncConnection, until: int, now: datetime) -> int:
    if not await conn.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
        return 0
    key = audit_key(conn)
    previous, sealed_to = (
        await conn.execute(text("SELECT hash, last_id FROM audit_seals ORDER BY id DESC LIMIT 1"))
    ).one_or_none() or (NO_LINK, 0)
    rows = await entries(conn, sealed_to, until, BATCH)
    if not rows:
        return 0
    await conn.execute(
        text(
            "INSERT INTO audit_seals (first_id, last_id, hash, sealed_at, keyed) "
            "VALUES (:first, :last, :hash, :now, :keyed)"
        ),
        {
            "first": rows[0].id,
            "last": rows[-1].id,
            "hash": link(key, previous, [dict(row._mapping) for row in rows]),
            "now": now,
            "keyed": key is not None,
        },
    )
    return len(rows)


async def last_seal(conn: AsyncConnection) -> str | None:
    """The newest seal, as it is kept elsewhere: the last number that it covers, and its hash."""
    row = (
        await conn.execute(text("SELECT last_id, hash FROM audit_seals ORDER BY id DESC LIMIT 1"))
    ).one_or_none()
    return None if row is None else f"{row.last_id}:{row.hash}"


async def has_seal(conn: AsyncConnection, seal_text: str) -> bool:
    """Is a seal that was there before still there?"""
    last_id, _, found = seal_text.partition(":")
    if not last_id.isdecimal() or len(last_id) > 18:
        return False  # no seal of ours looks like that
    there = await conn.scalar(
        text("SELECT EXISTS (SELECT FROM audit_seals WHERE last_id = :last AND hash = :hash)"),
        {"last": int(last_id), "hash": found},
    )
    return bool(there)


async def entries(
    conn: AsyncConnection, after: int, until: int, limit: int | None
) -> list[Row[Any]]:
    """Entries with numbers above `after` up to `until`, in order."""
    rows = await conn.execute(
        text(
            "SELECT id, at, actor_id, actor_kind, on_behalf_of_id, action, object_type, object_id,"
            " cycle_id, before, after, mac FROM audit WHERE id > :after AND id <= :until"
            " ORDER BY id LIMIT :limit"
        ),
        {"after": after, "until": until, "limit": limit},
    )
    return list(rows.all())


def _settled(value: Mapping[str, Any] | None) -> Any:
    """As it will be read from the row: what is signed must not depend on when."""
    return None if value is None else json.loads(json.dumps(dict(value), default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
