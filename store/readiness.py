"""Who is ready for a stage, and who is through with it: sets, computed from tasks and skips.

A stage is closed for a person when each of their tasks in it has ended, or when it does not exist
for them (a skip). A release is closed for a person when their result was released. A barrier
opens when its predecessors are closed for everybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.cycle_facts import CycleFacts, StageFacts


@dataclass(frozen=True, slots=True)
class Ready:
    """A subject for whom a stage may begin, and since when.

    `freed_at` is the instant of the fact that freed them (the last predecessor's end); none if
    the stage waits for nobody.
    """

    subject_id: int
    freed_at: datetime | None
    late: bool
    entered_on: date | None
    hire_date: date
    reviewer_id: int | None
    plan: dict[str, object] | None


def closed_for_person(stage: StageFacts, person: str) -> str:
    """SQL: is this stage closed for the person in the column `person`? Uses participants `p`."""
    skipped = (
        f"EXISTS (SELECT 1 FROM skips k WHERE k.stage_id = '{stage.id}' "
        f"AND k.subject_id = {person})"
    )
    if stage.spec.kind == "release":
        ended = f"EXISTS (SELECT 1 FROM stages r WHERE r.id = '{stage.id}' AND r.state = 'closed')"
        return f"(p.released_at IS NOT NULL OR {ended} OR {skipped})"
    live = (
        f"EXISTS (SELECT 1 FROM tasks t WHERE t.stage_id = '{stage.id}' "
        f"AND t.subject_id = {person} AND t.state IN ('planned', 'open'))"
    )
    ended = (
        f"EXISTS (SELECT 1 FROM tasks t WHERE t.stage_id = '{stage.id}' "
        f"AND t.subject_id = {person} AND t.state NOT IN ('planned', 'open'))"
    )
    return f"({skipped} OR ({ended} AND NOT {live}))"


def _freed_at(stages: Iterable[StageFacts]) -> str:
    """SQL: when did the last of these stages close for participants `p`?"""
    parts = ["NULL::timestamptz"]
    for stage in stages:
        if stage.spec.kind == "release":
            parts.append("p.released_at")
            parts.append(f"(SELECT r.closed_at FROM stages r WHERE r.id = '{stage.id}')")
        else:
            parts.append(
                f"(SELECT max(t.ended_at) FROM tasks t WHERE t.stage_id = '{stage.id}' "
                "AND t.subject_id = p.person_id)"
            )
            parts.append(
                f"(SELECT k.at FROM skips k WHERE k.stage_id = '{stage.id}' "
                "AND k.subject_id = p.person_id)"
            )
    return f"greatest({', '.join(parts)})"


async def ready_subjects(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, limit: int
) -> list[Ready]:
    """Subjects for whom the stage may begin and who have neither a task nor a skip in it.

    People who are held for this stage are left out. At most `limit`, by id.
    """
    before = [cycle.stages[i] for i in stage.predecessors]
    conditions = "".join(f" AND {closed_for_person(s, 'p.person_id')}" for s in before)
    rows = await conn.execute(
        text(
            f"""
            SELECT p.person_id, p.late, p.entered_on, p.reviewer_id, p.plan, e.hire_date,
                {_freed_at(before)} AS freed_at
            FROM participants p JOIN people e ON e.id = p.person_id
            WHERE p.cycle_id = :cycle AND p.state = 'in'
              AND NOT EXISTS (SELECT 1 FROM tasks t
                  WHERE t.stage_id = :stage AND t.subject_id = p.person_id)
              AND NOT EXISTS (SELECT 1 FROM skips k
                  WHERE k.stage_id = :stage AND k.subject_id = p.person_id)
              AND NOT EXISTS (SELECT 1 FROM held_rows h WHERE h.stage_id = :stage
                  AND h.person_id = p.person_id AND h.cleared_at IS NULL)
              {conditions}
            ORDER BY p.person_id LIMIT :limit
            """
        ),
        {"cycle": cycle.id, "stage": stage.id, "limit": limit},
    )
    return [
        Ready(r.person_id, r.freed_at, r.late, r.entered_on, r.hire_date, r.reviewer_id, r.plan)
        for r in rows
    ]


async def open_subjects(
    conn: AsyncConnection, cycle: CycleFacts, stages: Sequence[StageFacts]
) -> int:
    """How many subjects of the cycle are not through with all of these stages."""
    if not stages:
        return 0
    through = " AND ".join(closed_for_person(s, "p.person_id") for s in stages)
    count = await conn.scalar(
        text(
            "SELECT count(*) FROM participants p "
            f"WHERE p.cycle_id = :cycle AND p.state = 'in' AND NOT ({through})"
        ),
        {"cycle": cycle.id},
    )
    return int(count or 0)


async def last_closing(
    conn: AsyncConnection, cycle: CycleFacts, stages: Sequence[StageFacts]
) -> datetime | None:
    """When the last of these stages closed for the last person: an instant from rows."""
    if not stages:
        return cycle.opened_at
    instant: datetime | None = await conn.scalar(
        text(
            f"SELECT max({_freed_at(stages)}) FROM participants p "
            "WHERE p.cycle_id = :cycle AND p.state = 'in'"
        ),
        {"cycle": cycle.id},
    )
    return instant or cycle.opened_at


FEW = 50
"""From so few live tasks on, the end of each is told to the engine at once."""


async def few_left(conn: AsyncConnection, stage_id: UUID, few: int = FEW) -> bool:
    """Are only a few tasks of a stage still live? Then each end of one may change what is next."""
    count = await conn.scalar(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE stage_id = :stage "
            "AND state IN ('planned', 'open') LIMIT :few) AS live"
        ),
        {"stage": stage_id, "few": few + 1},
    )
    return int(count or 0) <= few
