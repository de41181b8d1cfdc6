"""Instants as they are written: `launch`, `2027-01-12`, `5 working days after self.due`.

Language reference §1.3. An instant is not resolved here: whose calendar counts, and at what time
of day, is a matter of where it stands (§3).
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from definitions.durations import UNITS, Duration, plain, text_schema
from definitions.problems import WrongValueError, did_you_mean

Point = Literal["launch", "period.start", "period.end", "hire_date", "opens", "due", "closes"]
Direction = Literal["after", "before"]

IDENTIFIER = r"[A-Za-z][A-Za-z0-9_]*"
FIXED: tuple[Point, ...] = ("launch", "period.start", "period.end", "hire_date")
OF_STAGE: tuple[Point, ...] = ("opens", "due", "closes")

_ANCHOR = rf"(?:launch|hire_date|period\.start|period\.end|(?:{IDENTIFIER}\.)?(?:opens|due|closes))"
_DURATION = rf"\d{{1,4}} +{UNITS}"
_DATE = r"\d{4}-\d{2}-\d{2}"
INSTANT_PATTERN = rf"^\s*(?:{_DATE}|(?:{_DURATION} +(?:after|before) +)?{_ANCHOR})\s*$"
DUE_PATTERN = rf"^\s*(?:{_DATE}|(?:{_DURATION} +(?:after|before) +)?{_ANCHOR}|{_DURATION})\s*$"

_HINT = (
    "Write `launch`, a date like `2027-01-12`, or `5 working days after self.due`; "
    "it is counted from `launch`, `period.start`, `period.end`, `hire_date`, `STAGE.opens`, "
    "`STAGE.due` or `STAGE.closes`."
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a relative instant is counted from. Without `stage`, `due` etc. are the own ones."""

    point: Point
    stage: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an anchor. Raises WrongValueError."""
        for fixed in FIXED + OF_STAGE:
            if text == fixed:
                return cls(fixed)
        stage, _, last = text.rpartition(".")
        if re.fullmatch(IDENTIFIER, stage) and stage != "period":
            for point in OF_STAGE:
                if last == point:
                    return cls(point, stage)
            raise WrongValueError(
                f"A stage has no instant `{last}`.",
                f"Write `{stage}.opens`, `{stage}.due` or `{stage}.closes`.",
            )
        if stage == "period":
            raise WrongValueError(
                f"A period has no `{last}`.", "Write `period.start` or `period.end`."
            )
        if re.fullmatch(IDENTIFIER, text):
            near = did_you_mean(text, [*FIXED, *OF_STAGE])
            if near.startswith("Did"):
                raise WrongValueError(f"`{text}` is no instant.", near)
            raise WrongValueError(
                f"`{text}` is no instant.",
                f"If it is a stage, say which instant of it: `{text}.due`, for example.",
            )
        raise WrongValueError(f"`{text}` is no instant.", _HINT)

    def __str__(self) -> str:
        """As it is written."""
        return self.point if self.stage is None else f"{self.stage}.{self.point}"


@dataclass(frozen=True, slots=True)
class Instant:
    """A date, an anchor, or a duration after or before an anchor.

    Either `day` is given, or `anchor`, with `offset` unless it is the anchor itself.
    """

    day: date | None = None
    anchor: Anchor | None = None
    offset: Duration | None = None
    direction: Direction = "after"
    text: str = field(default="", compare=False, repr=False)  # as it was written

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read an instant. Raises WrongValueError."""
        return cls._parse(value, short=False)

    @classmethod
    def parse_due(cls, value: object) -> Self:
        """Read a `due`, where a bare duration counts from the opening. Raises WrongValueError."""
        return cls._parse(value, short=True)

    @classmethod
    def _parse(cls, value: object, *, short: bool) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, datetime):
            raise WrongValueError(
                "A date without a time is wanted; times of day follow from the language.",
                f"Write `{value.date().isoformat()}`.",
            )
        if isinstance(value, date):
            return cls(day=value, text=value.isoformat())
        if not isinstance(value, str):
            Duration.parse(value)
            raise WrongValueError("This is no instant.", _HINT)
        text = plain(value)
        if re.fullmatch(_DATE, text):
            return cls(day=_date(text), text=text)
        for direction in ("after", "before"):
            offset, word, anchor = text.partition(f" {direction} ")
            if word:
                return cls(
                    anchor=Anchor.parse(anchor),
                    offset=Duration.parse(offset),
                    direction="after" if direction == "after" else "before",
                    text=text,
                )
        if text[:1].isdigit():
            offset_alone = Duration.parse(text)
            if short:
                return cls(anchor=Anchor("opens"), offset=offset_alone, text=text)
            raise WrongValueError(
                f"`{text}` leaves open after what.",
                f"Write `{text} after due`, for example.",
            )
        return cls(anchor=Anchor.parse(text), text=text)

    @property
    def stage(self) -> str | None:
        """The other stage that it is counted from, if any."""
        return None if self.anchor is None else self.anchor.stage

    def is_own(self, point: Point) -> bool:
        """Is it counted from the own `opens`, `due` or `closes`?"""
        return self.anchor == Anchor(point)

    def __str__(self) -> str:
        """As it was written."""
        if self.text:
            return self.text
        if self.day is not None:
            return self.day.isoformat()
        if self.offset is None:
            return str(self.anchor)
        return f"{self.offset} {self.direction} {self.anchor}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read from text or a date, written as text."""
        return text_schema(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string that matches the grammar."""
        return _schema(INSTANT_PATTERN, "Instant")


def after(amount: Duration, point: Point, stage: str | None = None) -> Instant:
    """The instant that lies `amount` after a point of a stage (or of the own one)."""
    return Instant(anchor=Anchor(point, stage), offset=amount)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongValueError(
            f"There is no day {text}.", "Write an existing date, YYYY-MM-DD."
        ) from None


def _schema(pattern: str, title: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": pattern,
        "title": title,
        "examples": ["launch", "2027-01-12", "5 working days after due", "self.due"],
    }


def _read_closes(value: object) -> Instant | None:
    if value is None or (isinstance(value, str) and plain(value) == "when done"):
        return None
    if isinstance(value, str) and plain(value) in ("never", "done", "open", "none"):
        raise WrongValueError(f"`{plain(value)}` is no closing.", "Did you mean `when done`?")
    return Instant.parse(value)


Due = Annotated[
    Instant,
    BeforeValidator(Instant.parse_due),
    WithJsonSchema(_schema(DUE_PATTERN, "Due"), mode="validation"),
]
"""An instant in which `10 working days` is short for `10 working days after opens`."""

Closes = Annotated[
    Instant | None,
    BeforeValidator(_read_closes),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "when done", "title": "When done"},
                _schema(INSTANT_PATTERN, "Instant"),
            ]
        },
        mode="validation",
    ),
]
"""`when done` (none), or the instant at which what is unfinished expires."""
