"""Signatures of the audit log, under a key that is not in the database.

Whoever owns the database can change every row of it, the chain of seals included. What they cannot
do without the key is make an entry or a seal that verifies.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

NONCE = 16
NO_LINK = "0" * 64

CONTENT = (
    "at",
    "actor_id",
    "actor_kind",
    "on_behalf_of_id",
    "action",
    "object_type",
    "object_id",
    "cycle_id",
    "before",
    "after",
)
"""What a signature covers: everything but the number, which is given when the row is written.

The number is covered by the seal, and a signature that stands in two rows is found by `verify`.
"""


def audit_key(conn: AsyncConnection) -> bytes | None:
    """The key that belongs to this connection's database (see `store.base.session.Database`)."""
    sync = conn.sync_connection
    found = sync.get_execution_options().get("audit_key") if sync is not None else None
    return found if isinstance(found, bytes) else None


def sign(key: bytes | None, entry: Mapping[str, Any]) -> bytes | None:
    """A signature of an entry's `CONTENT`, none without a key. Different each time.

    `before` and `after` are JSON text or objects.
    """
    if key is None:
        return None
    nonce = secrets.token_bytes(NONCE)
    return nonce + _mac(key, nonce, entry)


def signed(key: bytes, entry: Mapping[str, Any], mac: bytes | None) -> bool:
    """Was this entry signed under the key?"""
    if mac is None:
        return False
    return hmac.compare_digest(mac[NONCE:], _mac(key, mac[:NONCE], entry))


def link(key: bytes | None, previous: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The seal over these entries and the one before. Without a key a plain hash, as before 0005.

    `rows` have `id`, `mac` and `CONTENT`.
    """
    if key is None:
        digest = hashlib.sha256(previous.encode())
        for row in rows:
            entry = {name: row[name] for name in ("id", *CONTENT)}
            entry["at"] = row["at"].astimezone(UTC).isoformat()
            digest.update(json.dumps(entry, sort_keys=True, default=str).encode() + b"\n")
        return digest.hexdigest()
    keyed = hmac.new(key, b"seal\n" + previous.encode() + b"\n", hashlib.sha256)
    for row in rows:
        mac = "-" if row["mac"] is None else bytes(row["mac"]).hex()
        keyed.update(f"{row['id']} {mac} ".encode() + _plain(row) + b"\n")
    return keyed.hexdigest()


def _mac(key: bytes, nonce: bytes, entry: Mapping[str, Any]) -> bytes:
    return hmac.digest(key, b"entry\n" + nonce + _plain(entry), "sha256")


def _plain(entry: Mapping[str, Any]) -> bytes:
    """The same bytes before an entry is written and after it was read."""
    content = {name: _value(entry[name]) for name in CONTENT}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _value(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Mapping():
            return {key: _value(one) for key, one in value.items()}
        case list():
            return [_value(one) for one in value]
        case float() if value.is_integer():
            return int(value)  # as jsonb gives it back
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
