"""When the cycles of a definition start, and when HR sees the launch check. Pure.

Dates are those of the company calendar (language reference §2, launch).

Choices where the reference leaves room:

- Two dates that move to the same working day are one launch.
- A check that would fall on a day without work (`check: 2 weeks`) falls on the working day before.
- A rolling cycle opens on 1 January, working day or not, and has no check.
"""

from datetime import date, datetime, timedelta

from definitions.calendar import PersonTime
from definitions.models import Definition

LONGEST_MOVE = timedelta(days=31)
"""How far a date can move to the next working day: no company closes for longer."""


def launches_between(
    definition: Definition, first: date, last: date, company: PersonTime
) -> list[date]:
    """All launch dates from the first to the last day, both included, in order.

    A date that is no working day of the company calendar has moved to the next. None for a
    definition that is launched by hand. Raises CalendarRange.
    """
    launch = definition.launch
    years = range(first.year - 1, last.year + 1)
    if launch.every == "hire":
        return [day for year in years if first <= (day := date(year, 1, 1)) <= last]
    if launch.every is None:
        return []
    written = {day for rule in launch.on for year in years for day in rule.dates(year)}
    near = (day for day in written if first - LONGEST_MOVE <= day <= last)
    moved = {company.calendar.on_or_after(day) for day in near}
    return sorted(day for day in moved if first <= day <= last)


def next_launch(definition: Definition, after: date, company: PersonTime) -> date | None:
    """The first launch date strictly after a day, at most two years on; None if there is none.

    Raises CalendarRange if it may lie beyond the frozen years.
    """
    for year in (after.year, after.year + 1, after.year + 2):
        start = after if year == after.year else date(year - 1, 12, 31)
        found = launches_between(definition, start, date(year, 12, 31), company)
        later = [day for day in found if day > after]
        if later:
            return later[0]
    return None


def check_on(definition: Definition, launch: date, company: PersonTime) -> date:
    """The day of the launch check, by default 10 working days before the launch."""
    before = definition.launch.check
    if before.unit == "working_days":
        return company.calendar.before(launch, before.amount)
    return company.calendar.on_or_before(before.before(launch))


def check_at(definition: Definition, launch: date, company: PersonTime) -> datetime:
    """The instant of the launch check: 09:00 (`mail_at`) of its day in the company's zone."""
    return company.opening(check_on(definition, launch, company))
