"""Mailed links: an opaque token, bound to one person and one purpose, revocable, expiring.

Only the hash of a token is stored. Looking a link up changes nothing (mail scanners open links);
`use_link` is called when the person has confirmed. The link of a task may be used again until it
expires: the same mail is opened on a phone and on a desk. A sign-in link, which opens everything,
is used once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Level
from store.base.tokens import new_token, token_hash


class LinkPurpose(StrEnum):
    """What a link is for."""

    SIGN_IN = "sign_in"  # used once; signs in for everything
    TASK = "task"  # used until it expires; signs in for its target and the own list
    ADDRESS = "address"  # to say whether a changed address is one's own; signs nobody in
    DEMO = "demo"  # as `SIGN_IN`, used until it expires; printed by the demo of `almanac run` alone


class LinkState(StrEnum):
    """Whether a link still opens anything."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"
    HELD = "held"  # the person's address has changed, and nobody has said so far that it is theirs
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be made. `target` is the path to go to, without the host."""

    person_id: int
    purpose: str
    target: str
    task_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FoundLink:
    """What a token stands for. Of an unknown one only the state is filled.

    `outside`: the person is a rater from outside the company, who is shown their requests alone.
    `held_until`: when a changed address counts as theirs by itself; none if it never does.
    """

    state: LinkState
    person_id: int | None = None
    purpose: str | None = None
    task_id: UUID | None = None
    target: str = "/"
    outside: bool = False
    held_until: datetime | None = None

    @property
    def level(self) -> Level:
        """How far a session reaches that begins with it."""
        return Level.TASK if self.purpose == LinkPurpose.TASK else Level.FULL

    @property
    def opens(self) -> frozenset[str]:
        """What a session of level `task` reaches by it: its task, else the page it leads to."""
        if self.level is Level.FULL:
            return frozenset()
        return frozenset({str(self.task_id) if self.task_id else self.target})


async def create_link(
    conn: AsyncConnection,
    *,
    person_id: int,
    purpose: str,
    task_id: UUID | None,
    target: str,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """Make a link and return its token, which nobody can read again afterwards."""
    link = NewLink(person_id, purpose, target, task_id)
    return (await create_links(conn, [link], now=now, lifetime=lifetime))[0]


async def create_links(
    conn: AsyncConnection, links: Sequence[NewLink], *, now: datetime, lifetime: timedelta
) -> list[str]:
    """Make many links in one statement; returns their tokens in the same order.

    Raises ValueError for a target that is not a path on this site.
    """
    for link in links:
        if not is_local_path(link.target):
            raise ValueError("a link goes to a path of this site")
    tokens = [new_token() for _ in links]
    await conn.execute(
        text(
            "INSERT INTO links (token_hash, person_id, purpose, task_id, target, created_at,"
            " expires_at) "
            "SELECT hash, person_id, purpose, task_id, target, :now, :expires FROM unnest("
            " CAST(:hashes AS bytea[]), CAST(:people AS bigint[]), CAST(:purposes AS text[]),"
            " CAST(:tasks AS uuid[]), CAST(:targets AS text[]))"
            " AS l(hash, person_id, purpose, task_id, target)"
        ),
        {
            "hashes": [token_hash(token) for token in tokens],
            "people": [link.person_id for link in links],
            "purposes": [str(link.purpose) for link in links],
            "tasks": [link.task_id for link in links],
            "targets": [link.target for link in links],
            "now": now,
            "expires": now + lifetime,
        },
    )
    return tokens


def is_local_path(target: str) -> bool:
    """Whether a redirect there stays on this site."""
    return (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and all(character.isprintable() and character != "\\" for character in target)
    )


async def find_link(conn: AsyncConnection, token: str, now: datetime) -> FoundLink:
    """Look a link up. Changes nothing. Links of people who have left count as revoked.

    Raters from outside have theirs until their round closes: that revokes them.
    """
    row = (
        await conn.execute(
            text(
                "SELECT l.person_id, l.purpose, l.task_id, l.target, l.expires_at, l.revoked_at,"
                " l.used_at, p.status, a.id IS NOT NULL AS held, a.holds_until"
                " FROM links l JOIN people p ON p.id = l.person_id"
                f" LEFT JOIN address_changes a ON a.person_id = p.id AND {HELD}"
                " WHERE l.token_hash = :hash"
            ),
            {"hash": token_hash(token), "now": now},
        )
    ).one_or_none()
    if row is None:
        return FoundLink(LinkState.UNKNOWN)
    outside = row.status == "external"
    target = _for_outside(row.target) if outside else row.target
    return FoundLink(
        _state(row, now), row.person_id, row.purpose, row.task_id, target, outside, row.holds_until
    )


HELD = "a.state = 'open' AND (a.holds_until IS NULL OR a.holds_until > :now)"
"""Of `address_changes a`: nobody signs in as that person at `now`."""


def _state(row: Any, now: datetime) -> LinkState:
    if row.revoked_at is not None or row.status not in ("active", "external"):
        return LinkState.REVOKED
    if row.used_at is not None and row.purpose == LinkPurpose.SIGN_IN:
        return LinkState.USED
    if row.expires_at <= now:
        return LinkState.EXPIRED
    if row.held and row.purpose != LinkPurpose.ADDRESS:
        return LinkState.HELD
    return LinkState.VALID


def _for_outside(target: str) -> str:
    """The page of a request; nothing else here is for somebody from outside."""
    task = target.removeprefix("/tasks/")
    if task != target and "/" not in task:
        return f"/feedback/{task}"
    return target if target.startswith("/feedback/") else "/feedback"


async def use_link(conn: AsyncConnection, token: str, now: datetime) -> FoundLink:
    """Look a link up for signing in, and write down that it was used if it is valid.

    Of two who use a sign-in link at once one gets in: the row is locked before it is looked at.
    A link that signs nobody in is unknown here.
    """
    locked = text("SELECT purpose FROM links WHERE token_hash = :hash FOR UPDATE")
    purpose = await conn.scalar(locked, {"hash": token_hash(token)})
    if purpose == LinkPurpose.ADDRESS:
        return FoundLink(LinkState.UNKNOWN)
    found = await find_link(conn, token, now)
    if found.state is LinkState.VALID:
        await conn.execute(
            text("UPDATE links SET used_at = :now WHERE token_hash = :hash"),
            {"now": now, "hash": token_hash(token)},
        )
    return found


async def revoke_for_person(conn: AsyncConnection, person_id: int, now: datetime) -> int:
    """Revoke every link of a person that signs in: "log out everywhere" means the mails, too."""
    result = await conn.execute(
        text(
            "UPDATE links SET revoked_at = :now WHERE person_id = :id AND revoked_at IS NULL"
            " AND expires_at > :now AND purpose <> 'address'"
        ),
        {"id": person_id, "now": now},
    )
    return result.rowcount
