"""What a cycle does when it looks at the facts: begins stages, holds barriers, ends."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.turn import Turn
from domain.notifications import Event
from domain.progress import Progress
from domain.states import CycleState, Desk, StageState
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.cycles.readiness import last_closing, open_subjects
from store.engine.processes import ring_cycle, start, window_for
from store.outbox.notices import tell_desk
from store.steering.pause_news import tell_paused
from store.tasks.expected_plan import barrier_opens, slipped
from store.tasks.late_joiners import entry_until
from store.tasks.opening import current_plan


async def advance_cycle(turn: Turn, cycle_id: UUID, as_of: datetime) -> Progress:
    """Begin the stages whose time has come, and end the cycle.

    Idempotent: a stage's process is started once, a barrier opens once and never closes again.
    """
    async with turn.database.begin() as conn:
        cycle = await load_cycle(conn, cycle_id, lock="share")
        if cycle.state is CycleState.PAUSED:
            await tell_paused(conn, cycle)
            return Progress(waits_for="paused")
        if cycle.state in (CycleState.CLOSED, CycleState.CANCELLED):
            return Progress(closed=True, waits_for="ended")
        if not cycle.moving:
            return Progress(waits_for="approval")
        begun = await _begun(conn, cycle_id)
    turn.heartbeat()
    for stage_id in [s.id for s in cycle.stages.values() if s.id not in begun]:
        async with turn.database.begin() as conn:
            cycle = await load_cycle(conn, cycle_id, lock="share")
            if not cycle.moving:
                return Progress(waits_for="paused")
            await _begin_stage(conn, cycle, cycle.stages[stage_id], as_of)
        turn.heartbeat()
    return await _settle(turn, cycle_id, as_of)


async def _begun(conn: AsyncConnection, cycle_id: UUID) -> set[UUID]:
    """The stages that have a process."""
    rows = await conn.execute(
        text("SELECT stage_id FROM processes WHERE cycle_id = :id AND stage_id IS NOT NULL"),
        {"id": cycle_id},
    )
    return set(rows.scalars())


async def _begin_stage(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> None:
    """Start the stage's process as soon as its first task may come into being."""
    exists = await conn.scalar(
        text("SELECT 1 FROM processes WHERE id = :id"), {"id": stage.process}
    )
    if exists:
        return
    before = [cycle.stages[i] for i in stage.predecessors]
    if stage.barrier:
        if await open_subjects(conn, cycle, before):
            return
        if any(s.state is StageState.WAITING for s in before):
            return
        await _open_barrier(conn, cycle, stage, before, as_of)
    elif any(s.state is StageState.WAITING and not s.barrier for s in before) or any(
        s.barrier and s.opened_at is None for s in before
    ):
        return
    await start(
        conn,
        stage.process,
        stage.process_kind,
        cycle_id=cycle.id,
        stage_id=stage.round or stage.id,
        now=as_of,
        window_seconds=window_for(cycle.participants),
    )


async def _open_barrier(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    before: list[StageFacts],
    as_of: datetime,
) -> None:
    """Everybody is through: the barrier opens at the instant of the last fact, once.

    If that is later than planned, its plan and that of all stages after it slip (§3.7).
    """
    freed = await last_closing(conn, cycle, before) or as_of
    company = cycle.company
    if company.local_date(as_of) > company.local_date(freed):
        freed = as_of
    freed = barrier_opens(cycle, stage, freed)
    await conn.execute(
        text("UPDATE stages SET opened_at = :at WHERE id = :id AND opened_at IS NULL"),
        {"id": stage.id, "at": freed},
    )
    await _slip_plan(conn, cycle, stage, freed)


async def _slip_plan(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, opened_at: datetime
) -> None:
    """Move the plan of a stage that opens late, and of all after it. Never earlier."""
    if stage.planned is None:
        return
    plan = current_plan(cycle)
    moved = slipped(cycle, plan, stage, opened_at)
    if moved is plan:
        return
    for other in cycle.stages.values():
        new = moved.stages.get(other.key)
        if new is None or new == other.planned:
            continue
        await conn.execute(
            text(
                "UPDATE stages SET planned_opens_on = :opens, planned_due_on = :due, "
                "planned_closes_on = :closes WHERE id = :id"
            ),
            {"id": other.id, "opens": new.opens, "due": new.due, "closes": new.closes},
        )
    await conn.execute(
        text("UPDATE cycles SET ends_at = greatest(ends_at, :ends) WHERE id = :id"),
        {"id": cycle.id, "ends": cycle.company.end_of(moved.ends)},
    )


async def _settle(turn: Turn, cycle_id: UUID, as_of: datetime) -> Progress:
    """Close the cycle when all its stages are closed, or at its last instant."""
    async with turn.database.begin() as conn:
        cycle = await load_cycle(conn, cycle_id, lock="share")
        if not cycle.moving:
            return Progress(waits_for="paused")
        until = await entry_until(conn, cycle)
        entry = None if until is None or as_of > until else until + timedelta(seconds=1)
        through = all(s.state is StageState.CLOSED for s in cycle.stages.values())
        over = cycle.ends_at is not None and as_of > cycle.ends_at
    if over or (through and entry is None):
        async with turn.database.begin() as conn:
            cycle = await load_cycle(conn, cycle_id, lock="update")
            if cycle.moving:
                await _end(conn, cycle, as_of, over=over)
        return Progress(closed=True, waits_for="ended")
    ends = None if cycle.ends_at is None else cycle.ends_at + timedelta(seconds=1)
    due = [i for i in (ends, entry) if i is not None]
    return Progress(next_due_at=min(due, default=None), waits_for="stages")


async def _ended_at(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime, *, over: bool
) -> datetime:
    """The instant of the last fact, whenever the engine comes round to it."""
    if over and cycle.ends_at is not None:
        return cycle.ends_at
    facts = [s.closed_at for s in cycle.stages.values()]
    facts.append(await entry_until(conn, cycle))
    return min(as_of, max((at for at in facts if at is not None), default=as_of))


async def _end(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime, *, over: bool) -> None:
    """The cycle's last instant: what is still open expires, HR is told, the cycle closes."""
    ended_at = await _ended_at(conn, cycle, as_of, over=over)
    left = await conn.scalar(
        text("SELECT count(*) FROM tasks WHERE cycle_id = :id AND state IN ('planned', 'open')"),
        {"id": cycle.id},
    )
    await conn.execute(
        text(
            "UPDATE cycles SET state = 'closed', closed_at = :at, ended_reason = :reason, "
            "version = version + 1 WHERE id = :id AND state = 'open'"
        ),
        {"id": cycle.id, "at": ended_at, "reason": "last_instant" if over else "through"},
    )
    await conn.execute(
        text(
            "UPDATE stages SET state = 'closed', closed_at = coalesce(closed_at, :at) "
            "WHERE cycle_id = :id AND state <> 'closed'"
        ),
        {"id": cycle.id, "at": ended_at},
    )
    if left:
        await tell_desk(
            conn,
            Desk.HR,
            Event.CYCLE_ENDED,
            key=f"cycle:{cycle.id}:ended",
            cause="last_instant",
            now=as_of,
            cycle_id=cycle.id,
            data={"expired": int(left)},
        )
    await ring_cycle(conn, cycle.id)
