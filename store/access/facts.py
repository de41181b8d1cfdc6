"""The facts that the access rules need: roles of a person now, whose line, whose task.

What may not be seen is not fetched: lists take `visible_cases` into their SQL.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import AccessRole, Reader, TaskAccess
from domain.states import Desk, Role
from store.people.leaves import holds_now
from store.people.own_lines import above_once
from store.people.reporting_lines import line_above

ROLE_COLUMNS = """
    EXISTS (SELECT FROM reporting_lines l WHERE l.manager_id = p.id AND l.valid_from <= :on
            AND (l.valid_to IS NULL OR l.valid_to > :on)) AS is_manager,
    (SELECT EXISTS (SELECT FROM jsonb_array_elements_text(c.content -> 'hr') a
                    WHERE lower(a) = lower(p.email))
     FROM company_settings c ORDER BY c.id DESC LIMIT 1) AS is_hr,
    (SELECT EXISTS (SELECT FROM jsonb_array_elements_text(c.content -> 'administrators') a
                    WHERE lower(a) = lower(p.email))
     FROM company_settings c ORDER BY c.id DESC LIMIT 1) AS is_administrator
"""
"""What `roles_of_row` reads; for queries with `people p` and the parameter `on` (a UTC date)."""


OUTSIDE_ONLY = frozenset({AccessRole.OUTSIDE})
"""The roles of a rater from outside, whatever address they have."""


def roles_of_row(row: Any) -> frozenset[AccessRole]:
    """The roles that a row with `ROLE_COLUMNS` tells."""
    return roles_told(row.is_manager, row.is_hr, row.is_administrator)


def roles_told(
    is_manager: bool, is_hr: bool | None, is_administrator: bool | None
) -> frozenset[AccessRole]:
    """The roles that the values of `ROLE_COLUMNS` tell, in their order."""
    roles = {AccessRole.PARTICIPANT}
    if is_manager:
        roles.add(AccessRole.MANAGER)
    if is_hr:
        roles.add(AccessRole.HR)
    if is_administrator:
        roles.add(AccessRole.ADMINISTRATOR)
    return frozenset(roles)


async def roles_of(conn: AsyncConnection, person_id: int, on: date) -> frozenset[AccessRole]:
    """The roles of a person on a day; none for somebody who is not (any more) in the company."""
    row = (
        await conn.execute(
            text(f"SELECT {ROLE_COLUMNS} FROM people p WHERE p.id = :id AND p.status = 'active'"),
            {"id": person_id, "on": on},
        )
    ).one_or_none()
    return frozenset() if row is None else roles_of_row(row)


async def reader_of(
    conn: AsyncConnection, person_id: int, roles: frozenset[AccessRole], on: date
) -> Reader:
    """A reader with everything the rules need; the own line is read for those with desk rights."""
    if not roles & {AccessRole.HR, AccessRole.ADMINISTRATOR}:
        return Reader(person_id, roles)
    line = frozenset(await line_above(conn, person_id, on))
    rows = await above_once(conn, [person_id], on)
    past = frozenset((cycle, above) for _, cycle, above in rows if above not in line)
    return Reader(person_id, roles, line, past=past)


def hidden_cases(reader: Reader, cycle_id: UUID | None = None) -> list[int]:
    """The subjects whose cases a member of a desk does not see: their own and their line's.

    For `subject_id <> ALL(:hidden)` in lists of a cycle; without one, of all of them.
    """
    own = {reader.person_id} if reader.person_id is not None else set()
    once = {above for cycle, above in reader.past if cycle_id in (None, cycle)}
    return sorted(own | reader.line | once)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task's row as far as reading rights and routes go."""

    id: UUID
    cycle_id: UUID
    stage_id: UUID
    stage_key: str
    kind: str
    state: str
    version: int
    access: TaskAccess


async def task_facts(conn: AsyncConnection, task_id: UUID, now: datetime) -> TaskFacts | None:
    """What the rules must know of a task, in one round trip. None if there is no such task.

    A planned task, which nobody holds yet, exists for the desks only; the routes see to that.
    """
    row = (
        await conn.execute(_TASK, {"id": task_id, "on": now.date(), "now": now, "deepest": 100})
    ).one_or_none()
    if row is None:
        return None
    access = TaskAccess(
        assignee_id=row.assignee_id,
        subject_id=row.subject_id,
        role=Role(row.role),
        desk=Desk(row.desk) if row.desk else None,
        acting_id=row.acting_id,
        author_id=row.author_id,
        assignee_line=frozenset(row.assignee_line or ()),
        subject_line=frozenset(row.subject_line or ()),
        told_to=frozenset(row.told_to or ()),
        submitted=row.author_id is not None,
        released=row.released,
        opened=row.opened,
        hr_reads=row.hr_reads != "completion only",
        cycle_id=row.cycle_id,
    )
    return TaskFacts(
        row.id, row.cycle_id, row.stage_id, row.stage_key, row.kind, row.state, row.version, access
    )


TOLD_TO = f"""(SELECT array_agg(who) FROM (
        SELECT unnest(t.told_to) AS who
        UNION SELECT w.delegate_id FROM leaves w WHERE w.person_id = ANY(t.told_to)
          AND t.role <> 'rater' AND w.delegate_id IS NOT NULL AND {holds_now("w")}) told)"""
"""Of `tasks t`: who was told that it is overdue, and who reads their mail while they are away.

With the parameter `now`."""


def _line(name: str, column: str) -> str:
    """A recursive CTE: everybody above the person in a column of the task, nearest first."""
    return f"""
    {name}(person_id, height) AS (
      SELECT l.manager_id, 1 FROM task t JOIN reporting_lines l ON l.person_id = t.{column}
        AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)
      UNION
      SELECT l.manager_id, a.height + 1 FROM {name} a JOIN reporting_lines l
        ON l.person_id = a.person_id
        AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)
      WHERE a.height < :deepest
    )"""


_TASK = text(
    f"""
    WITH RECURSIVE task AS (SELECT * FROM tasks WHERE id = :id),
    {_line("above_assignee", "assignee_id")},
    {_line("above_subject", "subject_id")}
    SELECT t.id, t.cycle_id, t.stage_id, t.subject_id, t.assignee_id, t.desk, t.role, t.state,
      t.version, s.key AS stage_key, s.kind,
      v.content #>> '{{policies,hr_reads}}' AS hr_reads,
      coalesce(p.released_at IS NOT NULL OR p.opened_at IS NOT NULL, false) AS released,
      coalesce(p.opened_at IS NOT NULL, false) AS opened,
      (SELECT r.author_id FROM responses r WHERE r.task_id = t.id AND r.withdrawn_at IS NULL
       ORDER BY r.revision DESC LIMIT 1) AS author_id,
      (SELECT w.delegate_id FROM leaves w WHERE w.person_id = t.assignee_id AND t.role <> 'rater'
       AND {holds_now("w")} AND w.delegate_id IS NOT NULL ORDER BY w.id DESC LIMIT 1) AS acting_id,
      {TOLD_TO} AS told_to,
      (SELECT array_agg(DISTINCT person_id) FROM above_assignee) AS assignee_line,
      (SELECT array_agg(DISTINCT person_id) FROM above_subject) AS subject_line
    FROM task t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
    JOIN definition_versions v ON v.id = c.version_id
    LEFT JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
    """
)
