"""Connections to PostgreSQL: one transaction per request or activity step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from store.base.outage import Outage, outage_of
from store.base.seal_keys import SealKeys
from store.base.watch import watched

IDLE_IN_TRANSACTION_SECONDS = 15
"""A frozen worker must not block the rows that it holds for longer."""

CONNECT_SECONDS = 10
"""A server that takes the call and says nothing is given up after this."""

MOVES = "moves"
"""In what is noted beside a connection: whom to tell that its transaction goes on."""

RESTED_SECONDS = 1.0
"""A connection that lay for longer is asked whether it still lives."""

_A_MEGABYTE = text(
    "CREATE TEMPORARY TABLE almanac_room ON COMMIT DROP AS "
    "SELECT repeat(md5(n::text), 30) AS filling FROM generate_series(1, 1000) AS n"
)


def async_url(url: str | URL) -> URL:
    """The same address with the psycopg 3 driver, whatever driver was written."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """A pool. `begin()` is the only way to write; it commits on leaving, or rolls back.

    `schema` puts everything into another schema of the same database (rehearsals, tests).
    `lasting=False` is for facts that nobody needs after a power cut. `seal_keys` is the folder
    with the keys of what raters write; without one nothing can be sealed or read. `audit_key`
    signs the audit log; without one it is a plain chain.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        schema: str | None = None,
        pool_size: int = 10,
        application: str = "almanac",
        lasting: bool = True,
        seal_keys: Path | None = None,
        audit_key: str | None = None,
    ) -> None:
        options = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s"
        options += " -c timezone=UTC -c jit=off"
        if schema is not None:
            options += f" -c search_path={schema}"
        if not lasting:
            options += " -c synchronous_commit=off"
        connect_args: dict[str, Any] = {"options": options, "application_name": application}
        connect_args["connect_timeout"] = CONNECT_SECONDS
        self.url = async_url(url)
        self.schema = schema
        self.seal_keys = SealKeys(seal_keys)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_recycle=1800,
            connect_args=connect_args,
            hide_parameters=True,  # an error's text must not carry what somebody wrote
            execution_options={
                "seal_keys": self.seal_keys,
                "audit_key": audit_key.encode() if audit_key else None,
            },
        )
        self.full = False
        """A write was refused because the server's disk is full; `has_room` looks again."""

        if lasting:
            _ask_after_a_rest(self.engine)
        self._notice_full_disk()
        _tell_of_moves(self.engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One READ COMMITTED transaction."""
        with watched() as moves:
            async with self.engine.begin() as conn:
                if conn.sync_connection is not None:
                    conn.sync_connection.info[MOVES] = moves
                yield conn

    async def has_room(self) -> bool:
        """Whether the server's disk takes a megabyte; says so in `full`. Writes nothing that stays.

        For after a write was refused: asking makes catalogue rows, so nobody should ask all day.
        Raises what a lost connection raises.
        """
        try:
            async with self.begin() as conn:
                await conn.execute(_A_MEGABYTE)
        except DBAPIError as error:
            if outage_of(error) is not Outage.FULL:
                raise
            return False
        self.full = False
        return True

    def _notice_full_disk(self) -> None:
        @event.listens_for(self.engine.sync_engine, "handle_error")
        def failed(context: ExceptionContext) -> None:
            if outage_of(context.original_exception) is Outage.FULL:
                self.full = True

    async def close(self) -> None:
        """Close every pooled connection. Repeatable."""
        await self.engine.dispose()


def _tell_of_moves(engine: AsyncEngine) -> None:
    """Tell the watch over a transaction when a statement of it begins or ends."""

    def move(conn: Connection, *_: object) -> None:
        moves = conn.info.get(MOVES)
        if moves is not None:
            moves()

    event.listen(engine.sync_engine, "before_cursor_execute", move)
    event.listen(engine.sync_engine, "after_cursor_execute", move)


def _ask_after_a_rest(engine: AsyncEngine) -> None:
    """Ask a connection whether it still lives before it is used, if it has lain for a while.

    Asking each time, as the pool can do by itself, is a round trip for every request.
    """
    dialect = engine.sync_engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def lies(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["since"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def rises(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        since = record.info.get("since")
        if since is None or monotonic() - since < RESTED_SECONDS:
            return
        try:
            alive = dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool connects anew
        if not alive:
            raise DisconnectionError
