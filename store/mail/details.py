"""What mails say about tasks, people and cycles, read for many mails in one query each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.models import Definition
from definitions.unfolding import running
from domain.notifications import Event


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A task as mails speak of it. `zone` is the assignee's, none if nobody holds it."""

    id: UUID
    cycle_id: UUID
    stage_key: str
    stage_title: str
    stage_kind: str
    subject_id: int | None
    role: str
    assignee_id: int | None
    desk: str | None
    state: str
    due_on: date
    due_revision: int
    closes_at: datetime | None
    next_rung: str | None
    next_rung_at: datetime | None
    ended_at: datetime | None
    begun: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """A notification with the task that it is about, if any."""

    id: int
    event: Event
    person_id: int
    desk: str | None
    cycle_id: UUID | None
    subject_id: int | None
    rung: str | None
    at: datetime
    cause: str
    data: dict[str, Any]
    task: TaskDetail | None


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """A person as mails name or address them."""

    id: int
    first_name: str
    last_name: str
    address: str
    department: str | None
    language: str
    zone: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class CycleDetail:
    """A cycle with the definition version that it pinned."""

    id: UUID
    title: str
    period: str
    launch_on: date
    opened_at: datetime | None
    closed_at: datetime | None
    participants: int
    definition: Definition


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that was sent about a task before."""

    task_id: UUID
    event: Event
    person_id: int
    at: datetime


_TASK = """
    t.id, t.cycle_id, s.key, s.title, s.kind, t.subject_id, t.role, t.assignee_id, t.desk, t.state,
    t.due_on, t.due_revision, t.closes_at, t.next_rung, t.next_rung_at, t.ended_at,
    EXISTS (SELECT 1 FROM drafts d WHERE d.task_id = t.id AND d.author_id = t.assignee_id)
"""


async def details(conn: AsyncConnection, notifications: Sequence[int]) -> dict[int, Detail]:
    """What these notifications are about, by their ids."""
    rows = await conn.execute(
        text(
            """
            SELECT n.id, n.event, n.person_id, n.desk, n.cycle_id, n.subject_id, n.rung, n.at,
                n.cause, n.data, {task}
            FROM notifications n
            LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN stages s ON s.id = t.stage_id
            WHERE n.id = ANY(CAST(:ids AS bigint[]))
            """.replace("{task}", _TASK)
        ),
        {"ids": list(notifications)},
    )
    found: dict[int, Detail] = {}
    for row in rows:
        values: tuple[Any, ...] = tuple(row)
        task = TaskDetail(*values[10:]) if values[10] is not None else None
        found[row[0]] = Detail(*(values[0], Event(values[1]), *values[2:10], task))
    await _stand_ins(conn, found)
    return found


async def _stand_ins(conn: AsyncConnection, found: dict[int, Detail]) -> None:
    """A cancelled cycle, or an input that changed, is told by one of the person's tasks."""
    lacking = [
        d
        for d in found.values()
        if d.task is None and d.event in (Event.CANCELLED, Event.INPUT_CHANGED) and d.cycle_id
    ]
    if not lacking:
        return
    rows = await conn.execute(
        text(
            """
            SELECT DISTINCT ON (n.id) n.id, {task}
            FROM notifications n
            JOIN tasks t ON t.cycle_id = n.cycle_id
              AND coalesce(t.ended_by_id, t.assignee_id) = n.person_id
              AND (CASE n.event WHEN 'cancelled' THEN t.state = 'cancelled'
                ELSE t.subject_id = n.subject_id AND t.state IN ('open', 'done') END)
            JOIN stages s ON s.id = t.stage_id
            WHERE n.id = ANY(CAST(:ids AS bigint[]))
            ORDER BY n.id, t.due_on DESC
            """.replace("{task}", _TASK)
        ),
        {"ids": [d.id for d in lacking]},
    )
    for row in rows:
        found[row[0]] = replace(found[row[0]], task=TaskDetail(*row[1:]))


async def people(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, PersonDetail]:
    """People by id."""
    rows = await conn.execute(
        text(
            "SELECT p.id, p.first_name, p.last_name, p.email, p.department, p.language, "
            "coalesce(r.zone, 'UTC') FROM people p LEFT JOIN profiles r ON r.id = p.profile_id "
            "WHERE p.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": sorted(set(ids))},
    )
    return {row[0]: PersonDetail(*row) for row in rows}


async def cycles(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, CycleDetail]:
    """Cycles by id. A definition version is read once and kept: it never changes."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = (
        await conn.execute(
            text(
                "SELECT id, title, coalesce(period->>'title', ''), launch_on, opened_at, "
                "closed_at, participants, version_id FROM cycles "
                "WHERE id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": wanted},
        )
    ).all()
    return {row[0]: CycleDetail(*(*row[:7], await _definition(conn, row[7]))) for row in rows}


async def _definition(conn: AsyncConnection, version_id: UUID) -> Definition:
    known = _kept(version_id)
    if not known:
        content = await conn.scalar(
            text("SELECT content FROM definition_versions WHERE id = :id"), {"id": version_id}
        )
        known.append(running(content))
    return known[0]


@lru_cache(maxsize=64)
def _kept(version_id: UUID) -> list[Definition]:
    return []


async def tried(conn: AsyncConnection, tasks: Sequence[UUID]) -> dict[UUID, list[Tried]]:
    """What was sent about these tasks under their present due date, oldest first."""
    if not tasks:
        return {}
    rows = await conn.execute(
        text(
            "SELECT n.task_id, n.event, n.person_id, n.settled_at FROM notifications n "
            "JOIN tasks t ON t.id = n.task_id WHERE n.task_id = ANY(CAST(:ids AS uuid[])) "
            "AND n.state = 'sent' AND n.event IN ('task_opened', 'reminder', 'escalation') "
            "AND (n.rung IS NULL OR n.due_revision = t.due_revision) ORDER BY n.settled_at, n.id"
        ),
        {"ids": list(tasks)},
    )
    found: dict[UUID, list[Tried]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(Tried(row[0], Event(row[1]), row[2], row[3]))
    return found


async def told_by_rungs(
    conn: AsyncConnection, tasks: Sequence[UUID]
) -> dict[tuple[UUID, str], dict[int, datetime]]:
    """By task and rung, in the present due revision: whom an escalation has told, or is to tell,
    and when its mail left or may leave. Without those whom it cannot reach."""
    if not tasks:
        return {}
    rows = await conn.execute(
        text(
            "SELECT n.task_id, n.rung, n.person_id, "
            "CASE WHEN n.state = 'queued' THEN n.send_at "
            "ELSE coalesce(m.handed_over_at, n.send_at) END "
            "FROM notifications n JOIN tasks t ON t.id = n.task_id "
            "AND t.due_revision = n.due_revision LEFT JOIN mails m ON m.id = n.mail_id "
            "WHERE n.task_id = ANY(CAST(:ids AS uuid[])) AND n.event = 'escalation' "
            "AND n.state IN ('queued', 'sending', 'sent', 'unknown') ORDER BY n.id"
        ),
        {"ids": list(tasks)},
    )
    found: dict[tuple[UUID, str], dict[int, datetime]] = {}
    for task, rung, person, at in rows:
        found.setdefault((task, rung), {})[person] = at
    return found


async def threads(conn: AsyncConnection, mails: Sequence[UUID]) -> dict[UUID, str]:
    """The key of the first mail to the same person about the task of a mail about one task."""
    rows = await conn.execute(
        text(
            """
            WITH single AS (
                SELECT n.mail_id, min(n.person_id) AS person_id,
                    (array_agg(n.task_id))[1] AS task_id
                FROM notifications n
                WHERE n.mail_id = ANY(CAST(:ids AS uuid[])) AND n.state = 'sending'
                GROUP BY n.mail_id HAVING count(*) = 1 AND count(n.task_id) = 1
            )
            SELECT DISTINCT ON (single.mail_id) single.mail_id, m.key
            FROM single JOIN notifications n ON n.task_id = single.task_id
              AND n.person_id = single.person_id
            JOIN mails m ON m.id = n.mail_id AND m.state = 'sent'
            ORDER BY single.mail_id, m.sent_at, m.id
            """
        ),
        {"ids": list(mails)},
    )
    return {row[0]: row[1] for row in rows}
