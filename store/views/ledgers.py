"""The delivery ledger and the audit log, with names for those who may read them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.visible import COMPANY, NOT_OWN_CASE
from store.base.search_patterns import patterns

_SEEN = f"""
    (n.subject_id IS NULL OR n.subject_id <> ALL(CAST(:hidden AS bigint[])))
    AND t.role IS DISTINCT FROM 'rater' AND {COMPANY}
"""


@dataclass(frozen=True, slots=True)
class ToldRow:
    """An item of the outbox with the fate of its mail."""

    id: int
    person: str
    event: str
    rung: str | None
    state: str
    cause: str
    reason: str | None
    at: datetime
    send_at: datetime
    settled_at: datetime | None
    ride_along: bool
    task_id: UUID | None
    stage: str | None
    kind: str | None
    role: str | None
    subject: str | None
    smtp_code: int | None
    smtp_answer: str | None


async def told_rows(
    conn: AsyncConnection,
    *,
    hidden: list[int],
    state: str = "",
    search: str = "",
    cycle_id: UUID | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[ToldRow]:
    """The ledger, newest first. Left out: `hidden` cases, and what raters are told."""
    rows = await conn.execute(
        text(
            f"""
            SELECT n.id, w.first_name || ' ' || w.last_name, n.event, n.rung, n.state, n.cause,
              n.reason, n.at, n.send_at, n.settled_at, n.ride_along, n.task_id, s.title, s.kind,
              t.role, b.first_name || ' ' || b.last_name, m.smtp_code, m.smtp_answer
            FROM notifications n JOIN people w ON w.id = n.person_id
            LEFT JOIN mails m ON m.id = n.mail_id LEFT JOIN tasks t ON t.id = n.task_id
            LEFT JOIN stages s ON s.id = t.stage_id LEFT JOIN people b ON b.id = t.subject_id
            WHERE {_SEEN} AND (:state = '' OR n.state = :state)
              AND (CAST(:cycle AS uuid) IS NULL OR n.cycle_id = :cycle)
              AND concat_ws(' ', w.first_name, w.last_name) ILIKE ALL (CAST(:words AS text[]))
              AND (CAST(:before AS bigint) IS NULL OR n.id < :before)
            ORDER BY n.id DESC LIMIT :limit
            """
        ),
        {
            "hidden": hidden,
            "state": state,
            "words": patterns(search),
            "cycle": cycle_id,
            "before": before,
            "limit": limit,
        },
    )
    return [ToldRow(*row) for row in rows]


async def told_counts(conn: AsyncConnection, hidden: list[int]) -> dict[str, int]:
    """How many items are in which state."""
    rows = await conn.execute(
        text(
            f"""
            SELECT n.state, count(*) FROM notifications n LEFT JOIN tasks t ON t.id = n.task_id
            LEFT JOIN stages s ON s.id = t.stage_id WHERE {_SEEN} GROUP BY 1
            """
        ),
        {"hidden": hidden},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what on whose behalf, when."""

    id: int
    at: datetime
    actor: str | None
    actor_kind: str
    behalf: str | None
    action: str
    object_type: str
    object_id: str
    what: str | None
    cycle_id: UUID | None
    cycle: str | None
    after: dict[str, Any] | None


async def audit_rows(
    conn: AsyncConnection,
    *,
    hidden: list[int],
    search: str = "",
    before: int | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """The audit log, newest first.

    Left out: acts on tasks of `hidden` cases and on these people themselves (their leave, who left
    or entered a cycle and why), and what raters do.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT u.id, u.at, w.first_name || ' ' || w.last_name, u.actor_kind,
              o.first_name || ' ' || o.last_name, u.action, u.object_type, u.object_id,
              CASE u.object_type WHEN 'stage' THEN g.title WHEN 'task' THEN s.title
                WHEN 'person' THEN q.first_name || ' ' || q.last_name END,
              u.cycle_id, c.title, u.after
            FROM audit u LEFT JOIN people w ON w.id = u.actor_id
            LEFT JOIN people o ON o.id = u.on_behalf_of_id LEFT JOIN cycles c ON c.id = u.cycle_id
            LEFT JOIN tasks t ON u.object_type = 'task' AND t.id::text = u.object_id
            LEFT JOIN stages s ON s.id = t.stage_id
            LEFT JOIN stages g ON u.object_type = 'stage' AND g.id::text = u.object_id
            LEFT JOIN people q ON u.object_type = 'person' AND q.id::text = u.object_id
            LEFT JOIN leaves l ON u.object_type = 'leave' AND l.id::text = u.object_id
            WHERE {NOT_OWN_CASE}
              AND (q.id IS NULL OR q.id <> ALL(CAST(:hidden AS bigint[])))
              AND (l.id IS NULL OR l.person_id <> ALL(CAST(:hidden AS bigint[])))
              AND t.role IS DISTINCT FROM 'rater'
              AND concat_ws(' ', u.action, c.title, w.first_name, w.last_name)
                ILIKE ALL (CAST(:words AS text[]))
              AND (CAST(:before AS bigint) IS NULL OR u.id < :before)
            ORDER BY u.id DESC LIMIT :limit
            """
        ),
        {
            "hidden": hidden,
            "words": patterns(search),
            "before": before,
            "limit": limit,
        },
    )
    return [AuditRow(*row) for row in rows]


async def is_sealed(conn: AsyncConnection, before: datetime) -> bool:
    """Is everything that was recorded until then in the chain? No number: one would move."""
    found = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM audit WHERE at < :before"
            " AND id > coalesce((SELECT max(last_id) FROM audit_seals), 0))"
        ),
        {"before": before},
    )
    return not found
