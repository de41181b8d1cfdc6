"""Lines of a log, each written whole or not at all as far as its reader can see."""

import os
import threading
from typing import TextIO

_lock = threading.Lock()
_torn: set[int] = set()
"""Files of which the disk took only the beginning of a line."""


class Lines:
    """What structlog writes to: one system call a line. A full disk loses lines, never a request.

    A line of which only a part was taken is ended before the next one, so that it spoils no other.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        """Write a line."""
        try:
            file = self._stream.fileno()
        except (OSError, ValueError):  # no file, as in tests that catch what is written
            print(message, file=self._stream, flush=True)
            return
        with _lock:
            _write(file, message.encode(errors="backslashreplace") + b"\n")

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = msg


def _write(file: int, line: bytes) -> None:
    if file in _torn:
        line = b"\n" + line
    left = line
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        if len(left) < len(line):
            _torn.add(file)
        return
    _torn.discard(file)
