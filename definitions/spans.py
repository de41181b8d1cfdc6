"""How long is too long: the bounds of every duration, date and plan of a definition.

Calendars are computed for a few years, and one of 9999 has none. What lies beyond is a slip of the
pen, and is refused where it stands, with the bound. The bounds are wide: nothing that a review
process needs comes near them.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from definitions.calendar import Calendars, PersonTime
from definitions.company import Company, HolidayCalendar
from definitions.durations import Duration, Unit
from definitions.instants import Instant
from definitions.kinds.kind import Bound, bounds_of_step
from definitions.kinds.registry import kind_of
from definitions.models import Definition
from definitions.planner import too_late
from definitions.plans import Anchors, Unplannable, period_of
from definitions.source import Document, Path
from definitions.stages import Stage

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""Dates that a definition may name, both included."""

EARLIEST_PERIOD = date(1970, 1, 1)
"""A period may lie before the first cycle, not before anybody's working life."""

LONGEST_PLAN = Duration(2, "years")
"""From the launch to the end of the cycle. What slips, is paused or extended comes on top."""

SAMPLE_LAUNCH = date(2027, 1, 4)
DAYS_OF: Mapping[Unit, float] = MappingProxyType(
    {"working_days": 365.25 / 261, "days": 1, "weeks": 7, "months": 365.25 / 12, "years": 365.25}
)
_YEAR, _PLAN = Duration(1, "years"), LONGEST_PLAN
_WORKING_LIFE, _ARCHIVE = Duration(60, "years"), Duration(100, "years")
_ROUNDING = 3
"""Days by which the same length may differ, written in another unit."""


def check_spans(resolved: Definition, document: Document) -> None:
    """Note every duration and date that lies beyond its bound, each at its place."""
    for path, value, bound in _bounded(resolved):
        if not document.has(path):
            continue
        length = value.offset if isinstance(value, Instant) else value
        if length is not None and _days(length) > _days(bound) + _ROUNDING:
            _refuse(document, path, f"`{length}` is too long.", f"At most {bound}.")
        day = value.day if isinstance(value, Instant) else None
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            _refuse(
                document, path, f"The day {day} is out of reach.", f"{FIRST_DAY} to {LAST_DAY}."
            )
    _units(resolved, document)
    _period(resolved, document)


def check_plan(resolved: Definition, document: Document) -> None:
    """Note the first stage that would be due, or the end, more than two years after the launch.

    Each span may be within its bound and the whole still be too long. Weekdays count, holidays do
    not: they move a plan by days, the bound is years.
    """
    days = [value.day for _, value, _ in _bounded(resolved) if isinstance(value, Instant)]
    launch = min((day for day in days if day is not None), default=SAMPLE_LAUNCH)
    anchors = Anchors(launch, period_of(resolved, launch, launch), launch)
    latest = LONGEST_PLAN.after(launch)
    try:
        found = too_late(resolved, anchors, _weekdays(launch.year), latest)
    except Unplannable:
        return  # lint says why
    if found is None:
        return
    where = f"`{found}` would be due" if found != "ends" else "The cycle would end"
    index = next((n for n, stage in enumerate(resolved.stages) if stage.id == found), None)
    path: Path = ("ends",) if index is None else ("stages", index, "due")
    _refuse(
        document,
        path,
        f"{where} more than {LONGEST_PLAN} after the launch.",
        "Shorten the stages up to here, or make two cycles of them.",
    )


def _bounded(resolved: Definition) -> Iterator[Bound]:
    yield ("launch", "check"), resolved.launch.check, _YEAR
    yield ("audience", "tenure"), resolved.audience.tenure, _WORKING_LIFE
    if isinstance(resolved.audience.late_joiners, Instant):
        yield ("audience", "late_joiners"), resolved.audience.late_joiners, _PLAN
    for index, stage in enumerate(resolved.stages):
        yield from _of_stage(("stages", index), stage)
    yield ("ends",), resolved.ends, _PLAN
    for country, length in resolved.retention.items():
        written: Path = ("retention", country)
        yield written, length, _ARCHIVE
        yield written[:-1], length, _ARCHIVE  # `retention: 4 years` is that of `default`


def _of_stage(path: Path, stage: Stage) -> Iterator[Bound]:
    yield from bounds_of_step(path, stage)
    if stage.opens is not None:
        yield (*path, "opens"), stage.opens, _PLAN
    yield from kind_of(stage).bounds(path, stage)


def _units(resolved: Definition, document: Document) -> None:
    """Tenure is the same length everywhere: no calendar counts."""
    path: Path = ("audience", "tenure")
    if resolved.audience.tenure.unit == "working_days" and document.has(path):
        _refuse(
            document,
            path,
            "Tenure is not counted in working days.",
            "Write it in days, weeks, months or years: `90 days`.",
        )


def _period(resolved: Definition, document: Document) -> None:
    period, path = resolved.period, ("period",)
    if period.days is not None and period.days > _days(Duration(10, "years")):
        _refuse(document, path, f"`{period}` is too long.", "At most 3652 days.")
    for day in (period.first, period.last):
        if day is not None and not EARLIEST_PERIOD <= day <= LAST_DAY:
            hint = f"{EARLIEST_PERIOD} to {LAST_DAY}."
            _refuse(document, path, f"The day {day} is out of reach.", hint)


def _refuse(document: Document, path: Path, message: str, hint: str) -> None:
    document.error(document.value_place(path), path, message, hint, "out-of-bounds")


def _days(length: Duration) -> float:
    return length.amount * DAYS_OF[length.unit]


@lru_cache(maxsize=32)
def _weekdays(year: int) -> PersonTime:
    """Monday to Friday around a year, for as long as any plan within the bounds may take."""
    company = Company(
        zone="UTC",
        calendar="weekdays",
        hr=("hr@example.org",),
        administrators=("hr@example.org",),
        calendars={"weekdays": HolidayCalendar()},
    )
    last = min(year + 2 * LONGEST_PLAN.amount + 1, date.max.year)
    return Calendars.freeze(company, max(year - 3, date.min.year), last).company()
