"""`almanac config`: what holds, where it comes from, secrets masked."""

import difflib
import json
import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL

from config import (
    PREFIX,
    SECRETS_DIR,
    PayloadKey,
    Settings,
    load_settings,
    value_file,
    variable,
)

MASK = "********"


@dataclass(frozen=True)
class Shown:
    """One setting as it may be printed."""

    variable: str
    value: str | int | float | bool | None
    origin: str
    meaning: str


def config(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Print the effective settings, secrets masked, and where each comes from."""
    settings = load_settings()
    rows = effective(settings)
    warnings = unknown_variables()
    if as_json:
        answer = {
            "settings": {
                row.variable: {"value": row.value, "origin": row.origin, "meaning": row.meaning}
                for row in rows
            },
            "warnings": warnings,
        }
        typer.echo(json.dumps(answer, indent=2))
        return
    console = Console()
    console.print(_table(rows))
    for warning in warnings:
        console.print(Text(warning, style="yellow"))


def effective(settings: Settings) -> list[Shown]:
    """Every setting in the order of the class. No secret leaves this function."""
    return [
        Shown(
            variable=variable(name),
            value=_printable(getattr(settings, name)),
            origin=origin(name),
            meaning=info.description or "",
        )
        for name, info in Settings.model_fields.items()
    ]


def origin(name: str) -> str:
    """Where a setting's value comes from: environment, file PATH, or default."""
    if os.environ.get(variable(name)):
        return "environment"
    file = value_file(name)
    return "default" if file is None else f"file {file}"


def unknown_variables() -> list[str]:
    """A sentence for every ALMANAC_ variable that is not a setting: mostly a slip of the pen."""
    known = {variable(name) for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | {SECRETS_DIR}
    sentences = []
    for name in sorted(set(os.environ) - known):
        if name.startswith(PREFIX):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            sentences.append(f"{name} is not a setting and has no effect.{hint}")
    return sentences


def _printable(value: Any) -> str | int | float | bool | None:
    match value:
        case SecretStr():
            return MASK
        case URL():
            return value.render_as_string(hide_password=True)
        case [PayloadKey(), *_]:
            return ", ".join(f"{key.id}:{MASK}" for key in value)
        case tuple():
            return None
        case bool() | int() | float() | None:
            return value
        case _:
            return str(value).partition("\n")[0]  # of a certificate its first line will do


def _table(rows: list[Shown]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for row in rows:
        style = "dim" if row.origin == "default" else ""
        value = "-" if row.value is None else str(row.value)
        table.add_row(
            Text(row.variable.removeprefix(PREFIX).lower(), style=style),
            Text(value, style=style),
            Text(row.origin, style=style),
        )
    return table
