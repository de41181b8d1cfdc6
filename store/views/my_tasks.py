"""What one person has to do, has done, and what comes next for them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Reader
from store.views.frame import HOLDS, holder

EndedKey = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class MyTask:
    """A task of the reader, with their own draft. `paused`: its cycle stands still.

    `result_open` says whether the subject may read the result already, `released` whether the
    managers may.
    """

    id: UUID
    cycle_id: UUID
    cycle: str
    version_id: UUID
    stage: str
    title: str
    kind: str
    role: str
    state: str
    due_at: datetime
    subject_id: int | None
    subject: str | None
    subject_first: str | None
    department: str | None
    assignee_id: int | None
    assignee: str | None
    draft: dict[str, Any] | None
    ended_at: datetime | None
    paused: bool
    released: bool
    result_open: bool

    @property
    def ended_key(self) -> EndedKey:
        """Where it stands in the list of what has ended."""
        return self.ended_at or self.due_at, self.id


_COLUMNS = """
    t.id, t.cycle_id, c.title AS cycle, c.version_id, s.key AS stage, s.title, s.kind, t.role,
    t.state, t.due_at, t.subject_id, b.first_name || ' ' || b.last_name AS subject,
    b.first_name AS subject_first, b.department, t.assignee_id,
    a.first_name || ' ' || a.last_name AS assignee, d.answers AS draft, t.ended_at,
    c.state = 'paused' AS paused,
    coalesce(p.released_at IS NOT NULL, false) AS released,
    coalesce(p.opened_at IS NOT NULL, false) AS result_open
    FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
    LEFT JOIN people b ON b.id = t.subject_id LEFT JOIN people a ON a.id = t.assignee_id
    LEFT JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
    LEFT JOIN drafts d ON d.task_id = t.id AND d.author_id = :person
"""


async def open_tasks(conn: AsyncConnection, reader: Reader, now: datetime) -> list[MyTask]:
    """What must be done now, nearest deadline first; at most 200."""
    rows = await conn.execute(
        text(
            f"SELECT {_COLUMNS} WHERE t.state = 'open' AND c.state IN ('open', 'paused')"
            f" AND {HOLDS} ORDER BY t.due_at, t.id LIMIT 200"
        ),
        holder(reader, now),
    )
    return [MyTask(*row) for row in rows]


_ENDED = """
    t.state IN ('done', 'expired', 'excused') AND t.role <> 'rater'
    AND (t.ended_by_id = :person AND t.state = 'done' OR t.assignee_id = :person)
"""
_ENDED_AT = "coalesce(t.ended_at, t.due_at)"


async def ended_tasks(
    conn: AsyncConnection, reader: Reader, *, after: EndedKey | None = None, limit: int
) -> list[MyTask]:
    """What the reader has done, or what closed without them; the latest first, after a key.

    Requests for feedback are not among them: they have a list of their own.
    """
    at, last = after or (None, None)
    rows = await conn.execute(
        text(
            f"SELECT {_COLUMNS} WHERE {_ENDED}"
            f" AND (CAST(:at AS timestamptz) IS NULL OR ({_ENDED_AT}, t.id) < (:at, :last))"
            f" ORDER BY {_ENDED_AT} DESC, t.id DESC LIMIT :limit"
        ),
        {"person": reader.person_id, "at": at, "last": last, "limit": limit},
    )
    return [MyTask(*row) for row in rows]


async def ended_count(conn: AsyncConnection, reader: Reader) -> int:
    """How many those are in all."""
    found = await conn.scalar(
        text(f"SELECT count(*) FROM tasks t WHERE {_ENDED}"), {"person": reader.person_id}
    )
    return int(found or 0)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A stage that has not opened yet in a cycle of the reader, or of somebody they lead."""

    version_id: UUID
    stage: str
    title: str
    opens_on: date
    own: bool


async def upcoming(conn: AsyncConnection, person_id: int, on: date) -> list[Upcoming]:
    """Stages that may bring the reader a task, the nearest planned opening first."""
    rows = await conn.execute(
        text(
            """
            SELECT c.version_id, s.key, s.title, s.planned_opens_on, bool_or(p.person_id = :me)
            FROM cycles c JOIN stages s ON s.cycle_id = c.id AND s.state = 'waiting'
            JOIN participants p ON p.cycle_id = c.id AND p.state = 'in'
            WHERE c.state IN ('open', 'paused') AND s.planned_opens_on >= :on
              AND (p.person_id = :me OR p.person_id IN (SELECT l.person_id FROM reporting_lines l
                   WHERE l.manager_id = :me AND l.valid_from <= :on
                   AND (l.valid_to IS NULL OR l.valid_to > :on)))
            GROUP BY c.version_id, s.key, s.title, s.planned_opens_on
            ORDER BY s.planned_opens_on LIMIT 20
            """
        ),
        {"me": person_id, "on": on},
    )
    return [Upcoming(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class NextTask:
    """The reader's own task that opens next."""

    kind: str
    role: str
    title: str
    subject: str | None
    subject_first: str | None
    opens_at: datetime


async def next_task(conn: AsyncConnection, person_id: int) -> NextTask | None:
    """What has been planned for somebody already, and opens next."""
    row = (
        await conn.execute(
            text(
                "SELECT s.kind, t.role, s.title, b.first_name || ' ' || b.last_name, b.first_name,"
                " t.opens_at FROM tasks t JOIN stages s ON s.id = t.stage_id"
                " JOIN cycles c ON c.id = t.cycle_id AND c.state IN ('open', 'paused')"
                " LEFT JOIN people b ON b.id = t.subject_id"
                " WHERE t.assignee_id = :me AND t.state = 'planned'"
                " ORDER BY t.opens_at, t.id LIMIT 1"
            ),
            {"me": person_id},
        )
    ).one_or_none()
    return None if row is None else NextTask(*row)


@dataclass(frozen=True, slots=True)
class OpenResult:
    """A result that the reader may read, and may not have seen yet."""

    cycle_id: UUID
    cycle: str
    opened_at: datetime


async def open_results(conn: AsyncConnection, person_id: int) -> list[OpenResult]:
    """The reader's own results in cycles that are under way."""
    rows = await conn.execute(
        text(
            "SELECT c.id, c.title, p.opened_at FROM participants p"
            " JOIN cycles c ON c.id = p.cycle_id WHERE p.person_id = :me"
            " AND p.opened_at IS NOT NULL AND c.state IN ('open', 'paused')"
            " ORDER BY p.opened_at DESC LIMIT 5"
        ),
        {"me": person_id},
    )
    return [OpenResult(*row) for row in rows]
