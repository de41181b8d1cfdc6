"""Steering a whole cycle or stage: facts, answered at once, engine up or not.

Each takes the cycle's row exclusively, checks, writes the order with its audit entry and bells,
and commits with the caller. What concerns many tasks is applied by `advance` in chunks. Every
function has a preview that says what it would do to how many, and raises the same refusals.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.access import Actor
from domain.errors import IllegalState, Invalid
from domain.states import CycleState, StageState
from store.audit import record
from store.cycle_facts import CycleFacts, StageFacts, load_cycle
from store.processes import ring_cycle

MOST_DAYS = 120
"""Nobody means to extend a stage by more than half a year."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do: sentences for people, and the numbers in them."""

    act: str
    sentences: tuple[str, ...]
    counts: Mapping[str, int]


async def _open_tasks(conn: AsyncConnection, cycle_id: UUID, stage_id: UUID | None = None) -> Any:
    return (
        await conn.execute(
            text(
                "SELECT count(*) FILTER (WHERE state = 'open') AS open, "
                "count(*) FILTER (WHERE state = 'planned') AS planned, "
                "count(DISTINCT assignee_id) FILTER (WHERE state = 'open') AS people "
                "FROM tasks WHERE cycle_id = :cycle AND state IN ('planned', 'open') "
                "AND (CAST(:stage AS uuid) IS NULL OR stage_id = :stage)"
            ),
            {"cycle": cycle_id, "stage": stage_id},
        )
    ).one()


def _must_be(cycle: CycleFacts, *states: CycleState) -> None:
    if cycle.state in states:
        return
    now = {
        CycleState.CHECK: "The cycle has not been launched yet.",
        CycleState.WAITING: "The cycle waits for HR's approval.",
        CycleState.OPEN: "The cycle is running.",
        CycleState.PAUSED: "The cycle is paused; resume it first.",
        CycleState.CLOSED: "The cycle has ended.",
        CycleState.CANCELLED: "The cycle was cancelled.",
    }[cycle.state]
    raise IllegalState(now, state=cycle.state.value)


async def _order(
    conn: AsyncConnection,
    cycle: CycleFacts,
    order: str,
    detail: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    stage: StageFacts | None = None,
) -> None:
    await conn.execute(
        text(
            'INSERT INTO steering (cycle_id, stage_id, "order", detail, given_at, given_by_id) '
            "VALUES (:cycle, :stage, :order, CAST(:detail AS jsonb), :now, :by)"
        ),
        {
            "cycle": cycle.id,
            "stage": stage.id if stage else None,
            "order": order,
            "detail": json.dumps(dict(detail)),
            "now": now,
            "by": actor.person_id,
        },
    )


async def _set_state(
    conn: AsyncConnection, cycle: CycleFacts, state: CycleState, now: datetime, **more: object
) -> None:
    columns = "".join(f", {name} = :{name}" for name in more)
    await conn.execute(
        text(f"UPDATE cycles SET state = :state, version = version + 1{columns} WHERE id = :cycle"),
        {"state": state, "cycle": cycle.id, **more},
    )


async def _audit(
    conn: AsyncConnection,
    cycle: CycleFacts,
    action: str,
    actor: Actor,
    now: datetime,
    after: Mapping[str, Any],
    stage: StageFacts | None = None,
) -> None:
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="stage" if stage else "cycle",
        object_id=stage.id if stage else cycle.id,
        cycle_id=cycle.id,
        before={"state": cycle.state.value},
        after=dict(after),
    )


# --- Pause and resume ---------------------------------------------------------------------------


async def preview_pause(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What pausing would do."""
    cycle = await load_cycle(conn, cycle_id)
    _must_be(cycle, CycleState.OPEN)
    left = await _open_tasks(conn, cycle_id)
    return Preview(
        "pause",
        (
            f"{left.open} open tasks of {left.people} people stand still: no mail, no reminder, "
            "no escalation, nothing opens or closes.",
            "People can go on writing and submitting; it unlocks nothing until you resume.",
            "When you resume, every date ahead moves by the working days lost.",
        ),
        {"open": left.open, "people": left.people},
    )


async def pause(conn: AsyncConnection, cycle_id: UUID, actor: Actor, now: datetime) -> None:
    """From this commit on nothing goes out, opens or closes. A second pause changes nothing."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    if cycle.state is CycleState.PAUSED:
        return
    _must_be(cycle, CycleState.OPEN)
    await _set_state(conn, cycle, CycleState.PAUSED, now, paused_at=now)
    await conn.execute(
        text("INSERT INTO pauses (cycle_id, paused_at, paused_by_id) VALUES (:id, :now, :by)"),
        {"id": cycle_id, "now": now, "by": actor.person_id},
    )
    await _audit(conn, cycle, "pause", actor, now, {"state": CycleState.PAUSED})
    await ring_cycle(conn, cycle_id)


async def preview_resume(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What resuming would do."""
    cycle = await load_cycle(conn, cycle_id)
    _must_be(cycle, CycleState.PAUSED)
    left = await _open_tasks(conn, cycle_id)
    paused_at = await _paused_at(conn, cycle)
    days = _lost(cycle.company, paused_at, now)
    return Preview(
        "resume",
        (
            f"The dates ahead of {left.open + left.planned} tasks move by the working days lost: "
            f"{days} on the company calendar, each person's by their own.",
            "Reminders and escalations go on with what lies ahead.",
        ),
        {"tasks": left.open + left.planned, "days": days},
    )


async def resume(conn: AsyncConnection, cycle_id: UUID, actor: Actor, now: datetime) -> None:
    """Go on. Dates ahead move once by the working days lost. A second resume changes nothing."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    if cycle.state is CycleState.OPEN:
        return
    _must_be(cycle, CycleState.PAUSED)
    paused_at = await _paused_at(conn, cycle)
    await _set_state(conn, cycle, CycleState.OPEN, now, paused_at=None)
    await conn.execute(
        text(
            "UPDATE pauses SET resumed_at = :now, resumed_by_id = :by "
            "WHERE cycle_id = :id AND resumed_at IS NULL"
        ),
        {"id": cycle_id, "now": now, "by": actor.person_id},
    )
    await _order(
        conn,
        cycle,
        "resume",
        {"paused_at": paused_at.isoformat(), "resumed_at": now.isoformat()},
        actor,
        now,
    )
    days = _lost(cycle.company, paused_at, now)
    if days:
        await _shift_plan(conn, cycle, days, paused_at)
    await _audit(conn, cycle, "resume", actor, now, {"state": CycleState.OPEN, "days": days})
    await ring_cycle(conn, cycle_id)


async def _paused_at(conn: AsyncConnection, cycle: CycleFacts) -> datetime:
    instant: datetime = (
        await conn.execute(text("SELECT paused_at FROM cycles WHERE id = :id"), {"id": cycle.id})
    ).scalar_one()
    return instant


def _lost(company: PersonTime, paused_at: datetime, resumed_at: datetime) -> int:
    return company.calendar.count(company.local_date(paused_at), company.local_date(resumed_at))


async def _shift_plan(
    conn: AsyncConnection, cycle: CycleFacts, days: int, paused_at: datetime
) -> None:
    """Planned dates ahead, and the cycle's last instant, move on the company calendar."""
    company = cycle.company
    on = company.local_date(paused_at)
    for stage in cycle.stages.values():
        if stage.planned is None:
            continue
        dates = {
            "opens": stage.planned.opens,
            "due": stage.planned.due,
            "closes": stage.planned.closes,
        }
        moved = {
            k: company.calendar.after(d, days) if d is not None and d >= on else d
            for k, d in dates.items()
        }
        await conn.execute(
            text(
                "UPDATE stages SET planned_opens_on = :opens, planned_due_on = :due, "
                "planned_closes_on = :closes WHERE id = :id"
            ),
            {"id": stage.id, **moved},
        )
    await _move_end(conn, cycle, days)


async def _move_end(conn: AsyncConnection, cycle: CycleFacts, days: int) -> None:
    if cycle.ends_at is None:
        return
    company = cycle.company
    last = company.calendar.after(company.local_date(cycle.ends_at), days)
    await conn.execute(
        text("UPDATE cycles SET ends_at = :ends WHERE id = :id"),
        {"id": cycle.id, "ends": company.end_of(last)},
    )


# --- A stage ------------------------------------------------------------------------------------


def _stage(cycle: CycleFacts, stage_id: UUID) -> StageFacts:
    stage = cycle.stages.get(stage_id)
    if stage is None:
        raise Invalid(f"the cycle {cycle.id} has no stage {stage_id}")
    return stage


def _days(days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"A stage can be extended by 1 to {MOST_DAYS} working days.",
            ({"field": "days", "code": "range", "message": f"Give 1 to {MOST_DAYS}."},),
        )


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
    _must_be(cycle, CycleState.OPEN)
    _days(days)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed; reopen a single task instead.")
    left = await _open_tasks(conn, cycle_id, stage_id)
    later = cycle.later_than(stage)
    names = ", ".join(s.spec.title for s in later) or "nothing"
    sentences = [
        f"{left.open} open and {left.planned} planned tasks are due {days} working days later, "
        "each on its holder's own calendar; closing dates move with them.",
        f"{left.people} people are told at once.",
    ]
    if and_after:
        sentences.append(f"Everything after it moves as well: {names}.")
    else:
        sentences.append(
            f"What comes after it ({names}) keeps its dates, unless it waits for everybody."
        )
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
    _must_be(cycle, CycleState.OPEN)
    _days(days)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed; reopen a single task instead.")
    later = cycle.later_than(stage) if and_after else ()
    await _order(
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
    if and_after or not later:
        await _move_end(conn, cycle, days)
    await _audit(
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
    _must_be(cycle, CycleState.OPEN)
    stage = _stage(cycle, stage_id)
    if stage.state is StageState.CLOSED:
        raise IllegalState("This stage is closed already.")
    left = await _open_tasks(conn, cycle_id, stage_id)
    return Preview(
        "close_stage",
        (
            f"{left.open + left.planned} tasks expire unanswered, with your reason on record.",
            "What was submitted stays. What waits for this stage goes on without the rest.",
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
    _must_be(cycle, CycleState.OPEN)
    if not reason.strip():
        raise Invalid(
            "Please give a reason: it is kept with every task that ends.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    await _order(conn, cycle, "close_stage", {"reason": reason.strip()}, actor, now, stage)
    await conn.execute(
        text(
            "INSERT INTO skips (stage_id, subject_id, reason, at) "
            "SELECT :stage, p.person_id, 'stage_closed', :now FROM participants p "
            "WHERE p.cycle_id = :cycle AND p.state = 'in' AND NOT EXISTS (SELECT 1 FROM tasks t "
            "WHERE t.stage_id = :stage AND t.subject_id = p.person_id) ON CONFLICT DO NOTHING"
        ),
        {"stage": stage.id, "cycle": cycle_id, "now": now},
    )
    await _audit(conn, cycle, "close_stage", actor, now, {"state": StageState.CLOSED}, stage)
    await ring_cycle(conn, cycle_id)


# --- The end ------------------------------------------------------------------------------------


async def preview_cancel(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What cancelling would do."""
    cycle = await load_cycle(conn, cycle_id)
    _must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    left = await _open_tasks(conn, cycle_id)
    return Preview(
        "cancel",
        (
            f"{left.open + left.planned} tasks are cancelled. This cannot be undone.",
            f"{left.people} people are told once that nothing is asked of them any more.",
            "What was submitted is kept, but nothing further opens and no result is released.",
        ),
        {"tasks": left.open + left.planned, "people": left.people},
    )


async def cancel_cycle(
    conn: AsyncConnection, cycle_id: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    """Stop a cycle for good. A second cancel changes nothing."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    if cycle.state is CycleState.CANCELLED:
        return
    _must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    await _set_state(
        conn, cycle, CycleState.CANCELLED, now, closed_at=now, ended_reason=reason.strip() or None
    )
    await _audit(conn, cycle, "cancel", actor, now, {"state": CycleState.CANCELLED})
    await ring_cycle(conn, cycle_id)


async def extend_cycle(
    conn: AsyncConnection, cycle_id: UUID, days: int, actor: Actor, now: datetime
) -> None:
    """Move the cycle's last instant by working days of the company."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    _must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    _days(days)
    await _move_end(conn, cycle, days)
    await _audit(conn, cycle, "extend_cycle", actor, now, {"days": days})
    await ring_cycle(conn, cycle_id)
