"""Keeps services alive: starts them in order, restarts what dies, stops them in reverse.

A service that dies is started again and a line says so, once it is ready. One that gives no sign of
life is told, then ended and started again. One that dies three times within a minute stops
everything, with a sentence and its last words.
"""

import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from embedded import children
from embedded.failures import (
    NO_SPACE,
    StackError,
    disk_full,
    explain_exit,
    last_lines,
    last_words,
)
from embedded.signs import Look, Pulse

DEATHS = 3
DEATHS_SECONDS = 60.0
READY_SECONDS = 180.0
"""So long may a part take to get ready; it takes seconds, but a laptop may be busy."""

SILENT_SECONDS = 20.0
FROZEN_SECONDS = 60.0
"""Without a sign of life for so long: a line for the person, then an end and a new start."""

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

    `start` starts it and may raise StackError; `is_ready` then looks once whether it serves. They
    are apart so that several can get ready at the same time. `sign` looks whether it still works.
    `port_setting` names the setting with which its port can be chosen.
    """

    name: str
    log: Path
    start: Callable[[], Running]
    is_ready: Callable[[Running], bool] = lambda _: True
    sign: Look | None = None
    port_setting: str = ""
    running: Running | None = None
    began: float = 0.0
    since: int = 0
    """How long the log was when it was started: what comes after is from this start."""

    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    failure: StackError | None = None
    """Why the last start failed at once."""

    return_: "Return | None" = None
    pulse: Pulse | None = None
    silence_told: bool = False


@dataclass
class Return:
    """A service that has died and is not back yet."""

    ending: str
    since: float


class Supervisor:
    """Owns the services of one data folder. `say` gets a line for a person now and then.

    `changed` is called whenever a process was started: there is a new number to be known.
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.services: list[Service] = []
        self._say = say
        self._changed = changed
        self._places = [folder]
        self._warned: dict[int, int] = {}

    @property
    def processes(self) -> dict[str, int]:
        """The process id of each service that runs."""
        return {s.name: s.running.process.pid for s in self.services if s.running is not None}

    def also_writes_to(self, folder: Path) -> None:
        """Watch the disk of a folder that lies outside the data folder, too. Repeatable."""
        if folder not in self._places:
            self._places.append(folder)

    def launch(self, service: Service) -> None:
        """Start a service and watch over it from now on. Raises StackError."""
        self.services.append(service)
        self._start(service)

    def wait(self, service: Service) -> None:
        """Block until a launched service is ready. Raises StackError; PortTaken for its port."""
        running = service.running
        if running is None:
            return
        deadline = time.monotonic() + READY_SECONDS
        while not service.is_ready(running):
            if running.process.poll() is not None:
                raise explain_exit(
                    service.name,
                    service.log,
                    folder=self._fullest(),
                    port_setting=service.port_setting,
                    since=service.since,
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.name} runs, but was not ready after {READY_SECONDS:.0f} s. "
                    f"See {service.log}."
                )
            time.sleep(LOOK_SECONDS)

    def watch(self) -> None:
        """Look after the services until Stopped is raised by a signal, or StackError by a failure.

        A service that ends is started again; so is one that gives no sign of life for a minute.
        """
        next_disk = 0.0
        while True:
            for service in self.services:
                self._look_after(service)
            if time.monotonic() >= next_disk:
                self._look_at_disks()
                next_disk = time.monotonic() + DISK_SECONDS
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop all services, the last started first. Repeatable."""
        for service in reversed(self.services):
            if service.running is not None:
                service.running.stop()
                service.running = None

    def _start(self, service: Service) -> None:
        _cut(service.log)
        service.since = service.log.stat().st_size if service.log.exists() else 0
        service.began = time.monotonic()
        service.running = service.start()
        service.pulse = None if service.sign is None else Pulse(service.sign)
        service.silence_told = False
        self._changed()

    def _look_after(self, service: Service) -> None:
        running = service.running
        if running is None or running.process.poll() is not None:
            self._revive(service)
        elif service.return_ is None:
            self._listen(service)
        elif service.is_ready(running):
            took = time.monotonic() - service.return_.since
            ending = service.return_.ending
            service.return_ = None
            self._tell(f"{service.name} {ending}; started again in {took:.1f} s.")
        elif time.monotonic() - service.began > READY_SECONDS:
            self._tell(f"{service.name} is not ready after {READY_SECONDS:.0f} s; started anew.")
            children.kill(running.process)

    def _revive(self, service: Service) -> None:
        ended, service.running = service.running, None
        code = None if ended is None else ended.process.poll()
        if ended is not None:
            ended.stop()  # gives its locks back
        words = "\n".join(last_lines(service.log, 30, since=service.since))
        fullest = self._fullest()
        if any(sign in words for sign in NO_SPACE) and _free(fullest) < LOW_DISK_BYTES:
            raise disk_full(service.name, fullest)
        now = time.monotonic()
        service.deaths.append(now)
        if len(service.deaths) == DEATHS and now - service.deaths[0] < DEATHS_SECONDS:
            raise service.failure or StackError(
                f"{service.name} ended {DEATHS} times within a minute, so everything was stopped. "
                f"{last_words(service.log, since=service.since)}"
            )
        if service.return_ is None:
            service.return_ = Return(_ending(code), now)
        try:
            self._start(service)
            service.failure = None
        except StackError as error:
            service.failure = error  # tried again at the next look

    def _listen(self, service: Service) -> None:
        """Say when a service gives no sign of life, and start it again when that lasts."""
        if service.pulse is None or service.running is None:
            return
        before = service.pulse.silent
        service.pulse.watch()
        silent = service.pulse.silent
        if silent >= FROZEN_SECONDS:
            self._tell(f"{service.name} has not answered for {silent:.0f} s and is ended.")
            children.kill(service.running.process)
        elif silent >= SILENT_SECONDS and not service.silence_told:
            service.silence_told = True
            left = FROZEN_SECONDS - silent
            self._tell(
                f"{service.name} has not answered for {silent:.0f} s. If it does not within "
                f"{left:.0f} s, it is ended and started again."
            )
        elif service.silence_told and silent < SILENT_SECONDS:
            service.silence_told = False
            self._tell(f"{service.name} answers again, after {before:.0f} s.")

    def _tell(self, line: str) -> None:
        self._say(f"{_clock()}  {line}")

    def _look_at_disks(self) -> None:
        for device, folder in self._disks().items():
            free = _free(folder)
            level = (free < LOW_DISK_BYTES) + (free < FULL_DISK_BYTES)
            before, self._warned[device] = self._warned.get(device, 0), level
            if level > before:
                self._tell(_warning(level, free, folder))
            elif level < before:
                room = f"There is room again on the disk of {folder}: {free // 1_000_000} MB."
                self._tell(f"{room} What people write is saved.")

    def _disks(self) -> dict[int, Path]:
        """A folder on each disk that is written to, the data folder first."""
        found: dict[int, Path] = {}
        for folder in self._places:
            with suppress(OSError):  # not made yet, or its disk is away: its service says so
                found.setdefault(_device(folder), folder)
        return found

    def _fullest(self) -> Path:
        return min(self._disks().values(), key=_free, default=self.folder)


def _warning(level: int, free: int, folder: Path) -> str:
    if level == 1:
        left = f"Only {free // 1_000_000} MB are left on the disk of {folder}."
        return f"{left} Free some soon: databases stop when it is full."
    return (
        f"The disk of {folder} is full. Nothing that people write can be saved until there is "
        "room; then everything goes on by itself."
    )


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _device(folder: Path) -> int:
    return folder.stat().st_dev


def _cut(log: Path) -> None:
    """Keep one older log; a year of runs must not fill the disk."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
