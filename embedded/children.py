"""Child processes that log to a file, end when their parent ends, and are always reaped."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.system_user import SystemUser


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: SystemUser | None = None,
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a direct child in a session of its own, its output appended to `log`.

    Its own session keeps Ctrl-C away from it: the supervisor alone decides the order of the end.
    On Linux the kernel sends it `orphan_signal` when the starting thread ends, however that ends,
    so call this from the main thread. `user` needs the rights of root.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
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


def command_line(pid: int) -> str:
    """What that process was started as; empty if it has ended, also if nobody reaped it yet."""
    if platform.system() == "Linux":  # a slim Debian has no `ps`
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
    )
    return listing.stdout.strip()


def _with_parent(orphan_signal: signal.Signals) -> list[str]:
    """What to put before a command so that the kernel ends it with its parent.

    A program, not a hook between fork and exec, which Python cannot offer safely beside threads.
    Elsewhere the next start ends what a killed supervisor left behind.
    """
    program = shutil.which("setpriv") if platform.system() == "Linux" else None
    if program is None:
        return []
    return [program, "--pdeathsig", orphan_signal.name.removeprefix("SIG"), "--"]
