"""One request is one transaction: opened at the first need, committed before the answer leaves.

The route class does it, not a dependency: FastAPI leaves dependencies only after the answer was
sent, and an answer that was sent must be true.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.clock import Clock
from store.base.session import Database


class Outcome(StrEnum):
    """What became of what a request wrote."""

    NOTHING = "nothing"  # it wrote nothing, or all of it was taken back
    KEPT = "kept"
    UNKNOWN = "unknown"  # the connection broke while it was to be kept


class Transaction:
    """The transaction of a request. Nothing happens until somebody asks for the connection."""

    __slots__ = ("_conn", "_database", "outcome")

    def __init__(self, database: Database) -> None:
        self.outcome = Outcome.NOTHING
        self._database = database
        self._conn: AsyncConnection | None = None

    async def connection(self) -> AsyncConnection:
        """The connection, the same one throughout the request."""
        if self._conn is None:
            self._conn = await self._database.engine.connect()
        return self._conn

    async def commit(self) -> None:
        """Keep what the request did, and give the connection back."""
        if self._conn is not None:
            conn, self._conn = self._conn, None
            self.outcome = Outcome.UNKNOWN
            try:
                await conn.commit()
                self.outcome = Outcome.KEPT
            except DBAPIError as error:
                if _refused(error):
                    self.outcome = Outcome.NOTHING
                raise
            finally:
                await conn.close()

    async def rollback(self) -> None:
        """Undo what the request did so far; for pages that answer a refusal with the form."""
        if self._conn is not None:
            conn, self._conn = self._conn, None
            await conn.close()  # which rolls back


def _refused(error: DBAPIError) -> bool:
    """Whether the database itself said no; else the connection broke, before or after the end."""
    state = getattr(error.orig, "sqlstate", None)
    return state is not None and not state.startswith(("08", "57P"))


class TransactionalRoute(APIRoute):
    """Runs dependencies and handler inside the request's transaction."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            transaction = Transaction(request.app.state.database)
            request.state.transaction = transaction
            request.state.request = request  # who answers an error may have to read the body
            try:
                response = await handler(request)
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()
            return response

        return run


def outcome_of(request: Request) -> Outcome:
    """What became of what a request wrote, as far as it is known."""
    found = request.scope.get("state", {}).get("transaction")
    return found.outcome if isinstance(found, Transaction) else Outcome.NOTHING


async def connection(request: Request) -> AsyncConnection:
    """The connection of the request's transaction."""
    return await cast(Transaction, request.state.transaction).connection()


def instant(request: Request) -> datetime:
    """The instant of the request (aware UTC): read once, the same for everything in it."""
    found = getattr(request.state, "now", None)
    if found is None:
        found = cast(Clock, request.app.state.clock).now()
        request.state.now = found
    return cast(datetime, found)
