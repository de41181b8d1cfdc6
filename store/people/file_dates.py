"""The days of a people file: how it writes them, and what a cell that is none may be."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from store.people.file import Row
from store.people.file_columns import DATE_FORMATS

_MIDNIGHT = re.compile(r"0?0:00(:00(\.0+)?)?( ?AM)?( ?(Z|[+-]\d{2}:?\d{2}))?", re.IGNORECASE)
_EXCEL_BEGAN = date(1899, 12, 30)


def read_date(value: str, date_format: str) -> date | None:
    """A date as it is written, also with a time of midnight behind it; None if it is no date."""
    day, *time = re.split(r"[ T]", value, maxsplit=1)
    if time and not _MIDNIGHT.fullmatch(time[0]):
        return None
    try:
        return datetime.strptime(day, date_format).date()  # noqa: DTZ007 (a date)
    except ValueError:
        return None


def formats_of(rows: Sequence[Row]) -> list[str]:
    """The formats in which every date of the file could be written."""
    dates = {row.cells.get(column, "") for row in rows for column in ("hire_date", "left_on")}
    dates.discard("")
    return [w for w, f in DATE_FORMATS.items() if all(read_date(each, f) for each in dates)]


def looks_like(value: str, fitting: Sequence[str]) -> str:
    """What a date that could not be read may be; empty if it is like nothing known.

    `fitting` are the formats of the whole file: one date may look like two of them.
    """
    if re.fullmatch(r"\d{5}(\.\d+)?", value):
        day = _EXCEL_BEGAN + timedelta(days=int(value[:5]))
        return (
            f"It is the number that Excel keeps for {day}: give the column the format "
            "`YYYY-MM-DD` and save the file again."
        )
    own = [words for words, each in DATE_FORMATS.items() if read_date(value, each) is not None]
    looks = [words for words in own if words in fitting] or own
    if len(looks) == 1:
        return f"It looks like {looks[0]}: say so with a mapping, `date_format: {looks[0]}`."
    if looks:
        return f"It may be {' or '.join(looks)}: say which, with `date_format` in a mapping."
    if re.search(r"[ T]\d{1,2}:\d{2}", value):
        return "It has a time of day; a date alone is wanted."
    return ""
