"""Who is ready for a stage, and who is through with it: sets, computed from tasks and skips.

A stage is closed for a person when each of their tasks in it has ended, or when it does not exist
for them (a skip). A release is closed for a person when their result was released. A barrier
opens when its predecessors are closed for everybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.cycles.facts import CycleFacts, StageFacts


@dataclass(frozen=True, slots=True)
class Ready:
    """A subject for whom a stage may begin, and since when.

    `freed_at` is the instant of the fact that freed them (the last predecessor's end); none if
    the stage waits for nobody. `entering` says that this is the stage with which a late joiner
    begins: nothing stands before it, or all of that was skipped and it was open by then. Their
    full due counts from the day of entry (language reference §4).
    """

    subject_id: int
    freed_at: datetime | None
    late: bool
    entered_on: date | None
    hire_date: date
    reviewer_id: int | None
    plan: dict[str, object] | None
    entering: bool = False


NOT_VOID = "NOT (state = 'cancelled' AND ended_reason IN ('subject_left', 'removed_by_hr'))"
"""SQL: not cancelled because somebody ceased to take part. Who takes part again has none of it."""


@dataclass(frozen=True, slots=True)
class _Closing:
    """SQL about one stage, joined to participants `p`: how far it is for each of them."""

    joins: str
    closed: str
    skipped: str
    at: tuple[str, ...]

    @classmethod
    def of(cls, stage: StageFacts) -> Self:
        """Each table is read once and hashed, not looked up person by person."""
        number = stage.position
        skips = (
            f" LEFT JOIN skips k{number} ON k{number}.stage_id = '{stage.id}'"
            f" AND k{number}.subject_id = p.person_id"
        )
        if stage.traits.for_all:
            return cls(
                skips + f" CROSS JOIN (SELECT closed_at, state FROM stages"
                f" WHERE id = '{stage.id}') r{number}",
                f"(p.released_at IS NOT NULL OR r{number}.state = 'closed'"
                f" OR k{number}.at IS NOT NULL)",
                f"k{number}.at IS NOT NULL",
                ("p.released_at", f"r{number}.closed_at", f"k{number}.at"),
            )
        ended = "ended_at"
        if stage.traits.private:
            # Raters' acts are known to the day, and what follows from them begins on the next: an
            # opening at the instant of the last answer would tell it.
            ended += " + CASE state WHEN 'expired' THEN interval '0' ELSE interval '1 day' END"
        tasks = (
            f" LEFT JOIN (SELECT subject_id, max({ended}) AS ended_at,"
            " bool_or(state IN ('planned', 'open')) AS live FROM tasks"
            f" WHERE stage_id = '{stage.id}' AND {NOT_VOID} GROUP BY subject_id) s{number}"
            f" ON s{number}.subject_id = p.person_id"
        )
        return cls(
            skips + tasks,
            f"(k{number}.at IS NOT NULL OR s{number}.live IS FALSE)",
            f"k{number}.at IS NOT NULL",
            (f"s{number}.ended_at", f"k{number}.at"),
        )


def _closings(stages: Iterable[StageFacts]) -> tuple[str, str, str]:
    """SQL of several stages: joins, "all of them are closed", and when the last of them closed."""
    each = [_Closing.of(stage) for stage in stages]
    instants = ", ".join(["NULL::timestamptz", *(at for one in each for at in one.at)])
    return (
        "".join(one.joins for one in each),
        " AND ".join([*(one.closed for one in each)] or ["true"]),
        f"greatest({instants})",
    )


async def ready_subjects(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, limit: int
) -> list[Ready]:
    """Subjects for whom the stage may begin and who have neither a task nor a skip in it.

    People who are held for this stage are left out. At most `limit`, by id.
    """
    before = [cycle.stages[i] for i in stage.predecessors]
    joins, closed, freed_at = _closings(before)
    skipped = " AND ".join(["p.late", *(_Closing.of(one).skipped for one in before)])
    query = text(
        f"""
        SELECT p.person_id, p.late, p.entered_on, p.reviewer_id, p.plan, e.hire_date,
            {freed_at} AS freed_at, ({skipped}) AS entering
        FROM participants p JOIN people e ON e.id = p.person_id {joins}
        WHERE p.cycle_id = :cycle AND p.state = 'in'
          AND NOT EXISTS (SELECT 1 FROM tasks t
              WHERE t.stage_id = :stage AND t.subject_id = p.person_id AND {NOT_VOID})
          AND NOT EXISTS (SELECT 1 FROM skips k
              WHERE k.stage_id = :stage AND k.subject_id = p.person_id)
          AND NOT EXISTS (SELECT 1 FROM held_rows h WHERE h.stage_id = :stage
              AND h.person_id = p.person_id AND h.cleared_at IS NULL)
          AND {closed}
        ORDER BY p.person_id LIMIT :limit
        """
    )
    rows = await conn.execute(query, {"cycle": cycle.id, "stage": stage.id, "limit": limit})
    return [
        Ready(
            r.person_id,
            r.freed_at,
            r.late,
            r.entered_on,
            r.hire_date,
            r.reviewer_id,
            r.plan,
            r.entering and _was_open(stage, r.freed_at),
        )
        for r in rows
    ]


def _was_open(stage: StageFacts, entered_at: datetime | None) -> bool:
    """Had the barrier opened by the entry? Who waited before it is no longer entering."""
    if not stage.barrier or entered_at is None:
        return True
    return stage.opened_at is not None and stage.opened_at <= entered_at


async def open_subjects(
    conn: AsyncConnection, cycle: CycleFacts, stages: Sequence[StageFacts]
) -> int:
    """How many subjects of the cycle are not through with all of these stages."""
    if not stages:
        return 0
    joins, closed, _ = _closings(stages)
    count = await conn.scalar(
        text(
            f"SELECT count(*) FROM participants p {joins} "
            f"WHERE p.cycle_id = :cycle AND p.state = 'in' AND ({closed}) IS NOT TRUE"
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
    joins, _, closed_at = _closings(stages)
    instant: datetime | None = await conn.scalar(
        text(
            f"SELECT max({closed_at}) FROM participants p {joins} "
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
