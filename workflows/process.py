"""The loop that every durable process is: look at the facts, wait for the instant or the bell.

Nothing but the process id and its queue is carried; everything else is a row. So a workflow can be
started anew at any time, and goes on where the facts stand. What it tells Temporal's pages beside
that (summaries and details) are codes, counts and instants.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.options import ADVANCE_TIMEOUT, HEARTBEAT_TIMEOUT, RETRY, RETRY_SOON
    from domain.processes.kind import Phase, ProcessKind
    from domain.processes.waits import WAITS
    from domain.progress import Advance, Progress, Start, Waiting

MOST_EVENTS = 3000
"""Events of one run. The server suggests a new run at 4,096, which is our bound."""

LONGEST_WAIT = timedelta(days=30)
"""A process that waits for people alone still looks once in so long."""


class Process:
    """What the workflows share: the bell, the loop, the new run.

    Histories recorded before `Start` was the argument begin with the bare id: such a run keeps its
    activities on its own queue until it continues as new.
    """

    kind: ClassVar[ProcessKind]

    def __init__(self, start: Start | str) -> None:
        self.begun_by = start
        self.process_id = start if isinstance(start, str) else start.process_id
        self.rung = False
        self.armed: datetime | None = None
        self.waits_for = ""
        self.why = "it begins"

    @workflow.signal(name="ring")
    def ring(self) -> None:
        """Somebody changed a fact: look again."""
        self.rung = True

    @workflow.query(name="waiting")
    def waiting(self) -> Waiting:
        """What the process waits for and until when: a code and an instant."""
        return Waiting(waits_for=self.waits_for, until=self.armed)

    async def live(self) -> None:
        """Go through the phases, each until the facts say that it is over, or a new run is due."""
        for phase in self.kind.phases:
            await self._live(phase)

    async def _live(self, phase: Phase) -> None:
        while True:
            self.rung = False
            progress = await self._look(phase)
            self.armed, self.waits_for = progress.next_due_at, progress.waits_for
            workflow.set_current_details(self._told(progress))
            if progress.closed and not self.rung:
                return
            if workflow.info().get_current_history_length() > MOST_EVENTS:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self._start_again())
            if progress.again or progress.closed or self.rung:
                self.armed = None
                self.why = "more is due" if progress.again else "a fact has changed"
                continue
            await self._sleep()

    async def _look(self, phase: Phase) -> Progress:
        as_of = workflow.now() if self.armed is None else max(workflow.now(), self.armed)
        events = workflow.info().get_current_history_length()
        queue = "" if isinstance(self.begun_by, str) else self.begun_by.queue
        progress: Progress = await workflow.execute_activity(
            phase.activity,
            Advance(process_id=self.process_id, as_of=as_of, events=events),
            result_type=Progress,
            task_queue=queue or None,
            start_to_close_timeout=ADVANCE_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT if phase.beats else None,
            retry_policy=RETRY_SOON if self.kind.hurries else RETRY,
            summary=f"{phase.title} · {self.why}",
        )
        return progress

    async def _sleep(self) -> None:
        """Until the armed instant, or until somebody rings."""
        wait = LONGEST_WAIT if self.armed is None else self.armed - workflow.now()
        self.why = f"due: {self.waits_for}" if self.armed else "nobody rang for long"
        if wait <= timedelta(0):
            return
        try:
            await workflow.wait_condition(
                lambda: self.rung, timeout=wait, timeout_summary=self._waits()
            )
            self.armed = None
            self.why = "a fact has changed"
        except TimeoutError:
            pass

    def _start_again(self) -> Start:
        if isinstance(self.begun_by, Start):
            return self.begun_by
        own = workflow.info().task_queue
        return Start(process_id=self.process_id, queue=self.kind.queue.of(own))

    def _waits(self) -> str:
        words = WAITS.get(self.waits_for, self.waits_for or "its next look")
        until = f" until {self.armed:%Y-%m-%d %H:%M:%S}Z" if self.armed else ""
        return f"waits for {words}{until}"

    def _told(self, progress: Progress) -> str:
        did = ", ".join(f"{what} {many}" for what, many in progress.did.items())
        return f"{did} · {self._waits()}" if did else self._waits()
