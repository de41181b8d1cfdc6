"""One request is one transaction: opened at the first need, committed before the answer leaves.

The route class does it, not a dependency: FastAPI leaves dependencies only after the answer was
sent, and an answer that was sent must be true.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Self, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.clock import Clock
from store.session import Database


class Transaction:
    """The transaction of a request. Nothing happens until somebody asks for the connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stack = AsyncExitStack()
        self._conn: AsyncConnection | None = None

    async def connection(self) -> AsyncConnection:
        """The connection, the same one throughout the request."""
        if self._conn is None:
            self._conn = await self._stack.enter_async_context(self._database.begin())
        return self._conn

    async def rollback(self) -> None:
        """Undo what the request did so far; for pages that answer a refusal with the form."""
        if self._conn is not None:
            await self._stack.__aexit__(UndoneError, UndoneError(), None)
            self._conn = None
            self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


class UndoneError(Exception):
    """Rolls a transaction back; never seen outside."""


class TransactionalRoute(APIRoute):
    """Runs dependencies and handler inside the request's transaction."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            async with Transaction(request.app.state.database) as transaction:
                request.state.transaction = transaction
                return await handler(request)

        return run


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
