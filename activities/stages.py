"""What a stage does when it looks at the facts: opens, closes, climbs ladders, applies orders."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.turn import Turn
from domain.progress import Progress
from domain.states import CycleState, StageState
from store.base.halving import CHUNK
from store.changes.long_leave import open_present
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import lock_process, rearm, ring
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.assigning import assign_lists
from store.kinds.feedback_round.leaving import settle_raters
from store.kinds.release import open_release
from store.steering.orders import apply_orders, cancel_all
from store.tasks.closing import close_if_through, expire_due
from store.tasks.escalation import fire_rungs
from store.tasks.late_joiners import entry_until
from store.tasks.opening import open_planned

Step = Callable[[AsyncConnection, CycleFacts, StageFacts, datetime], Awaitable[int]]

STEPS: tuple[Step, ...] = (apply_orders, expire_due, open_present, open_planned, fire_rungs)
"""In this order: what has closed is not reminded of, what opens late is not overdue at once."""

ASKS_EVERYBODY: tuple[Step, ...] = (
    open_present,
    assign_lists,
    open_raters,
    settle_raters,
)
"""Steps that read the whole cycle, and so are taken until they find nobody, once a turn."""


DID: Mapping[Step, str] = {
    apply_orders: "orders carried out",
    expire_due: "closed",
    open_present: "opened",
    open_release: "opened",
    open_planned: "opened",
    fire_rungs: "rungs fired",
}
"""What a history says that a step has done, before the number of tasks."""


async def advance_stage(turn: Turn, cycle_id: UUID, stage_id: UUID, as_of: datetime) -> Progress:
    """Do everything that has come due in a stage, chunk by chunk, and say when to look again.

    Each chunk is a transaction of its own that first takes the cycle's row, so that after a pause
    was answered nothing more goes out. Run twice, the second finds nothing to do.
    """
    passed: set[Step] = set()
    did: Counter[str] = Counter()
    while True:
        async with turn.database.begin() as conn:
            cycle = await load_cycle(conn, cycle_id, lock="share")
            stage = cycle.stages[stage_id]
            if cycle.state in (CycleState.CANCELLED, CycleState.CLOSED):
                if await cancel_all(conn, cycle, stage, as_of) < CHUNK:
                    return Progress(closed=True, waits_for="ended")
            elif not cycle.moving:
                return Progress(waits_for="paused")
            elif await work(conn, cycle, stage, as_of, passed, did=did) < CHUNK:
                progress = await _settle(conn, cycle, stage, as_of)
                return progress.model_copy(update={"did": dict(did)})
        if turn.heartbeat():
            return Progress(next_due_at=as_of, again=True, did=dict(did))


async def work(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    as_of: datetime,
    passed: set[Step],
    steps: Sequence[Step] = STEPS,
    did: Counter[str] | None = None,
) -> int:
    """One chunk of whatever is due in a stage. Returns CHUNK or more if something may be left.

    Who is ready is asked until nobody is, once a turn (`passed` remembers it): the question reads
    the whole cycle, and whoever becomes ready meanwhile rings. What was done is added to `did`.
    """
    handled = 0
    for step in steps:
        if step in passed:
            continue
        if step is open_present and stage.traits.for_all:
            step = open_release
        found = await step(conn, cycle, stage, as_of)
        if step in ASKS_EVERYBODY and found < CHUNK:
            passed.add(step)
        handled += found
        if did is not None and found and step in DID:
            did[DID[step]] += found
        if handled >= CHUNK:
            return handled
    return handled


async def _settle(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> Progress:
    """Nothing is due any more: note that the stage is open, close it, or say what comes next."""
    if await note_state(conn, cycle, stage, as_of):
        return Progress(closed=True, waits_for="closed")
    await lock_process(conn, stage.process)
    progress = await next_instant(conn, cycle, stage, as_of)
    await rearm(conn, stage.process, progress.next_due_at)
    return progress


async def note_state(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> bool:
    """Note that a stage has opened, or close it. True if it is closed. Idempotent."""
    await note_opened(conn, cycle, stage, as_of)
    return await close_if_through(conn, cycle, stage, as_of)


async def note_opened(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> None:
    """Note that a stage has opened, if a task of it has. Idempotent.

    Before the launch no stage is open, though tasks may have ended (excused because of leave).
    """
    if stage.state is StageState.WAITING and _launched(cycle, as_of):
        opened = await conn.execute(
            text(
                "UPDATE stages SET state = 'open', opened_at = coalesce(opened_at, (SELECT "
                "min(opens_at) FROM tasks WHERE stage_id = :id AND opens_at <= :as_of), :as_of) "
                "WHERE id = :id AND EXISTS (SELECT 1 FROM tasks WHERE stage_id = :id "
                "AND state <> 'planned')"
            ),
            {"id": stage.id, "as_of": as_of},
        )
        if opened.rowcount:
            await ring(conn, cycle.process, urgent=True)


def _launched(cycle: CycleFacts, as_of: datetime) -> bool:
    return cycle.opened_at is not None and cycle.opened_at <= as_of


async def next_instant(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> Progress:
    """The next instant that the stage has to act at, and what that is."""
    row = (
        await conn.execute(
            text(
                """
                SELECT
                  (SELECT min(opens_at) FROM tasks WHERE stage_id = :id AND state = 'planned')
                    AS opening,
                  (SELECT min(next_rung_at) FROM tasks t WHERE stage_id = :id AND state = 'open'
                    AND next_rung_at IS NOT NULL
                    AND (next_rung LIKE 'remind:%' OR (rung_out AND announced_on IS NOT NULL))
                    AND NOT EXISTS (SELECT 1 FROM held_rows h
                        WHERE h.task_id = t.id AND h.cleared_at IS NULL)) AS rung,
                  (SELECT min(closes_at) FROM tasks WHERE stage_id = :id
                    AND state IN ('planned', 'open') AND closes_at IS NOT NULL) AS close
                """
            ),
            {"id": stage.id},
        )
    ).one()
    due: list[tuple[datetime, str]] = []
    if cycle.opened_at is not None and as_of < cycle.opened_at:
        due.append((cycle.opened_at, "opening"))
    if row.opening is not None:
        due.append((row.opening, "opening"))
    if row.rung is not None:
        due.append((row.rung, "rung"))
    if row.close is not None:
        # 23:59:59 belongs to the day; what is unfinished ends with the second after it.
        due.append((row.close + timedelta(seconds=1), "close"))
    if not stage.predecessors:
        # Everybody may be through before the last late joiner could enter: then it closes.
        until = await entry_until(conn, cycle)
        if until is not None and as_of <= until:
            due.append((until + timedelta(seconds=1), "entry"))
    if not due:
        return Progress(waits_for="people")
    instant, what = min(due)
    return Progress(next_due_at=instant, waits_for=what)
