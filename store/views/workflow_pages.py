"""Processes with what they are about, for administrators. No answers, no drafts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.visible import ADVANCED, BELLS
from store.base.search_patterns import patterns


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A durable process. `late`: it should have looked at the facts a minute ago."""

    id: str
    kind: str
    cycle_id: UUID | None
    cycle: str | None
    cycle_state: str | None
    stage: str | None
    state: str
    waits_for: str | None
    armed_until: datetime | None
    advanced_at: datetime | None
    bells: int
    run_id: str | None
    failures: int
    failure: str | None
    failed_at: datetime | None
    late: bool


async def process_rows(
    conn: AsyncConnection,
    *,
    now: datetime,
    what: str = "",
    search: str = "",
    cycle_id: UUID | None = None,
    after: tuple[int, str] = (-1, ""),
    limit: int = 100,
) -> list[ProcessRow]:
    """Processes: failing ones first, then open ones, then closed ones.

    `what`: open, failing, late, closed, or all. `after` is the (order, id) of the last one shown.
    """
    rows = await conn.execute(
        text(
            f"""
            WITH listed AS (
              SELECT p.*, c.title AS cycle, c.state AS cycle_state, s.title AS stage,
                {BELLS} AS bells, {ADVANCED} AS looked_at,
                p.state = 'open' AND p.armed_until < :now - interval '60 seconds' AS late,
                CASE WHEN p.failures > 0 THEN 0 WHEN p.state = 'open' THEN 1 ELSE 2 END AS place
              FROM processes p LEFT JOIN cycles c ON c.id = p.cycle_id
              LEFT JOIN stages s ON s.id = p.stage_id)
            SELECT id, kind, cycle_id, cycle, cycle_state, stage, state, waits_for, armed_until,
              looked_at, bells, run_id, failures, failure, failed_at, coalesce(late, false)
            FROM listed
            WHERE (:what IN ('', 'all') OR (:what = 'failing' AND failures > 0)
                   OR (:what = 'late' AND late) OR (:what IN ('open', 'closed') AND state = :what))
              AND (CAST(:cycle AS uuid) IS NULL OR cycle_id = :cycle)
              AND concat_ws(' ', cycle, stage, id, kind) ILIKE ALL (CAST(:words AS text[]))
              AND (place, id) > (:place, :id)
            ORDER BY place, id LIMIT :limit
            """
        ),
        {
            "now": now,
            "what": what,
            "words": patterns(search),
            "cycle": cycle_id,
            "place": after[0],
            "id": after[1],
            "limit": limit,
        },
    )
    return [ProcessRow(*row) for row in rows]


def place_of(row: ProcessRow) -> int:
    """Where a row stands in the order of `process_rows`."""
    if row.failures:
        return 0
    return 1 if row.state == "open" else 2


@dataclass(frozen=True, slots=True)
class Troubles:
    """How many processes fail and how many are overdue."""

    failing: int
    late: int


async def troubles(conn: AsyncConnection, now: datetime) -> Troubles:
    """Count what an administrator should look at."""
    row = (
        await conn.execute(
            text(
                "SELECT count(*) FILTER (WHERE failures > 0), count(*) FILTER"
                " (WHERE armed_until < :now - interval '60 seconds')"
                " FROM processes WHERE state = 'open'"
            ),
            {"now": now},
        )
    ).one()
    return Troubles(*row)


@dataclass(frozen=True, slots=True)
class HeldRowFacts:
    """A parked row. The person is named by id: an administrator mends records, reads no cases."""

    id: int
    code: str
    mended_by: str
    at: datetime
    process_id: str
    cycle: str | None
    stage: str | None
    person_id: int | None
    employee_id: str | None
    task_id: UUID | None
    what: str


async def held_rows(conn: AsyncConnection, limit: int = 200) -> list[HeldRowFacts]:
    """All rows that are parked, the oldest first."""
    rows = await conn.execute(
        text(
            """
            SELECT h.id, h.code, h.mended_by, h.at, h.process_id, c.title, s.title, h.person_id,
              w.employee_id, h.task_id, h.what
            FROM held_rows h LEFT JOIN cycles c ON c.id = h.cycle_id
            LEFT JOIN stages s ON s.id = h.stage_id LEFT JOIN people w ON w.id = h.person_id
            WHERE h.cleared_at IS NULL ORDER BY h.id LIMIT :limit
            """
        ),
        {"limit": limit},
    )
    return [HeldRowFacts(*row) for row in rows]
