"""Everything that the page of a task needs of it, once the rules have let the reader in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.stage_kinds import ON_RECORD, RELEASES


@dataclass(frozen=True, slots=True)
class TaskPageFacts:
    """A task with its cycle, its people and the reader's own draft.

    `zone` is the assignee's. `draft_version` is 0 as long as nothing was saved. `decided` is
    `reopened` or `excused` where that is what happened last; when, by whom and why stand beside it.
    """

    id: UUID
    cycle_id: UUID
    cycle: str
    cycle_state: str
    version_id: UUID
    stage_id: UUID
    stage: str
    title: str
    kind: str
    role: str
    state: str
    opens_at: datetime
    due_at: datetime
    closes_at: datetime | None
    next_rung: str | None
    next_rung_at: datetime | None
    version: int
    ended_at: datetime | None
    ended_reason: str | None
    held_on: date | None
    subject_id: int | None
    subject: str | None
    subject_first: str | None
    department: str | None
    assignee_id: int | None
    assignee: str | None
    zone: str | None
    draft: dict[str, Any] | None
    draft_version: int
    draft_held_on: date | None
    saved_at: datetime | None
    released: bool
    result_open: bool
    decided: str | None
    decided_at: datetime | None
    decided_by: str | None
    decided_why: str | None


async def task_page(conn: AsyncConnection, task_id: UUID, person_id: int | None) -> TaskPageFacts:
    """Read a task that exists; the caller has asked the rules. Only the reader's own draft."""
    row = (
        await conn.execute(
            text(
                """
                SELECT t.id, t.cycle_id, c.title, c.state, c.version_id, t.stage_id, s.key, s.title,
                  s.kind, t.role, t.state, t.opens_at, t.due_at, t.closes_at, t.next_rung,
                  t.next_rung_at, t.version, t.ended_at, t.ended_reason, t.held_on, t.subject_id,
                  b.first_name || ' ' || b.last_name, b.first_name, b.department, t.assignee_id,
                  a.first_name || ' ' || a.last_name, r.zone, d.answers, coalesce(d.version, 0),
                  d.held_on, d.saved_at,
                  coalesce(p.released_at IS NOT NULL, false),
                  coalesce(p.opened_at IS NOT NULL, false),
                  nullif(e.event, 'submitted'), e.at, e.actor, e.why
                FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
                LEFT JOIN people b ON b.id = t.subject_id
                LEFT JOIN people a ON a.id = t.assignee_id
                LEFT JOIN profiles r ON r.id = a.profile_id
                LEFT JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
                LEFT JOIN drafts d ON d.task_id = t.id AND d.author_id = :me
                LEFT JOIN LATERAL (
                  SELECT x.event, x.at, w.first_name || ' ' || w.last_name AS actor,
                    x.words AS why
                  FROM task_events x LEFT JOIN people w ON w.id = x.actor_id
                  WHERE x.task_id = t.id AND x.event IN ('reopened', 'excused', 'submitted')
                  ORDER BY x.id DESC LIMIT 1) e ON true
                WHERE t.id = :id
                """
            ),
            {"id": task_id, "me": person_id},
        )
    ).one()
    return TaskPageFacts(*row)


@dataclass(frozen=True, slots=True)
class Beside:
    """A task of another stage about the same subject."""

    task_id: UUID
    stage: str
    title: str
    state: str
    ended_at: datetime | None
    author: str | None


async def tasks_beside(
    conn: AsyncConnection, cycle_id: UUID, subject_id: int, stages: Sequence[str]
) -> list[Beside]:
    """The tasks of these stages about a subject, in the order of the stages. No raters' tasks."""
    rows = await conn.execute(
        text(
            """
            SELECT t.id, s.key, s.title, t.state, t.ended_at,
              w.first_name || ' ' || w.last_name
            FROM tasks t JOIN stages s ON s.id = t.stage_id
            LEFT JOIN LATERAL (SELECT r.author_id FROM responses r WHERE r.task_id = t.id
              AND r.withdrawn_at IS NULL ORDER BY r.revision DESC LIMIT 1) r ON true
            LEFT JOIN people w ON w.id = coalesce(r.author_id, t.assignee_id)
            WHERE t.cycle_id = :cycle AND t.subject_id = :subject AND t.role <> 'rater'
              AND s.key = ANY(CAST(:stages AS text[]))
            ORDER BY s.position, t.id
            """
        ),
        {"cycle": cycle_id, "subject": subject_id, "stages": list(stages)},
    )
    return [Beside(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class DepartmentRelease:
    """How many results of a department can be released, are not written yet, were released."""

    department: str
    ready: int
    waiting: int
    released: int


async def release_parts(conn: AsyncConnection, cycle_id: UUID) -> list[DepartmentRelease]:
    """Results by department; somebody with a live task before the release is not ready."""
    rows = await conn.execute(
        text(
            f"""
            WITH before AS (
              SELECT s.id FROM stages s WHERE s.cycle_id = :cycle AND s.position < (
                SELECT min(r.position) FROM stages r
                WHERE r.cycle_id = :cycle AND r.kind IN {RELEASES})
            ), live AS (
              SELECT DISTINCT t.subject_id FROM tasks t
              WHERE t.stage_id IN (SELECT id FROM before) AND t.state IN ('planned', 'open')
            )
            SELECT coalesce(p.department, ''),
              count(*) FILTER (WHERE p.released_at IS NULL AND l.subject_id IS NULL),
              count(*) FILTER (WHERE p.released_at IS NULL AND l.subject_id IS NOT NULL),
              count(*) FILTER (WHERE p.released_at IS NOT NULL)
            FROM participants p LEFT JOIN live l ON l.subject_id = p.person_id
            WHERE p.cycle_id = :cycle AND p.state = 'in' GROUP BY 1 ORDER BY 1
            """
        ),
        {"cycle": cycle_id},
    )
    return [DepartmentRelease(*row) for row in rows]


async def acknowledgement_task(
    conn: AsyncConnection, cycle_id: UUID, person_id: int
) -> UUID | None:
    """The open acknowledgement of somebody in a cycle."""
    found: UUID | None = await conn.scalar(
        text(
            "SELECT t.id FROM tasks t JOIN stages s ON s.id = t.stage_id WHERE t.cycle_id = :cycle"
            f" AND t.assignee_id = :me AND s.kind IN {ON_RECORD} AND t.state = 'open' LIMIT 1"
        ),
        {"cycle": cycle_id, "me": person_id},
    )
    return found


async def has_opened(
    conn: AsyncConnection, cycle_id: UUID, subject_id: int | None, stages: Sequence[str]
) -> bool:
    """Whether a task about the subject has opened in one of these stages."""
    found: bool | None = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM tasks t JOIN stages s ON s.id = t.stage_id"
            " WHERE t.cycle_id = :cycle AND s.key = ANY(CAST(:stages AS text[]))"
            " AND t.subject_id IS NOT DISTINCT FROM CAST(:subject AS bigint)"
            " AND t.state <> 'planned')"
        ),
        {"cycle": cycle_id, "stages": list(stages), "subject": subject_id},
    )
    return bool(found)
