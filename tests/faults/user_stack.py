"""The stack as a user runs it, and everything that can happen to its parts.

`almanac run` is what `make run` starts. All goes through its command line, its addresses and the
signals that its processes get; nothing is replaced and no time is skipped.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from embedded.postgres_files import known_home
from tests.embedded.running import ROOT, settings

PATIENCE = 600.0
"""Seconds without any progress after which the driver gives up."""


class Unwell(Exception):
    """The stack did something that it never may: what, and its last lines."""


@dataclass
class UserStack:
    """One data folder, and the stack that runs on it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    killed_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = settings(self.folder)
        self.folder.parent.mkdir(parents=True, exist_ok=True)

    # --- Starting and stopping -----------------------------------------------------------------

    @property
    def output(self) -> Path:
        """What the command said since its last start."""
        return self.folder.parent / f"run-{self.starts}.out"

    def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        self.starts += 1
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "run"],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=ROOT,
                start_new_session=True,
            )
        said = 0.0
        seen = -1
        while "\nReady in " not in self.said():
            if self.process.poll() is not None:
                raise Unwell(f"the start failed:\n{self.said()}")
            if len(self.said()) != seen:
                seen, said = len(self.said()), time.monotonic()
            if time.monotonic() - said > PATIENCE:
                raise Unwell(f"the start does not go on:\n{self.said()}")
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C, or the end of the supervisor without a word."""
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        if how == signal.SIGINT and code != 0:
            raise Unwell(f"stopping ended with code {code}:\n{self.said()}")

    def end(self) -> None:
        """Whatever happened, nothing is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(120)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(30)

    def alive(self) -> None:
        """Raises Unwell if the supervisor has given up."""
        if self.process is None or self.process.poll() is not None:
            raise Unwell(f"the stack has stopped by itself:\n{self.said()}")

    def said(self) -> str:
        """The lines of the command since its last start."""
        with suppress(OSError):
            return "\n" + self.output.read_text(errors="replace")
        return "\n"

    # --- What it is ----------------------------------------------------------------------------

    @property
    def run(self) -> dict[str, Any]:
        """`run.json`: addresses, process ids, the service key."""
        content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return content

    def pid(self, part: str) -> int | None:
        """The process of a part; None while it is being started again."""
        with suppress(OSError, ValueError, KeyError):
            content = json.loads((self.folder / "processes.json").read_text())
            pid = int(content["parts"][part]["pid"])
            return pid if psutil.pid_exists(pid) else None
        return None

    def cluster(self) -> Path:
        """PostgreSQL's folder."""
        home = known_home(self.folder / "postgres")
        assert home is not None
        return home / "cluster"

    # --- What can happen to it -----------------------------------------------------------------

    def send(self, part: str, how: signal.Signals) -> bool:
        """Send a signal to a part; False if it is not there just now.

        A part is killed at most once in half a minute: three deaths within one are the end.
        """
        deadly = how not in (signal.SIGSTOP, signal.SIGCONT)
        now = time.monotonic()
        if deadly and now - self.killed_at.get(part, -60) < 31:
            return False
        pid = self.pid(part)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, how)
            if deadly:
                self.killed_at[part] = now
            return True
        return False

    def freeze(self, part: str, seconds: float) -> bool:
        """SIGSTOP, and SIGCONT so much later."""
        pid = self.pid(part)
        if pid is None or not self.send(part, signal.SIGSTOP):
            return False
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    def on_database(self, act: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """Do something as the superuser; None if the database is away."""
        with (
            suppress(psycopg.Error, OSError, ValueError, KeyError),
            psycopg.connect(self.run["database_url"], connect_timeout=5, autocommit=True) as conn,
        ):
            return act(conn)
        return None

    def end_connections(self) -> bool:
        """Every connection of the parts is ended by the server."""
        ended = self.on_database(
            lambda conn: conn.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name LIKE 'almanac-%' AND pid <> pg_backend_pid()"
            ).fetchone()
        )
        return ended is not None

    def kill_backend(self) -> bool:
        """One process of the server dies, so the server ends all others and recovers."""
        now = time.monotonic()
        if now - self.killed_at.get("PostgreSQL", -60) < 31:
            return False
        found = self.on_database(
            lambda conn: conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'almanac-%' LIMIT 1"
            ).fetchone()
        )
        if found is None:
            return False
        self.killed_at["PostgreSQL"] = now
        with suppress(ProcessLookupError):
            os.kill(found[0], signal.SIGKILL)
        return True

    def restart(self, how: signal.Signals, *, lose_engine: bool = False) -> bool:
        """The whole stack ends and starts; perhaps the engine has forgotten everything."""
        self.stop(how)
        if lose_engine:
            for file in self.folder.glob("temporal.db*"):
                file.unlink()
        self.killed_at.clear()
        self.start()
        return True
