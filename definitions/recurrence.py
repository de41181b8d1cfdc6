"""When a cycle starts, and what it looks back on: `second Tuesday of June`, `previous quarter`."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from definitions.durations import plain, text_schema
from definitions.problems import WrongValueError, did_you_mean

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS: Mapping[str, int] = MappingProxyType(
    {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
)

_MONTH = f"(?:{'|'.join(MONTHS)})"
_MONTHS = rf"{_MONTH}(?:, {_MONTH})*"
DAY_PATTERN = (
    rf"^(?:(?:{'|'.join(ORDINALS)}) (?:{'|'.join(WEEKDAYS)}) of {_MONTHS}|\d{{1,2}} {_MONTHS})$"
)
_DAY_HINT = "Write `second Tuesday of April, July, October`, or `12 January`."


@dataclass(frozen=True, slots=True)
class DayRule:
    """Days that come back every year: the n-th weekday of months, or a day of months.

    `nth` is 1 to 4, or -1 for the last; `weekday` counts from Monday = 0. Or `day` of the month.
    """

    months: tuple[int, ...]
    nth: int | None = None
    weekday: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a rule. Raises WrongValueError."""
        if isinstance(value, cls):
            return value
        if isinstance(value, date):
            month = MONTHS[value.month - 1]
            raise WrongValueError(
                "A day that comes back every year has no year.", f"Write `{value.day} {month}`."
            )
        if not isinstance(value, str):
            raise WrongValueError("This is no day of the year.", _DAY_HINT)
        text = plain(value)
        ordinal, _, rest = text.partition(" ")
        if ordinal.isdigit():
            return cls._of_month(int(ordinal), _months(rest))
        weekday, of, months = rest.partition(" of ")
        if not of:
            raise WrongValueError(f"`{text}` is no day of the year.", _DAY_HINT)
        nth = _one_of(ordinal, ORDINALS, "ordinal")
        place = _one_of(weekday, {name: n for n, name in enumerate(WEEKDAYS)}, "weekday")
        return cls(months=_months(months), nth=nth, weekday=place)

    @classmethod
    def _of_month(cls, day: int, months: tuple[int, ...]) -> Self:
        for month in months:
            if not 1 <= day <= monthrange(2027, month)[1]:
                raise WrongValueError(
                    f"{MONTHS[month - 1]} has no day {day} every year.",
                    "Write a day that exists every year, or `last Friday of ...`.",
                )
        return cls(months=months, day=day)

    def dates(self, year: int) -> list[date]:
        """The days of a year, in order. Whether they are working days is not looked at."""
        return sorted(self._date(year, month) for month in self.months)

    def _date(self, year: int, month: int) -> date:
        if self.nth is None or self.weekday is None:
            return date(year, month, self.day or 1)
        if self.nth > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() - self.weekday) % 7)

    def __str__(self) -> str:
        """As it is written."""
        months = ", ".join(MONTHS[month - 1] for month in self.months)
        if self.nth is None or self.weekday is None:
            return f"{self.day} {months}"
        ordinal = next(name for name, n in ORDINALS.items() if n == self.nth)
        return f"{ordinal} {WEEKDAYS[self.weekday]} of {months}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read from text, written as text."""
        return text_schema(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string that matches the grammar."""
        return {
            "type": "string",
            "pattern": DAY_PATTERN,
            "title": "Day of the year",
            "examples": ["second Tuesday of January", "12 January"],
        }


Which = Literal["previous", "this"]
Span = Literal["year", "half", "quarter"]
SPANS: Mapping[Span, int] = MappingProxyType({"year": 12, "half": 6, "quarter": 3})

PERIOD_PATTERN = (
    r"^(?:(?:previous|this) (?:year|half|quarter)|\d{1,4} days? from hire_date"
    r"|\d{4}-\d{2}-\d{2} to \d{4}-\d{2}-\d{2})$"
)
_PERIOD_HINT = (
    "Write `previous year`, `this half`, `previous quarter`, `2026-01-01 to 2026-12-31` or "
    "`90 days from hire_date`."
)


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """What a cycle looks back on: relative to the launch, two dates, or days from the hire date.

    Exactly one of `span` (with `which`), `first` and `last`, or `days` is given.
    """

    which: Which | None = None
    span: Span | None = None
    first: date | None = None
    last: date | None = None
    days: int | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a period. Raises WrongValueError."""
        if isinstance(value, cls):
            return value
        if isinstance(value, list | tuple) and len(value) == 2:
            return cls._between(str(value[0]), str(value[1]))
        if not isinstance(value, str):
            raise WrongValueError("This is no period.", _PERIOD_HINT)
        text = plain(value)
        found = re.fullmatch(r"(\d{1,4}) days? from hire_date", text)
        if found is not None and int(found[1]) > 0:
            return cls(days=int(found[1]))
        first, to, last = text.partition(" to ")
        if to:
            return cls._between(first, last)
        for which in _WHICH:
            for span in SPANS:
                if text == f"{which} {span}":
                    return cls(which=which, span=span)
        meant = text.replace("last ", "previous ")
        near = did_you_mean(meant, [f"{which} {span}" for which in _WHICH for span in SPANS])
        hint = near if near.startswith("Did") else _PERIOD_HINT
        raise WrongValueError(f"`{text}` is no period.", hint)

    @classmethod
    def _between(cls, first: str, last: str) -> Self:
        try:
            period = cls(first=date.fromisoformat(first), last=date.fromisoformat(last))
        except ValueError:
            raise WrongValueError(
                "A period of two dates needs existing dates.", _PERIOD_HINT
            ) from None
        if period.first and period.last and period.last < period.first:
            raise WrongValueError(
                "The period ends before it starts.", f"Write `{last} to {first}`."
            )
        return period

    def bounds(self, launch: date, hire_date: date | None = None) -> tuple[date, date]:
        """The first and the last day. Raises ValueError if it needs a hire date and gets none."""
        if self.first is not None and self.last is not None:
            return self.first, self.last
        if self.days is not None:
            if hire_date is None:
                raise ValueError("this period is counted from a hire date")
            return hire_date, hire_date + timedelta(days=self.days)
        months = SPANS[self.span or "year"]
        start = (launch.month - 1) // months * months - (months if self.which == "previous" else 0)
        first, after = _month(launch.year, start), _month(launch.year, start + months)
        return first, after - timedelta(days=1)

    def __str__(self) -> str:
        """As it is written."""
        if self.first is not None and self.last is not None:
            return f"{self.first.isoformat()} to {self.last.isoformat()}"
        if self.days is not None:
            return f"{self.days} {'day' if self.days == 1 else 'days'} from hire_date"
        return f"{self.which} {self.span}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read from text or two dates, written as text."""
        return text_schema(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string that matches the grammar, or two dates."""
        day = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
        return {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": PERIOD_PATTERN,
                    "examples": ["previous year", "this half", "90 days from hire_date"],
                },
                {"type": "array", "items": day, "minItems": 2, "maxItems": 2},
            ],
            "title": "Period",
        }


_WHICH: tuple[Which, ...] = ("previous", "this")


def parse_work_week(value: object) -> frozenset[int]:
    """Read `Monday to Friday`, `Sunday to Thursday` or a list of days. Raises WrongValueError.

    Returns weekdays, Monday = 0.
    """
    places = {name: n for n, name in enumerate(WEEKDAYS)}
    hint = "Write `Monday to Friday`, or a list: `[Monday, Tuesday, Thursday]`."
    if isinstance(value, frozenset):
        return value
    if isinstance(value, str):
        first, to, last = plain(value).partition(" to ")
        if not to:
            raise WrongValueError(f"`{value}` is no work week.", hint)
        start, end = _one_of(first, places, "weekday"), _one_of(last, places, "weekday")
        return frozenset((start + n) % 7 for n in range((end - start) % 7 + 1))
    if isinstance(value, list | tuple) and value:
        return frozenset(_one_of(str(day), places, "weekday") for day in value)
    raise WrongValueError("This is no work week.", hint)


def _month(year: int, index: int) -> date:
    years, month = divmod(index, 12)
    return date(year + years, month + 1, 1)


def _months(text: str) -> tuple[int, ...]:
    names = [name.strip() for name in text.replace(" and ", ", ").split(",")]
    known = {name: n for n, name in enumerate(MONTHS, 1)}
    months = tuple(_one_of(name, known, "month") for name in names)
    if len(set(months)) < len(months):
        raise WrongValueError("The same month stands there twice.", "Name each month once.")
    return months


def _one_of(text: str, known: Mapping[str, int], what: str) -> int:
    if text not in known:
        raise WrongValueError(f"`{text}` is no {what}.", did_you_mean(text, known))
    return known[text]
