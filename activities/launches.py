"""The watcher of launches: recurring definitions, and what people's lives do to open cycles."""

from datetime import datetime

from activities.turn import Turn
from domain.progress import Progress
from store.launch_calendar import advance_launch_calendar as advance


async def advance_launch_calendar(turn: Turn, as_of: datetime) -> Progress:
    """Do what has come due, and say when to look again. Idempotent."""
    async with turn.database.begin() as conn:
        next_due_at = await advance(conn, as_of)
    turn.heartbeat()
    return Progress(next_due_at=next_due_at, waits_for="launch")
