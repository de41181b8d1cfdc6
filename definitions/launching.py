"""When a cycle starts, and for whom (language reference §2, launch and audience)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from definitions.company import Model, Text
from definitions.durations import DURATION_PATTERN, Duration, plain
from definitions.instants import INSTANT_PATTERN, Instant
from definitions.recurrence import DAY_PATTERN, DayRule


def _check(value: object) -> object:
    return plain(value).removesuffix(" before") if isinstance(value, str) else value


def _days(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


class Launch(Model):
    """When a cycle starts, and who has the last word before it does."""

    every: Literal["year", "half", "quarter", "hire"] | None = None
    """Absent: somebody launches it by hand. `hire`: rolling, by each person's hire date."""

    on: Annotated[
        tuple[DayRule, ...],
        BeforeValidator(_days),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": DAY_PATTERN},
                    {"type": "array", "items": {"type": "string", "pattern": DAY_PATTERN}},
                ],
                "examples": ["second Tuesday of January", "12 January"],
            },
            mode="validation",
        ),
    ] = ()
    """The days, like `second Tuesday of January` or `12 January`."""

    check: Annotated[
        Duration,
        BeforeValidator(_check),
        WithJsonSchema(
            {"type": "string", "pattern": DURATION_PATTERN.removesuffix(r"\s*$") + "( before)?$"},
            mode="validation",
        ),
    ] = Duration(10, "working_days")
    """How long before the launch HR gets the launch check."""

    approve: Literal["hr", "nobody"] = "hr"
    """`hr`: nothing opens until HR has confirmed the check. `nobody`: it starts by itself."""

    overlap: Literal["refuse", "allow"] = "refuse"
    """May it start while another cycle of this definition is open?"""

    missed: Literal["ask", "run", "skip"] = "ask"
    """What to do if the system was down on the day."""


class Exclusion(Model):
    """Who does not take part, and why."""

    when: Text
    """A condition over `person`."""

    because: Text
    """The reason, shown to HR, and to the person if they ask."""


def _late_joiners(value: object) -> object:
    if isinstance(value, str):
        text = plain(value)
        return "never" if text == "never" else Instant.parse(text.removeprefix("until "))
    return Instant.parse(value)


class Audience(Model):
    """Who takes part."""

    who: Text | None = None
    """A condition over `person`; true is in. Absent: everybody active."""

    exclude: tuple[Exclusion, ...] = ()
    """Who of them does not, each with a reason."""

    tenure: Duration = Duration(90, "days")
    """How long somebody must have been here at launch."""

    late_joiners: Annotated[
        Instant | Literal["never"],
        BeforeValidator(_late_joiners),
        WithJsonSchema(
            {
                "anyOf": [
                    {"const": "never"},
                    {"type": "string", "pattern": r"^(until )?" + INSTANT_PATTERN[1:]},
                ],
                "examples": ["never", "until self.due"],
            },
            mode="validation",
        ),
    ] = "never"
    """Until when whoever becomes eligible still enters. Absent: the first stage's due date."""

    without_manager: Literal["exclude", "self_only"] = "exclude"
    """What becomes of people who have nobody to review them."""
