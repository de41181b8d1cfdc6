"""`almanac migrate`: bring the database to the schema of this version."""

import typer

from config import load_settings
from store.migrate import head, upgrade


def migrate() -> None:
    """Bring the database to the newest schema. Repeatable; safe beside running processes."""
    url = load_settings().database()
    upgrade(url.render_as_string(hide_password=False))
    typer.echo(f"The schema is at {head()}.")
