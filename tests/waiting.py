"""How a test waits: for something that it names, as long as anything moves.

No limit here is one of speed. A slow machine takes longer and passes; what fails is a wait in
which nothing that was looked at has changed for long, and the failure says what was seen last.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PATIENCE = 180.0
"""Seconds in which nothing moved at all: then nothing will."""

EVERY = 0.1
"""Seconds between two looks."""

FEWEST_LOOKS = 100
"""So often at least somebody looked meanwhile: a machine that stood still has not waited."""


class Patience:
    """Ends when what is seen has not changed for long."""

    def __init__(self, what: str, seconds: float = PATIENCE) -> None:
        self._what = what
        self._seconds = seconds
        self._since = time.monotonic()
        self._looks = 0
        self._seen: object = None

    def still(self, seen: object) -> None:
        """Note what was seen just now. Raises AssertionError when patience is at its end."""
        if seen != self._seen:
            self._seen, self._since, self._looks = seen, time.monotonic(), 0
        self._looks += 1
        waited = time.monotonic() - self._since
        if waited > self._seconds and self._looks > FEWEST_LOOKS:
            raise AssertionError(
                f"waited for {self._what}; nothing has moved for {waited:.0f} s: {seen!r}"
            )


async def until(
    what: str,
    look: Callable[[], Awaitable[Seen]],
    done: Callable[[Seen], bool],
    *,
    patience: float = PATIENCE,
    every: float = EVERY,
    sign: Callable[[Seen], object] = lambda seen: seen,
) -> Seen:
    """Look until `done` says that it has come; returns what was seen then.

    `sign` makes of it what changes as long as anything moves, and can be said in a failure.
    """
    waiting = Patience(what, patience)
    while True:
        seen = await look()
        if done(seen):
            return seen
        waiting.still(sign(seen))
        await asyncio.sleep(every)


def until_now(
    what: str,
    look: Callable[[], Seen],
    done: Callable[[Seen], bool] = bool,
    *,
    patience: float = PATIENCE,
    every: float = EVERY,
) -> Seen:
    """The same without a loop of events."""
    waiting = Patience(what, patience)
    while True:
        seen = look()
        if done(seen):
            return seen
        waiting.still(seen)
        time.sleep(every)
