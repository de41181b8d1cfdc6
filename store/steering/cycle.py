"""Steering a whole cycle: facts, answered at once, engine up or not.

Each takes the cycle's row exclusively, checks, writes the order with its audit entry and bells,
and commits with the caller. What concerns many tasks is applied by `advance` in chunks. Every
function has a preview that says what it would do to how many, and raises the same refusals.

Here is the end of a cycle, and what all steering leans on; see also `store.steering.pausing`,
`store.steering.stage`, `store.steering.task`, `store.steering.participation` and
`store.kinds.release`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid
from domain.states import CycleState, StageState
from store.access.visible import REQUEST
from store.base.audit import record
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import ring_cycle
from store.steering.giving_up import give_up_launch

MOST_DAYS = 120
"""Nobody means to extend a stage by more than half a year."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do: sentences for people, and the numbers in them."""

    act: str
    sentences: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Live:
    """Counts of live tasks, and of the people who hold the open ones."""

    open: int
    planned: int
    people: int


async def open_tasks(conn: AsyncConnection, cycle_id: UUID, stage_id: UUID | None = None) -> Live:
    """Count what is live in the cycle, or in one stage of it.

    Requests of a round that is open count whether they were answered or not (`about_requests`).
    """
    row = (
        await conn.execute(
            text(
                "SELECT count(*) FILTER (WHERE state = 'open' OR request) AS open, "
                "count(*) FILTER (WHERE state = 'planned' AND NOT request) AS planned, "
                "count(DISTINCT assignee_id) FILTER (WHERE state = 'open' OR request) AS people "
                f"FROM (SELECT t.state, t.assignee_id, {REQUEST} AS request FROM tasks t "
                "WHERE t.cycle_id = :cycle AND (CAST(:stage AS uuid) IS NULL OR "
                "t.stage_id = :stage)) AS live WHERE state IN ('planned', 'open') OR request"
            ),
            {"cycle": cycle_id, "stage": stage_id},
        )
    ).one()
    return Live(row.open, row.planned, row.people)


def about_requests(*stages: StageFacts) -> tuple[str, ...]:
    """What is to be said beside such a count, if there are requests in it."""
    if any(s.traits.private and s.state is not StageState.CLOSED for s in stages):
        return ("Requests for feedback are counted whether they were answered or not.",)
    return ()


def must_be(cycle: CycleFacts, *states: CycleState) -> None:
    """Raise IllegalState, with what the cycle is instead, unless it is in one of these states."""
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


async def give_order(
    conn: AsyncConnection,
    cycle: CycleFacts,
    order: str,
    detail: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    stage: StageFacts | None = None,
) -> None:
    """Write an order down; `advance` applies it to what it concerns, in chunks."""
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


async def set_state(
    conn: AsyncConnection, cycle: CycleFacts, state: CycleState, now: datetime, **more: object
) -> None:
    """Change the state of a cycle that was locked for steering, and `more` columns with it."""
    columns = "".join(f", {name} = :{name}" for name in more)
    await conn.execute(
        text(f"UPDATE cycles SET state = :state, version = version + 1{columns} WHERE id = :cycle"),
        {"state": state, "cycle": cycle.id, **more},
    )


async def audit(
    conn: AsyncConnection,
    cycle: CycleFacts,
    action: str,
    actor: Actor,
    now: datetime,
    after: Mapping[str, Any],
    stage: StageFacts | None = None,
) -> None:
    """Record an act on a cycle, or on one stage of it, in the transaction of the act."""
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


async def move_end(conn: AsyncConnection, cycle: CycleFacts, days: int) -> None:
    """Move the cycle's last instant by working days of the company."""
    if cycle.ends_at is None:
        return
    company = cycle.company
    last = company.calendar.after(company.local_date(cycle.ends_at), days)
    await conn.execute(
        text("UPDATE cycles SET ends_at = :ends WHERE id = :id"),
        {"id": cycle.id, "ends": company.end_of(last)},
    )


def check_days(days: int) -> None:
    """Raise Invalid unless this many working days may be given."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"Give from 1 to {MOST_DAYS} working days.",
            ({"field": "days", "code": "range", "message": f"Give 1 to {MOST_DAYS}."},),
        )


async def preview_cancel(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What cancelling would do."""
    if await _not_launched(conn, cycle_id):
        said = "The launch is given up. Nothing has opened, and nobody was told of anything."
        return Preview("cancel", (said,), {"tasks": 0, "people": 0})
    cycle = await load_cycle(conn, cycle_id)
    must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    left = await open_tasks(conn, cycle_id)
    return Preview(
        "cancel",
        (
            f"{left.open + left.planned} tasks are cancelled. This cannot be undone.",
            f"{left.people} people are told once that nothing is asked of them any more.",
            "What was submitted is kept, but nothing further opens and no result is released.",
            *about_requests(*cycle.stages.values()),
        ),
        {"tasks": left.open + left.planned, "people": left.people},
    )


async def cancel_cycle(
    conn: AsyncConnection, cycle_id: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    """Stop a cycle for good, one that has not been launched yet as well. A second cancel changes
    nothing. Raises NotFound, and IllegalState for a cycle that has ended."""
    if await _not_launched(conn, cycle_id):
        await give_up_launch(conn, cycle_id, actor, now, reason.strip())
        return
    cycle = await load_cycle(conn, cycle_id, lock="update")
    if cycle.state is CycleState.CANCELLED:
        return
    must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    await set_state(
        conn, cycle, CycleState.CANCELLED, now, closed_at=now, ended_reason=reason.strip() or None
    )
    await audit(conn, cycle, "cancel", actor, now, {"state": CycleState.CANCELLED})
    await ring_cycle(conn, cycle_id)


async def _not_launched(conn: AsyncConnection, cycle_id: UUID) -> bool:
    """Was the cycle never opened: is it a launch that waits, or was given up?"""
    opened = await conn.execute(
        text("SELECT opened_at IS NOT NULL FROM cycles WHERE id = :id"), {"id": cycle_id}
    )
    return opened.scalar_one_or_none() is False


async def preview_extend_cycle(
    conn: AsyncConnection, cycle_id: UUID, days: int, now: datetime
) -> Preview:
    """What extending the whole cycle would do: its new last day."""
    cycle = await load_cycle(conn, cycle_id)
    last = _last_day(cycle)
    check_days(days)
    new = cycle.company.calendar.after(last, days)
    left = await open_tasks(conn, cycle_id)
    return Preview(
        "extend_cycle",
        (
            f"The cycle ends on {new:%a %d %b %Y} instead of {last:%a %d %b %Y}.",
            "No due date moves, and no stage that closes on a day stays open longer. Whatever else"
            " is still open then expires.",
            "Nobody is told: it only gives more time to what is late.",
        ),
        {"days": days, "open": left.open},
    )


async def extend_cycle(
    conn: AsyncConnection, cycle_id: UUID, days: int, actor: Actor, now: datetime
) -> None:
    """Move the cycle's last instant by working days of the company.

    Not idempotent by itself: the caller holds the command key. Raises IllegalState for a cycle
    that is over, or that ends by itself when its last person is through.
    """
    cycle = await load_cycle(conn, cycle_id, lock="update")
    _last_day(cycle)
    check_days(days)
    await move_end(conn, cycle, days)
    await audit(conn, cycle, "extend_cycle", actor, now, {"days": days})
    await ring_cycle(conn, cycle_id)


def _last_day(cycle: CycleFacts) -> date:
    must_be(cycle, CycleState.OPEN, CycleState.PAUSED)
    if cycle.ends_at is None:
        raise IllegalState("This cycle has no last day: it ends when its last person is through.")
    return cycle.company.local_date(cycle.ends_at)
