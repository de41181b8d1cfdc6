"""Working days, and what hours they have: whose calendar, whose morning (language reference §3).

Everything here is pure. Holiday tables are read once, when a company's calendars are frozen for a
range of years; from then on a calendar is a sorted list of days, so that a later release of the
tables or an edit of the company file moves no running deadline (§3.10).
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, PrivateAttr

from definitions.company import Company
from definitions.holiday_tables import UnknownCalendar, company_holidays, tables_read
from definitions.working_days import (
    CalendarRange,
    PersonTime,
    WorkCalendar,
    instant_at,
    with_substitutes,
)

__all__ = [
    "CalendarRange",
    "Calendars",
    "Closed",
    "PersonProfile",
    "PersonTime",
    "UnknownCalendar",
    "WorkCalendar",
    "WorkRecord",
    "instant_at",
    "resolve_profile",
    "with_substitutes",
]


@dataclass(frozen=True, slots=True)
class PersonProfile:
    """What decides somebody's working days. `work_days`: 0 is Monday; None: the company's week.

    `leaves` are full days, first and last included.
    """

    calendar: str
    zone: str
    work_days: frozenset[int] | None = None
    office: str | None = None
    leaves: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """What a worker record says of somebody's time."""

    office: str | None = None
    zone: str | None = None
    work_days: frozenset[int] | None = None
    leaves: tuple[tuple[date, date], ...] = ()


def resolve_profile(company: Company, records: Sequence[WorkRecord]) -> PersonProfile:
    """Whose calendar and zone somebody has (language reference §3.1).

    `records` are the person's, the manager's, the manager's manager's and so on up. The calendar
    is that of the first known office up the line; the zone goes the same way, at each step the
    record's own zone before its office's; nobody: the company's. The work week and leave are the
    person's own. An office that the company file does not know counts as none.
    """
    own = records[0] if records else WorkRecord()
    places = [(record, company.offices.get(record.office or "")) for record in records]
    offices = [(record.office, office) for record, office in places if office is not None]
    zones = (record.zone or (office.zone if office else None) for record, office in places)
    name, office = offices[0] if offices else (None, None)
    return PersonProfile(
        calendar=office.calendar if office else company.calendar,
        zone=next((zone for zone in zones if zone), company.zone),
        work_days=own.work_days,
        office=name,
        leaves=own.leaves,
    )


class Closed(BaseModel):
    """Days on which these offices (none named: all) do not work. First and last included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    last: date
    why: str = ""
    offices: tuple[str, ...] = ()


class _Memory:
    """What was computed from frozen calendars already. Not part of their value: all are equal."""

    MOST = 20_000

    def __init__(self) -> None:
        self.shared: dict[tuple[str, frozenset[int], str | None], WorkCalendar] = {}
        self.people: dict[PersonProfile, PersonTime] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Memory)

    def keep(self, profile: PersonProfile, time: PersonTime) -> PersonTime:
        """Remember it, but not everybody who was ever on leave."""
        if len(self.people) >= self.MOST:
            self.people = {p: t for p, t in self.people.items() if not p.leaves}
        self.people[profile] = time
        return time


class Calendars(BaseModel):
    """A company's calendars with every holiday written out: what a cycle freezes at launch.

    JSON-able; from the same JSON come the same instants for ever, whatever tables are installed.
    `source` says which tables were read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_year: int
    last_year: int
    zone: str
    calendar: str
    work_days: tuple[int, ...]
    mail_at: time
    holidays: dict[str, dict[date, str]]
    closures: tuple[Closed, ...] = ()
    source: str = ""

    _memory: _Memory = PrivateAttr(default_factory=_Memory)

    def __copy__(self) -> "Calendars":
        """A copy may be changed on the way (`model_copy`): it remembers nothing."""
        return Calendars.model_construct(self.model_fields_set, **dict(self))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> "Calendars":
        """Likewise."""
        return Calendars.model_construct(self.model_fields_set, **deepcopy(dict(self), memo))

    @classmethod
    def freeze(cls, company: Company, first_year: int, last_year: int) -> "Calendars":
        """Resolve the company's calendars into dates, for both years and all between.

        The first call for a country costs about half a second. Raises UnknownCalendar.
        """
        holidays = {
            name: company_holidays(
                calendar.holidays, calendar.without, calendar.plus, first_year, last_year
            )
            for name, calendar in sorted(company.calendars.items())
        }
        return cls(
            first_year=first_year,
            last_year=last_year,
            zone=company.zone,
            calendar=company.calendar,
            work_days=tuple(sorted(company.work_week)),
            mail_at=company.mail_at,
            holidays=holidays,
            closures=tuple(
                Closed(first=c.first, last=c.last, why=c.why, offices=c.offices)
                for c in company.closures
            ),
            source=tables_read(),
        )

    def company(self) -> PersonTime:
        """The company's own time: of the plan, of the launch, of the check."""
        return self.person(PersonProfile(calendar=self.calendar, zone=self.zone))

    def person(self, profile: PersonProfile) -> PersonTime:
        """The time of people with this profile; the same object for the same profile.

        Raises UnknownCalendar or ZoneInfoNotFoundError (both LookupError), or ValueError for a
        zone that is no name.
        """
        known = self._memory.people.get(profile)
        if known is not None:
            return known
        calendar = self._shared(profile)
        if profile.leaves:
            calendar = calendar.exchanged((first, last, None) for first, last in profile.leaves)
        time = PersonTime(ZoneInfo(profile.zone), calendar, self.mail_at)
        return self._memory.keep(profile, time)

    def _shared(self, profile: PersonProfile) -> WorkCalendar:
        """The working days of everybody in that office with that week, before anybody's leave."""
        week = frozenset(profile.work_days or self.work_days)
        closures = self._closures(profile.office)
        office = profile.office if any(c.offices for c in closures) else None
        key = (profile.calendar, week, office)
        known = self._memory.shared.get(key)
        if known is None:
            known = self._memory.shared[key] = self._days(profile.calendar, week, closures)
        return known

    def _days(self, name: str, week: frozenset[int], closures: Sequence[Closed]) -> WorkCalendar:
        free = {day.toordinal() for day in self._named(name)}
        first = date(self.first_year, 1, 1).toordinal()
        last = date(self.last_year, 12, 31).toordinal()
        # Ordinal 1 was a Monday.
        days = (n for n in range(first, last + 1) if (n - 1) % 7 in week and n not in free)
        calendar = WorkCalendar(tuple(days), first, last)
        return calendar.exchanged((c.first, c.last, None) for c in closures)

    def _named(self, name: str) -> Mapping[date, str]:
        if name not in self.holidays:
            raise UnknownCalendar(f"The company has no calendar {name!r}.")
        return self.holidays[name]

    def _closures(self, office: str | None) -> list[Closed]:
        return [c for c in self.closures if not c.offices or office in c.offices]
