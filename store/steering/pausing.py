"""Pause a cycle, and resume it: its dates move by the working days lost (language reference §7)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.timeline import Plan, StagePlan
from domain.access import Actor
from domain.states import CycleState
from store.cycles.facts import CycleFacts, load_cycle
from store.cycles.participants import write_personal_plans
from store.engine.processes import ring_cycle
from store.outbox.outbox import wake_sender
from store.people.times import person_times
from store.steering.cycle import (
    Preview,
    about_requests,
    audit,
    give_order,
    move_end,
    must_be,
    open_tasks,
    set_state,
)


async def preview_pause(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What pausing would do."""
    cycle = await load_cycle(conn, cycle_id)
    must_be(cycle, CycleState.OPEN)
    left = await open_tasks(conn, cycle_id)
    return Preview(
        "pause",
        (
            f"{left.open} open tasks of {left.people} people stand still: no mail, no reminder, "
            "no escalation, nothing opens or closes.",
            "People can go on writing and submitting; it unlocks nothing until you resume.",
            "When you resume, every date ahead moves by the working days lost.",
            *about_requests(*cycle.stages.values()),
        ),
        {"open": left.open, "people": left.people},
    )


async def pause(conn: AsyncConnection, cycle_id: UUID, actor: Actor, now: datetime) -> None:
    """From this commit on nothing goes out, opens or closes. A second pause changes nothing."""
    cycle = await load_cycle(conn, cycle_id, lock="update")
    if cycle.state is CycleState.PAUSED:
        return
    must_be(cycle, CycleState.OPEN)
    await set_state(conn, cycle, CycleState.PAUSED, now, paused_at=now)
    await conn.execute(
        text("INSERT INTO pauses (cycle_id, paused_at, paused_by_id) VALUES (:id, :now, :by)"),
        {"id": cycle_id, "now": now, "by": actor.person_id},
    )
    await audit(conn, cycle, "pause", actor, now, {"state": CycleState.PAUSED})
    await ring_cycle(conn, cycle_id)


async def preview_resume(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What resuming would do."""
    cycle = await load_cycle(conn, cycle_id)
    must_be(cycle, CycleState.PAUSED)
    left = await open_tasks(conn, cycle_id)
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
    must_be(cycle, CycleState.PAUSED)
    paused_at = await _paused_at(conn, cycle)
    await set_state(conn, cycle, CycleState.OPEN, now, paused_at=None)
    await conn.execute(
        text(
            "UPDATE pauses SET resumed_at = :now, resumed_by_id = :by "
            "WHERE cycle_id = :id AND resumed_at IS NULL"
        ),
        {"id": cycle_id, "now": now, "by": actor.person_id},
    )
    await give_order(
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
    await _shift_personal_plans(conn, cycle, paused_at, now)
    await audit(conn, cycle, "resume", actor, now, {"state": CycleState.OPEN, "days": days})
    await ring_cycle(conn, cycle_id)
    await wake_sender(conn, now)  # what was held back while the cycle stood still


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
    await move_end(conn, cycle, days)


async def _shift_personal_plans(
    conn: AsyncConnection, cycle: CycleFacts, paused_at: datetime, resumed_at: datetime
) -> None:
    """In a rolling cycle the plan is each person's own, and moves on their own calendar."""
    rows = await conn.execute(
        text(
            "SELECT person_id, plan FROM participants "
            "WHERE cycle_id = :id AND state = 'in' AND plan IS NOT NULL"
        ),
        {"id": cycle.id},
    )
    plans = {row.person_id: Plan.model_validate(row.plan) for row in rows}
    times = await person_times(conn, cycle.calendars, sorted(plans), leave="keep")
    moved = {}
    for person, plan in plans.items():
        time = times.get(person, cycle.company)
        days = _lost(time, paused_at, resumed_at)
        if days:
            moved[person] = _shifted(plan, time, time.local_date(paused_at), days)
    await write_personal_plans(conn, cycle.id, moved)


def _shifted(plan: Plan, time: PersonTime, paused_on: date, days: int) -> Plan:
    def later(day: date) -> date:
        return day if day < paused_on else time.calendar.after(day, days)

    def moved(planned: StagePlan) -> StagePlan:
        return StagePlan(
            opens=later(planned.opens),
            due=later(planned.due),
            closes=None if planned.closes is None else later(planned.closes),
            steps={key: moved(step) for key, step in planned.steps.items()},
        )

    stages = {key: moved(planned) for key, planned in plan.stages.items()}
    return plan.model_copy(update={"stages": stages, "ends": later(plan.ends)})
