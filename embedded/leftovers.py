"""What an earlier run of a data folder left behind when its supervisor was killed.

Linux ends the parts with their supervisor; elsewhere the next start does. A number in a file is no
proof: the folder may be a copy of one whose stack runs, and numbers are used again. So a leftover
is only what was started for this very folder, is still the same process, and has lost its parent.
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from config import PREFIX
from embedded import children
from embedded.run_file import replace

DATA_DIR = f"{PREFIX}DATA_DIR"
"""Every part gets it in its environment: whose it is."""

SAME_START_SECONDS = 2.0
"""So much may the clock have been corrected between two readings of one start."""

GONE_SECONDS = 20.0


def remember(folder: Path, processes: Mapping[str, int]) -> None:
    """Write down which parts run, so that the next start can tell what is left of them."""
    parts = {name: {"pid": pid, "began": children.began(pid)} for name, pid in processes.items()}
    content = {"supervisor": os.getpid(), "parts": parts}
    replace(_file(folder), json.dumps(content, indent=2) + "\n")


def forget(folder: Path) -> None:
    """Nothing runs any more. Repeatable."""
    _file(folder).unlink(missing_ok=True)


def end_leftovers(folder: Path) -> list[str]:
    """End what a killed supervisor of this folder left, and wait until it is gone.

    Returns the names of what was ended. The caller holds the folder's lock. Repeatable. PostgreSQL
    is not ended here: it knows better how (`embedded.postgres.end_orphan`).
    """
    found = {name: p for name, p in _parts(folder).items() if name != "PostgreSQL"}
    for process in found.values():
        with contextlib.suppress(psutil.Error):
            process.kill()
    deadline = time.monotonic() + GONE_SECONDS
    while any(children.lives(p.pid) for p in found.values()) and time.monotonic() < deadline:
        time.sleep(0.02)
    forget(folder)
    return list(found)


def _parts(folder: Path) -> dict[str, psutil.Process]:
    try:
        content = json.loads(_file(folder).read_text(encoding="utf-8"))
        noted = {
            str(name): (int(part["pid"]), float(part["began"]))
            for name, part in content["parts"].items()
        }
        supervisor = int(content["supervisor"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    found = {}
    for name, (pid, began) in noted.items():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if _is_left(process, folder, began, supervisor):
                found[name] = process
    return found


def _is_left(process: psutil.Process, folder: Path, began: float, supervisor: int) -> bool:
    """Whether this is the part that was noted, started for this folder, without its supervisor."""
    return bool(
        process.status() != psutil.STATUS_ZOMBIE
        and abs(process.create_time() - began) < SAME_START_SECONDS
        and process.environ().get(DATA_DIR) == os.fspath(folder)
        and process.ppid() != supervisor
    )


def _file(folder: Path) -> Path:
    return folder / "processes.json"
