"""The relay: the only one that speaks to workflows.

It passes bells on, one signal-with-start per process; what is not running is started. A bell is
gone only when its process was signalled: a crash in between rings again.
"""

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from domain.clock import Clock
from store.processes import ProcessRow, claim_bells, mark_rung, ring_overdue
from store.session import Database
from workflows.registry import NAMES

DEADLINE = timedelta(seconds=5)
AT_ONCE = 20
"""Signals in flight. One workflow takes about five a second for long, and each gets one."""

CYCLE = SearchAttributeKey.for_keyword("AlmanacCycle")
KIND = SearchAttributeKey.for_keyword("AlmanacKind")
STAGE = SearchAttributeKey.for_keyword("AlmanacStage")


class Relay:
    """Passes bells from PostgreSQL to Temporal.

    `search_attributes=False` is for engines that have none (the time-skipping server).
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        clock: Clock,
        task_queue: str,
        *,
        search_attributes: bool = True,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._queue = task_queue
        self._attributes = search_attributes

    async def drain(self) -> int:
        """Pass on all bells that may ring now; returns how many processes were signalled.

        Raises if the engine cannot be reached: then the bells stay.
        """
        now = self._clock.now()
        async with self._database.begin() as conn:
            processes = await claim_bells(conn, now)
            if not processes:
                return 0
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._signal(p, gate) for p in processes))
            await mark_rung(conn, [p.id for p in processes], now)
        return len(processes)

    async def reconcile(self) -> int:
        """Ring every process that should have looked a minute ago. Returns how many."""
        async with self._database.begin() as conn:
            return await ring_overdue(conn, self._clock.now())

    async def _signal(self, process: ProcessRow, gate: asyncio.Semaphore) -> None:
        async with gate:
            await self._client.start_workflow(
                NAMES[process.kind],
                process.id,
                id=process.id,
                task_queue=self._queue,
                start_signal="ring",
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=_attributes(process) if self._attributes else None,
                rpc_timeout=DEADLINE,
            )


def _attributes(process: ProcessRow) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[str]] = [SearchAttributePair(KIND, process.kind.value)]
    if process.cycle_id is not None:
        pairs.append(SearchAttributePair(CYCLE, str(process.cycle_id)))
    if process.stage_id is not None:
        pairs.append(SearchAttributePair(STAGE, str(process.stage_id)))
    return TypedSearchAttributes(search_attributes=pairs)
