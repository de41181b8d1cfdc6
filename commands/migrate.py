"""`almanac migrate`: bring the database to the schema of this version."""

import typer

from config import load_settings
from store.base.migrate import head, upgrade


def migrate() -> None:
    """Bring the database to the newest schema. Repeatable; safe beside running processes.

    Works as the owner of the tables (ALMANAC_MIGRATION_URL) and lets in the role as which API and
    workers connect (ALMANAC_DATABASE_URL).
    """
    settings = load_settings()
    owner = settings.owned_database()
    application = settings.database_url
    apart = application is not None and application.username != owner.username
    upgrade(
        owner.render_as_string(hide_password=False),
        application=application.render_as_string(hide_password=False)
        if application is not None and apart
        else None,
    )
    typer.echo(f"The schema is at {head()}.")
    if not apart:
        typer.echo(
            "API and workers connect as the owner of the tables, who can change the audit log. "
            "Set ALMANAC_MIGRATION_URL to the owner and ALMANAC_DATABASE_URL to another role.",
            err=True,
        )
