"""The loop that every durable process is: look at the facts, wait for the instant or the bell.

Nothing but the process id is carried; everything else is a row. So a workflow can be started anew
at any time, and goes on where the facts stand.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.engine import Engine
    from activities.options import ADVANCE_TIMEOUT, HEARTBEAT_TIMEOUT, MAIL_RETRY, RETRY
    from domain.progress import Advance, Progress

MOST_EVENTS = 3000
"""Events of one run. The server suggests a new run at 4,096, which is our bound."""

LONGEST_WAIT = timedelta(days=30)
"""A process that waits for people alone still looks once in so long."""

Phase = Callable[[Advance], Awaitable[Progress]]


class Process:
    """What the workflows share: the bell, the loop, the new run."""

    def __init__(self, process_id: str) -> None:
        self.process_id = process_id
        self.rung = False
        self.armed: datetime | None = None
        self.waits_for = ""

    @workflow.signal(name="ring")
    def ring(self) -> None:
        """Somebody changed a fact: look again."""
        self.rung = True

    @workflow.query(name="waiting")
    def waiting(self) -> dict[str, str | None]:
        """What the process waits for and until when: a code and an instant."""
        until = self.armed.isoformat() if self.armed else None
        return {"waits_for": self.waits_for, "until": until}

    async def live(self, phase: Phase) -> None:
        """Advance until the facts say that the process is over, or a new run is due."""
        while True:
            self.rung = False
            as_of = workflow.now() if self.armed is None else max(workflow.now(), self.armed)
            events = workflow.info().get_current_history_length()
            call = Advance(process_id=self.process_id, as_of=as_of, events=events)
            progress = await phase(call)
            self.armed, self.waits_for = progress.next_due_at, progress.waits_for
            if progress.closed and not self.rung:
                return
            if workflow.info().get_current_history_length() > MOST_EVENTS:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self.process_id)
            if progress.again or progress.closed or self.rung:
                self.armed = None
                continue
            await self.sleep()

    async def sleep(self) -> None:
        """Until the armed instant, or until somebody rings."""
        wait = LONGEST_WAIT if self.armed is None else self.armed - workflow.now()
        if wait <= timedelta(0):
            return
        try:
            await workflow.wait_condition(lambda: self.rung, timeout=wait)
            self.armed = None
        except TimeoutError:
            pass


async def advance_cycle(call: Advance) -> Progress:
    """See `activities.cycles`."""
    return await workflow.execute_activity_method(
        Engine.advance_cycle,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_stage(call: Advance) -> Progress:
    """See `activities.stages`."""
    return await workflow.execute_activity_method(
        Engine.advance_stage,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_nominations(call: Advance) -> Progress:
    """See `activities.kinds.feedback_round`: who is asked."""
    return await workflow.execute_activity_method(
        Engine.advance_nominations,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_approvals(call: Advance) -> Progress:
    """See `activities.kinds.feedback_round`: is the list right."""
    return await workflow.execute_activity_method(
        Engine.advance_approvals,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_collection(call: Advance) -> Progress:
    """See `activities.kinds.feedback_round`: what raters say."""
    return await workflow.execute_activity_method(
        Engine.advance_collection,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_reports(call: Advance) -> Progress:
    """See `activities.kinds.feedback_round`: what it adds up to."""
    return await workflow.execute_activity_method(
        Engine.advance_reports,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )


async def advance_mail(call: Advance) -> Progress:
    """See `activities.notifications.sender`."""
    return await workflow.execute_activity_method(
        Engine.advance_mail,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=MAIL_RETRY,
    )


async def advance_launch_calendar(call: Advance) -> Progress:
    """See `store.launch.recurring`."""
    return await workflow.execute_activity_method(
        Engine.advance_launch_calendar,
        call,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=RETRY,
    )
