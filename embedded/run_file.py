"""`.almanac/run.json`: where a running stack answers, for scripts. Readable by its owner only."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFile:
    """What a script needs."""

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


def write(file: Path, content: RunFile) -> None:
    """Replace the file in one step; it never exists with wider permissions."""
    replace(file, json.dumps(asdict(content), indent=2) + "\n")


def replace(file: Path, text: str) -> None:
    """Put a file that only its owner may read in the place of another, in one step."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    unfinished.rename(file)


def secret(folder: Path, name: str) -> str:
    """A random secret that stays the same for this data folder (32 bytes in hexadecimal)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write(secrets.token_hex(32))
    return file.read_text(encoding="ascii").strip()
