"""The first morning of the demo's cycle, lived through in a moment.

Business time is an argument, so the same activities that a worker calls are called here with the
instants of the last working morning, in order. From then on the engine goes on in real time.
"""

from datetime import datetime
from uuid import UUID

from activities.notifications.sender import Sender
from activities.processes import advance_cycles
from activities.turn import unwatched
from config import Settings
from domain.progress import Progress
from store.base.session import Database
from worker import mail_settings


async def live_through(
    database: Database,
    settings: Settings,
    begins: datetime,
    until: datetime,
    *,
    only: UUID | None = None,
) -> None:
    """Let cycles do, from `begins` to `until`, what they would have done in that time.

    All that are open, or one. Safe to repeat and to interrupt, as every advance is. No worker may
    run beside it.
    """
    sender = Sender(database, mail_settings(settings))
    try:
        as_of: datetime | None = begins
        while as_of is not None and as_of <= until:
            wishes = await _turn(database, sender, as_of, only)
            later = [wish.next_due_at for wish in wishes if wish.next_due_at is not None]
            as_of = min((instant for instant in later if instant > as_of), default=None)
    finally:
        await sender.close()


async def _turn(
    database: Database, sender: Sender, as_of: datetime, only: UUID | None
) -> list[Progress]:
    """Everything that is due at one instant."""
    wishes = await advance_cycles(database, as_of, only=only)
    return [*wishes, await sender.advance(unwatched(database), as_of)]
