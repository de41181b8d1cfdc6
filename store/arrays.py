"""Many values in one parameter: PostgreSQL array literals, written fast.

The driver adapts each element of a list by itself, which for ten thousand rows costs more than the
statement. A literal is one text; the statement casts it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID


def literal(values: Iterable[object]) -> str:
    """An array literal of numbers, ids, instants, dates, booleans or texts; None is NULL.

    >>> literal([1, None, 'a "b"'])
    '{1,NULL,"a \\\\"b\\\\""}'
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if value.isalnum() and value.upper() != "NULL":
            return value
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return f'"{value.isoformat()}"'
    raise TypeError(f"no array element: {type(value).__name__}")
