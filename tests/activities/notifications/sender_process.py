"""A sender in a process of its own, to be killed or stopped: URL, port, instant, seconds."""

import asyncio
import sys
from datetime import datetime, timedelta

from activities.notifications import holding as module
from activities.notifications.sender import Sender
from activities.turn import Turn
from store.base.session import Database
from store.mail import leases
from tests.activities.notifications.outbox_world import settings


async def main(url: str, port: int, as_of: datetime, within: float) -> None:
    """Send what is due at one instant until nothing is left of it."""
    # Business time is an argument, and real time too short to wait for the usual lease.
    module.LEASE = leases.LEASE = timedelta(seconds=within)
    database = Database(url, pool_size=3)
    sender = Sender(database, settings(port, connections=3))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    progress = await sender.advance(Turn(database, lambda: None), as_of)
    while progress.again:
        progress = await sender.advance(Turn(database, lambda: None), as_of)
    await sender.close()
    await database.close()


if __name__ == "__main__":
    url, port, as_of, within = sys.argv[1:]
    asyncio.run(main(url, int(port), datetime.fromisoformat(as_of), float(within)))
