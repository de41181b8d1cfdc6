"""Who in a manager's tree holds what. Raters' tasks never appear, nor does lateness unasked."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Reader
from store.access.facts import hidden_cases
from store.base.stage_kinds import PRIVATE


@dataclass(frozen=True, slots=True)
class HeldBelow:
    """An open task of somebody below.

    `due_on` is none once it is past, unless the manager was told of it as overdue or sits at the HR
    desk: lateness is between the person, whom it was escalated to, and HR (language reference §8).
    """

    id: UUID
    holder_id: int
    holder: str
    department: str | None
    cycle: str
    stage: str
    title: str
    kind: str
    role: str
    subject_id: int | None
    subject: str | None
    subject_first: str | None
    due_on: date | None
    late: bool
    running: bool
    nudged_at: datetime | None


_BELOW = """
    WITH RECURSIVE below(person_id, depth) AS (
      SELECT person_id, 1 FROM reporting_lines WHERE manager_id = :me
        AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)
      UNION
      SELECT l.person_id, b.depth + 1 FROM below b JOIN reporting_lines l
        ON l.manager_id = b.person_id AND l.valid_from <= :on
        AND (l.valid_to IS NULL OR l.valid_to > :on)
      WHERE b.depth < 100
    ), tree AS (SELECT person_id, min(depth) AS depth FROM below WHERE person_id <> :me GROUP BY 1)
"""


async def held_below(
    conn: AsyncConnection, reader: Reader, on: date, now: datetime, *, direct: bool
) -> list[HeldBelow]:
    """Open tasks of people below a manager, nearest deadline first; at most 500.

    Left out: what raters do, and what is about the manager. `direct`: only who reports to them.
    What has no due date to be shown comes last, by name: the order does not tell it either.
    """
    rows = await conn.execute(
        text(
            f"""
            {_BELOW}, held AS (
              SELECT t.*, t.due_at >= :now OR coalesce(:me = ANY(t.told_to), false) OR (:hr
                AND (t.subject_id IS NULL OR t.subject_id <> ALL(CAST(:hidden AS bigint[])))
              ) AS known, r.depth
              FROM tree r JOIN tasks t ON t.assignee_id = r.person_id AND t.state = 'open'
            )
            SELECT t.id, t.assignee_id, a.first_name || ' ' || a.last_name, a.department, c.title,
              s.key, s.title, s.kind, t.role, t.subject_id, b.first_name || ' ' || b.last_name,
              b.first_name,
              CASE WHEN t.known THEN t.due_on END, t.known AND t.due_at < :now, c.state = 'open',
              (SELECT max(e.at) FROM task_events e WHERE e.task_id = t.id AND e.event = 'nudged'
               AND e.at > :now - interval '20 hours')
            FROM held t JOIN stages s ON s.id = t.stage_id
            JOIN cycles c ON c.id = t.cycle_id AND c.state IN ('open', 'paused')
            JOIN people a ON a.id = t.assignee_id LEFT JOIN people b ON b.id = t.subject_id
            WHERE t.role <> 'rater' AND s.kind NOT IN {PRIVATE}
              AND t.subject_id IS DISTINCT FROM :me AND (NOT :direct OR t.depth = 1)
            ORDER BY CASE WHEN t.known THEN t.due_at END, a.last_name, a.first_name, t.id LIMIT 500
            """
        ),
        {
            "me": reader.person_id,
            "hr": reader.is_hr,
            "hidden": hidden_cases(reader),
            "on": on,
            "now": now,
            "direct": direct,
        },
    )
    return [HeldBelow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Tree:
    """How many people are below, directly or not, and how many of their tasks are done."""

    people: int
    direct: int
    done: int


async def tree_of(conn: AsyncConnection, manager_id: int, on: date) -> Tree:
    """Count the tree of a manager. Raters' answers are not counted."""
    row = (
        await conn.execute(
            text(
                f"""
                {_BELOW}
                SELECT count(*), count(*) FILTER (WHERE depth = 1),
                  (SELECT count(*) FROM tasks t JOIN cycles c ON c.id = t.cycle_id
                     AND c.state IN ('open', 'paused')
                   WHERE t.assignee_id IN (SELECT person_id FROM tree) AND t.state = 'done'
                     AND t.role <> 'rater' AND t.subject_id IS DISTINCT FROM :me)
                FROM tree
                """
            ),
            {"me": manager_id, "on": on},
        )
    ).one()
    return Tree(*row)
