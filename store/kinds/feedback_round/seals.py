"""What raters wrote lies sealed until their round closes: encrypted under a key of its own.

One seal for each (round, subject). The task's id is bound into the ciphertext, so that a sealed
answer cannot be moved to another rater's task. Everything is padded to blocks: the length of what
somebody wrote, noted before the close, would otherwise find it among the answers afterwards.

The keys lie in a folder beside the database (`store.base.seal_keys`), so that neither the database
nor its log nor a backup of it opens anything. With that folder, and while the round is open,
whoever reads the database can; `breaking` is how that is done openly. Once the key is destroyed
nobody can, whatever copies of the database there are.
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
from store.base.arrays import literal
from store.base.seal_keys import KeysUnavailable, keys_of, new_name

BLOCK = 4096
"""Bytes to which what is sealed is padded. Nearly everything that people write fits into one."""

KEYS_AT_ONCE = 250
"""So many are written to the disk between two statements: a silent transaction is ended."""

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
    """Make the seals of subjects whose collecting begins. Those that exist stay.

    The keys are on the disk before the rows are committed. If they never are, keys are left that
    open nothing; `keeping_keys` removes them. Raises KeysUnavailable.
    """
    if not subjects:
        return
    await right_folder(conn)
    keys = keys_of(conn)
    for first in range(0, len(subjects), KEYS_AT_ONCE):
        some = subjects[first : first + KEYS_AT_ONCE]
        await keys.make(stage_id, {subject: new_key() for subject in some})
        await conn.execute(
            text(
                "INSERT INTO round_seals (stage_id, subject_id) "
                "SELECT :stage, unnest(CAST(:subjects AS bigint[])) ON CONFLICT DO NOTHING"
            ),
            {"stage": stage_id, "subjects": literal(some)},
        )


@dataclass(frozen=True, slots=True)
class Seals:
    """The seals of some subjects of a round: of all that are open, those whose keys are there."""

    open: frozenset[int]
    keys: Mapping[int, bytes]

    @property
    def lost(self) -> set[int]:
        """Open, and without a key: what was written cannot be read any more."""
        return set(self.open - self.keys.keys())


async def seals_of(
    conn: AsyncConnection, stage_id: UUID, subjects: Iterable[int] | None = None, *, lock: str = ""
) -> Seals:
    """The seals of these subjects, or of all of the round; those that were destroyed are left out.

    `lock` is what follows FOR, none by default. Raises KeysUnavailable if the folder cannot be
    read, or is another one than the database knows.
    """
    rows = (
        await conn.execute(
            text(
                "SELECT subject_id, key FROM round_seals WHERE stage_id = :stage AND "
                "(:all OR subject_id = ANY(CAST(:subjects AS bigint[]))) ORDER BY subject_id"
                + (f" FOR {lock}" if lock else "")
            ),
            {"stage": stage_id, "all": subjects is None, "subjects": literal(subjects or ())},
        )
    ).all()
    found = await keys_of(conn).read(stage_id, [row.subject_id for row in rows])
    for row in rows:  # of a version that kept them here, and not moved out yet
        if row.key is not None:
            found.setdefault(row.subject_id, bytes(row.key))
    seals = Seals(frozenset(row.subject_id for row in rows), found)
    if seals.lost:
        await right_folder(conn)
    return seals


async def seal_of(conn: AsyncConnection, stage_id: UUID, subject_id: int) -> bytes | None:
    """The key of a subject's seal, none once it is destroyed. The caller holds the task's lock.

    Raises KeysUnavailable if it should be there and is not.
    """
    seals = await seals_of(conn, stage_id, [subject_id])
    if seals.lost:
        raise KeysUnavailable(f"the key of the round {stage_id} and subject {subject_id} is lost")
    return seals.keys.get(subject_id)


async def right_folder(conn: AsyncConnection) -> None:
    """Make sure that this process has the folder that the database knows. Repeatable.

    The first process of an installation that looks makes it known. Raises KeysUnavailable if
    another folder, or an empty mount, is in its place: to use it would lose what is sealed.
    """
    keys = keys_of(conn)
    name = await keys.name()
    known = await conn.scalar(_KNOWN)
    if known is None:
        name = name or await keys.christen(new_name())
        await conn.execute(
            text("INSERT INTO seal_key_folder (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": name},
        )
        known = await conn.scalar(_KNOWN)
    if name != known:
        raise KeysUnavailable(
            f"{keys.folder} is not the folder in which the keys of this database are: it is "
            "empty or belongs to another one. API and workers must share one folder "
            "(ALMANAC_SEAL_KEYS_DIR). If its keys are lost for good: almanac seal lost"
        )


async def destroy(conn: AsyncConnection, stage_id: UUID, subjects: Iterable[int]) -> None:
    """Delete seals and everything under them. Repeatable; nothing brings it back.

    The keys go when this is committed (`keeping_keys.remove_closed`), never before.
    """
    await conn.execute(
        text(
            """
            WITH gone AS (
                DELETE FROM sealed_answers s USING tasks t
                WHERE t.id = s.task_id AND t.stage_id = :stage
                  AND t.subject_id = ANY(CAST(:subjects AS bigint[]))
            ), closed AS (
                DELETE FROM round_seals WHERE stage_id = :stage
                  AND subject_id = ANY(CAST(:subjects AS bigint[])) RETURNING subject_id
            )
            INSERT INTO closed_seals (stage_id, subject_id)
            SELECT :stage, subject_id FROM closed ON CONFLICT DO NOTHING
            """
        ),
        {"stage": stage_id, "subjects": literal(subjects)},
    )


_KNOWN = text("SELECT name FROM seal_key_folder")
