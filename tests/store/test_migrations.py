"""The migrations lead to what the tables say, and may be run again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from store.migrate import upgrade
from store.session import Database
from store.tables import Base


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_migrated_schema_is_what_the_tables_describe(database: Database) -> None:
    async with database.begin() as conn:
        assert await conn.run_sync(_differences) == []


async def test_migrating_again_changes_nothing(database: Database, database_url: str) -> None:
    upgrade(database_url)
    async with database.begin() as conn:
        assert await conn.run_sync(_differences) == []
