"""Bring a database to the newest schema. Repeatable, and safe to run from several processes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from store.base.grants import let_in
from store.base.session import async_url

LOCK = 4_061_874_523  # an arbitrary number that only our migrations take


def _config(url: str, schema: str | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["schema"] = schema
    config.attributes["url"] = async_url(url)
    return config


def upgrade(url: str, schema: str | None = None, *, application: str | None = None) -> None:
    """Create the schema if needed and migrate it to the head. Blocks; call it at the edge.

    `url` is the owner's. `application` is the address with which API and workers connect, if that
    is another role's: it is created if need be and granted what it needs (`store.base.grants`).
    """
    config = _config(url, schema)
    engine = create_engine(async_url(url))
    try:
        with engine.connect() as conn:
            # A schema of its own waits for nobody else's.
            mine = {"schema": schema or "", "lock": LOCK}
            conn.execute(text("SELECT pg_advisory_lock(hashtextextended(:schema, :lock))"), mine)
            if schema is not None:
                conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
                conn.commit()
                conn.execute(text(f'SET search_path TO "{schema}"'))
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.commit()
            if application is not None:
                let_in(conn, async_url(application), schema or "public")
                conn.commit()
            conn.execute(text("SELECT pg_advisory_unlock(hashtextextended(:schema, :lock))"), mine)
    finally:
        engine.dispose()


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config("postgresql://", None)).get_current_head()
    if revision is None:
        raise RuntimeError("no migrations are installed")
    return revision
