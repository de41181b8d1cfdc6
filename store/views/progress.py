"""How far a cycle is: one query a picture, counted in the database.

What is counted says `store.cycles.counted_tasks`, and for whom `store.access.visible`; `hidden` are
the subjects whose cases the reader does not see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.counts import COUNTED as COUNTING
from domain.counts import Counts
from store.access.visible import COUNTED
from store.base.stage_kinds import RELEASES
from store.cycles.counted_tasks import SUMS, counts_of, tasks_of


@dataclass(frozen=True, slots=True)
class Share:
    """Tasks of a department in a stage; `department` is none for what is about nobody."""

    department: str | None
    stage_id: UUID
    counts: Counts


async def shares(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> list[Share]:
    """Tasks by department of the subject and stage; both pictures of departments come from it."""
    rows = await conn.execute(
        text(
            "SELECT CASE WHEN k.subject_id IS NOT NULL THEN coalesce(k.department, '') END"
            f" AS department, k.stage_id, {SUMS} FROM ({tasks_of('CAST(:cycle AS uuid)')}) k"
            " GROUP BY 1, 2"
        ),
        {"cycle": cycle_id, "now": now, "hidden": hidden},
    )
    return [Share(row.department, row.stage_id, counts_of(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class ByDay:
    """How many tasks were to be done on each day by the plan of the launch, and how many were."""

    planned: Mapping[date, int]
    done: Mapping[date, int]


async def by_day(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, zone: str, *, hidden: list[int]
) -> ByDay:
    """Count the tasks of a cycle by their planned days, and what is done by days of `zone`.

    `zone` is the company's. Both add up over the same tasks.
    """
    rows = await conn.execute(
        text(
            f"""
            WITH counted AS (SELECT * FROM ({tasks_of("CAST(:cycle AS uuid)")}) k
              WHERE k.status = ANY(CAST(:counts AS text[])))
            SELECT 'planned', promised_on AS day, count(*) FROM counted
              WHERE promised_on IS NOT NULL GROUP BY 2
            UNION ALL
            SELECT 'done', CAST(ended_at AT TIME ZONE :zone AS date), count(*) FROM counted
              WHERE status = 'done' GROUP BY 2
            """
        ),
        {"cycle": cycle_id, "now": now, "zone": zone, "hidden": hidden, "counts": list(COUNTING)},
    )
    found: dict[str, dict[date, int]] = {"planned": {}, "done": {}}
    for what, day, count in rows:
        found[what][day] = count
    return ByDay(found["planned"], found["done"])


@dataclass(frozen=True, slots=True)
class Due:
    """How many tasks of a stage that are still to be done are due on a day."""

    stage_id: UUID
    due_on: date
    tasks: int


async def dues(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> list[Due]:
    """Due dates of what is open or planned, by stage."""
    rows = await conn.execute(
        text(
            f"SELECT k.stage_id, k.due_on, count(*) FROM ({tasks_of('CAST(:cycle AS uuid)')}) k"
            " WHERE k.status IN ('in_time', 'late', 'to_come') AND k.due_on IS NOT NULL"
            " GROUP BY 1, 2 ORDER BY 2"
        ),
        {"cycle": cycle_id, "now": now, "hidden": hidden},
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
                  count(*) FILTER (WHERE s.kind IN {RELEASES})
                FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
                LEFT JOIN people a ON a.id = t.assignee_id
                WHERE t.cycle_id = :cycle AND t.state = 'open'
                """
            ),
            {"cycle": cycle_id, "hidden": hidden},
        )
    ).one()
    return Attention(*row)
