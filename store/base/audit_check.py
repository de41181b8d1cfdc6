"""Is the audit log still what was sealed? Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import IllegalState, Invalid
from store.base.audit import entries
from store.base.audit_signing import NO_LINK, audit_key, link, signed

_BEFORE_ALL = -(2**63)
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What `verify` found.

    `broken_seal` is the first link that does not hold, `between` the numbers of its entries.
    `forged`: entries since signing began without a valid signature, or with one that another entry
    has (the first few). `unsigned_end`: the newest seal was made without the key. `gaps`: ranges of
    numbers that no entry has. `last`: the newest seal, to be kept elsewhere. `anchored`: whether
    the seal that was given from elsewhere is there; none if none was given. `missing`: seals that
    workers kept outside the database and that are not there any more.
    """

    seals: int
    entries: int
    unsealed: int
    broken_seal: int | None = None
    between: tuple[int, int] | None = None
    forged: tuple[int, ...] = ()
    unsigned_end: bool = False
    gaps: tuple[tuple[int, int], ...] = ()
    signed: bool = False
    last: str | None = None
    anchored: bool | None = None
    missing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if every link is what its entries say, and nothing is missing as far as we know."""
        sound = self.broken_seal is None and not self.forged and not self.unsigned_end
        return sound and self.anchored is not False and not self.missing


async def verify(
    conn: AsyncConnection, *, against: str | None = None, kept: Sequence[str] = ()
) -> AuditVerdict:
    """Compute the whole chain again and compare, under the key of this connection.

    `against`: a seal that was kept elsewhere (`last` of an earlier time, a log line, a mail). What
    was removed at the end of the log shows by nothing else, but for the seals that workers `kept`
    (`store.base.audit_anchor`). Raises Invalid if it is no seal, and
    IllegalState if the log is signed and there is no key.
    """
    if against is not None and ":" not in against:
        raise Invalid("A seal looks like 1234:0a1b2c…, as a mail or an earlier check showed it.")
    key = audit_key(conn)
    seals = (
        await conn.execute(
            text("SELECT id, first_id, last_id, hash, keyed FROM audit_seals ORDER BY id")
        )
    ).all()
    if key is None and any(row.keyed for row in seals):
        raise IllegalState(
            "The audit log is signed, and its key is not here. Set ALMANAC_AUDIT_KEY as the API "
            "and the workers have it."
        )
    check = _Check(key)
    for row in seals:
        if not check.follow(row, await _rows(conn, check.sealed_to, row.last_id)):
            break
    tail = await _rows(conn, seals[-1].last_id if seals else _BEFORE_ALL, 2**63 - 1)
    check.look_at(tail)
    last = f"{seals[-1].last_id}:{seals[-1].hash}" if seals else None
    known = {f"{row.last_id}:{row.hash}" for row in seals}
    return AuditVerdict(
        seals=len(seals),
        entries=check.entries,
        unsealed=len(tail),
        broken_seal=check.broken.id if check.broken else None,
        between=(check.broken.first_id, check.broken.last_id) if check.broken else None,
        forged=tuple(check.forged[:MOST_NAMED]),
        unsigned_end=key is not None and bool(seals) and not seals[-1].keyed,
        gaps=tuple(check.gaps[:MOST_NAMED]),
        signed=check.signing,
        last=last,
        anchored=None if against is None else against.strip() in known,
        missing=tuple(one for one in kept if one not in known),
    )


class _Check:
    """How far the chain was followed, and what was found on the way."""

    def __init__(self, key: bytes | None) -> None:
        self.key = key
        self.previous = NO_LINK
        self.sealed_to = _BEFORE_ALL
        self.entries = 0
        self.signing = False
        self.broken: Row[Any] | None = None
        self.forged: list[int] = []
        self.gaps: list[tuple[int, int]] = []
        self._macs: set[bytes] = set()
        self._number: int | None = None

    def follow(self, seal: Row[Any], rows: Sequence[Mapping[str, Any]]) -> bool:
        """Compare a link. Its entries are looked at one by one once the log was signed before."""
        self.look_at(rows)
        self.previous = link(self.key if seal.keyed else None, self.previous, rows)
        # After the first signed seal a plain one can only be somebody's who has no key.
        if self.previous != seal.hash or (self.signing and not seal.keyed):
            self.broken = seal
            return False
        self.signing = self.signing or seal.keyed
        self.entries += len(rows)
        self.sealed_to = seal.last_id
        return True

    def look_at(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            if self._number is not None and row["id"] > self._number + 1:
                self.gaps.append((self._number + 1, row["id"] - 1))
            self._number = row["id"]
            mac = None if row["mac"] is None else bytes(row["mac"])
            if self.signing and self.key is not None:
                repeated = mac is not None and mac in self._macs
                if repeated or not signed(self.key, row, mac):
                    self.forged.append(row["id"])
            if mac is not None:
                self._macs.add(mac)


async def _rows(conn: AsyncConnection, after: int, until: int) -> list[Mapping[str, Any]]:
    return [dict(row._mapping) for row in await entries(conn, after, until, None)]
