"""A change of manager reaches the tasks at `mail_at` of the effective date.

(Language reference §4.) Nothing is remembered about what was done already. A task is concerned
while its assignee is somebody who was the manager before a change that has taken effect, so that
running this twice, or a week late, comes to the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.cycle_facts import CycleFacts
from store.handover import Handover, add_second_writer, hand_over
from store.holders import cycle_times
from store.task_rows import COLUMNS, TaskFacts, from_row

EVERYWHERE = timedelta(hours=14)
"""A date begins in the east so long before it does in Greenwich."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A task whose assignee is no longer the manager, and since which day."""

    task_id: UUID
    subject_id: int
    manager_id: int | None
    on: date


async def follow_managers(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Let live tasks follow the changes of manager that have taken effect.

    `manager_change: move` hands them over, `split` adds a second writer, `stay` leaves them.
    Returns how many tasks were concerned, and when to look again. Idempotent.
    """
    policy = cycle.definition.policies.manager_change
    if policy == "stay":
        return 0, None
    today = (as_of + EVERYWHERE).date()
    due, later = await _by_instant(conn, cycle, await _changes(conn, cycle, today), as_of)
    tasks = await _lock(conn, [change.task_id for change in due])
    pairs = [Handover(tasks[c.task_id], c.manager_id) for c in due if c.task_id in tasks]
    if policy == "split":
        done = await add_second_writer(conn, cycle, pairs, now=as_of)
    else:
        done = await hand_over(conn, cycle, pairs, cause="manager_change", actor_id=None, now=as_of)
    upcoming = [instant for instant in (later, await _next(conn, cycle, today)) if instant]
    return done, min(upcoming, default=None)


async def _changes(conn: AsyncConnection, cycle: CycleFacts, today: date) -> list[_Change]:
    rows = await conn.execute(text(_CHANGED), {"cycle": cycle.id, "today": today})
    return [_Change(*row) for row in rows]


async def _by_instant(
    conn: AsyncConnection, cycle: CycleFacts, changes: Sequence[_Change], as_of: datetime
) -> tuple[list[_Change], datetime | None]:
    """Split into what holds already where the new manager lives, and the instant of the rest."""
    people = {change.manager_id or change.subject_id for change in changes}
    times = await cycle_times(conn, cycle, people)
    due = []
    later = []
    for change in changes:
        whose = times.get(change.manager_id or change.subject_id, cycle.company)
        instant = whose.at(change.on, whose.mail_at)
        if instant <= as_of:
            due.append(change)
        else:
            later.append(instant)
    return due, min(later, default=None)


async def _next(conn: AsyncConnection, cycle: CycleFacts, today: date) -> datetime | None:
    """When the next planned change could first take effect somewhere on Earth."""
    day: date | None = await conn.scalar(text(_NEXT), {"cycle": cycle.id, "today": today})
    return None if day is None else datetime.combine(day, time(), UTC) - EVERYWHERE


async def _lock(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, TaskFacts]:
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.id = ANY(CAST(:ids AS uuid[]))"
            " AND t.state IN ('planned', 'open') ORDER BY t.id FOR UPDATE"
        ),
        {"ids": list(ids)},
    )
    return {row.id: from_row(row) for row in rows}


def _holds(line: str) -> str:
    return f"{line}.valid_from <= :today AND ({line}.valid_to IS NULL OR {line}.valid_to > :today)"


# `was` is the chain by which the assignee once was the manager (or the manager's manager) and
# `broke_on` the day on which it broke. What HR reassigned after that day stands.
_CHANGED = f"""
WITH live AS (
  SELECT t.id, t.subject_id, t.assignee_id, t.role FROM tasks t
  JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
  WHERE t.cycle_id = :cycle AND t.role IN ('manager', 'manager_2')
    AND t.state IN ('planned', 'open') AND t.assignee_id IS NOT NULL AND p.reviewer_id IS NULL
), was AS (
  SELECT l.id, a.valid_to AS broke_on FROM live l
  JOIN reporting_lines a ON a.person_id = l.subject_id AND a.manager_id = l.assignee_id
  WHERE l.role = 'manager'
  UNION ALL
  SELECT l.id, least(a.valid_to, b.valid_to) FROM live l
  JOIN reporting_lines a ON a.person_id = l.subject_id
  JOIN reporting_lines b ON b.person_id = a.manager_id AND b.manager_id = l.assignee_id
    AND b.valid_from < coalesce(a.valid_to, 'infinity')
    AND a.valid_from < coalesce(b.valid_to, 'infinity')
  WHERE l.role = 'manager_2'
)
SELECT DISTINCT ON (l.id) l.id, l.subject_id,
  CASE l.role WHEN 'manager' THEN m.manager_id ELSE m2.manager_id END, w.broke_on
FROM live l
JOIN was w ON w.id = l.id AND w.broke_on <= :today
LEFT JOIN reporting_lines m ON m.person_id = l.subject_id AND {_holds("m")}
LEFT JOIN reporting_lines m2 ON m2.person_id = m.manager_id AND {_holds("m2")}
WHERE CASE l.role WHEN 'manager' THEN m.manager_id ELSE m2.manager_id END
    IS DISTINCT FROM l.assignee_id
  AND NOT EXISTS (
    SELECT FROM task_events e WHERE e.task_id = l.id AND e.event = 'reassigned'
      AND e.at >= w.broke_on)
ORDER BY l.id, w.broke_on DESC
"""

_NEXT = """
SELECT min(day) FROM (
  SELECT valid_from AS day, person_id FROM reporting_lines WHERE valid_from > :today
  UNION ALL SELECT valid_to, person_id FROM reporting_lines WHERE valid_to > :today
) change
WHERE EXISTS (
  SELECT FROM tasks t WHERE t.cycle_id = :cycle AND t.state IN ('planned', 'open')
    AND t.role IN ('manager', 'manager_2'))
"""
