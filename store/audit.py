"""The audit log: who did what, on whose behalf, in the transaction of the act itself.

Entries are sealed afterwards, in batches, into a hash chain: a link covers the ids after the link
before it up to `last_id`, and hashes them together with that link. Whoever changes, removes or
slips in a sealed entry breaks every link from there on.

Ids are handed out before transactions commit, so a batch may end at an id only when every
transaction that could hold a lower one has ended. `seal` waits for that.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from store.session import Database

LOCK = 4_061_874_525  # an arbitrary number that only sealing takes
BATCH = 5_000
_PATIENCE = 100  # times 20 ms: longer than any of our transactions should last
_NO_LINK = "0" * 64
_BEFORE_ALL = -(2**63)


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
    await conn.execute(
        _RECORD,
        {
            "at": at,
            "actor_id": actor.person_id,
            "actor_kind": actor.kind,
            "on_behalf_of_id": actor.on_behalf_of_id,
            "action": action,
            "object_type": object_type,
            "object_id": str(object_id),
            "cycle_id": cycle_id,
            "before": _json(before),
            "after": _json(after),
        },
    )


# The transaction gets its number before the entry gets its id: `seal` relies on that order.
_RECORD = text(
    """
    WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS number)
    INSERT INTO audit (at, actor_id, actor_kind, on_behalf_of_id, action, object_type, object_id,
                       cycle_id, before, after)
    SELECT :at, CAST(:actor_id AS bigint), :actor_kind, CAST(:on_behalf_of_id AS bigint), :action,
           :object_type, :object_id, CAST(:cycle_id AS uuid), CAST(:before AS jsonb),
           CAST(:after AS jsonb)
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
    await conn.execute(
        _RECORD_EACH,
        {
            "at": at,
            "actor_id": actor.person_id,
            "actor_kind": actor.kind,
            "of": of,
            "actions": [change.action for change in changes],
            "ids": [str(change.object_id) for change in changes],
            "befores": [_json(change.before) for change in changes],
            "afters": [_json(change.after) for change in changes],
        },
    )


_RECORD_EACH = text(
    """
    WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS number)
    INSERT INTO audit (at, actor_id, actor_kind, action, object_type, object_id, before, after)
    SELECT :at, CAST(:actor_id AS bigint), :actor_kind, c.action, :of, c.object_id,
           CAST(c.before AS jsonb), CAST(c.after AS jsonb)
    FROM own, unnest(CAST(:actions AS text[]), CAST(:ids AS text[]), CAST(:befores AS text[]),
      CAST(:afters AS text[])) AS c(action, object_id, before, after)
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
    link, sealed_to = (
        await conn.execute(text("SELECT hash, last_id FROM audit_seals ORDER BY id DESC LIMIT 1"))
    ).one_or_none() or (_NO_LINK, 0)
    rows = await _entries(conn, sealed_to, until, BATCH)
    if not rows:
        return 0
    await conn.execute(
        text(
            "INSERT INTO audit_seals (first_id, last_id, hash, sealed_at) "
            "VALUES (:first, :last, :hash, :now)"
        ),
        {
            "first": rows[0].id,
            "last": rows[-1].id,
            "hash": _link(link, rows),
            "now": now,
        },
    )
    return len(rows)


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What `verify` found. `broken_seal` is the first link that does not hold."""

    seals: int
    entries: int
    unsealed: int
    broken_seal: int | None = None
    between: tuple[int, int] | None = None  # the ids of the entries that the link covers

    @property
    def holds(self) -> bool:
        """True if every link is what its entries say."""
        return self.broken_seal is None


async def verify(conn: AsyncConnection) -> AuditVerdict:
    """Compute the whole chain again and compare. Reads only."""
    seals = (
        await conn.execute(text("SELECT id, first_id, last_id, hash FROM audit_seals ORDER BY id"))
    ).all()
    link, sealed_to, entries = _NO_LINK, _BEFORE_ALL, 0
    for seal_row in seals:
        rows = await _entries(conn, sealed_to, seal_row.last_id, None)
        link = _link(link, rows)
        if link != seal_row.hash:
            covers = (seal_row.first_id, seal_row.last_id)
            return AuditVerdict(
                len(seals), entries, await _after(conn, seals[-1].last_id), seal_row.id, covers
            )
        entries += len(rows)
        sealed_to = seal_row.last_id
    return AuditVerdict(len(seals), entries, await _after(conn, sealed_to))


async def _after(conn: AsyncConnection, last_id: int) -> int:
    count = await conn.scalar(text("SELECT count(*) FROM audit WHERE id > :id"), {"id": last_id})
    return int(count or 0)


async def _entries(
    conn: AsyncConnection, after: int, until: int, limit: int | None
) -> list[Row[Any]]:
    rows = await conn.execute(
        text(
            "SELECT id, at, actor_id, actor_kind, on_behalf_of_id, action, object_type, object_id,"
            " cycle_id, before, after FROM audit WHERE id > :after AND id <= :until"
            " ORDER BY id LIMIT :limit"
        ),
        {"after": after, "until": until, "limit": limit},
    )
    return list(rows.all())


def _link(previous: str, rows: list[Row[Any]]) -> str:
    digest = hashlib.sha256(previous.encode())
    for row in rows:
        entry = {**row._mapping, "at": row.at.astimezone(UTC).isoformat()}
        digest.update(json.dumps(entry, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(dict(value), default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
