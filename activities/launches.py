"""The watcher of launches: recurring definitions, and what people's lives do to open cycles."""

from collections.abc import Collection
from datetime import datetime

from activities.turn import Turn
from domain.progress import Progress
from store.launch.recurring import advance_launch_calendar as advance


async def advance_launch_calendar(
    turn: Turn, as_of: datetime, *, by_hand: Collection[str] = ()
) -> Progress:
    """Do what has come due, and say when to look again. Idempotent.

    `by_hand` are definitions whose own recurrence is not followed: a rehearsal launches them.
    """
    async with turn.database.begin() as conn:
        next_due_at = await advance(conn, as_of, by_hand=by_hand)
    turn.heartbeat()
    return Progress(next_due_at=next_due_at, waits_for="launch")
