"""Ctrl-C and its like: they raise an exception between two steps, and never inside a few that must
not be broken off.

An exception that a signal raises may come between any two instructions, also between taking a lock
and the `try` that gives it back. Python's `Popen.poll` has such a place: broken off there, every
later `wait` for that child would wait for ever. So asking after a child is done uninterrupted.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """Somebody asked us to end."""


NAMES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Asked:
    """Main thread only, where Python runs handlers of signals."""

    def __init__(self) -> None:
        self.deferring = 0
        self.pending = False


_asked = _Asked()


@contextmanager
def stop_signals() -> Iterator[None]:
    """While this holds, SIGINT, SIGTERM and SIGHUP raise Stopped in the main thread, once.

    Further ones are ignored: the end is under way, and every step of it has its time limit.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        for name in NAMES:
            signal.signal(name, signal.SIG_IGN)
        if _asked.deferring:
            _asked.pending = True
            return
        raise Stopped

    _asked.pending = False
    before = {name: signal.signal(name, ask) for name in NAMES}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let this come to its end; Stopped is raised after it. For what takes a moment only."""
    _asked.deferring += 1
    try:
        yield
    finally:
        _asked.deferring -= 1
    if not _asked.deferring and _asked.pending:
        _asked.pending = False
        raise Stopped
