"""The relay: the only one that speaks to workflows.

It passes bells on, one signal-with-start per process; what is not running is started. A bell is
gone only when its process was signalled: a crash in between rings again. And it looks after the
engine: one that comes back without some of what it had is told again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.clock import Clock
from domain.processes.kind import Queue
from domain.processes.mail import MAIL
from domain.progress import Start
from store.base.session import Database
from store.engine.bells import (
    PAUSE_SECONDS,
    Lane,
    Place,
    Taken,
    clear_stray_bells,
    give_back,
    open_places,
    passed_on,
    ring_overdue,
    take_bells,
)
from store.engine.processes import ProcessRow, ring

DEADLINE = timedelta(seconds=5)
AT_ONCE = {Lane.PEOPLE: 20, Lane.MASS: 6}
"""Signals in flight. What the engine has not answered yet stands before a person's bell: at its
measured 20 starts a second, six of a mass are a third of a second."""

LOOK_AGAIN = 0.1
"""Seconds between two looks for people's bells while a mass is passed on."""

PAGE = 500
ASKED_AT_ONCE = 20
LONGEST_LINE = 3600.0
"""Seconds after which the engine is compared with the facts, whatever happened."""

CYCLE = SearchAttributeKey.for_keyword("AlmanacCycle")
KIND = SearchAttributeKey.for_keyword("AlmanacKind")
STAGE = SearchAttributeKey.for_keyword("AlmanacStage")


class Relay:
    """Passes bells from PostgreSQL to Temporal.

    Args:
        database: Where the bells are.
        client: The engine.
        clock: Business time.
        task_queue: Of the workflows; the queues of their activities are named after it.
        search_attributes: False for engines that have none (the time-skipping server).
        separate_queues: False where one worker does everything in order, as in a rehearsal.
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        clock: Clock,
        task_queue: str,
        *,
        search_attributes: bool = True,
        separate_queues: bool = True,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._queue = task_queue
        self._attributes = search_attributes
        self._separate = separate_queues

    # --- Bells ----------------------------------------------------------------------------------

    async def drain(self) -> int:
        """Pass on all bells that may ring now; returns how many processes were signalled.

        Raises if the engine cannot be reached: then the bells stay. While a mass of bells is on
        its way, those of people are looked for again and again.
        """
        async with self._database.begin() as conn:
            if not await clear_stray_bells(conn):
                return 0
        mass = asyncio.create_task(self._lane(Lane.MASS))
        signalled = 0
        try:
            signalled += await self._lane(Lane.PEOPLE)
            while not mass.done():
                await asyncio.wait({mass}, timeout=LOOK_AGAIN)
                signalled += await self._lane(Lane.PEOPLE)
        except BaseException:
            mass.cancel()
            await asyncio.gather(mass, return_exceptions=True)
            raise
        return signalled + await mass

    async def _lane(self, lane: Lane) -> int:
        """Pass on the bells of a lane, a few at a time, until none may ring."""
        at_once = AT_ONCE[lane]
        flying: dict[asyncio.Task[None], Taken] = {}
        signalled = 0
        failure: BaseException | None = None
        try:
            while True:
                if failure is None and len(flying) <= at_once // 2:
                    for one in await self._take(lane, at_once - len(flying)):
                        flying[asyncio.create_task(self._signal(one.process))] = one
                if not flying:
                    break
                done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                failed = [task for task in done if task.exception() is not None]
                rung = [flying.pop(task) for task in done if task not in failed]
                await self._settle(rung, [flying.pop(task) for task in failed])
                signalled += len(rung)
                failure = failure or next((task.exception() for task in failed), None)
        finally:
            if flying:  # told to stop: another relay may go on at once
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)
                with suppress(SQLAlchemyError):
                    await self._settle([], list(flying.values()), seconds=0)
        if failure is not None:
            raise failure
        return signalled

    async def _take(self, lane: Lane, limit: int) -> list[Taken]:
        async with self._database.begin() as conn:
            return await take_bells(conn, self._clock.now(), lane, limit)

    async def _settle(
        self, rung: Sequence[Taken], failed: Sequence[Taken], seconds: float = PAUSE_SECONDS
    ) -> None:
        async with self._database.begin() as conn:
            await passed_on(conn, rung, self._clock.now())
            await give_back(conn, failed, seconds=seconds)

    async def _signal(self, process: ProcessRow) -> None:
        queue = process.kind.queue if self._separate else Queue.BUSINESS
        await self._client.start_workflow(
            process.kind.workflow,
            Start(process_id=process.id, queue=queue.of(self._queue)),
            id=process.id,
            task_queue=self._queue,
            static_summary=_summary(process),
            start_signal="ring",
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            search_attributes=_attributes(process) if self._attributes else None,
            rpc_timeout=DEADLINE,
        )

    # --- What the engine has lost ---------------------------------------------------------------

    async def reconcile(self) -> int:
        """Ring every process that should have looked a minute ago. Returns how many."""
        async with self._database.begin() as conn:
            return await ring_overdue(conn, self._clock.now())

    async def watch(self) -> int:
        """Compare the engine with the facts, then stay on the line until the engine is gone.

        To be called again and again. An engine that went away may come back empty, or without its
        last seconds. Returns how many processes were rung; raises while it cannot be reached.
        """
        rung = await self.check()
        await self._stay_on_the_line()
        return rung

    async def check(self) -> int:
        """Ring each open process whose workflow does not stand where its last turn left it.

        Only a workflow that is missing, has ended, or whose history is shorter than it was is
        rung. Returns how many. Repeatable.
        """
        gate = asyncio.Semaphore(ASKED_AT_ONCE)
        rung, after = 0, ""
        while True:
            async with self._database.begin() as conn:
                places = await open_places(conn, after, PAGE)
            if not places:
                return rung
            after = places[-1].process_id
            stands = await asyncio.gather(*(self._stands(place, gate) for place in places))
            lost = [p.process_id for p, good in zip(places, stands, strict=True) if not good]
            async with self._database.begin() as conn:
                await ring(conn, *lost, urgent=True)
            rung += len(lost)

    async def _stands(self, place: Place, gate: asyncio.Semaphore) -> bool:
        async with gate:
            handle = self._client.get_workflow_handle(place.process_id)
            try:
                found = await handle.describe(rpc_timeout=DEADLINE)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return False
                raise
        if found.status is not WorkflowExecutionStatus.RUNNING:
            return False
        if place.run_id is None or place.events is None:
            return True
        return found.run_id == place.run_id and found.history_length >= place.events

    async def _stay_on_the_line(self) -> None:
        """Return when the engine has broken off, or after a while.

        It is asked to say when the sender's workflow ends, which it hardly ever does. That the
        question is broken off is the answer.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_LINE
        question = GetWorkflowExecutionHistoryRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=MAIL.id),
            wait_new_event=True,
            history_event_filter_type=(
                HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
            ),
        )
        while loop.time() < until:
            try:
                await self._client.workflow_service.get_workflow_execution_history(
                    question, retry=False, timeout=timedelta(seconds=60)
                )
            except RPCError:
                return
            await asyncio.sleep(1)  # it has ended, or nothing was said for twenty seconds


def _summary(process: ProcessRow) -> str:
    """What Temporal's pages show of a workflow: its kind, and its stage's id in the definition."""
    return f"{process.kind.title}: {process.key}" if process.key else process.kind.title


def _attributes(process: ProcessRow) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[str]] = [SearchAttributePair(KIND, process.kind.code)]
    if process.cycle_id is not None:
        pairs.append(SearchAttributePair(CYCLE, str(process.cycle_id)))
    if process.stage_id is not None:
        pairs.append(SearchAttributePair(STAGE, str(process.stage_id)))
    return TypedSearchAttributes(search_attributes=pairs)
