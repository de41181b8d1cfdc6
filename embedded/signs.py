"""How to tell from outside that a part of the stack works, and for how long it has not."""

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from embedded.ports import LOOPBACK

LOOK_SECONDS = 5.0
"""Between two looks for a sign, and for how long one may take."""

Look = Callable[[], bool]


class Pulse:
    """How long a part has given no sign of life, while somebody watched.

    A look may block for as long as the part does, so it has a thread of its own. Time counts only
    while `watch` is called: a laptop that slept for a night has not waited for anything.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen = threading.Event()
        self._looking = False
        self._watched = time.monotonic()
        self._next_look = 0.0
        self.silent = 0.0
        """Seconds since the last sign."""

    def begin(self) -> None:
        """The part was started just now."""
        self.silent = 0.0
        self._watched = time.monotonic()

    def watch(self) -> None:
        """Count the time since the last call, and look if it is time to. Never blocks."""
        now = time.monotonic()
        self.silent += min(now - self._watched, 1.0)
        self._watched = now
        if self._seen.is_set():
            self._seen.clear()
            self.silent = 0.0
        if not self._looking and now >= self._next_look:
            self._looking = True
            self._next_look = now + LOOK_SECONDS
            threading.Thread(target=self._look_once, daemon=True).start()

    def _look_once(self) -> None:
        try:
            with suppress(Exception):  # whatever it is, it was no sign of life
                if self._look():
                    self._seen.set()
        finally:
            self._looking = False


def answers(port: int, path: str) -> bool:
    """Whether a server on loopback answers this path with 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=LOOK_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def database_answers(dsn: str) -> bool:
    """Whether PostgreSQL says anything; a refusal is an answer, too."""
    try:
        with psycopg.connect(dsn, connect_timeout=int(LOOK_SECONDS)) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return "FATAL:" in str(error)
    return True


def touched(file: Path) -> Look:
    """A look whether a file was touched since the last look."""
    last: list[int] = []

    def look() -> bool:
        at = file.stat().st_mtime_ns
        changed = [at] != last
        last[:] = [at]
        return changed

    return look
