"""What lint says of dates: openings after due dates, rungs without effect, holidays."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from definitions.calendar import Calendars, PersonProfile, PersonTime
from definitions.company import Company, HolidayCalendar
from definitions.findings import Findings
from definitions.launch_dates import launches_between
from definitions.models import BUILT_IN_LADDERS, Definition
from definitions.planner import too_short
from definitions.problems import Severity
from definitions.stages import Stage
from definitions.timeline import Anchors, Plan, StagePlan, period_of, plan_cycle, plan_person
from definitions.timeline import resolve as date_of
from definitions.unfolding import unfold
from definitions.working_days import WorkCalendar
from domain.errors import AlmanacError

EXAMPLE_YEAR = 2027
"""Where no day is given: a year of weekdays, without holidays."""

MOST_HOLIDAYS = 2
LAST_DAYS, FIRST_DAYS = 2, 3  # of a quarter, in which Finance closes its books


@dataclass(frozen=True, slots=True)
class Office:
    """A place with a calendar of its own."""

    name: str
    time: PersonTime


@dataclass(frozen=True, slots=True)
class Sample:
    """A launch, or a hire in a rolling cycle, with its plan."""

    anchors: Anchors
    plan: Plan
    time: PersonTime  # on whose calendar it was planned
    office: str | None = None


def lint_dates(
    definition: Definition, company: Company, since: date | None, findings: Findings
) -> date:
    """Look at the dates of a year of launches; returns the first launch date.

    A 360 round has the dates of its steps.
    """
    definition = unfold(definition)
    known = company if since is not None else _weekdays_only(company)
    start = since or date(EXAMPLE_YEAR, 1, 4)
    calendars = Calendars.freeze(known, start.year - 2, start.year + 3)
    offices = list(_offices(known, calendars))
    samples = list(_samples(definition, calendars.company(), offices, start, findings))
    for sample in samples:
        _plan(definition, sample, findings)
        for stage in definition.stages:
            planned = sample.plan.stages[stage.id]
            _rungs(definition, stage, planned, sample.time.calendar, findings)
            if since is not None and definition.launch.every != "hire":
                _quarter_end(stage, planned, sample.time.calendar, findings)
            if since is not None:
                _in_offices(stage, planned, sample, offices, findings)
    return samples[0].anchors.launch if samples else start


def _weekdays_only(company: Company) -> Company:
    names = {company.calendar, *(office.calendar for office in company.offices.values())}
    empty = {name: HolidayCalendar() for name in names | set(company.calendars)}
    return company.model_copy(update={"calendars": empty, "closures": ()})


def _offices(company: Company, calendars: Calendars) -> Iterator[Office]:
    for name, office in company.offices.items():
        profile = PersonProfile(
            calendar=office.calendar,
            zone=office.zone or company.zone,
            work_days=None,
            office=name,
            leaves=(),
        )
        yield Office(name, calendars.person(profile))


def _samples(
    definition: Definition,
    company: PersonTime,
    offices: list[Office],
    start: date,
    findings: Findings,
) -> Iterator[Sample]:
    try:
        if definition.launch.every == "hire":
            yield from _hires(definition, company, offices, start)
            return
        end = start + timedelta(days=365)
        launches = launches_between(definition, start, end, company)
        for launch in launches or [company.calendar.on_or_after(start)]:
            period = period_of(definition, launch)
            plan = plan_cycle(definition, launch, company, period)
            yield Sample(Anchors(launch, period), plan, company)
    except AlmanacError as error:
        findings.add(
            Severity.ERROR, "cannot-plan", ("stages",), f"The dates cannot be computed: {error}."
        )


def _hires(
    definition: Definition, company: PersonTime, offices: list[Office], start: date
) -> Iterator[Sample]:
    places = [("", company), *((office.name, office.time) for office in offices)]
    calendars = {id(time.calendar): (name, time) for name, time in reversed(places)}
    for month in range(12):
        hired = start + timedelta(days=30 * month)
        for name, time in calendars.values():
            period = period_of(definition, hired, hired)
            plan = plan_person(definition, hired, time)
            yield Sample(Anchors(hired, period, hired), plan, time, name or None)


# --- one plan -----------------------------------------------------------------------------------


def _plan(definition: Definition, sample: Sample, findings: Findings) -> None:
    for stage_id, opens, due in too_short(definition, sample.anchors, sample.time):
        findings.add(
            Severity.ERROR,
            "opens-after-due",
            findings.stage_path(stage_id, "due"),
            f"`{stage_id}` opens on {opens} and is due before, on {due}, "
            f"in the cycle of {sample.anchors.launch}.",
            "Give it a later `due`, or let it open earlier.",
        )
    for stage in definition.stages:
        planned = sample.plan.stages[stage.id]
        if sample.plan.ends < planned.due:
            findings.add(
                Severity.WARNING,
                "ends-before-due",
                ("ends",),
                f"The cycle ends on {sample.plan.ends}, before `{stage.id}` is due "
                f"on {planned.due}.",
                "Let it end later.",
            )
        closes = _closing(stage, planned, sample)
        if closes is not None and closes < planned.due:
            findings.add(
                Severity.WARNING,
                "closes-before-due",
                findings.stage_path(stage.id, "closes"),
                f"`{stage.id}` closes on {closes}, before it is due on {planned.due}; "
                "the due date holds.",
                "Count `closes` from `due`.",
            )


def _closing(stage: Stage, planned: StagePlan, sample: Sample) -> date | None:
    """The closing as written; in the plan it never lies before the due date."""
    if stage.closes is None:
        return None
    own = {"opens": planned.opens, "due": planned.due}
    calendar = sample.time.calendar
    return date_of(stage.closes, sample.anchors, sample.plan.stages, calendar, own)


def _rungs(
    definition: Definition,
    stage: Stage,
    planned: StagePlan,
    calendar: WorkCalendar,
    findings: Findings,
) -> None:
    ladder = definition.ladder_of(stage)
    built_in = ladder == BUILT_IN_LADDERS.get(stage.ladder)
    if built_in and stage.traits.step:
        return  # the steps are shorter than their ladder by default
    severity = Severity.INFO if built_in else Severity.WARNING
    path = findings.stage_path(stage.id, "ladder")
    early = [n for n in ladder.remind if calendar.shift(planned.due, n) <= planned.opens]
    if early:
        findings.add(
            severity,
            "reminder-before-opening",
            path,
            f"`{stage.id}` opens {_days(calendar.count(planned.opens, planned.due))} before it "
            f"is due, so {_listed('the reminder', early)} of `{stage.ladder}` never comes.",
            "Take a shorter ladder, if that is not meant.",
        )
    if planned.closes is None:
        return
    closes = planned.closes
    late = [n for n in ladder.remind if calendar.shift(planned.due, n) > closes]
    late += [r.on for r in ladder.escalate if calendar.shift(planned.due, r.on) > closes]
    if late:
        findings.add(
            severity,
            "rung-never-fires",
            path,
            f"`{stage.id}` closes {_days(calendar.count(planned.due, closes))} after it is due, "
            f"so {_listed('the rung', late)} of `{stage.ladder}` never fires of itself.",
            "Let the stage close later, or take a shorter ladder.",
        )


def _quarter_end(
    stage: Stage, planned: StagePlan, calendar: WorkCalendar, findings: Findings
) -> None:
    due = planned.due
    month = (due.month - 1) // 3 * 3 + 1
    first = date(due.year, month, 1)
    following = date(due.year + (month == 10), (month + 2) % 12 + 1, 1)
    if calendar.count(first, due) < FIRST_DAYS or calendar.count(due, following) <= LAST_DAYS:
        findings.add(
            Severity.INFO,
            "quarter-end",
            findings.stage_path(stage.id, "due"),
            f"`{stage.id}` is due on {due}, when Finance closes the books of a quarter.",
            "Move it, if people of Finance take part.",
        )


# --- offices ------------------------------------------------------------------------------------


def _in_offices(
    stage: Stage,
    planned: StagePlan,
    sample: Sample,
    offices: Iterable[Office],
    findings: Findings,
) -> None:
    for office in offices:
        if sample.office is not None and sample.office != office.name:
            continue
        calendar = office.time.calendar
        opens = calendar.on_or_after(planned.opens)
        own = {"opens": planned.opens, "due": planned.due}
        due = calendar.on_or_before(
            date_of(stage.due, sample.anchors, sample.plan.stages, calendar, own)
        )
        if due < opens:
            findings.add(
                Severity.WARNING,
                "opens-after-due",
                findings.stage_path(stage.id, "due"),
                f"In {office.name} `{stage.id}` opens on {opens} and is due before, on {due}.",
                "`at_least` saves it, but plan a longer `due`.",
                once_for=office.name,
            )
        holidays = _holidays(office, sample.time, planned)
        if holidays > MOST_HOLIDAYS:
            findings.add(
                Severity.WARNING,
                "holidays-in-window",
                findings.stage_path(stage.id, "due"),
                f"In {office.name} {holidays} holidays fall into `{stage.id}` "
                f"({planned.opens} to {planned.due}).",
                "Dates in working days move by themselves; people plan holidays around them.",
                once_for=office.name,
            )


def _holidays(office: Office, company: PersonTime, planned: StagePlan) -> int:
    """Weekdays of the window on which the office does not work."""
    days = (planned.due - planned.opens).days + 1
    window = [planned.opens + timedelta(days=n) for n in range(max(days, 0))]
    return sum(d.weekday() < 5 and not office.time.calendar.is_working(d) for d in window)


def _days(n: int) -> str:
    return f"{n} working day{'' if n == 1 else 's'}"


def _listed(what: str, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    return f"none of {what}s {', '.join(map(str, numbers))}"
