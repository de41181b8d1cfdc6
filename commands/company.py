"""`almanac company`: the company settings that every definition relies on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commands.connection import read_file, run
from definitions.loader import parse_company
from definitions.problems import DefinitionError, explain_all
from domain.access import SERVICE
from domain.clock import SystemClock
from store.changes.people_events import set_company

app = typer.Typer(no_args_is_help=True)


@app.callback()
def company() -> None:
    """Replace the company settings."""


@app.command("set")
def set_(
    file: Annotated[Path, typer.Argument(help="The company file, YAML.")],
) -> None:
    """Save a company file as the settings that hold from now on.

    Running cycles keep the calendars that were frozen at their launch.
    """
    source = read_file(file)
    try:
        settings = parse_company(source, str(file))
    except DefinitionError as error:
        typer.echo(explain_all(error.found, error.text), err=True)
        raise typer.Exit(1) from None

    async def act(conn: Any) -> bool:
        return await set_company(
            conn, settings, source.decode(), actor=SERVICE, now=SystemClock().now()
        )

    saved = run(act)
    typer.echo("Saved." if saved else "The settings say this already; nothing was changed.")
