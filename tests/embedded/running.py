"""`almanac run` as a person starts it: a process of its own, its lines, its end."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.ports import is_free
from tests.waiting import until_now

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Run:
    """One run of the stack."""

    process: subprocess.Popen[str]
    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def file(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return content

    def until(self, pattern: str) -> str:
        """Read lines until one matches; fails with all that was said if none does."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if re.search(pattern, line):
                return line.rstrip()
        raise AssertionError("\n".join(self.lines))

    def until_file_names_another(self, name: str, before: int) -> None:
        """Wait until the run file tells the process that took the place of `before`."""
        until_now(
            f"the run file to name another process of {name}",
            lambda: self.file["processes"].get(name),
            lambda pid: pid not in (None, before),
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does, or otherwise; returns the exit code."""
        self.process.send_signal(how)
        assert self.process.stdout is not None
        self.lines += [line.rstrip() for line in self.process.stdout]
        return self.process.wait(60)


def settings(folder: Path, **more: object) -> dict[str, str]:
    """An environment with free ports, so that tests never meet a stack that somebody runs."""
    names = ("POSTGRES", "TEMPORAL", "TEMPORAL_UI", "INBOX", "INBOX_SMTP", "API")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ALMANAC_")}
    ports = {f"ALMANAC_{name}_PORT": str(port_to_keep()) for name in names}
    given = {f"ALMANAC_{name.upper()}": str(value) for name, value in more.items()}
    return inherited | ports | {"ALMANAC_DATA_DIR": str(folder)} | given


def port_to_keep() -> int:
    """A port that stays free until the stack binds it.

    Below those that systems hand out by themselves: on a busy machine one of these is taken by some
    connection within seconds, and a port that was asked for is not chosen again.
    """
    while not is_free(port := random.randint(10_000, 30_000)):
        pass
    return port


@contextmanager
def almanac_run(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[Run]:
    """Start the stack; whatever happens, nothing of it is left behind."""
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(env or settings(folder)),
        cwd=ROOT,
    ) as process:
        run = Run(process, folder)
        try:
            yield run
        finally:
            if process.poll() is None:
                run.stop()


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach also where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="almanac-run-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"


def gone(pid: int) -> bool:
    """Wait until a process has ended. One that only waits to be reaped has."""

    def ended() -> bool:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"
        except (ProcessLookupError, FileNotFoundError):
            return True

    return until_now(f"process {pid} to end", ended)
