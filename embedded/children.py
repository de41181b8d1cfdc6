"""Child processes that log to a file, end when their parent ends, and are always reaped."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from embedded.interruption import uninterrupted
from embedded.system_user import SystemUser

SHORTEST_LOOK = 0.0005
LONGEST_LOOK = 0.05
"""Seconds between two looks whether a child has ended."""


class Child(subprocess.Popen[bytes]):
    """A child of ours; asking after it is never broken off half way (`embedded.interruption`)."""

    def poll(self) -> int | None:
        """Its exit code, or none while it runs."""
        with uninterrupted():
            return super().poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, looking again and again. Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = SHORTEST_LOOK
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_LOOK)
        return code


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: SystemUser | None = None,
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> Child:
    """Start a direct child in a session of its own, its output appended to `log`.

    Its own session keeps Ctrl-C away from it: the supervisor alone decides the order of the end.
    On Linux the kernel sends it `orphan_signal` when the starting thread ends, however that ends,
    so call this from the main thread. `user` needs the rights of root.
    """
    with log.open("ab") as output:
        return Child(
            [*_with_parent(orphan_signal), *(os.fspath(part) for part in argv)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
        )


def stop(
    process: subprocess.Popen[bytes],
    *,
    patience: float = 10.0,
    gently: signal.Signals = signal.SIGTERM,
) -> None:
    """Ask a child to end, insist after `patience` seconds, and reap it. Repeatable."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(gently)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started, at once, and reap it. Repeatable."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def lives(pid: int) -> bool:
    """Whether a process runs. One that has ended and was not reaped yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def began(pid: int) -> float:
    """When a process was started (seconds since 1970); 0 if there is none of that number."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def listens(pid: int, port: int) -> bool:
    """Whether that process itself accepts connections on this port.

    A connection that succeeds does not say so: another program may have been quicker. True where
    this machine does not let us look.
    """
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)


def _with_parent(orphan_signal: signal.Signals) -> list[str]:
    """What to put before a command so that the kernel ends it with its parent.

    A program, not a hook between fork and exec, which Python cannot offer safely beside threads.
    Elsewhere the next start ends what a killed supervisor left behind.
    """
    program = shutil.which("setpriv") if platform.system() == "Linux" else None
    if program is None:
        return []
    return [program, "--pdeathsig", orphan_signal.name.removeprefix("SIG"), "--"]
