"""Write down who is in a cycle and who is out, and which stages do not exist for whom."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import expressions
from definitions.expressions import Expression, ExpressionError
from definitions.models import Definition
from definitions.timeline import Plan
from domain.states import ParticipantState
from store.base.arrays import literal
from store.base.statistics import MANY, know_sizes
from store.cycles.audience import (
    NEEDS_A_MANAGER,
    Audience,
    Reason,
    Subject,
    Verdict,
    subjects_in_batches,
)
from store.cycles.chosen_people import chosen_people


async def enrol(
    conn: AsyncConnection,
    cycle_id: UUID,
    definition: Definition,
    on: date,
    *,
    reviewers: Mapping[int, int] | None,
) -> int:
    """Judge the whole company for a launch on a day. Returns how many are in.

    Where HR chose people by name, everybody else is out for that reason.

    Repeatable: what HR decided by hand stays, everything else is judged anew, and whoever has
    left since is gone from the list. `reviewers` none: those named before.
    """
    named = dict(reviewers) if reviewers is not None else await named_reviewers(conn, cycle_id)
    chosen = await chosen_people(conn, cycle_id)
    audience = Audience(definition, on, reviewers=named, chosen=chosen)
    verdicts = [
        audience.judge(subject)
        async for batch in subjects_in_batches(conn, on)
        for subject in batch
    ]
    await write_verdicts(conn, cycle_id, verdicts, on)
    await conn.execute(
        text(
            "DELETE FROM participants WHERE cycle_id = :cycle AND reason <> ALL(:by_hand)"
            " AND person_id <> ALL(CAST(:ids AS bigint[]))"
        ),
        {
            "cycle": cycle_id,
            "ids": literal(verdict.person_id for verdict in verdicts),
            "by_hand": _BY_HAND,
        },
    )
    if len(verdicts) >= MANY:
        await know_sizes(conn, "participants")
    return await count_participants(conn, cycle_id)


async def foresee(
    conn: AsyncConnection, definition: Definition, on: date, chosen: Collection[int] | None
) -> Counter[tuple[ParticipantState, Reason]]:
    """Count who would be in and out, and why, if a cycle were launched on a day. Writes nothing.

    `chosen` are those whom HR chose by name; none: everybody whom the definition means.
    """
    audience = Audience(definition, on, chosen=chosen)
    counted: Counter[tuple[ParticipantState, Reason]] = Counter()
    async for batch in subjects_in_batches(conn, on):
        verdicts = [audience.judge(subject) for subject in batch]
        counted.update((verdict.state, verdict.reason) for verdict in verdicts)
    return counted


async def write_verdicts(
    conn: AsyncConnection,
    cycle_id: UUID,
    verdicts: Sequence[Verdict],
    on: date,
    *,
    late: bool = False,
) -> None:
    """Insert or correct participants in one statement; what HR decided by hand stays.

    Whoever stands there already as judged is left alone: confirming a launch judges everybody
    once more, and finds a handful who have changed. `ON CONFLICT` alone would lock each row.
    `EXCEPT` reads both sides once before the first row is written; a join may read the growing
    table again for each person, which at 100,000 people took minutes.
    """
    await conn.execute(
        text(
            "INSERT INTO participants (cycle_id, person_id, state, reason, because, department,"
            " reviewer_id, entered_on, late)"
            " SELECT :cycle, e.*, :late FROM ("
            "SELECT v.*, CASE WHEN v.state = 'in' THEN CAST(:on AS date) END"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]),"
            " CAST(:reasons AS text[]), CAST(:because AS text[]),"
            " CAST(:departments AS text[]), CAST(:reviewers AS bigint[]))"
            " AS v(person_id, state, reason, because, department, reviewer_id)"
            " EXCEPT SELECT person_id, state, reason, because, department, reviewer_id, entered_on"
            " FROM participants WHERE cycle_id = :cycle AND late = :late ORDER BY 1) AS e"
            " ON CONFLICT (cycle_id, person_id) DO UPDATE SET state = excluded.state,"
            " reason = excluded.reason, because = excluded.because,"
            " department = excluded.department, reviewer_id = excluded.reviewer_id,"
            " entered_on = excluded.entered_on, late = excluded.late"
            " WHERE participants.reason <> ALL(:by_hand)"
        ),
        {
            "cycle": cycle_id,
            "on": on,
            "late": late,
            "ids": literal(verdict.person_id for verdict in verdicts),
            "states": literal(verdict.state.value for verdict in verdicts),
            "reasons": literal(verdict.reason.value for verdict in verdicts),
            "because": literal(verdict.because for verdict in verdicts),
            "departments": literal(verdict.department for verdict in verdicts),
            "reviewers": literal(verdict.reviewer_id for verdict in verdicts),
            "by_hand": _BY_HAND,
        },
    )


async def count_participants(conn: AsyncConnection, cycle_id: UUID) -> int:
    """Count who is in, and keep the number on the cycle's row."""
    count = await conn.scalar(
        text(
            "UPDATE cycles SET participants = (SELECT count(*) FROM participants"
            " WHERE cycle_id = :id AND state = 'in') WHERE id = :id RETURNING participants"
        ),
        {"id": cycle_id},
    )
    return int(count or 0)


async def skip_missing_stages(
    conn: AsyncConnection,
    cycle_id: UUID,
    definition: Definition,
    on: date,
    now: datetime,
    person_ids: Sequence[int] | None = None,
) -> int:
    """Write down which stages do not exist for whom; there they count as closed.

    A stage whose `when` is false, and stages of a manager for somebody who takes part without
    one. A condition that cannot be decided skips nothing: the person is not to lose a stage to
    a broken record. Idempotent. Returns how many were skipped.
    """
    conditional = [stage for stage in definition.stages if stage.when is not None]
    managed = [stage.id for stage in definition.stages if stage.assignee in NEEDS_A_MANAGER]
    members = await _members(conn, cycle_id, person_ids, everybody=bool(conditional))
    skips: list[tuple[str, int, str]] = [
        (key, person, "no_manager")
        for person, reason in members.items()
        if reason == Reason.SELF_ONLY
        for key in managed
    ]
    if conditional:
        conditions = [(stage.id, expressions.compile(stage.when or "")) for stage in conditional]
        async for batch in subjects_in_batches(conn, on, list(members)):
            skips += [
                (key, subject.person_id, "condition")
                for key, condition in conditions
                for subject in batch
                if is_false(condition, subject)
            ]
    return await write_skips(conn, cycle_id, skips, now)


async def write_skips(
    conn: AsyncConnection, cycle_id: UUID, skips: Sequence[tuple[str, int, str]], at: datetime
) -> int:
    """Insert (stage key, subject, reason) in one statement. Idempotent."""
    if not skips:
        return 0
    written = await conn.execute(
        text(
            "INSERT INTO skips (stage_id, subject_id, reason, at)"
            " SELECT s.id, k.subject_id, k.reason, :at FROM unnest(CAST(:keys AS text[]),"
            " CAST(:subjects AS bigint[]), CAST(:reasons AS text[]))"
            " AS k(key, subject_id, reason)"
            " JOIN stages s ON s.cycle_id = :cycle AND s.key = k.key ON CONFLICT DO NOTHING"
        ),
        {
            "cycle": cycle_id,
            "at": at,
            "keys": literal(skip[0] for skip in skips),
            "subjects": literal(skip[1] for skip in skips),
            "reasons": literal(skip[2] for skip in skips),
        },
    )
    if len(skips) >= MANY:
        await know_sizes(conn, "skips")
    return written.rowcount


async def write_personal_plans(
    conn: AsyncConnection, cycle_id: UUID, plans: Mapping[int, Plan]
) -> None:
    """Store the plans of people in a rolling cycle, in one statement. Their first plans stay."""
    if plans:
        await conn.execute(
            text(
                "UPDATE participants p SET plan = CAST(n.plan AS jsonb),"
                " first_plan = coalesce(p.first_plan, p.plan)"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:plans AS text[])) AS n(id, plan)"
                " WHERE p.cycle_id = :cycle AND p.person_id = n.id"
            ),
            {
                "cycle": cycle_id,
                "ids": list(plans),
                "plans": [plan.model_dump_json() for plan in plans.values()],
            },
        )


_BY_HAND = [reason.value for reason in Reason if reason.by_hand]


async def named_reviewers(conn: AsyncConnection, cycle_id: UUID) -> dict[int, int]:
    """Read whom HR named to review whom."""
    rows = await conn.execute(
        text(
            "SELECT person_id, reviewer_id FROM participants"
            " WHERE cycle_id = :cycle AND reviewer_id IS NOT NULL"
        ),
        {"cycle": cycle_id},
    )
    return dict(rows.all())


async def _members(
    conn: AsyncConnection, cycle_id: UUID, person_ids: Sequence[int] | None, *, everybody: bool
) -> dict[int, str]:
    """Who takes part, and why; unless `everybody` is asked for, only those without a manager."""
    rows = await conn.execute(
        text(
            "SELECT person_id, reason FROM participants WHERE cycle_id = :cycle AND state = :state"
            " AND (:everybody OR reason = :alone)"
            " AND (CAST(:ids AS bigint[]) IS NULL OR person_id = ANY(CAST(:ids AS bigint[])))"
        ),
        {
            "cycle": cycle_id,
            "state": ParticipantState.IN,
            "everybody": everybody,
            "alone": Reason.SELF_ONLY,
            "ids": None if person_ids is None else literal(person_ids),
        },
    )
    return dict(rows.all())


def is_false(condition: Expression, subject: Subject) -> bool:
    """Whether a condition certainly does not hold: one that cannot be decided may."""
    try:
        return not condition.evaluate(subject.facts)
    except ExpressionError:
        return False
