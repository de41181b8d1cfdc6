"""What raters wrote lies sealed until their round closes: encrypted under a key of its own.

One seal for each (round, subject). The task's id is bound into the ciphertext, so that a sealed
answer cannot be moved to another rater's task. Everything is padded to blocks: the length of what
somebody wrote, noted before the close, would otherwise find it among the answers afterwards.

While the seal exists, whoever reads the whole database can open what is sealed; `breaking` is how
that is done openly. Once the seal is deleted nobody can.
"""

import hmac
import json
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import IllegalState
from store.arrays import literal

BLOCK = 4096
"""Bytes to which what is sealed is padded. Nearly everything that people write fits into one."""

NONCE = 12
LENGTH = 4


@dataclass(frozen=True, slots=True)
class Written:
    """What a rater has written so far.

    `answers` are those submitted, none before; `draft` what was typed since and not submitted.
    `agrees`: their answer may be shown in a group of two (`too_few: lower_with_consent`).
    """

    answers: Mapping[str, Any] | None = None
    draft: Mapping[str, Any] | None = field(default=None)
    agrees: bool = False


class Unreadable(IllegalState):
    """A sealed answer that this seal does not open: another seal's, another task's, or changed."""

    code = "seal-does-not-open"
    title = "This cannot be read"


def new_key() -> bytes:
    """A fresh seal: 256 bits."""
    return AESGCM.generate_key(bit_length=256)


def seal(key: bytes, task_id: UUID, written: Written) -> bytes:
    """Encrypt what a rater wrote in a task. Different each time, also for the same words."""
    content = {
        "answers": _plain(written.answers),
        "draft": _plain(written.draft),
        "agrees": written.agrees,
    }
    plain = zlib.compress(json.dumps(content, separators=(",", ":")).encode())
    framed = len(plain).to_bytes(LENGTH, "big") + plain
    padded = framed + bytes(-len(framed) % BLOCK)
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, padded, task_id.bytes)


def unseal(key: bytes, task_id: UUID, sealed: bytes) -> Written:
    """Decrypt what `seal` made with the same key for the same task. Raises Unreadable."""
    try:
        padded = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], task_id.bytes)
    except InvalidTag:
        raise Unreadable(f"the seal does not open the answer of the task {task_id}") from None
    length = int.from_bytes(padded[:LENGTH], "big")
    found = json.loads(zlib.decompress(padded[LENGTH : LENGTH + length]))
    return Written(found["answers"], found["draft"], found["agrees"])


def digest_key(key: bytes) -> bytes:
    """The key of a report's digest: made from the seal, and as dead as it afterwards."""
    return hmac.digest(key, b"digest of the closed set", sha256)


def _plain(answers: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if answers is None else dict(answers)


async def make_seals(conn: AsyncConnection, stage_id: UUID, subjects: Sequence[int]) -> None:
    """Make the seals of subjects whose collecting begins. Those that exist stay. One statement."""
    if not subjects:
        return
    await conn.execute(
        text(
            "INSERT INTO round_seals (stage_id, subject_id, key) "
            "SELECT :stage, n.subject, decode(n.key, 'hex') FROM unnest("
            "CAST(:subjects AS bigint[]), CAST(:keys AS text[])) AS n(subject, key) "
            "ON CONFLICT DO NOTHING"
        ),
        {
            "stage": stage_id,
            "subjects": literal(subjects),
            "keys": literal(new_key().hex() for _ in subjects),
        },
    )


async def seal_of(conn: AsyncConnection, stage_id: UUID, subject_id: int) -> bytes | None:
    """The seal of a subject, none once it is destroyed. The caller holds the task's lock."""
    key: bytes | None = await conn.scalar(
        text("SELECT key FROM round_seals WHERE stage_id = :stage AND subject_id = :subject"),
        {"stage": stage_id, "subject": subject_id},
    )
    return key


async def destroy(conn: AsyncConnection, stage_id: UUID, subjects: Iterable[int]) -> None:
    """Delete seals and everything under them. Repeatable; nothing brings it back."""
    await conn.execute(
        text(
            """
            WITH gone AS (
                DELETE FROM sealed_answers s USING tasks t
                WHERE t.id = s.task_id AND t.stage_id = :stage
                  AND t.subject_id = ANY(CAST(:subjects AS bigint[]))
            )
            DELETE FROM round_seals WHERE stage_id = :stage
              AND subject_id = ANY(CAST(:subjects AS bigint[]))
            """
        ),
        {"stage": stage_id, "subjects": literal(subjects)},
    )
