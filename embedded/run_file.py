"""`.almanac/run.json`: where a running stack answers, for scripts. Readable by its owner only."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from embedded import children


@dataclass(frozen=True)
class RunFile:
    """What a script needs. `commands` are what the processes were started as, by process id."""

    pid: int
    started_at: str
    pages: str
    inbox: str | None
    smtp: str | None
    temporal: str
    temporal_namespace: str
    temporal_ui: str | None
    database_url: str
    service_key: str
    processes: Mapping[str, int]
    commands: Mapping[str, str] = field(default_factory=dict)


def write(file: Path, content: RunFile) -> None:
    """Replace the file in one step; it never exists with wider permissions."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        json.dump(asdict(content), output, indent=2)
        output.write("\n")
    unfinished.rename(file)


def end_leftovers(file: Path) -> list[str]:
    """End processes of a stack whose supervisor was killed; returns their names.

    Only where the system does not do it by itself, and only a process that is still exactly what
    was started: a number may meanwhile belong to somebody else. PostgreSQL sees to its own.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        processes: dict[str, int] = content["processes"]
        commands: dict[str, str] = content["commands"]
    except (OSError, ValueError, KeyError):
        return []
    ended = []
    for name, pid in processes.items():
        command = commands.get(name)
        if command and name != "PostgreSQL" and children.command_line(pid) == command:
            os.kill(pid, 9)
            ended.append(name)
    file.unlink(missing_ok=True)
    return ended


def secret(folder: Path, name: str) -> str:
    """A random secret that stays the same for this data folder (32 bytes in hexadecimal)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write(secrets.token_hex(32))
    return file.read_text(encoding="ascii").strip()
