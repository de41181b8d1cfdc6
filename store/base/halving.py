"""Bisect a failing chunk to the bad row and park it, so that the other rows go on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import AlmanacError

Item = TypeVar("Item")
CHUNK = 2500
"""Rows a transaction. Larger ones make submissions wait: 25 ms here, 100 ms at 10,000."""


async def in_halves(
    conn: AsyncConnection,
    items: Sequence[Item],
    handle: Callable[[Sequence[Item]], Awaitable[None]],
    park: Callable[[Item, Exception], Awaitable[None]],
) -> int:
    """Handle all items in one go; if that fails, in halves, down to the one that cannot be handled.

    `handle` runs in a savepoint, so a failed half leaves nothing behind. `park` writes down the
    single item that fails. A lost connection, a lock time-out or a deadlock is nobody's bad row
    and is raised. Returns how many were parked.
    """
    if not items:
        return 0
    try:
        async with conn.begin_nested():
            await handle(items)
        return 0
    except Exception as error:
        if is_systemic(error):
            raise
        if len(items) == 1:
            await park(items[0], error)
            return 1
    middle = len(items) // 2
    return await in_halves(conn, items[:middle], handle, park) + await in_halves(
        conn, items[middle:], handle, park
    )


def is_systemic(error: Exception) -> bool:
    """Whether a failure is nobody's row: the connection, the server, a lock, or a wrong statement.

    Such a failure is raised and tried again; everything else is the row's, which is held.
    """
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False  # a text that is no UTF-8 among them: the driver raises UnicodeError itself
    if isinstance(error, DataError) and not error.connection_invalidated:
        return False  # also without a state: NUL is refused by the driver, before the server
    state = getattr(error.orig, "sqlstate", None) or ""
    # 22 and 23 are bad data and broken constraints; the rest concerns everybody.
    return error.connection_invalidated or state[:2] not in ("22", "23")


OURS = ("activities.", "definitions.", "domain.", "store.")


def failure_code(error: Exception) -> str:
    """A code for a failure: its class and place. Never its text, which may quote a row.

    What the database said is named by the driver's class (`UndefinedTable`), and the place is the
    last one in our own code: both tell an administrator where to look.
    """
    own = error.code if isinstance(error, AlmanacError) else "internal"
    name = own if own != "internal" else type(getattr(error, "orig", None) or error).__name__
    trace = error.__traceback__
    place = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        if not place or module.startswith(OURS):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{name} at {place}" if place else name
