"""Steering one stage for everybody in it: more time, or an end (language reference §7)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid
from domain.states import CycleState, StageState
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import ring_cycle
from store.steering.cycle import (
    Preview,
    about_requests,
    audit,
    check_days,
    give_order,
    move_end,
    must_be,
    open_tasks,
)


def _stage(cycle: CycleFacts, stage_id: UUID) -> StageFacts:
    stage = cycle.stages.get(stage_id)
    if stage is None:
        raise Invalid(f"the cycle {cycle.id} has no stage {stage_id}")
    return stage


async def preview_extend_stage(
    conn: AsyncConnection,
    cycle_id: UUID,
    stage_id: UUID,
    days: int,
    now: datetime,
    *,
    and_after: bool = False,
) -> Preview:
    """What extending would do, with and without everything after it."""
    cycle = await load_cycle(conn, cycle_id)
    must_be(cycle, CycleState.OPEN)
    check_days(days)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed; reopen a single task instead.")
    left = await open_tasks(conn, cycle_id, stage_id)
    later = cycle.later_than(stage)
    ends = cycle.ends_at is not None and (and_after or not later)
    names = ", ".join(s.spec.title for s in later) or "nothing"
    sentences = [
        f"{left.open} open and {left.planned} planned tasks are due {days} working days later, "
        "each on its holder's own calendar; closing dates move with them.",
        f"{left.people} people are told at once.",
    ]
    if and_after:
        sentences.append(f"Everything after it moves as well: {names}.")
    else:
        following = "Nothing comes after it."
        if later:
            following = (
                f"The tasks of what comes after it ({names}) keep the due dates that they have; a "
                "stage that waits for everybody opens later, and is due later by as much."
            )
        sentences.append(following)
    last = f"The cycle's last day moves by {days} working days, too."
    sentences.append(last if ends else "The cycle's last day stays.")
    sentences += about_requests(stage)
    return Preview(
        "extend_stage",
        tuple(sentences),
        {"open": left.open, "planned": left.planned, "people": left.people, "later": len(later)},
    )


async def extend_stage(
    conn: AsyncConnection,
    cycle_id: UUID,
    stage_id: UUID,
    days: int,
    actor: Actor,
    now: datetime,
    *,
    and_after: bool = False,
) -> None:
    """Give everybody in a stage `days` working days more, from each one's present due date.

    Not idempotent by itself: the caller holds the command key.
    """
    cycle = await load_cycle(conn, cycle_id, lock="update")
    must_be(cycle, CycleState.OPEN)
    check_days(days)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed; reopen a single task instead.")
    later = cycle.later_than(stage) if and_after else ()
    await give_order(
        conn,
        cycle,
        "extend_stage",
        {"days": days, "stages": [str(s.id) for s in later]},
        actor,
        now,
        stage,
    )
    await conn.execute(
        text("UPDATE stages SET extended_by = extended_by + :days WHERE id = :id"),
        {"days": days, "id": stage.id},
    )
    await _move_stage_plan(conn, cycle, [stage], days, opening=False)
    await _move_stage_plan(conn, cycle, list(later), days, opening=True)
    if and_after or not cycle.later_than(stage):
        await move_end(conn, cycle, days)
    await audit(
        conn, cycle, "extend_stage", actor, now, {"days": days, "and_after": and_after}, stage
    )
    await ring_cycle(conn, cycle_id)


async def _move_stage_plan(
    conn: AsyncConnection, cycle: CycleFacts, stages: list[StageFacts], days: int, *, opening: bool
) -> None:
    calendar = cycle.company.calendar
    for stage in stages:
        plan = stage.planned
        if plan is None:
            continue
        await conn.execute(
            text(
                "UPDATE stages SET planned_opens_on = :opens, planned_due_on = :due, "
                "planned_closes_on = :closes WHERE id = :id"
            ),
            {
                "id": stage.id,
                "opens": calendar.after(plan.opens, days) if opening else plan.opens,
                "due": calendar.after(plan.due, days),
                "closes": None if plan.closes is None else calendar.after(plan.closes, days),
            },
        )


async def preview_close_stage(
    conn: AsyncConnection, cycle_id: UUID, stage_id: UUID, now: datetime
) -> Preview:
    """What closing would do."""
    cycle = await load_cycle(conn, cycle_id)
    must_be(cycle, CycleState.OPEN)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed already.")
    left = await open_tasks(conn, cycle_id, stage_id)
    return Preview(
        "close_stage",
        (
            f"{left.open + left.planned} tasks expire unanswered, with your reason on record.",
            "What was submitted stays. What waits for this stage goes on without the rest.",
            *about_requests(stage),
        ),
        {"tasks": left.open + left.planned, "people": left.people},
    )


async def close_stage(
    conn: AsyncConnection,
    cycle_id: UUID,
    stage_id: UUID,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """End a stage: what is open becomes expired with HR's reason; who had not begun, skips it."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        return
    must_be(cycle, CycleState.OPEN)
    if not reason.strip():
        raise Invalid(
            "Please give a reason: it is kept with every task that ends.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    await give_order(conn, cycle, "close_stage", {"reason": reason.strip()}, actor, now, stage)
    await conn.execute(
        text(
            "INSERT INTO skips (stage_id, subject_id, reason, at) "
            "SELECT :stage, p.person_id, 'stage_closed', :now FROM participants p "
            "WHERE p.cycle_id = :cycle AND p.state = 'in' AND NOT EXISTS (SELECT 1 FROM tasks t "
            "WHERE t.stage_id = :stage AND t.subject_id = p.person_id) ON CONFLICT DO NOTHING"
        ),
        {"stage": stage.id, "cycle": cycle_id, "now": now},
    )
    await audit(conn, cycle, "close_stage", actor, now, {"state": StageState.CLOSED}, stage)
    await ring_cycle(conn, cycle_id)
