"""What a 360 round does when it looks at the facts.

Its steps are small stages that one process looks after: people are in different steps at once, so
each turn does what is due in all of them. A phase is over when its step is closed for everybody.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.stages import STEPS, Step, next_instant, note_opened, note_state, work
from activities.turn import Turn
from domain.progress import Progress
from domain.states import CycleState, StageState
from store.base.halving import CHUNK
from store.changes.long_leave import end_for_absent
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import lock_process, rearm
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.assigning import assign_lists
from store.kinds.feedback_round.extending import extend_thin
from store.kinds.feedback_round.finishing import close_subjects, still_sealed
from store.kinds.feedback_round.keeping_keys import remove_closed
from store.kinds.feedback_round.leaving import looks_for_others_at, settle_raters
from store.kinds.feedback_round.lost_keys import ask_again
from store.kinds.feedback_round.report_opening import open_reports, unopened
from store.kinds.feedback_round.rules import round_of
from store.steering.orders import apply_orders, cancel_all
from store.tasks.closing import expire_due
from store.tasks.escalation import fire_rungs
from store.tasks.opening import open_planned


class Phase(StrEnum):
    """Where a round stands: the story that its workflow tells."""

    NOMINATE = "nominate"
    APPROVE = "approve"
    COLLECT = "collect"
    REPORT = "report"


APPROVING: Sequence[Step] = (assign_lists, *STEPS)
"""What is done in the step that approves: where a rule names raters, there is a list first."""


async def ask_present(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Ask raters, and at once cancel the requests to those on long leave."""
    found = await open_raters(conn, cycle, stage, as_of)
    await end_for_absent(conn, cycle, as_of, stage)
    return found


COLLECTING: Sequence[Step] = (
    apply_orders,
    ask_again,
    settle_raters,
    extend_thin,
    expire_due,
    ask_present,
    open_planned,
    fire_rungs,
    close_subjects,
    open_reports,
)
"""What is done in the step that collects, in this order: who left is not asked, a group that is
too small gets its time before the close, a report is made of what has closed, and then read."""

AFTERWARDS: Sequence[Step] = (open_reports,)
"""What is done when everything is collected: a reviewer, or the manager, may come first."""


async def advance_round(
    turn: Turn, cycle_id: UUID, stage_id: UUID, phase: Phase, as_of: datetime
) -> Progress:
    """Do everything that has come due in a round, chunk by chunk, and say when to look again.

    `closed` means that the phase is over. `stage_id` is the stage that collects. As in
    `advance_stage` each chunk is a transaction that first takes the cycle's row; run twice, the
    second finds nothing to do.
    """
    passed: dict[UUID, set[Step]] = defaultdict(set)
    while True:
        # What the turn or chunk before has closed: its keys go at once. A look at an empty table.
        await remove_closed(turn.database)
        async with turn.database.begin() as conn:
            cycle = await load_cycle(conn, cycle_id, lock="share")
            steps = _steps(cycle, stage_id)
            if cycle.state in (CycleState.CANCELLED, CycleState.CLOSED):
                left = [await cancel_all(conn, cycle, step, as_of) for step in steps]
                left.append(await close_subjects(conn, cycle, steps[-1], as_of))
                if cycle.state is CycleState.CLOSED:
                    left.append(await open_reports(conn, cycle, steps[-1], as_of))
                if max(left) < CHUNK:
                    return await _after_the_end(conn, cycle, steps[-1], phase)
            elif not cycle.moving:
                return Progress(waits_for="paused")
            else:
                done = [
                    await work(conn, cycle, step, as_of, passed[step.id], _work_of(step))
                    for step in steps
                    if step.state is not StageState.CLOSED or step is steps[-1]
                ]
                if max(done) < CHUNK:
                    return await _settle(conn, cycle, steps, phase, as_of)
        if turn.heartbeat():
            return Progress(next_due_at=as_of, again=True)


def _steps(cycle: CycleFacts, stage_id: UUID) -> list[StageFacts]:
    """The steps of the round, in order."""
    process = cycle.stages[stage_id].process
    return [stage for stage in cycle.stages.values() if stage.process == process]


def _name(step: StageFacts) -> str:
    return step.key.rpartition(".")[2]


def _work_of(step: StageFacts) -> Sequence[Step]:
    if step.state is StageState.CLOSED:
        return AFTERWARDS
    return {Phase.COLLECT: COLLECTING, Phase.APPROVE: APPROVING}.get(Phase(_name(step)), STEPS)


async def _settle(
    conn: AsyncConnection,
    cycle: CycleFacts,
    steps: Sequence[StageFacts],
    phase: Phase,
    as_of: datetime,
) -> Progress:
    """Nothing is due any more: close what is through, and say what comes next."""
    through = {_name(s) for s in steps if await _is_through(conn, cycle, s, as_of)}
    left = await unopened(conn, cycle, steps[-1])
    if phase is Phase.REPORT:
        over = Phase.COLLECT in through and not left.any
    else:
        over = phase in through or phase not in {_name(s) for s in steps}
    if over:
        return Progress(closed=True, waits_for="closed")
    process = steps[-1].process
    await lock_process(conn, process)
    waits = [
        await next_instant(conn, cycle, step, as_of)
        for step in steps
        if _name(step) not in through and step.state is not StageState.CLOSED
    ]
    timed = [(w.next_due_at, w.waits_for) for w in waits if w.next_due_at is not None]
    if left.opens_at is not None:
        timed.append((left.opens_at, "report"))
    if steps[-1].state is not StageState.CLOSED and Phase.COLLECT not in through:
        daily = await looks_for_others_at(conn, round_of(cycle, steps[-1]), as_of)
        timed += [(daily, "day")] if daily is not None else []
    instant, what = min(timed, default=(None, "people"))
    await rearm(conn, process, instant)
    return Progress(next_due_at=instant, waits_for=what)


async def _is_through(
    conn: AsyncConnection, cycle: CycleFacts, step: StageFacts, as_of: datetime
) -> bool:
    """Close the step if everybody is through with it; never while something lies sealed."""
    if step.state is not StageState.CLOSED and await still_sealed(conn, step.id):
        await note_opened(conn, cycle, step, as_of)
        return False
    return await note_state(conn, cycle, step, as_of)


async def _after_the_end(
    conn: AsyncConnection, cycle: CycleFacts, collect: StageFacts, phase: Phase
) -> Progress:
    """The cycle has ended; a report may still wait for its reviewer, or be the manager's alone."""
    left = await unopened(conn, cycle, collect)
    if phase is not Phase.REPORT or cycle.state is CycleState.CANCELLED or not left.any:
        return Progress(closed=True, waits_for="ended")
    await lock_process(conn, collect.process)
    await rearm(conn, collect.process, left.opens_at)
    return Progress(next_due_at=left.opens_at, waits_for="report")
