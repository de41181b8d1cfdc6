"""Durable processes for administrators: where each stands, what it waits for, what failed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from store.access.visible import ADVANCED, BELLS, PRIVATE_PROCESS


@dataclass(frozen=True, slots=True)
class ProcessItem:
    """A process. Its id is the workflow id; `held` rows are parked and wait for somebody.

    `waits_for` is a code, `armed_until` the UTC instant at which it looks again by itself.
    `failures` counts failures in a row, `failure` is a code and a place.
    """

    id: str
    kind: str
    cycle_id: UUID | None
    stage_id: UUID | None
    stage: str | None
    state: str
    waits_for: str | None
    armed_until: datetime | None
    advanced_at: datetime | None
    last_rung_at: datetime | None
    bells: int
    run_id: str | None
    failures: int
    failure: str | None
    failed_at: datetime | None
    held: int
    created_at: datetime


_PROCESS = f"""
    p.id, p.kind, p.cycle_id, p.stage_id, s.key, p.state, p.waits_for, p.armed_until,
    {ADVANCED}, CASE WHEN NOT {PRIVATE_PROCESS} THEN p.last_rung_at END, {BELLS},
    p.run_id, p.failures, p.failure, p.failed_at,
    (SELECT count(*) FROM held_rows h WHERE h.process_id = p.id AND h.cleared_at IS NULL),
    p.created_at
    FROM processes p LEFT JOIN stages s ON s.id = p.stage_id
"""


async def get_process(conn: AsyncConnection, process_id: str) -> ProcessItem:
    """One process. Raises NotFound."""
    row = (
        await conn.execute(text(f"SELECT {_PROCESS} WHERE p.id = :id"), {"id": process_id})
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such process.")
    return ProcessItem(*row)


async def list_processes(
    conn: AsyncConnection,
    *,
    state: str | None,
    failing: bool,
    cycle_id: UUID | None,
    after: str,
    limit: int,
) -> list[ProcessItem]:
    """Processes by id, those above `after`; `failing`: only what failed last or holds rows."""
    rows = await conn.execute(
        text(
            f"""
            SELECT {_PROCESS}
            WHERE p.id > :after AND (CAST(:state AS text) IS NULL OR p.state = :state)
              AND (CAST(:cycle AS uuid) IS NULL OR p.cycle_id = :cycle)
              AND (NOT :failing OR p.failures > 0 OR EXISTS (SELECT FROM held_rows h
                   WHERE h.process_id = p.id AND h.cleared_at IS NULL))
            ORDER BY p.id LIMIT :limit
            """
        ),
        {"after": after, "state": state, "cycle": cycle_id, "failing": failing, "limit": limit},
    )
    return [ProcessItem(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A parked row: why, since when, and who can mend it (`hr` or `administrators`)."""

    id: int
    person_id: int | None
    task_id: UUID | None
    code: str
    mended_by: str
    at: datetime


async def list_held(conn: AsyncConnection, process_id: str) -> list[HeldItem]:
    """The rows that a process has parked, the oldest first."""
    rows = await conn.execute(
        text(
            "SELECT id, person_id, task_id, code, mended_by, at FROM held_rows"
            " WHERE process_id = :id AND cleared_at IS NULL ORDER BY id LIMIT 200"
        ),
        {"id": process_id},
    )
    return [HeldItem(*row) for row in rows]
