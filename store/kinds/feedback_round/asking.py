"""Raters are asked: their tasks and the seals of what they will write, in one transaction.

`open_raters` is what opens the step that collects, instead of `store.tasks.opening.open_ready`.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.relationships import PROTECTED
from domain.states import Desk
from store.base.arrays import literal
from store.base.halving import CHUNK, failure_code, in_halves
from store.base.statistics import know_sizes
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.participants import write_skips
from store.cycles.readiness import Ready, ready_subjects
from store.engine.processes import hold, ring
from store.kinds.feedback_round.lists import by_rule
from store.kinds.feedback_round.loads import lock_round
from store.kinds.feedback_round.nominating import accept_silence
from store.kinds.feedback_round.rules import Round, round_of
from store.kinds.feedback_round.seals import make_seals
from store.outbox.notices import tell_desk
from store.tasks.holders import Holder
from store.tasks.opening import create_tasks, plan_tasks

MOST_AT_ONCE = 2_500
"""Subjects in one transaction; each has half a dozen raters."""

NO_RATERS = "no_raters"
"""Why the step does not exist for a subject."""


async def open_raters(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Ask the raters of subjects whose lists are approved, and those who were added since.

    What stood on a list unanswered is accepted first, then whom the definition asks by rule is
    added. Nobody on the list who is protected: the step is skipped and HR is told. A subject whose
    dates cannot be computed is held alone. Returns CHUNK if more may be left, else 0; repeated, it
    finds nobody left.
    """
    round_ = round_of(cycle, stage)
    ready = await ready_subjects(conn, cycle, stage, MOST_AT_ONCE)
    added = await _added(conn, round_, as_of)
    if not ready and not added:
        return 0
    await lock_round(conn, round_.id)

    async def first(some: Sequence[Ready]) -> None:
        await _begin(conn, round_, some, as_of)

    async def more(some: Sequence[Ready]) -> None:
        await _ask(conn, round_, some, as_of)

    async def park(one: Ready, error: Exception) -> None:
        await hold(
            conn,
            stage.process,
            code=f"cannot-open: {failure_code(error)}",
            as_of=as_of,
            mended_by="hr",
            cycle_id=cycle.id,
            stage_id=stage.id,
            person_id=one.subject_id,
        )

    await in_halves(conn, ready, first, park)
    await in_halves(conn, added, more, park)
    return CHUNK if len(ready) == MOST_AT_ONCE else 0


async def _begin(
    conn: AsyncConnection, round_: Round, ready: Sequence[Ready], as_of: datetime
) -> None:
    subjects = [one.subject_id for one in ready]
    await accept_silence(conn, round_, subjects)
    await _add_by_rule(conn, round_, subjects, as_of)
    protected = await _with_protected(conn, round_, subjects)
    without = [subject for subject in subjects if subject not in protected]
    await _skip(conn, round_, without, as_of)
    asked = [one for one in ready if one.subject_id in protected]
    await make_seals(conn, round_.id, [one.subject_id for one in asked])
    await _ask(conn, round_, asked, as_of)


async def _ask(
    conn: AsyncConnection, round_: Round, ready: Sequence[Ready], as_of: datetime
) -> None:
    """Make the tasks of raters who are asked and have none. Idempotent."""
    raters = await _without_task(conn, round_, [one.subject_id for one in ready])
    held = [(one, Holder(rater, None, rater)) for one in ready for rater in raters[one.subject_id]]
    planned = await plan_tasks(conn, round_.cycle, round_.collect, held, as_of)
    await create_tasks(conn, round_.cycle, round_.collect, planned, as_of)


async def _without_task(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int]
) -> dict[int, list[int]]:
    rows = await conn.execute(
        text(
            "SELECT r.subject_id, r.person_id FROM raters r LEFT JOIN tasks t "
            "ON t.stage_id = r.stage_id AND t.subject_id = r.subject_id "
            "AND t.assignee_id = r.person_id WHERE r.stage_id = :round AND r.state = 'asked' "
            "AND r.subject_id = ANY(CAST(:subjects AS bigint[])) AND t.id IS NULL "
            "ORDER BY r.subject_id, r.person_id"
        ),
        {"round": round_.id, "subjects": literal(subjects)},
    )
    found: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        found[row.subject_id].append(row.person_id)
    return found


async def _added(conn: AsyncConnection, round_: Round, as_of: datetime) -> list[Ready]:
    """Subjects already collecting with raters who were added and have no task yet."""
    rows = await conn.execute(
        text(
            """
            SELECT p.person_id, p.late, p.entered_on, p.reviewer_id, p.plan, e.hire_date
            FROM round_seals s JOIN participants p ON p.cycle_id = :cycle
              AND p.person_id = s.subject_id AND p.state = 'in'
            JOIN people e ON e.id = p.person_id
            WHERE s.stage_id = :round
              AND EXISTS (SELECT FROM raters r WHERE r.stage_id = :round
                AND r.subject_id = s.subject_id AND r.state = 'asked'
                AND r.source IN ('replacement', 'rule')
                AND NOT EXISTS (SELECT FROM tasks t WHERE t.stage_id = :round
                  AND t.subject_id = r.subject_id AND t.assignee_id = r.person_id))
              AND NOT EXISTS (SELECT FROM held_rows h WHERE h.stage_id = :round
                AND h.person_id = s.subject_id AND h.cleared_at IS NULL)
            ORDER BY 1
            """
        ),
        {"cycle": round_.cycle.id, "round": round_.id},
    )
    return [
        Ready(r.person_id, as_of, False, r.entered_on, r.hire_date, r.reviewer_id, r.plan)
        for r in rows
    ]


async def _add_by_rule(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], as_of: datetime
) -> None:
    raters = await by_rule(conn, round_, subjects, round_.cycle.company.local_date(as_of))
    if not raters:
        return
    await conn.execute(
        text(
            "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, "
            "created_at) SELECT :round, n.subject, n.person, n.relationship, 'asked', 'rule', :at "
            "FROM unnest(CAST(:subjects AS bigint[]), CAST(:people AS bigint[]), "
            "CAST(:relationships AS text[])) AS n(subject, person, relationship) "
            "ON CONFLICT DO NOTHING"
        ),
        {
            "round": round_.id,
            "at": as_of,
            "subjects": literal(one.subject_id for one in raters),
            "people": literal(one.person_id for one in raters),
            "relationships": literal(one.relationship.value for one in raters),
        },
    )
    await know_sizes(conn, "raters")


async def _with_protected(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int]
) -> set[int]:
    rows = await conn.execute(
        text(
            "SELECT DISTINCT subject_id FROM raters WHERE stage_id = :round AND state = 'asked' "
            "AND relationship = ANY(:protected) "
            "AND subject_id = ANY(CAST(:subjects AS bigint[]))"
        ),
        {
            "round": round_.id,
            "protected": [name.value for name in PROTECTED],
            "subjects": literal(subjects),
        },
    )
    return set(rows.scalars())


async def _skip(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], as_of: datetime
) -> None:
    """No 360 for these people; HR hears of each, and what comes after begins (§2, approve)."""
    if not subjects:
        return
    await conn.execute(
        text(
            "UPDATE raters SET state = 'not_asked' WHERE stage_id = :round "
            "AND subject_id = ANY(CAST(:subjects AS bigint[])) AND state IN ('proposed', 'asked')"
        ),
        {"round": round_.id, "subjects": literal(subjects)},
    )
    skips = [(round_.collect.key, subject, NO_RATERS) for subject in subjects]
    await write_skips(conn, round_.cycle.id, skips, as_of)
    # Without a list to approve, only direct reports could have been asked.
    because = "empty" if round_.step("approve") else "too_few"
    for subject in subjects:
        await tell_desk(
            conn,
            Desk.HR,
            Event.NO_RATERS,
            key=f"round:{round_.id}:{subject}:no_raters",
            cause=NO_RATERS,
            now=as_of,
            cycle_id=round_.cycle.id,
            subject_id=subject,
            data={"because": because},
        )
    cycle = round_.cycle
    after = (cycle.stages[i].process for i in round_.collect.successors)
    await ring(conn, cycle.process, *after, urgent=True)
