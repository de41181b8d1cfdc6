"""Plans as values, and the dates of instants: what the planner and the tasks share. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict

from definitions.calendar import WorkCalendar
from definitions.instants import Instant, Point
from definitions.models import Anchor, Definition
from domain.errors import AlmanacError


class Unplannable(AlmanacError):
    """Dates that depend on each other, or on something that does not exist."""

    code = "unplannable"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "These dates cannot be computed"


class Period(BaseModel):
    """What is looked back on, both days included. `title` fills in {period}."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: date
    end: date
    title: str = ""


@dataclass(frozen=True, slots=True)
class Anchors:
    """What relative instants are counted from, stages apart."""

    launch: date
    period: Period
    hire_date: date | None = None

    def of(self, point: Point) -> date | None:
        """The date of a point that belongs to no stage."""
        match point:
            case "launch":
                return self.launch
            case "period.start":
                return self.period.start
            case "period.end":
                return self.period.end
            case "hire_date":
                return self.hire_date
            case _:
                return None


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Planned dates of a stage, on the calendar of the plan. `steps`: those of a 360 round."""

    opens: date
    due: date
    closes: date | None = None
    steps: Mapping[str, "StagePlan"] = field(default_factory=dict)

    def of(self, point: Point) -> date | None:
        """The planned date of a point of the stage."""
        match point:
            case "opens":
                return self.opens
            case "due":
                return self.due
            case "closes":
                return self.closes
            case _:
                return None


class Plan(BaseModel):
    """Planned dates of all stages by id, and the last day of the cycle. JSON-able."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: dict[str, StagePlan]
    ends: date


def period_of(definition: Definition, launch: date, hire_date: date | None = None) -> Period:
    """What the cycle looks back on, with a short title: `2026`, `H1 2027`, `Q3 2026`.

    A period of N days from the hire date is the calendar year of the launch where no hire date is
    given: that is what a rolling cycle as a whole is about. Its N-th day is `period.end`, the
    date of `N days after hire_date`.
    """
    rule = definition.period
    if rule.days is not None and hire_date is None:
        return Period(
            start=date(launch.year, 1, 1), end=date(launch.year, 12, 31), title=str(launch.year)
        )
    start, end = rule.bounds(launch, hire_date)
    return Period(start=start, end=end, title=period_title(start, end))


def period_title(start: date, end: date) -> str:
    """`2026`, `H1 2027`, `Q3 2026`, `March 2027`, or `12 Jan to 14 Apr 2027`."""
    after = end + timedelta(days=1)
    months = (after.year - start.year) * 12 + after.month - start.month
    if start.day == after.day == 1:
        if months == 12 and start.month == 1:
            return str(start.year)
        if months == 6 and start.month in (1, 7):
            return f"H{start.month // 6 + 1} {start.year}"
        if months == 3 and start.month % 3 == 1:
            return f"Q{start.month // 3 + 1} {start.year}"
        if months == 1:
            return f"{start:%B %Y}"
    first = f"{start.day} {start:%b}" + ("" if start.year == end.year else f" {start.year}")
    return f"{first} to {end.day} {end:%b} {end.year}"


def resolve(
    instant: Instant,
    anchors: Anchors,
    stages: Mapping[str, StagePlan],
    calendar: WorkCalendar,
    own: Mapping[str, date] | None = None,
) -> date:
    """The date of an instant on a calendar, before it is moved to a working day.

    `own` are the own `opens`, `due` and `closes` where it stands inside a stage. Raises
    Unplannable for what does not exist, like `self.closes` of a stage that closes when done.
    """

    if instant.day is not None:
        return instant.day
    anchor = instant.anchor
    if anchor is None:
        raise Unplannable("an instant that was not written has no date")
    base: date | None
    if anchor.stage is not None:
        planned = stages.get(anchor.stage)
        base = None if planned is None else planned.of(anchor.point)
    elif own is not None and anchor.point in own:
        base = own[anchor.point]
    else:
        base = anchors.of(anchor.point)
    return shifted(instant, existing(base, anchor), calendar)


def shifted(instant: Instant, base: date, calendar: WorkCalendar) -> date:
    """`base` and the instant's duration after or before it (§3.2, §3.3)."""
    offset = instant.offset
    if offset is None:
        return base
    later = instant.direction == "after"
    if offset.unit == "working_days":
        count = calendar.after if later else calendar.before
        return count(base, offset.amount)
    return offset.after(base) if later else offset.before(base)


def existing(found: date | None, anchor: Anchor) -> date:
    """The date, or Unplannable if the anchor has none here."""
    if found is None:
        raise Unplannable(
            f"`{anchor}` has no date here.",
            hint="Count from something that always has one, like `launch` or a stage's `due`.",
        )
    return found
