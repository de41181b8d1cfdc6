"""Durations as they are written: `10 working days`, `4 years` (language reference §1.2)."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from definitions.problems import WrongValueError

Unit = Literal["working_days", "days", "weeks", "months", "years"]

UNITS = r"(?:working days?|days?|weeks?|months?|years?)"
MOST = 9999

_DURATION = re.compile(rf"(\d{{1,4}}) ({UNITS})")
_HINT = "Write a duration like `10 working days`, `30 days`, `2 weeks`, `18 months` or `4 years`."


def text_schema(
    validate: Callable[[Any], Any],
) -> CoreSchema:
    """How pydantic reads a type that is written as text, and writes it back."""
    return core_schema.no_info_plain_validator_function(
        validate, serialization=core_schema.to_string_ser_schema()
    )


def plain(text: str) -> str:
    """Text with single spaces."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Duration:
    """A number of working days, or of calendar units."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a duration. Raises WrongValueError."""
        if isinstance(value, cls):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            raise WrongValueError(
                f"{value} of what?", f"Write the unit, too: `{value} working days`."
            )
        if not isinstance(value, str):
            raise WrongValueError("This is no duration.", _HINT)
        found = _DURATION.fullmatch(plain(value))
        if found is None:
            raise WrongValueError(f"`{value}` is no duration.", _nearly(value) or _HINT)
        unit = found[2] if found[2].endswith("s") else found[2] + "s"
        return cls(int(found[1]), _unit(unit.replace(" ", "_")))

    def after(self, day: date) -> date:
        """The day this much later, in calendar units; a month keeps the day or takes its last.

        Raises ValueError for working days: they need a calendar.
        """
        return self._from(day, self.amount)

    def before(self, day: date) -> date:
        """The day this much earlier, likewise."""
        return self._from(day, -self.amount)

    def _from(self, day: date, amount: int) -> date:
        match self.unit:
            case "days":
                return day + timedelta(days=amount)
            case "weeks":
                return day + timedelta(weeks=amount)
            case "months":
                return _months(day, amount)
            case "years":
                return _months(day, 12 * amount)
            case "working_days":
                raise ValueError("working days are counted on a calendar")

    def __str__(self) -> str:
        """As it is written."""
        unit = self.unit.replace("_", " ")
        return f"{self.amount} {unit[:-1] if self.amount == 1 else unit}"

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
            "pattern": DURATION_PATTERN,
            "title": "Duration",
            "examples": ["10 working days", "30 days", "4 years"],
        }


DURATION_PATTERN = rf"^\s*\d{{1,4}} +{UNITS}\s*$"


def _unit(text: str) -> Unit:
    for unit in get_args(Unit):
        if unit == text:
            return unit  # type: ignore[no-any-return]  # get_args is untyped
    raise ValueError(text)


def _months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


_ABBREVIATED = {
    "wd": "working days",
    "bd": "working days",
    "workdays": "working days",
    "workday": "working days",
    "business days": "working days",
    "business day": "working days",
    "d": "days",
    "w": "weeks",
    "wk": "weeks",
    "wks": "weeks",
    "m": "months",
    "mo": "months",
    "y": "years",
    "yr": "years",
    "yrs": "years",
}


def _nearly(value: str) -> str:
    found = re.fullmatch(r"(\d{1,4})\s*([a-z ]+)", plain(value).lower())
    if found is None:
        return ""
    unit = _ABBREVIATED.get(found[2], found[2])
    meant = f"{found[1]} {unit}"
    return f"Did you mean `{meant}`?" if _DURATION.fullmatch(meant) else ""
