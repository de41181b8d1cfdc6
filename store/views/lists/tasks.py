"""Tasks, a page at a time: a person's own, and those that HR and administrators oversee."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from store.access.visible import NOT_OWN_CASE
from store.people.leaves import holds_now


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A task: who must do what about whom by when. `version` is its entity tag.

    `due_on`, `due_at`, `closes_at` and the next rung are none where they are not the reader's to
    know (`without_lateness`).
    """

    id: UUID
    cycle_id: UUID
    stage_id: UUID
    stage: str
    title: str
    kind: str
    role: str
    subject_id: int | None
    subject: str | None
    assignee_id: int | None
    assignee: str | None
    desk: str | None
    state: str
    opens_at: datetime
    due_on: date | None
    due_at: datetime | None
    closes_at: datetime | None
    due_revision: int
    next_rung: str | None
    next_rung_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None
    held_on: date | None
    revision: int
    version: int

    def without_lateness(self, now: datetime) -> "TaskItem":
        """The task for somebody who was not told that it is overdue (language reference §8).

        A due date ahead is theirs to know; one that is past, and every step of the ladder, not.
        """
        known = replace(self, next_rung=None, next_rung_at=None)
        if self.due_at is None or self.due_at >= now:
            return known
        return replace(known, due_on=None, due_at=None, closes_at=None)


# How often a rater saved is nobody's business: their version is told to them alone, elsewhere.
_TASK = """
    t.id, t.cycle_id, t.stage_id, s.key, s.title, s.kind, t.role, t.subject_id,
    b.first_name || ' ' || b.last_name, t.assignee_id, a.first_name || ' ' || a.last_name, t.desk,
    t.state, t.opens_at, t.due_on, t.due_at, t.closes_at, t.due_revision, t.next_rung,
    t.next_rung_at, t.ended_at, t.ended_reason, t.held_on, t.revision,
    CASE t.role WHEN 'rater' THEN 0 ELSE t.version END
    FROM tasks t JOIN stages s ON s.id = t.stage_id
    LEFT JOIN people b ON b.id = t.subject_id LEFT JOIN people a ON a.id = t.assignee_id
"""


async def get_task(conn: AsyncConnection, task_id: UUID) -> TaskItem:
    """One task, whoever may see it: the caller has asked the rules. Raises NotFound."""
    row = (
        await conn.execute(text(f"SELECT {_TASK} WHERE t.id = :id"), {"id": task_id})
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no task {task_id}.")
    return TaskItem(*row)


async def list_my_tasks(
    conn: AsyncConnection,
    person_id: int,
    *,
    now: datetime,
    desk_hr: bool,
    hidden: list[int],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[TaskItem]:
    """What somebody must do now, the most urgent first.

    Their own open tasks, those of people whose delegate they are today, and, for members of the
    HR desk, the desk's, except about `hidden` subjects.
    """
    due_at, last = after if after else (None, None)
    rows = await conn.execute(
        text(
            f"""
            SELECT {_TASK}
            WHERE t.state = 'open' AND (
              t.assignee_id = :person
              OR (t.assignee_id IN (
                    SELECT l.person_id FROM leaves l WHERE l.delegate_id = :person
                    AND {holds_now("l")})
                  AND t.subject_id IS DISTINCT FROM :person AND t.role <> 'rater')
              OR (:desk AND t.desk = 'hr' AND {NOT_OWN_CASE}))
              AND (CAST(:due_at AS timestamptz) IS NULL
                   OR (t.due_at, t.id) > (:due_at, CAST(:last AS uuid)))
            ORDER BY t.due_at, t.id LIMIT :limit
            """
        ),
        {
            "person": person_id,
            "now": now,
            "desk": desk_hr,
            "hidden": hidden,
            "due_at": due_at,
            "last": last,
            "limit": limit,
        },
    )
    return [TaskItem(*row) for row in rows]


async def list_cycle_tasks(
    conn: AsyncConnection,
    cycle_id: UUID,
    *,
    filters: dict[str, Any],
    hidden: list[int],
    after: UUID | None,
    limit: int,
) -> list[TaskItem]:
    """The tasks of a cycle for those who oversee it, by id.

    `filters`: stage_id, state, assignee_id, subject_id. Left out: cases of `hidden` subjects, and
    what raters have to do or have done.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT {_TASK}
            WHERE t.cycle_id = :cycle
              AND (CAST(:stage_id AS uuid) IS NULL OR t.stage_id = :stage_id)
              AND (CAST(:state AS text) IS NULL OR t.state = :state)
              AND (CAST(:assignee_id AS bigint) IS NULL OR t.assignee_id = :assignee_id)
              AND (CAST(:subject_id AS bigint) IS NULL OR t.subject_id = :subject_id)
              AND {NOT_OWN_CASE}
              AND t.role <> 'rater'
              AND (CAST(:after AS uuid) IS NULL OR t.id > :after)
            ORDER BY t.id LIMIT :limit
            """
        ),
        {
            "cycle": cycle_id,
            "stage_id": None,
            "state": None,
            "assignee_id": None,
            "subject_id": None,
            **filters,
            "hidden": hidden,
            "after": after,
            "limit": limit,
        },
    )
    return [TaskItem(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the reader has typed, or, after submitting, nothing."""

    answers: dict[str, Any]
    saved_at: datetime
    held_on: date | None


async def draft_of(conn: AsyncConnection, task_id: UUID, author_id: int) -> Draft | None:
    """The reader's own draft: nobody reads another's."""
    row = (
        await conn.execute(
            text(
                "SELECT answers, saved_at, held_on FROM drafts"
                " WHERE task_id = :task AND author_id = :me"
            ),
            {"task": task_id, "me": author_id},
        )
    ).one_or_none()
    return None if row is None else Draft(row.answers, row.saved_at, row.held_on)


@dataclass(frozen=True, slots=True)
class Submission:
    """The latest revision that was not withdrawn."""

    revision: int
    author_id: int
    on_behalf_of_id: int | None
    answers: dict[str, Any]
    submitted_at: datetime


async def submission_of(conn: AsyncConnection, task_id: UUID) -> Submission | None:
    """What was submitted, all of it: the caller cuts it down to what the reader may see."""
    row = (
        await conn.execute(
            text(
                "SELECT revision, author_id, on_behalf_of_id, answers, submitted_at FROM responses"
                " WHERE task_id = :task AND withdrawn_at IS NULL ORDER BY revision DESC LIMIT 1"
            ),
            {"task": task_id},
        )
    ).one_or_none()
    return None if row is None else Submission(*row)
