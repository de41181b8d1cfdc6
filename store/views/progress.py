"""How far a cycle is: one query a picture, counted in the database.

What is counted, and for whom, says `store/access/visible.py`; `hidden` are the subjects whose cases
the reader does not see.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.visible import COUNTED


@dataclass(frozen=True, slots=True)
class Share:
    """Tasks of a department in a stage. `other`: expired, excused or cancelled."""

    department: str
    stage_id: UUID
    done: int
    in_time: int
    late: int
    other: int


async def shares(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> list[Share]:
    """Tasks by department of the subject and stage; both pictures of departments come from it.

    Tasks that are about nobody (a release) belong to no department and are left out.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT coalesce(p.department, ''), t.stage_id,
              CASE WHEN t.state = 'done' THEN 'done' WHEN t.state <> 'open' THEN 'other'
                WHEN t.due_at < :now THEN 'late' ELSE 'in_time' END, count(*)
            FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
            JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
            WHERE t.cycle_id = :cycle AND t.state <> 'planned' GROUP BY 1, 2, 3
            """
        ),
        {"cycle": cycle_id, "now": now, "hidden": hidden},
    )
    counted: dict[tuple[str, UUID], dict[str, int]] = {}
    for department, stage, part, number in rows:
        counted.setdefault((department, stage), dict.fromkeys(PARTS, 0))[part] = number
    return [Share(*place, *(parts[part] for part in PARTS)) for place, parts in counted.items()]


PARTS = ("done", "in_time", "late", "other")


async def done_by_day(
    conn: AsyncConnection, cycle_id: UUID, zone: str, *, hidden: list[int]
) -> dict[date, int]:
    """How many tasks were done on each day of the company's zone."""
    rows = await conn.execute(
        text(
            f"""
            SELECT CAST(t.ended_at AT TIME ZONE :zone AS date), count(*)
            FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
            WHERE t.cycle_id = :cycle AND t.state = 'done' GROUP BY 1
            """
        ),
        {"cycle": cycle_id, "zone": zone, "hidden": hidden},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Due:
    """How many tasks of a stage are, or were, due on a day."""

    stage_id: UUID
    due_on: date
    tasks: int


async def dues(conn: AsyncConnection, cycle_id: UUID, *, hidden: list[int]) -> list[Due]:
    """Due dates of all tasks that count, by stage."""
    rows = await conn.execute(
        text(
            f"""
            SELECT t.stage_id, t.due_on, count(*)
            FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
            WHERE t.cycle_id = :cycle AND t.state NOT IN ('cancelled', 'excused') GROUP BY 1, 2
            """
        ),
        {"cycle": cycle_id, "hidden": hidden},
    )
    return [Due(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Attention:
    """What of a cycle waits for somebody's decision. `to_release`: open tasks of releasing."""

    climbed: int
    nobody: int
    held: int
    refused: int
    to_release: int = 0


async def attention(conn: AsyncConnection, cycle_id: UUID, *, hidden: list[int]) -> Attention:
    """Count what was escalated, needs an assignee, is held, cannot be mailed, is to be released."""
    row = (
        await conn.execute(
            text(
                f"""
                SELECT count(*) FILTER (WHERE t.told_to IS NOT NULL AND t.told_to <> '{{}}'),
                  count(*) FILTER (WHERE t.assignee_id IS NULL AND t.desk IS NULL),
                  (SELECT count(*) FROM held_rows h
                   WHERE h.cycle_id = :cycle AND h.cleared_at IS NULL),
                  count(DISTINCT a.id) FILTER (WHERE a.address_refused_at IS NOT NULL),
                  count(*) FILTER (WHERE s.kind = 'release')
                FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
                LEFT JOIN people a ON a.id = t.assignee_id
                WHERE t.cycle_id = :cycle AND t.state = 'open'
                """
            ),
            {"cycle": cycle_id, "hidden": hidden},
        )
    ).one()
    return Attention(*row)
