"""A turn that hangs is noticed within a minute, given up, and tried again.

A sign of life that a timer sends tells only that the process lives. Here it is sent as long as the
work moves: once a statement of it has not ended for `STILL` seconds, the turn fails, and the engine
tries again, on another connection. What the statement had begun is rolled back.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from temporalio import activity

from activities.options import BEAT, STILL
from store.base.watch import Watch

Result = TypeVar("Result")

log = structlog.get_logger("almanac.activities")


class TransactionHangs(Exception):
    """A statement, or the server, has not answered for long."""


async def not_hanging(work: Coroutine[Any, Any, Result], still: timedelta | None = None) -> Result:
    """Do the work and tell the engine every few seconds that it goes on.

    Raises TransactionHangs once a transaction in it has not moved for so long. The work is
    told to end then, and not waited for long: a frozen server keeps it, and must not keep us.
    """
    watch = Watch()
    with watch.over():
        task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=BEAT.total_seconds())
            activity.heartbeat()
            if not task.done() and watch.still > (still or STILL).total_seconds():
                log.error("transaction_hangs", seconds=round(watch.still))
                raise TransactionHangs
    finally:
        await _give_up(task)
    return task.result()


async def _give_up(task: "asyncio.Task[Any]") -> None:
    """Let it end if it can: the server takes back a statement that waits for a lock at once."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=BEAT.total_seconds())
        task.add_done_callback(_forget)


def _forget(task: "asyncio.Task[Any]") -> None:
    """What it ended with is of no interest any more; asking keeps the loop from complaining."""
    if not task.cancelled():
        task.exception()
