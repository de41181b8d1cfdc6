"""The newest seal of the audit log, kept outside the database: a file beside the seal keys.

Who owns the database can remove the newest entries together with their seals; the chain that is
left holds. It shows only against a seal that was kept elsewhere. Each worker keeps the newest one
here, so that a worker that starts later, and `almanac audit verify`, compare with it as well.

A seal that was found missing stays in the file until somebody has looked: what is sealed afterwards
does not hide it.
"""

import asyncio
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FILE = "audit-seals"
"""Its name, in the folder of seal keys. One seal a line: the newest first, then missing ones."""

MOST = 50
"""Lines; one is enough to show that something was removed."""


async def kept_seals(folder: Path | None) -> tuple[str, ...]:
    """The seals that must be in the log; none without a folder. Raises OSError, UnicodeError."""
    return () if folder is None else await asyncio.to_thread(_read, folder)


async def keep_seals(folder: Path | None, seals: Sequence[str]) -> None:
    """Keep these, whole or not at all. Raises OSError if the folder cannot be written.

    Of several writers the last one wins: each writes a seal that was there a moment ago.
    """
    if folder is not None and seals:
        await asyncio.to_thread(_write, folder, seals[:MOST])


def _read(folder: Path) -> tuple[str, ...]:
    try:
        return tuple((folder / FILE).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return ()


def _write(folder: Path, lines: Sequence[str]) -> None:
    unfinished = folder / f".{FILE}-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write("\n".join(lines) + "\n")
            output.flush()
            os.fsync(output.fileno())
        unfinished.replace(folder / FILE)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
