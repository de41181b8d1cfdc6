"""Signed-in browsers: rows, so that "log out everywhere" is one statement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import AccessRole, Level
from store.access.facts import OUTSIDE_ONLY, ROLE_COLUMNS, roles_told
from store.base.raw_statements import fetch_one
from store.base.tokens import new_token, token_hash
from store.people.outside import EXTERNAL

LIFETIMES: Mapping[Level, timedelta] = MappingProxyType(
    {Level.TASK: timedelta(days=7), Level.FULL: timedelta(hours=12)}
)
"""How long somebody stays signed in. A week is enough for a text that is written in sittings."""

SEEN_EVERY = timedelta(minutes=5)
"""`seen_at` is for the list of sessions; writing it each time would cost more than it says."""


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """Who is signed in, in which roles, and in which zone (none: the company's).

    `roles` are all that they have; what they may use here, `level` decides. `opens`: ids of tasks,
    and paths, for which a session of level `task` was begun.
    """

    person_id: int
    roles: frozenset[AccessRole]
    zone: str | None
    level: Level
    opens: frozenset[str]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One entry of somebody's list. `id` names it; nobody can sign in with it."""

    id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    level: Level
    current: bool


async def create_session(
    conn: AsyncConnection,
    person_id: int,
    now: datetime,
    *,
    level: Level = Level.FULL,
    opens: Collection[str] = (),
) -> str:
    """Sign somebody in and return the token for the cookie.

    `opens` matters for level `task` only. That somebody of the company has signed in at all is
    written down the first time (`store.access.address_changes` asks); of people outside it never
    is.
    """
    token = new_token()
    await conn.execute(
        text(
            "WITH first AS (UPDATE people SET signed_in = true"
            " WHERE id = :person AND NOT signed_in AND status = 'active')"
            " INSERT INTO sessions (token_hash, person_id, created_at, seen_at, expires_at, level,"
            " opens) VALUES (:hash, :person, :now, :now, :expires, :level,"
            " CAST(:opens AS text[]))"
        ),
        {
            "hash": token_hash(token),
            "person": person_id,
            "now": now,
            "expires": now + LIFETIMES[level],
            "level": level.value,
            "opens": sorted(opens),
        },
    )
    return token


async def find_session(conn: AsyncConnection, token: str, now: datetime) -> SessionPerson | None:
    """Who is signed in with this token: one round trip. None if nobody is (any more)."""
    hashed = token_hash(token)
    row = await fetch_one(conn, _FIND, {"hash": hashed, "now": now, "on": now.date()})
    if row is None:
        return None
    person_id, seen_at, level, opens, zone, status, *roles = row
    if seen_at <= now - SEEN_EVERY:
        await conn.execute(
            text("UPDATE sessions SET seen_at = :now WHERE token_hash = :hash AND seen_at < :now"),
            {"hash": hashed, "now": now},
        )
    known = OUTSIDE_ONLY if status == EXTERNAL else roles_told(*roles)
    return SessionPerson(person_id, known, zone, Level(level), frozenset(opens))


_FIND = (
    f"""
SELECT s.person_id, s.seen_at, s.level, s.opens,
  coalesce(r.zone, (SELECT c.content ->> 'zone' FROM company_settings c
                    ORDER BY c.id DESC LIMIT 1)) AS zone, p.status, {ROLE_COLUMNS}
FROM sessions s JOIN people p ON p.id = s.person_id LEFT JOIN profiles r ON r.id = p.profile_id
WHERE s.token_hash = :hash AND s.revoked_at IS NULL AND s.expires_at > :now
  AND p.status IN ('active', 'external')
""".replace(":on", "%(on)s")
    .replace(":hash", "%(hash)s")
    .replace(":now", "%(now)s")
    .encode()
)


async def list_sessions(
    conn: AsyncConnection, person_id: int, now: datetime, current_token: str | None
) -> list[OpenSession]:
    """The browsers in which a person is signed in, the one seen last first."""
    current = token_hash(current_token) if current_token else b""
    rows = await conn.execute(
        text(
            "SELECT encode(substring(token_hash FROM 1 FOR 8), 'hex') AS id, created_at, seen_at,"
            " expires_at, level, token_hash = :current AS current FROM sessions"
            " WHERE person_id = :person AND revoked_at IS NULL AND expires_at > :now"
            " ORDER BY seen_at DESC, token_hash LIMIT 100"
        ),
        {"person": person_id, "now": now, "current": current},
    )
    return [
        OpenSession(r.id, r.created_at, r.seen_at, r.expires_at, Level(r.level), r.current)
        for r in rows
    ]


async def revoke_session(
    conn: AsyncConnection, person_id: int, session_id: str, now: datetime
) -> bool:
    """End one of a person's own sessions by its id. False if there is none such. Idempotent."""
    result = await conn.execute(
        text(
            "UPDATE sessions SET revoked_at = coalesce(revoked_at, :now) WHERE person_id = :person"
            " AND encode(substring(token_hash FROM 1 FOR 8), 'hex') = :id"
        ),
        {"person": person_id, "id": session_id, "now": now},
    )
    return result.rowcount > 0


async def revoke_token(conn: AsyncConnection, token: str, now: datetime) -> None:
    """Sign this browser out. Idempotent."""
    await conn.execute(
        text(
            "UPDATE sessions SET revoked_at = :now WHERE token_hash = :hash AND revoked_at IS NULL"
        ),
        {"hash": token_hash(token), "now": now},
    )


async def revoke_all(conn: AsyncConnection, person_id: int, now: datetime) -> int:
    """Sign a person out of every browser. Returns of how many."""
    result = await conn.execute(
        text(
            "UPDATE sessions SET revoked_at = :now WHERE person_id = :person AND revoked_at IS NULL"
        ),
        {"person": person_id, "now": now},
    )
    return result.rowcount


async def opens_task(
    conn: AsyncConnection, person_id: int, opens: Collection[str], task_id: UUID
) -> bool:
    """Whether a session of level `task` reaches a task.

    The tasks of its links, and what the same person has to do of the same kind in the same stage:
    a manager's seven reviews are written in one sitting, and all that somebody is asked as a rater.
    Never a desk's task; and of somebody else's only that it is open, for whoever was told of it.
    """
    row = await fetch_one(conn, _OPENS, {"id": task_id, "me": person_id, "opens": _uuids(opens)})
    return row is not None


def _uuids(opens: Collection[str]) -> list[str]:
    return [one for one in opens if not one.startswith("/")]


_OPENS = b"""
SELECT 1 FROM tasks w WHERE w.id = %(id)s AND w.assignee_id IS NOT NULL AND (
  (w.id = ANY(CAST(%(opens)s AS uuid[])) AND (w.assignee_id = %(me)s
    OR w.state IN ('planned', 'open')
    OR EXISTS (SELECT FROM responses r WHERE r.task_id = w.id AND r.author_id = %(me)s)))
  OR (w.assignee_id = %(me)s AND EXISTS (
    SELECT FROM tasks l WHERE l.id = ANY(CAST(%(opens)s AS uuid[])) AND l.assignee_id = %(me)s
      AND l.role = w.role AND (l.stage_id = w.stage_id OR l.role = 'rater'))))
"""
