"""`almanac run`: everything on this machine, from one command."""

from typing import Annotated

import typer

from commands.config import unknown_variables
from config import load_settings
from embedded.stack import Stack
from embedded.terminal import Terminal


def run(
    demo: Annotated[
        bool, typer.Option(help="Import the demo company if the database is empty.")
    ] = True,
) -> None:
    """Start PostgreSQL, Temporal, worker, pages and an inbox; Ctrl-C stops them all."""
    settings = load_settings()
    terminal = Terminal()
    for warning in unknown_variables():
        terminal.say(warning, "yellow")
    Stack(settings, terminal, demo=demo).run()
