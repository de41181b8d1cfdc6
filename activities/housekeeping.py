"""Housekeeping: once a day, what need not be kept goes."""

from datetime import datetime, timedelta

from activities.turn import Turn
from domain.progress import Progress
from store.retention import CHUNK, STEPS

EVERY = timedelta(days=1)


async def advance_housekeeping(turn: Turn, as_of: datetime) -> Progress:
    """Remove what has expired by `as_of`, a chunk a transaction, and come again tomorrow.

    Repeated, it finds nothing. It touches nothing that somebody still has to do or may read.
    """
    for step in STEPS:
        removed = CHUNK
        while removed >= CHUNK:
            async with turn.database.begin() as conn:
                removed = await step(conn, as_of)
            if turn.heartbeat():
                return Progress(next_due_at=as_of, again=True, waits_for="housekeeping")
    return Progress(next_due_at=as_of + EVERY, waits_for="housekeeping")
