"""Cycles, their stages and their participants, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from domain.kinds.registry import TRAITS
from store.cycles.counted_tasks import SUMS, counts_of, tasks_of


@dataclass(frozen=True, slots=True)
class CycleItem:
    """A review cycle as the list shows it. `version` is its entity tag."""

    id: UUID
    definition: str
    version_id: UUID
    title: str
    state: str
    launched_by: str
    launch_on: date
    check_at: datetime | None
    confirmed_at: datetime | None
    opened_at: datetime | None
    ends_at: datetime | None
    closed_at: datetime | None
    paused_at: datetime | None
    ended_reason: str | None
    participants: int
    version: int


_CYCLE = (
    "c.id, c.definition, c.version_id, c.title, c.state, c.launched_by, c.launch_on, c.check_at,"
    " c.confirmed_at, c.opened_at, c.ends_at, c.closed_at, c.paused_at, c.ended_reason,"
    " c.participants, c.version"
)


async def list_cycles(
    conn: AsyncConnection,
    *,
    state: str | None,
    definition: str | None,
    before: UUID | None,
    limit: int,
) -> list[CycleItem]:
    """Cycles, the newest first; those older than the id `before`."""
    rows = await conn.execute(
        text(
            f"SELECT {_CYCLE} FROM cycles c"
            " WHERE (CAST(:state AS text) IS NULL OR c.state = :state)"
            " AND (CAST(:definition AS text) IS NULL OR c.definition = :definition)"
            " AND (CAST(:before AS uuid) IS NULL OR c.id < :before)"
            " ORDER BY c.id DESC LIMIT :limit"
        ),
        {"state": state, "definition": definition, "before": before, "limit": limit},
    )
    return [CycleItem(*row) for row in rows]


async def get_cycle(conn: AsyncConnection, cycle_id: UUID) -> CycleItem:
    """One cycle. Raises NotFound."""
    row = (
        await conn.execute(
            text(f"SELECT {_CYCLE} FROM cycles c WHERE c.id = :id"), {"id": cycle_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no cycle {cycle_id}.")
    return CycleItem(*row)


@dataclass(frozen=True, slots=True)
class StageItem:
    """A stage with its planned dates and how many of its tasks are where.

    `planned` tasks are to come; `open` ones include those that are `overdue`. These, and what is
    done or expired, make all tasks of the stage; excused and cancelled ones are asked of nobody.
    There are no counts of what raters do, also when their round is over: how many answered is
    published nowhere.
    """

    id: UUID
    key: str
    position: int
    kind: str
    title: str
    state: str
    planned_opens_on: date | None
    planned_due_on: date | None
    planned_closes_on: date | None
    opened_at: datetime | None
    closed_at: datetime | None
    planned: int | None
    open: int | None
    overdue: int | None
    done: int | None
    expired: int | None
    excused: int | None
    cancelled: int | None


async def list_stages(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> list[StageItem]:
    """The stages of a cycle in their order, counted in one pass over its tasks.

    What is counted says `store.cycles.counted_tasks`; the cases of `hidden` subjects are not.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT s.id, s.key, s.position, s.kind, s.title, s.state, s.planned_opens_on,
              s.planned_due_on, s.planned_closes_on, s.opened_at, s.closed_at, n.*
            FROM stages s LEFT JOIN (
              SELECT k.stage_id, {SUMS} FROM ({tasks_of("CAST(:cycle AS uuid)")}) k GROUP BY 1
            ) n ON n.stage_id = s.id
            WHERE s.cycle_id = :cycle ORDER BY s.position
            """
        ),
        {"cycle": cycle_id, "now": now, "hidden": hidden},
    )
    return [_stage(row) for row in rows]


def _stage(row: Row[Any]) -> StageItem:
    n = counts_of(row)
    counts: Sequence[int | None] = (
        *(n.to_come, n.open, n.late),
        *(n.done, n.expired, n.excused, n.cancelled),
    )
    if TRAITS[row.kind].private:
        counts = (None,) * len(counts)
    return StageItem(*tuple(row)[:_FACTS], *counts)


_FACTS = 11
"""Columns of a stage that are no counts."""


@dataclass(frozen=True, slots=True)
class ParticipantItem:
    """Somebody of the company with regard to a cycle: in, or out with one reason."""

    person_id: int
    name: str
    state: str
    reason: str
    because: str | None
    department: str | None
    reviewer_id: int | None
    entered_on: date | None
    late: bool


async def list_participants(
    conn: AsyncConnection,
    cycle_id: UUID,
    *,
    state: str | None,
    department: str | None,
    hidden: list[int],
    after: int,
    limit: int,
) -> list[ParticipantItem]:
    """Who is in, who is out and why; by person id, those above `after`.

    HR's own words (`because`) about `hidden` people are not fetched.
    """
    rows = await conn.execute(
        text(
            "SELECT p.person_id, w.first_name || ' ' || w.last_name, p.state, p.reason,"
            " CASE WHEN p.person_id <> ALL(CAST(:hidden AS bigint[])) THEN p.because END,"
            " p.department, p.reviewer_id, p.entered_on, p.late"
            " FROM participants p JOIN people w ON w.id = p.person_id"
            " WHERE p.cycle_id = :cycle AND p.person_id > :after"
            " AND (CAST(:state AS text) IS NULL OR p.state = :state)"
            " AND (CAST(:department AS text) IS NULL OR p.department = :department)"
            " ORDER BY p.person_id LIMIT :limit"
        ),
        {
            "cycle": cycle_id,
            "state": state,
            "department": department,
            "hidden": hidden,
            "after": after,
            "limit": limit,
        },
    )
    return [ParticipantItem(*row) for row in rows]
