"""Mailed links: an opaque token, bound to one person and one purpose, revocable, expiring.

Only the hash of a token is stored. Looking a link up changes nothing (mail scanners open links);
`use_link` is called when the person has confirmed. A link may be used again until it expires: the
same mail is opened on a phone and on a desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tokens import new_token, token_hash


class LinkPurpose(StrEnum):
    """What a link is for."""

    SIGN_IN = "sign_in"
    TASK = "task"


class LinkState(StrEnum):
    """Whether a link still opens anything."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
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
    """

    state: LinkState
    person_id: int | None = None
    purpose: str | None = None
    task_id: UUID | None = None
    target: str = "/"
    outside: bool = False


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
                " p.status FROM links l JOIN people p ON p.id = l.person_id"
                " WHERE l.token_hash = :hash"
            ),
            {"hash": token_hash(token)},
        )
    ).one_or_none()
    if row is None:
        return FoundLink(LinkState.UNKNOWN)
    state = LinkState.VALID
    if row.revoked_at is not None or row.status not in ("active", "external"):
        state = LinkState.REVOKED
    elif row.expires_at <= now:
        state = LinkState.EXPIRED
    outside = row.status == "external"
    target = _for_outside(row.target) if outside else row.target
    return FoundLink(state, row.person_id, row.purpose, row.task_id, target, outside)


def _for_outside(target: str) -> str:
    """The page of a request; nothing else here is for somebody from outside."""
    task = target.removeprefix("/tasks/")
    if task != target and "/" not in task:
        return f"/feedback/{task}"
    return target if target.startswith("/feedback/") else "/feedback"


async def use_link(conn: AsyncConnection, token: str, now: datetime) -> FoundLink:
    """Look a link up for signing in, and write down that it was used if it is valid."""
    found = await find_link(conn, token, now)
    if found.state is LinkState.VALID:
        await conn.execute(
            text("UPDATE links SET used_at = :now WHERE token_hash = :hash"),
            {"now": now, "hash": token_hash(token)},
        )
    return found


async def revoke_for_tasks(conn: AsyncConnection, task_ids: Sequence[UUID], now: datetime) -> int:
    """Revoke the links to tasks that are no longer their receiver's. Returns how many."""
    result = await conn.execute(
        text(
            "UPDATE links SET revoked_at = :now "
            "WHERE task_id = ANY(CAST(:ids AS uuid[])) AND revoked_at IS NULL"
        ),
        {"ids": list(task_ids), "now": now},
    )
    return result.rowcount


async def revoke_for_person(conn: AsyncConnection, person_id: int, now: datetime) -> int:
    """Revoke every link of a person: "log out everywhere" means the mails, too."""
    result = await conn.execute(
        text(
            "UPDATE links SET revoked_at = :now WHERE person_id = :id AND revoked_at IS NULL"
            " AND expires_at > :now"
        ),
        {"id": person_id, "now": now},
    )
    return result.rowcount
