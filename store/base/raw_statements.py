"""The driver itself, for the few statements that everybody waits for in the last hour.

SQLAlchemy compiles, looks up and describes each result anew; for a statement that takes less than
a millisecond that is half of what a request costs. It is still its connection, its transaction and
its errors.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection


async def fetch_one(
    conn: AsyncConnection, statement: bytes, values: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """Run a statement of the driver's style (`%(name)s`); its first row, or none.

    Raises what SQLAlchemy raises, without the values.
    """
    held = conn.sync_connection
    if held is None:
        raise RuntimeError("the connection was not opened")
    if not held.in_transaction():
        await conn.begin()  # else its commit would find nothing to commit, and roll back
    driver = held.connection.driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("not a connection of psycopg")
    try:
        cursor = await driver.execute(statement, values)
        row: tuple[Any, ...] | None = await cursor.fetchone()
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement.decode(),
            {},
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=driver.closed,
            dialect=conn.dialect,
        ) from error
    return row
