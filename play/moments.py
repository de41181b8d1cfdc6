"""How people, instants and tasks are named in a scenario.

Instants are written `2027-01-12 09:00`, in the company's zone, or with a zone of their own
(`2027-01-12 09:00 Europe/London`, `2027-01-12T17:00:00Z`). People are named by employee id.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict


class ScenarioError(Exception):
    """A scenario that cannot be played: all problems, a line each."""


class Part(BaseModel):
    """Strict about unknown keys, so that a typo is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _person(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Who = Annotated[str, BeforeValidator(_person)]
"""An employee id."""


def _moment(value: object) -> object:
    """An instant as it was written; resolved against the company's zone later."""
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ")
    elif isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, str):
        try:
            instant(value, ZoneInfo("UTC"))
        except ScenarioError as error:
            raise ValueError(str(error)) from None
    return value


Moment = Annotated[str, BeforeValidator(_moment)]

WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[ T](?P<time>\d\d:\d\d(?::\d\d)?))?\s*(?P<zone>\S+)?"
)


FIRST_YEAR, LAST_YEAR = 1970, 2200
"""What a scenario may speak of."""


def instant(written: str, zone: ZoneInfo, *, default: time = time(9)) -> datetime:
    """Resolve a written instant to UTC. Raises ScenarioError with what would be right."""
    found = WRITTEN.fullmatch(written.strip())
    if found is None:
        raise ScenarioError(f"{written!r} is no instant; write 2027-01-12 09:00")
    if not FIRST_YEAR <= int(found["day"][:4]) <= LAST_YEAR:
        raise ScenarioError(f"{written!r} lies outside {FIRST_YEAR} to {LAST_YEAR}")
    try:
        day = date.fromisoformat(found["day"])
        clock = time.fromisoformat(found["time"]) if found["time"] else default
    except ValueError:
        raise ScenarioError(f"there is no {written!r}") from None
    name = found["zone"]
    if name in (None, ""):
        there: ZoneInfo | Any = zone
    elif name in ("Z", "UTC", "+00:00"):
        there = UTC
    elif re.fullmatch(r"[+-]\d\d:\d\d", name):
        return datetime.fromisoformat(f"{day}T{clock}{name}").astimezone(UTC)
    else:
        try:
            there = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ScenarioError(f"{name!r} in {written!r} is no time zone") from None
    return datetime.combine(day, clock, tzinfo=there).astimezone(UTC)


def before(first: str, last: str) -> bool:
    """Does one written instant lie before another, whatever zone counts where none is written?"""
    zone = ZoneInfo("UTC")
    return instant(first, zone) < instant(last, zone)


class TaskOf(Part):
    """Names a task: its stage, whom it is about, and, if several hold one, who."""

    stage: str
    about: Who | None = None
    who: Who | None = None
