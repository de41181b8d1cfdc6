"""What mails say about several rows: conversations, what somebody holds, what is held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.stage_kinds import CONVERSATIONS, ON_RECORD


@dataclass(frozen=True, slots=True)
class Conversation:
    """The conversation about a person's result, and until when they may answer on record."""

    manager_id: int | None
    state: str | None
    ended_at: datetime | None
    respond_by: date | None


async def conversations(
    conn: AsyncConnection, cycle_ids: Iterable[UUID], subjects: Sequence[int]
) -> dict[tuple[UUID, int], Conversation]:
    """The conversations of these people in these cycles, by (cycle, subject)."""
    rows = await conn.execute(
        text(
            f"""
            SELECT t.cycle_id, t.subject_id,
                min(t.assignee_id) FILTER (WHERE s.kind IN {CONVERSATIONS}),
                min(t.state) FILTER (WHERE s.kind IN {CONVERSATIONS}),
                max(t.ended_at) FILTER (WHERE s.kind IN {CONVERSATIONS}),
                max(t.due_on) FILTER (WHERE s.kind IN {ON_RECORD})
            FROM stages s JOIN tasks t ON t.stage_id = s.id
              AND t.subject_id = ANY(CAST(:subjects AS bigint[]))
            WHERE s.cycle_id = ANY(CAST(:cycles AS uuid[]))
              AND (s.kind IN {CONVERSATIONS} OR s.kind IN {ON_RECORD})
            GROUP BY 1, 2
            """
        ),
        {"cycles": sorted(set(cycle_ids)), "subjects": sorted(set(subjects))},
    )
    return {(row[0], row[1]): Conversation(*row[2:]) for row in rows}


async def open_tasks(conn: AsyncConnection, people: Iterable[int]) -> dict[int, int]:
    """How many open tasks each of these people holds; absent: none."""
    rows = await conn.execute(
        text(
            "SELECT assignee_id, count(*) FROM tasks WHERE state = 'open' "
            "AND assignee_id = ANY(CAST(:ids AS bigint[])) GROUP BY 1"
        ),
        {"ids": sorted(set(people))},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class HeldDetail:
    """A row that could not be handled: its process, the code of the reason, since when."""

    process_id: str
    code: str
    at: datetime


async def held_rows(conn: AsyncConnection) -> list[HeldDetail]:
    """What is held now, oldest first; at most a hundred."""
    rows = await conn.execute(
        text(
            "SELECT process_id, code, at FROM held_rows WHERE cleared_at IS NULL "
            "ORDER BY id LIMIT 100"
        )
    )
    return [HeldDetail(*row) for row in rows]
