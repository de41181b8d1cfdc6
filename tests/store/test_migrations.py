"""The migrations lead to the tables that the code describes, and can be run again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from store.base.migrate import head, upgrade
from store.base.session import async_url
from store.tables import metadata


def test_the_migrated_schema_is_what_the_tables_say(owner_url: str) -> None:
    engine = create_engine(async_url(owner_url))
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == head()
    engine.dispose()


def test_migrating_twice_and_into_another_schema_works(owner_url: str) -> None:
    upgrade(owner_url)
    upgrade(owner_url, "rehearsal")
    upgrade(owner_url, "rehearsal")
    engine = create_engine(async_url(owner_url))
    inspected = inspect(engine)
    assert set(inspected.get_table_names("rehearsal")) == set(inspected.get_table_names("public"))
    engine.dispose()
