"""Results that may be read: one's own once opened, those of one's people once released."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import ReviewAccess
from store.base.stage_kinds import CONVERSATIONS, ON_RECORD, RELEASES


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A participant's result. `opened_at` for the subject, `released_at` for the managers."""

    cycle_id: UUID
    cycle: str
    person_id: int
    name: str
    first_name: str
    department: str | None
    released_at: datetime | None
    opened_at: datetime | None
    held_on: date | None
    releases: bool
    meets: bool

    def access(self, subject_line: frozenset[int]) -> ReviewAccess:
        """What the access rules must know of it, with the managers above the subject."""
        return ReviewAccess(
            self.person_id,
            subject_line,
            released=self.released_at is not None,
            opened=self.opened_at is not None,
        )


_ROW = f"""
    c.id, c.title, p.person_id, w.first_name || ' ' || w.last_name, w.first_name,
    coalesce(p.department, w.department), p.released_at, p.opened_at,
    (SELECT max(t.held_on) FROM tasks t WHERE t.cycle_id = c.id AND t.subject_id = p.person_id),
    EXISTS (SELECT FROM stages s WHERE s.cycle_id = c.id AND s.kind IN {RELEASES}),
    EXISTS (SELECT FROM stages s WHERE s.cycle_id = c.id AND s.kind IN {CONVERSATIONS})
    FROM participants p JOIN cycles c ON c.id = p.cycle_id JOIN people w ON w.id = p.person_id
"""

READABLE = "(p.released_at IS NOT NULL OR p.opened_at IS NOT NULL)"


async def own_reviews(conn: AsyncConnection, person_id: int) -> list[ReviewRow]:
    """The reader's own, the newest first, also those that are not open yet."""
    rows = await conn.execute(
        text(
            f"SELECT {_ROW} WHERE p.person_id = :me AND p.state = 'in'"
            " AND c.state NOT IN ('check', 'waiting_for_approval', 'cancelled')"
            " ORDER BY c.id DESC LIMIT 50"
        ),
        {"me": person_id},
    )
    return [ReviewRow(*row) for row in rows]


async def reviews_below(conn: AsyncConnection, manager_id: int, on: date) -> list[ReviewRow]:
    """Readable results of everybody below a manager today, newest cycle first."""
    rows = await conn.execute(
        text(
            f"""
            WITH RECURSIVE below(person_id, depth) AS (
              SELECT person_id, 1 FROM reporting_lines WHERE manager_id = :me
                AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)
              UNION
              SELECT l.person_id, b.depth + 1 FROM below b JOIN reporting_lines l
                ON l.manager_id = b.person_id AND l.valid_from <= :on
                AND (l.valid_to IS NULL OR l.valid_to > :on) WHERE b.depth < 100)
            SELECT {_ROW}
            WHERE p.person_id IN (SELECT person_id FROM below) AND p.person_id <> :me
              AND p.state = 'in' AND {READABLE}
            ORDER BY c.id DESC, w.last_name, w.first_name LIMIT 300
            """
        ),
        {"me": manager_id, "on": on},
    )
    return [ReviewRow(*row) for row in rows]


async def review_row(conn: AsyncConnection, cycle_id: UUID, person_id: int) -> ReviewRow | None:
    """One participant's result; whether the reader may see it is for the rules to say."""
    row = (
        await conn.execute(
            text(f"SELECT {_ROW} WHERE c.id = :cycle AND p.person_id = :person AND p.state = 'in'"),
            {"cycle": cycle_id, "person": person_id},
        )
    ).one_or_none()
    return None if row is None else ReviewRow(*row)


@dataclass(frozen=True, slots=True)
class SubjectTask:
    """A task about a subject whose answers may be part of the review."""

    id: UUID
    stage: str
    title: str
    kind: str
    role: str
    state: str


async def subject_tasks(conn: AsyncConnection, cycle_id: UUID, person_id: int) -> list[SubjectTask]:
    """Tasks about a subject that were answered, and acknowledgements; never raters'."""
    rows = await conn.execute(
        text(
            f"""
            SELECT t.id, s.key, s.title, s.kind, t.role, t.state
            FROM tasks t JOIN stages s ON s.id = t.stage_id
            WHERE t.cycle_id = :cycle AND t.subject_id = :person AND t.role <> 'rater'
              AND (t.state = 'done' OR (s.kind IN {ON_RECORD} AND t.state = 'expired'))
            ORDER BY s.position, t.id
            """
        ),
        {"cycle": cycle_id, "person": person_id},
    )
    return [SubjectTask(*row) for row in rows]


async def authors(conn: AsyncConnection, cycle_id: UUID, person_id: int) -> dict[int, str]:
    """Names of whoever wrote about a subject; raters are not among them."""
    rows = await conn.execute(
        text(
            """
            SELECT DISTINCT w.id, w.first_name || ' ' || w.last_name
            FROM tasks t JOIN responses r ON r.task_id = t.id JOIN people w ON w.id = r.author_id
            WHERE t.cycle_id = :cycle AND t.subject_id = :person AND t.role <> 'rater'
            """
        ),
        {"cycle": cycle_id, "person": person_id},
    )
    return {row[0]: row[1] for row in rows}
