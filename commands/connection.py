"""Which database a command speaks to, and how it reads what it was given."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from config import load_settings
from store.base.session import Database

RUN_FILE = Path(".almanac") / "run.json"
AUDIT_KEY = "audit-key"
"""In the folder of secrets of a running stack."""

T = TypeVar("T")


def run(act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something in one transaction of the database that the settings name.

    Without one, that of the stack which runs in this folder. Raises SettingsError.
    """
    return asyncio.run(_run(_place(), act))


def run_with(act: Callable[[Database], Awaitable[T]]) -> T:
    """The same for what takes several transactions. Raises SettingsError."""
    return asyncio.run(_run_with(_place(), act))


@dataclass(frozen=True, slots=True)
class _Place:
    """The facts: the database, and what belongs to them and lies outside it."""

    url: str
    seal_keys: Path
    audit_key: str | None


async def _run_with(place: _Place, act: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(
        place.url,
        pool_size=1,
        application="almanac-command",
        seal_keys=place.seal_keys,
        audit_key=place.audit_key,
    )
    try:
        return await act(database)
    finally:
        await database.close()


async def _run(place: _Place, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def once(database: Database) -> T:
        async with database.begin() as conn:
            return await act(conn)

    return await _run_with(place, once)


def _place() -> _Place:
    settings = load_settings()
    if settings.database_url is None and RUN_FILE.is_file():
        running: dict[str, str] = json.loads(RUN_FILE.read_text(encoding="utf-8"))
        key = RUN_FILE.parent / "secrets" / AUDIT_KEY
        signing = settings.signing_key or (key.read_text().strip() if key.exists() else None)
        return _Place(running["database_url"], RUN_FILE.parent / "seal-keys", signing)
    url = settings.database().render_as_string(hide_password=False)
    return _Place(url, settings.seal_keys, settings.signing_key)


def read_file(path: Path) -> bytes:
    """Read a file, or end the command with a sentence."""
    try:
        return path.read_bytes()
    except OSError as error:
        typer.echo(f"almanac: {path} cannot be read: {error.strerror or error}.", err=True)
        raise typer.Exit(1) from None
