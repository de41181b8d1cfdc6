"""Idempotency keys: the same command sent again has one effect and gets the same answer.

The key, the hash of the request and the answer are stored in the transaction of the effect. So
there is no moment at which one exists without the other, and of twenty sent at once nineteen wait
for the first to commit and then read its answer.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import Invalid, KeyReused

KEPT = timedelta(days=7)
"""How long a key is remembered; a script may repeat a command for as long."""

KEY_PATTERN = "^[!-~]{1,200}$"

Answer = tuple[int, dict[str, Any]]
"""An HTTP status and a JSON object."""


def fingerprint(method: str, path: str, body: bytes) -> str:
    """The hash by which a repeated request is told from another one under the same key."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


async def run_once(
    conn: AsyncConnection,
    actor_key: str,
    key: str,
    fingerprint: str,
    now: datetime,
    effect: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Run `effect` unless it ran under this key already; return its answer, now or from then.

    `actor_key` is the sender (`Actor.key`): keys of different senders have nothing to do with each
    other. `effect` works in the same transaction. If it raises, nothing is remembered, so the same
    key may be tried again.

    Raises KeyReused if the key was used for another request, Invalid if the key is not usable.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise Invalid("An Idempotency-Key has 1 to 200 visible ASCII characters.")
    mine = {"actor": actor_key, "key": key}
    if not await _claim(conn, mine, fingerprint, now):
        return await _stored(conn, mine, fingerprint)
    status, answer = await effect()
    await _store(conn, mine, status, answer)
    return status, answer


async def _claim(
    conn: AsyncConnection, mine: Mapping[str, str], fingerprint: str, now: datetime
) -> bool:
    """Whether the key is ours. Waits while another transaction holds it without having ended."""
    claimed = await conn.execute(
        _CLAIM,
        {**mine, "fingerprint": fingerprint, "now": now, "forgotten": now - KEPT},
    )
    return claimed.first() is not None


async def _stored(conn: AsyncConnection, mine: Mapping[str, str], fingerprint: str) -> Answer:
    row = (
        await conn.execute(
            text(
                "SELECT fingerprint, status, answer FROM command_keys "
                "WHERE actor = :actor AND key = :key"
            ),
            mine,
        )
    ).one()
    if row.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was sent before with another request.",
            hint="Use a new key for each new command.",
        )
    return row.status, row.answer


async def _store(
    conn: AsyncConnection, mine: Mapping[str, str], status: int, answer: Mapping[str, Any]
) -> None:
    await conn.execute(
        _STORE,
        {**mine, "status": status, "answer": json.dumps(answer)},
    )


_CLAIM = text(
    "INSERT INTO command_keys (actor, key, fingerprint, status, answer, created_at) "
    "VALUES (:actor, :key, :fingerprint, 0, '{}', :now) "
    "ON CONFLICT (actor, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, "
    "status = 0, answer = '{}', created_at = EXCLUDED.created_at "
    "WHERE command_keys.created_at < :forgotten RETURNING key"
)
_STORE = text(
    "UPDATE command_keys SET status = :status, answer = CAST(:answer AS jsonb) "
    "WHERE actor = :actor AND key = :key"
)


async def forget_old(conn: AsyncConnection, now: datetime) -> int:
    """Delete keys that are no longer promised. Returns how many."""
    result = await conn.execute(
        text("DELETE FROM command_keys WHERE created_at < :forgotten"), {"forgotten": now - KEPT}
    )
    return result.rowcount
