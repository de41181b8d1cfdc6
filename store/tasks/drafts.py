"""A draft stays with its author when the task passes to somebody else (language reference §4).

For five working days the former author may send it on to whoever holds the task now, or throw it
away; then it is removed. Until when, the event of the handover says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.access import Actor
from domain.errors import IllegalState, NotFound
from domain.states import CycleState, TaskState
from store.base.audit import record
from store.cycles.facts import CycleFacts
from store.tasks.holders import cycle_times
from store.tasks.rows import TaskFacts, lock_task

KEPT_DAYS = 5
"""Working days of the author, after the day of the handover."""


@dataclass(frozen=True, slots=True)
class Until:
    """Until when a former author may send a draft on: an instant, and their own last day."""

    at: datetime
    on: str


async def drafts_left_behind(
    conn: AsyncConnection, cycle: CycleFacts, tasks: Sequence[TaskFacts], now: datetime
) -> dict[UUID, Until]:
    """Of tasks about to pass to somebody else: those whose holder has begun a draft.

    Call it before the rows change. The task's event keeps `at`, the mail to the author says `on`.
    """
    rows = await conn.execute(
        text(
            "SELECT t.id, t.assignee_id FROM tasks t JOIN drafts d ON d.task_id = t.id "
            "AND d.author_id = t.assignee_id WHERE t.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": [task.id for task in tasks]},
    )
    begun: dict[UUID, int] = dict(rows.all())
    times = await cycle_times(conn, cycle, begun.values()) if begun else {}
    return {task: _until(times.get(author, cycle.company), now) for task, author in begun.items()}


def _until(author: PersonTime, now: datetime) -> Until:
    day = author.calendar.after(author.local_date(now), KEPT_DAYS)
    return Until(author.end_of(day), day.isoformat())


def kept_until(until: Until | None) -> dict[str, str]:
    """What the event of a handover says about the draft that stays behind, if there is one."""
    return {} if until is None else {"draft_until": until.at.isoformat()}


def away_data(to: int | None, until: Until | None) -> dict[str, object]:
    """What the mail to the former author is told: who holds it now, and the draft's last day."""
    told: dict[str, object] = {} if to is None else {"to": to}
    return told if until is None else {**told, "draft_until": until.on}


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft whose author no longer holds the task.

    `holder` is who holds it now, none as long as somebody is looked for; `begun` whether they have
    begun a draft of their own.
    """

    task_id: UUID
    cycle: str
    title: str
    kind: str
    role: str
    subject: str | None
    subject_first: str | None
    holder: str | None
    begun: bool
    until: datetime


# The latest handover away from the author counts, and only while they do not hold it again.
_KEPT = """
    FROM drafts d JOIN tasks t ON t.id = d.task_id AND t.assignee_id IS DISTINCT FROM d.author_id
    JOIN LATERAL (
        SELECT CAST(e.detail->>'draft_until' AS timestamptz) AS until FROM task_events e
        WHERE e.task_id = t.id AND e.event = 'reassigned' AND e.detail ? 'draft_until'
          AND CAST(e.detail->>'from' AS bigint) = d.author_id ORDER BY e.id DESC LIMIT 1
    ) k ON true
"""


async def kept_drafts(conn: AsyncConnection, author_id: int, now: datetime) -> list[KeptDraft]:
    """What somebody may still send on or throw away, the nearest last day first."""
    rows = await conn.execute(
        text(
            f"""
            SELECT t.id, c.title, s.title, s.kind, t.role,
                b.first_name || ' ' || b.last_name, b.first_name,
                a.first_name || ' ' || a.last_name,
                EXISTS (SELECT FROM drafts o WHERE o.task_id = t.id
                    AND o.author_id = t.assignee_id), k.until
            {_KEPT} JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
            LEFT JOIN people b ON b.id = t.subject_id LEFT JOIN people a ON a.id = t.assignee_id
            WHERE d.author_id = :author AND k.until >= :now
              AND t.state IN ('planned', 'open') AND c.state IN ('open', 'paused')
            ORDER BY k.until, t.id
            """
        ),
        {"author": author_id, "now": now},
    )
    return [KeptDraft(*row) for row in rows]


async def send_on_draft(conn: AsyncConnection, task_id: UUID, actor: Actor, now: datetime) -> None:
    """Give the actor's draft of a former task to whoever holds it now, who goes on from it.

    Raises NotFound if the actor has no such draft, IllegalState if it is too late, if nobody holds
    the task, if it has ended, or if its holder has begun a draft of their own.
    """
    cycle, task, until = await _kept(conn, task_id, actor)
    if cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        raise IllegalState("The cycle has ended; nothing is asked any more.")
    if task.state not in (TaskState.OPEN, TaskState.PLANNED):
        raise IllegalState(f"This task is {task.state}; your draft is of no use to it any more.")
    if now > until:
        raise IllegalState("The days in which you could send your draft on are over.")
    if task.assignee_id is None:
        raise IllegalState("Nobody holds this task yet; send your draft on when somebody does.")
    begun = await conn.scalar(
        text("SELECT EXISTS (SELECT FROM drafts WHERE task_id = :task AND author_id = :holder)"),
        {"task": task.id, "holder": task.assignee_id},
    )
    if begun:
        raise IllegalState(
            "Whoever holds this task now has begun a draft of their own; yours was not sent on."
        )
    await conn.execute(
        text(
            "WITH moved AS (UPDATE drafts SET author_id = :holder, version = version + 1,"
            " saved_at = :now WHERE task_id = :task AND author_id = :author)"
            " UPDATE tasks SET version = version + 1 WHERE id = :task"
        ),
        {"task": task.id, "holder": task.assignee_id, "author": actor.person_id, "now": now},
    )
    await _audit(conn, task, actor, "draft_sent_on", now, {"to": task.assignee_id})


async def discard_draft(conn: AsyncConnection, task_id: UUID, actor: Actor, now: datetime) -> None:
    """Throw away the actor's draft of a task that somebody else holds now.

    Raises NotFound if the actor has no such draft.
    """
    _, task, _ = await _kept(conn, task_id, actor)
    await conn.execute(
        text("DELETE FROM drafts WHERE task_id = :task AND author_id = :author"),
        {"task": task.id, "author": actor.person_id},
    )
    await _audit(conn, task, actor, "draft_discarded", now, {})


async def _kept(
    conn: AsyncConnection, task_id: UUID, actor: Actor
) -> tuple[CycleFacts, TaskFacts, datetime]:
    cycle, _, task = await lock_task(conn, task_id)
    until: datetime | None = await conn.scalar(
        text(f"SELECT k.until {_KEPT} WHERE d.task_id = :task AND d.author_id = :author"),
        {"task": task_id, "author": actor.person_id},
    )
    if until is None:
        raise NotFound(f"there is no draft of yours to send on in the task {task_id}")
    return cycle, task, until


async def _audit(
    conn: AsyncConnection,
    task: TaskFacts,
    actor: Actor,
    action: str,
    now: datetime,
    after: dict[str, object],
) -> None:
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="task",
        object_id=task.id,
        cycle_id=task.cycle_id,
        before={"author_id": actor.person_id},
        after=after,
    )


async def remove_kept_drafts(conn: AsyncConnection, as_of: datetime, limit: int) -> int:
    """Remove drafts that nobody sent on in time. Returns how many; at most `limit`."""
    result = await conn.execute(
        text(
            f"DELETE FROM drafts WHERE (task_id, author_id) IN ("
            f"SELECT d.task_id, d.author_id {_KEPT} WHERE k.until < :as_of LIMIT :limit)"
        ),
        {"as_of": as_of, "limit": limit},
    )
    return result.rowcount
