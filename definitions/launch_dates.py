"""When the cycles of a definition start, and when HR sees the launch check. Pure.

Dates are those of the company calendar (language reference §2, launch).

Choices where the reference leaves room:

- Two dates that move to the same working day are one launch.
- A check that would fall on a day without work (`check: 2 weeks`) falls on the working day before.
- A rolling cycle opens on 1 January, working day or not, and has no check.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from definitions.calendar import PersonTime
from definitions.models import Definition, Launch

LONGEST_MOVE = timedelta(days=31)
"""How far a date can move to the next working day: no company closes for longer."""


def launches_between(
    definition: Definition, first: date, last: date, company: PersonTime
) -> list[date]:
    """All launch dates from the first to the last day, both included, in order.

    A date that is no working day of the company calendar has moved to the next. None for a
    definition that is launched by hand. Raises CalendarRange.
    """
    return list(_launches(definition, first, last, company))


def next_launch(definition: Definition, after: date, company: PersonTime) -> date | None:
    """The first launch date strictly after a day, at most two years on; None if there is none.

    Raises CalendarRange if it may lie beyond the frozen years.
    """
    first, last = after + timedelta(days=1), date(after.year + 2, 12, 31)
    return next(_launches(definition, first, last, company), None)


def _launches(
    definition: Definition, first: date, last: date, company: PersonTime
) -> Iterator[date]:
    """One after the other: who wants the next need not have calendars for those after it."""
    years = range(first.year - 1, last.year + 1)
    previous: date | None = None
    for written in sorted(_written(definition.launch, years)):
        if not first - LONGEST_MOVE <= written <= last:
            continue
        rolling = definition.launch.every == "hire"
        day = written if rolling else company.calendar.on_or_after(written)
        if first <= day <= last and day != previous:
            yield day
            previous = day


def _written(launch: Launch, years: Iterable[int]) -> set[date]:
    """The dates as the definition gives them."""
    if launch.every is None:
        return set()
    if launch.every == "hire":
        return {date(year, 1, 1) for year in years}
    return {day for rule in launch.on for year in years for day in rule.dates(year)}


def check_on(definition: Definition, launch: date, company: PersonTime) -> date:
    """The day of the launch check, by default 10 working days before the launch."""
    before = definition.launch.check
    if before.unit == "working_days":
        return company.calendar.before(launch, before.amount)
    return company.calendar.on_or_before(before.before(launch))


def check_at(definition: Definition, launch: date, company: PersonTime) -> datetime:
    """The instant of the launch check: 09:00 (`mail_at`) of its day in the company's zone."""
    return company.opening(check_on(definition, launch, company))
