"""The four places of the demo company, with their real holidays of 2026 to 2028."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from definitions.calendar import Calendars, PersonProfile, PersonTime
from definitions.company import Company

SETTINGS: dict[str, Any] = {
    "zone": "America/Los_Angeles",
    "calendar": "us",
    "hr": ["hr@example.com"],
    "administrators": ["admin@example.com"],
    "calendars": {
        "us": {
            "holidays": "US",
            "without": ["Columbus Day", "Veterans Day"],
            "plus": {"Day after Thanksgiving": ["2026-11-27", "2027-11-26"]},
        },
        "england": {"holidays": "GB-ENG"},
        "bavaria": {"holidays": "DE-BY"},
        "ontario": {"holidays": "CA-ON"},
    },
    "offices": {
        "Seattle": {"calendar": "us"},
        "Oxford": {"calendar": "england", "zone": "Europe/London"},
        "Munich": {"calendar": "bavaria", "zone": "Europe/Berlin"},
        "Toronto": {"calendar": "ontario", "zone": "America/Toronto"},
    },
}


@cache
def calendars() -> Calendars:
    return Calendars.freeze(Company.model_validate(SETTINGS), 2026, 2028)


def person(calendar: str, zone: str, **more: Any) -> PersonTime:
    return calendars().person(PersonProfile(calendar, zone, **more))


def seattle(**more: Any) -> PersonTime:
    return person("us", "America/Los_Angeles", **more)


def oxford(**more: Any) -> PersonTime:
    return person("england", "Europe/London", **more)


def munich(**more: Any) -> PersonTime:
    return person("bavaria", "Europe/Berlin", **more)


def toronto(**more: Any) -> PersonTime:
    return person("ontario", "America/Toronto", **more)


def on(text: str) -> date:
    return date.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


Who = Callable[..., PersonTime]
"""One of the four: called with what differs from everybody there (work_days, leaves)."""
