"""Statements that go to the driver directly are part of the same transaction, and as discreet."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.base.raw_statements import fetch_one
from store.base.session import Database

CREATE = b"CREATE TABLE kept (word text CHECK (word <> 'forbidden'))"
INSERT = b"INSERT INTO kept (word) VALUES (%(word)s) RETURNING word"


async def test_what_only_the_driver_was_asked_to_do_is_committed(owner: Database) -> None:
    async with owner.begin() as conn:
        await conn.execute(text(CREATE.decode()))
    conn = await owner.engine.connect()
    assert await fetch_one(conn, INSERT, {"word": "here"}) == ("here",)
    await conn.commit()
    await conn.close()
    async with owner.begin() as conn:
        assert await conn.scalar(text("SELECT word FROM kept")) == "here"


async def test_what_was_not_committed_is_undone(owner: Database) -> None:
    async with owner.begin() as conn:
        await conn.execute(text(CREATE.decode()))
    conn = await owner.engine.connect()
    await fetch_one(conn, INSERT, {"word": "here"})
    await conn.close()
    async with owner.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM kept")) == 0


async def test_an_error_is_that_of_the_library_and_does_not_tell_what_was_written(
    owner: Database,
) -> None:
    async with owner.begin() as conn:
        await conn.execute(text(CREATE.decode()))
    with pytest.raises(DBAPIError) as caught:
        async with owner.begin() as conn:
            await fetch_one(conn, INSERT, {"word": "forbidden"})
    assert caught.value.orig is not None
    assert getattr(caught.value.orig, "sqlstate", None) == "23514"
    assert "INSERT INTO kept" in str(caught.value)
    assert "'forbidden'" not in str(caught.value.params)
