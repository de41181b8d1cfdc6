"""Keeps services alive: starts them in order, restarts what dies, stops them in reverse.

A service that dies is started again and a line says so. One that dies three times within a minute
stops everything, with a sentence and its last words.
"""

import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

from embedded.failures import NO_SPACE, StackError, disk_full, last_lines, last_words

DEATHS = 3
DEATHS_SECONDS = 60.0
LOOK_SECONDS = 0.25
DISK_SECONDS = 10.0
LOW_DISK_BYTES = 200_000_000
FULL_DISK_BYTES = 2_000_000
LARGEST_LOG_BYTES = 10_000_000


class Running(Protocol):
    """A started service."""

    @property
    def process(self) -> subprocess.Popen[bytes]: ...

    def stop(self) -> None: ...


@dataclass
class Service:
    """Something that runs as a child.

    `start` starts it; `wait` then blocks until it is ready. Both raise StackError. They are apart
    so that several can get ready at the same time.
    """

    name: str
    log: Path
    start: Callable[[], Running]
    wait: Callable[[Running], None] = lambda _: None
    running: Running | None = None
    began: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))


class Stopped(Exception):
    """Ctrl-C, `kill`, or the terminal was closed."""


class Supervisor:
    """Owns the services of one data folder. `say` gets a line for a person now and then."""

    def __init__(self, folder: Path, *, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.services: list[Service] = []
        self._say = say
        self._warned = 0

    def launch(self, service: Service) -> None:
        """Start a service and watch over it from now on. Raises StackError."""
        _cut(service.log)
        self.services.append(service)
        service.began = time.monotonic()
        service.running = service.start()

    @staticmethod
    def wait(service: Service) -> None:
        """Block until a launched service is ready. Raises StackError."""
        if service.running is not None:
            service.wait(service.running)

    def watch(self, *, changed: Callable[[], None]) -> None:
        """Look after the services until Stopped is raised by a signal, or StackError by a failure.

        `changed` is called after a restart: process ids are new then.
        """
        next_disk = 0.0
        while True:
            for service in self.services:
                running = service.running
                if running is not None and running.process.poll() is not None:
                    self._revive(service, running)
                    changed()
            if time.monotonic() >= next_disk:
                self._look_at_disk()
                next_disk = time.monotonic() + DISK_SECONDS
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop all services, the last started first. Repeatable."""
        for service in reversed(self.services):
            if service.running is not None:
                service.running.stop()
                service.running = None

    def _revive(self, service: Service, ended: Running) -> None:
        code = ended.process.poll()
        ended.stop()  # gives its locks back
        service.running = None
        words = "\n".join(last_lines(service.log, 30))
        if any(sign in words for sign in NO_SPACE) and _free(self.folder) < LOW_DISK_BYTES:
            raise disk_full(service.name, self.folder)
        now = time.monotonic()
        service.deaths.append(now)
        if len(service.deaths) == DEATHS and now - service.deaths[0] < DEATHS_SECONDS:
            raise StackError(
                f"{service.name} ended {DEATHS} times within a minute, so everything was stopped. "
                f"{last_words(service.log)}"
            )
        service.running = service.start()
        self.wait(service)
        took = time.monotonic() - now
        self._say(f"{_clock()}  {service.name} {_ending(code)}; started again in {took:.1f} s.")

    def _look_at_disk(self) -> None:
        free = _free(self.folder)
        level = (free < LOW_DISK_BYTES) + (free < FULL_DISK_BYTES)
        if level > self._warned:
            self._say(f"{_clock()}  {_warning(level, free, self.folder)}")
        self._warned = level


def _warning(level: int, free: int, folder: Path) -> str:
    if level == 1:
        left = f"Only {free // 1_000_000} MB are left on the disk of {folder}."
        return f"{left} Free some soon: databases stop when it is full."
    return (
        f"The disk of {folder} is full. Nothing that people write can be saved until there is "
        "room; then everything goes on by itself."
    )


@contextmanager
def stop_signals() -> Iterator[None]:
    """While this holds, SIGINT, SIGTERM and SIGHUP raise Stopped in the main thread, once.

    Further ones are ignored: the end is under way, and every step of it has its time limit.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise Stopped

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, ask) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _cut(log: Path) -> None:
    """Keep one older log; a year of runs must not fill the disk."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
