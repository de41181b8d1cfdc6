"""The activities: each takes a process and an instant, and lets the facts decide."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.hanging import TransactionHangs, not_hanging
from activities.options import BRIEF
from activities.processes import WORK, Tools
from activities.turn import Turn
from domain.processes.kind import Phase, ProcessKind, Queue
from domain.processes.registry import PROCESSES
from domain.progress import Advance, Progress
from store.base.halving import failure_code
from store.base.session import Database
from store.engine.processes import arm, find, record_failure
from store.outbox.held_rows import tell_held

Hook = Callable[[datetime], Awaitable[None]]
Before = Callable[[str, datetime], Awaitable[datetime]]
Gate = Callable[[str, datetime], datetime | None]
Activity = Awaitable[Progress]


class Engine:
    """The activities of one worker, with what they need.

    Args:
        database: Where the facts are.
        tools: What turns need beside the facts.
        offset: Business time minus the engine's time. Zero but in rehearsals, which may begin on
            any date although the engine's clock begins today.
        before: In rehearsals: what people do before a turn; its answer is the turn's exact instant.
        gate: In rehearsals: until when a process is down, if it is.
        after: In rehearsals: what happens before a turn's completion is reported (the bells are
            passed on there, since nothing may act by the wall clock beside a skipped one).
    """

    def __init__(
        self,
        database: Database,
        *,
        tools: Tools,
        offset: timedelta = timedelta(0),
        before: Before | None = None,
        gate: Gate | None = None,
        after: Hook | None = None,
    ) -> None:
        self._database = database
        self._tools = tools
        self._offset = offset
        self._before = before
        self._gate = gate
        self._after = after

    def activities(self, queue: Queue | None = None) -> list[Callable[[Advance], Activity]]:
        """The activities of a queue; all of them without one."""
        return [
            self._activity(kind, phase)
            for kind in PROCESSES.values()
            for phase in kind.phases
            if queue in (None, kind.queue)
        ]

    def _activity(self, kind: ProcessKind, phase: Phase) -> Callable[[Advance], Activity]:
        async def advance(call: Advance) -> Progress:
            return await self._advance(call, kind, phase)

        return activity.defn(name=phase.activity)(advance)

    async def _advance(self, call: Advance, kind: ProcessKind, phase: Phase) -> Progress:
        as_of = call.as_of + self._offset + _waited()
        if self._before is not None:
            as_of = await self._before(call.process_id, as_of)
        down_until = self._gate(call.process_id, as_of) if self._gate else None
        if down_until is not None:
            return Progress(next_due_at=down_until - self._offset, waits_for="down")
        try:
            progress = await not_hanging(self._turn(call, kind, phase, as_of))
        except Exception as error:
            code = failure_code(error)
            with suppress(TransactionHangs):
                await not_hanging(self._record_failure(call.process_id, code, as_of), still=BRIEF)
            # The text of the error may quote a row; its code and place do not.
            raise ApplicationError(code, type=code.split(" ")[0]) from None
        if self._after is not None:
            await self._after(as_of)
        due = progress.next_due_at
        return progress.model_copy(
            update={"next_due_at": None if due is None else due - self._offset}
        )

    async def _record_failure(self, process_id: str, code: str, as_of: datetime) -> None:
        async with self._database.begin() as conn:
            await record_failure(conn, process_id, code, as_of)

    async def _turn(
        self, call: Advance, kind: ProcessKind, phase: Phase, as_of: datetime
    ) -> Progress:
        # First of all: every bell passed on until now was rung for facts that this turn sees.
        async with self._database.begin() as conn:
            process = await find(conn, call.process_id)
        if process is None:
            return Progress(closed=True, waits_for="gone")
        turn = Turn(self._database, activity.heartbeat)
        progress = await WORK[kind.code](self._tools, turn, process, phase, as_of)
        if kind.private:
            progress = progress.model_copy(update={"did": {}})
        armed = progress
        if progress.closed and phase is not kind.phases[-1]:
            # A phase is over, not the process: should its workflow be lost now, it is rung again.
            armed = progress.model_copy(update={"closed": False, "next_due_at": as_of})
        async with self._database.begin() as conn:
            await tell_held(conn, process.id, as_of)
            await arm(
                conn,
                process.id,
                armed,
                as_of,
                activity.info().workflow_run_id,
                heard=process.unheard,
                events=call.events,
            )
        return progress


def _waited() -> timedelta:
    """How much later than it was asked for a turn begins that an earlier worker did not end.

    By the engine's own clock. What that worker had claimed may be free again by now.
    """
    info = activity.info()
    if info.attempt == 1:
        return timedelta(0)
    return max(info.started_time - info.scheduled_time, timedelta(0))
