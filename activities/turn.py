"""One turn of `advance`: its database, its heartbeat, its budget of time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from activities.options import TURN
from store.base.session import Database


@dataclass(slots=True)
class Turn:
    """What every `advance` needs.

    `beat` tells the engine that this worker is alive. The budget is real time: it bounds how long
    a turn takes, and decides nothing about the business.
    """

    database: Database
    beat: Callable[[], None]
    begun: float = field(default_factory=monotonic)

    def heartbeat(self) -> bool:
        """Say that work goes on. True if the turn has lasted long enough."""
        self.beat()
        return monotonic() - self.begun > TURN.total_seconds()


def unwatched(database: Database) -> Turn:
    """A turn for which no engine waits."""
    return Turn(database, lambda: None)
