"""Many values in one parameter: PostgreSQL array literals, written fast.

The driver adapts each element of a list by itself, which for ten thousand rows costs more than the
statement. A literal is one text; the statement casts it.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID


def literal(values: Iterable[object]) -> str:
    """An array literal of numbers, ids, instants, dates, booleans or texts; None is NULL.

    >>> literal([1, None, 'a "b"'])
    '{1,NULL,"a \\\\"b\\\\""}'
    """
    written: list[str] = []
    previous: object = written  # no value is this list
    element = ""
    for value in values:
        # In a set most columns hold the same object row after row: a stage, an instant, a cause.
        if value is not previous:
            element, previous = _element(value), value
        written.append(element)
    return "{" + ",".join(written) + "}"


def _element(value: object) -> str:
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    for kind in _WRITERS:  # a subclass: an enumeration of texts, a driver's own date
        if isinstance(value, kind):
            return _WRITERS[kind](value)
    raise TypeError(f"no array element: {type(value).__name__}")


def _text(value: str) -> str:
    if value.isalnum() and value.upper() != "NULL":
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "t" if value else "f",
    int: str,
    UUID: lambda value: value.hex,  # half the time of str(), and PostgreSQL reads both
    datetime: lambda value: f'"{value.isoformat()}"',
    date: lambda value: f'"{value.isoformat()}"',
    str: _text,
}
