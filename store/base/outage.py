"""Why PostgreSQL could not do what was asked, as far as waiting helps.

From SQLSTATE alone: a message may quote what somebody wrote.
"""

from enum import StrEnum

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Outage(StrEnum):
    """What stands in the way."""

    UNREACHABLE = "unreachable"
    FULL = "disk_full"
    READ_ONLY = "read_only"
    BUSY = "busy"
    CONTENDED = "contended"


_BY_STATE = {
    "53100": Outage.FULL,
    "25006": Outage.READ_ONLY,
    "40001": Outage.CONTENDED,
    "40P01": Outage.CONTENDED,
    "55P03": Outage.CONTENDED,
    "57014": Outage.BUSY,
}
_BY_CLASS = {"53": Outage.BUSY, "08": Outage.UNREACHABLE, "57": Outage.UNREACHABLE}


def outage_of(error: BaseException | None) -> Outage | None:
    """Why the database could not serve; None for every other error."""
    if isinstance(error, PoolTimeout):
        return Outage.BUSY
    if isinstance(error, ConnectionError):
        return Outage.UNREACHABLE
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    if isinstance(state, str):
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if isinstance(error, InterfaceError | OperationalError):
        return Outage.UNREACHABLE  # the connection was lost, or was never made
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Outage.UNREACHABLE
    return None
