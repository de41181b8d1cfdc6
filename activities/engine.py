"""The activities: each takes a process and an instant, and lets the facts decide."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.cycles import advance_cycle
from activities.kinds.feedback_round import Phase, advance_round
from activities.stages import advance_stage
from activities.turn import Turn
from domain.progress import Advance, Progress
from domain.states import ProcessKind
from store.base.halving import failure_code
from store.base.session import Database
from store.engine.processes import ProcessRow, arm, find, record_failure
from store.outbox.held_rows import tell_held

Hook = Callable[[datetime], Awaitable[None]]
Before = Callable[[str, datetime], Awaitable[datetime]]
Gate = Callable[[str, datetime], datetime | None]
MailTurn = Callable[[Turn, datetime], Awaitable[Progress]]
CalendarTurn = Callable[[Turn, datetime], Awaitable[Progress]]


class Engine:
    """The activities of one worker, with what they need.

    Args:
        database: Where the facts are.
        advance_mail: One turn of the sender.
        advance_calendar: One turn of the watcher of launches.
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
        advance_mail: MailTurn,
        advance_calendar: CalendarTurn,
        offset: timedelta = timedelta(0),
        before: Before | None = None,
        gate: Gate | None = None,
        after: Hook | None = None,
    ) -> None:
        self._database = database
        self._mail = advance_mail
        self._calendar = advance_calendar
        self._offset = offset
        self._before = before
        self._gate = gate
        self._after = after

    @activity.defn(name="advance_cycle")
    async def advance_cycle(self, call: Advance) -> Progress:
        """A review cycle looks at the facts. Idempotent."""
        return await self._advance(call, ProcessKind.REVIEW_CYCLE)

    @activity.defn(name="advance_stage")
    async def advance_stage(self, call: Advance) -> Progress:
        """A stage looks at the facts. Idempotent."""
        return await self._advance(call, ProcessKind.STAGE)

    @activity.defn(name="advance_nominations")
    async def advance_nominations(self, call: Advance) -> Progress:
        """A 360 round looks at the facts while people are still named. Idempotent."""
        return await self._advance(call, ProcessKind.FEEDBACK_ROUND, Phase.NOMINATE)

    @activity.defn(name="advance_approvals")
    async def advance_approvals(self, call: Advance) -> Progress:
        """The same while lists are still approved. Idempotent."""
        return await self._advance(call, ProcessKind.FEEDBACK_ROUND, Phase.APPROVE)

    @activity.defn(name="advance_collection")
    async def advance_collection(self, call: Advance) -> Progress:
        """The same while raters still answer. Idempotent."""
        return await self._advance(call, ProcessKind.FEEDBACK_ROUND, Phase.COLLECT)

    @activity.defn(name="advance_reports")
    async def advance_reports(self, call: Advance) -> Progress:
        """The same while reports are still made. Idempotent."""
        return await self._advance(call, ProcessKind.FEEDBACK_ROUND, Phase.REPORT)

    @activity.defn(name="advance_mail")
    async def advance_mail(self, call: Advance) -> Progress:
        """The sender sends what is due. Each mail once, see `activities.notifications`."""
        return await self._advance(call, ProcessKind.MAIL)

    @activity.defn(name="advance_launch_calendar")
    async def advance_launch_calendar(self, call: Advance) -> Progress:
        """Recurring definitions get their launch check and their launch. Idempotent."""
        return await self._advance(call, ProcessKind.LAUNCH_CALENDAR)

    @property
    def activities(self) -> list[Callable[[Advance], Awaitable[Progress]]]:
        """Everything that a worker has to know."""
        return [
            self.advance_cycle,
            self.advance_stage,
            self.advance_nominations,
            self.advance_approvals,
            self.advance_collection,
            self.advance_reports,
            self.advance_mail,
            self.advance_launch_calendar,
        ]

    async def _advance(
        self, call: Advance, kind: ProcessKind, phase: Phase | None = None
    ) -> Progress:
        as_of = call.as_of + self._offset + _waited()
        if self._before is not None:
            as_of = await self._before(call.process_id, as_of)
        down_until = self._gate(call.process_id, as_of) if self._gate else None
        if down_until is not None:
            return Progress(next_due_at=down_until - self._offset, waits_for="down")
        try:
            progress = await self._turn(call, kind, phase, as_of)
        except Exception as error:
            code = failure_code(error)
            async with self._database.begin() as conn:
                await record_failure(conn, call.process_id, code, as_of)
            # The text of the error may quote a row; its code and place do not.
            raise ApplicationError(code, type=code.split(" ")[0]) from None
        if self._after is not None:
            await self._after(as_of)
        due = progress.next_due_at
        return progress.model_copy(
            update={"next_due_at": None if due is None else due - self._offset}
        )

    async def _turn(
        self, call: Advance, kind: ProcessKind, phase: Phase | None, as_of: datetime
    ) -> Progress:
        # First of all: every bell passed on until now was rung for facts that this turn sees.
        async with self._database.begin() as conn:
            process = await find(conn, call.process_id)
        if process is None:
            return Progress(closed=True, waits_for="gone")
        beating = _Heart()
        async with beating:
            progress = await self._dispatch(process, kind, phase, as_of)
        armed = progress
        if progress.closed and phase not in (None, Phase.REPORT):
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

    async def _dispatch(
        self, process: ProcessRow, kind: ProcessKind, phase: Phase | None, as_of: datetime
    ) -> Progress:
        turn = Turn(self._database, activity.heartbeat)
        match kind:
            case ProcessKind.REVIEW_CYCLE:
                return await advance_cycle(turn, _required(process.cycle_id), as_of)
            case ProcessKind.STAGE:
                return await advance_stage(
                    turn, _required(process.cycle_id), _required(process.stage_id), as_of
                )
            case ProcessKind.FEEDBACK_ROUND:
                return await advance_round(
                    turn,
                    _required(process.cycle_id),
                    _required(process.stage_id),
                    phase or Phase.REPORT,
                    as_of,
                )
            case ProcessKind.MAIL:
                return await self._mail(turn, as_of)
            case ProcessKind.LAUNCH_CALENDAR:
                return await self._calendar(turn, as_of)


def _waited() -> timedelta:
    """How much later than it was asked for a turn begins that an earlier worker did not end.

    By the engine's own clock. What that worker had claimed may be free again by now.
    """
    info = activity.info()
    if info.attempt == 1:
        return timedelta(0)
    return max(info.started_time - info.scheduled_time, timedelta(0))


def _required(value: UUID | None) -> UUID:
    if value is None:
        raise ValueError("the process has no cycle or stage")
    return value


class _Heart:
    """Beats while one statement takes long; stops with the turn."""

    EVERY = 4.0  # seconds

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._beat())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.EVERY)
            activity.heartbeat()
