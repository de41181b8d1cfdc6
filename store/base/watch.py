"""Notices a transaction in which nothing moves: a statement that hangs, or a frozen server.

The watch lies in a context variable, so that it sees all transactions of a piece of work, also
those of the tasks that this work starts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

Moves = Callable[[], None]

_current: ContextVar["Watch | None"] = ContextVar("almanac_watch", default=None)


class Watch:
    """When the transactions that are open at present moved last, by the clock of this machine."""

    def __init__(self) -> None:
        self._moved: dict[object, float] = {}

    @property
    def still(self) -> float:
        """For how many seconds the transaction that waits longest has not moved; 0 without one."""
        now = monotonic()
        return now - min(self._moved.values(), default=now)

    @contextmanager
    def over(self) -> Iterator[None]:
        """See every transaction that is begun in this block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @contextmanager
    def transaction(self) -> Iterator[Moves]:
        """From here on something must move; the answer is to be called whenever it does."""
        key = object()

        def moves() -> None:
            if key in self._moved:
                self._moved[key] = monotonic()

        self._moved[key] = monotonic()
        try:
            yield moves
        finally:
            del self._moved[key]


@contextmanager
def watched() -> Iterator[Moves]:
    """A transaction, from before its connection is there, as seen by the watch of this work.

    Without a watch nobody is told.
    """
    watch = _current.get()
    if watch is None:
        yield _nothing
        return
    with watch.transaction() as moves:
        yield moves


def _nothing() -> None:
    """Nobody watches."""
