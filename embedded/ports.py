"""Loopback ports: the ones of the last run again if they are free, else any."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from embedded.failures import StackError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could bind this loopback port now."""
    with socket.socket() as probe:
        # As servers do: a connection of the last run in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


@dataclass
class PortBook:
    """Remembers which service used which port, so that links in old mails keep working."""

    file: Path

    def choose(
        self, service: str, *, wanted: int | None, usual: int, setting: str, anew: bool = False
    ) -> int:
        """A free port: the wanted one or a sentence; else the last one, the usual one, any.

        `anew` after a port was lost to another program between choosing and binding: then any, so
        that two stacks that start together do not meet at the usual ones again. Raises StackError
        if `wanted` was asked for (with `setting`) and is in use.
        """
        if wanted is not None:
            if not is_free(wanted):
                raise StackError(
                    f"Port {wanted}, which {setting} asks for {service}, is in use by another "
                    f"program. Stop that program, or set {setting} to another port."
                )
            return self._remember(service, wanted)
        for port in () if anew else (self._book().get(service), usual):
            if port is not None and is_free(port):
                return self._remember(service, port)
        return self._remember(service, free_port())

    def _book(self) -> dict[str, int]:
        try:
            book = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {name: port for name, port in book.items() if isinstance(port, int)}

    def _remember(self, service: str, port: int) -> int:
        book = self._book() | {service: port}
        self.file.write_text(json.dumps(book, indent=2) + "\n", encoding="utf-8")
        return port
