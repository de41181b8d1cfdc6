"""What somebody's cycle would look like: the timeline of one person, before anything is launched.

From a definition and frozen calendars alone. It shows the plan kept: every stage is finished on
the day it is due, nobody is early and nobody has a delegate. What is really launched uses the same
functions, so the dates are those that people would be told.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from definitions.calendar import Calendars, PersonProfile, PersonTime
from definitions.ladders import Rung, rungs
from definitions.models import Definition, Ladder, Stage
from definitions.timeline import (
    Anchors,
    Plan,
    TaskTimes,
    period_of,
    plan_cycle,
    plan_person,
    task_times,
)
from definitions.unfolding import unfold, written_id

WIDTH = 80
"""Columns of a terminal. The rendering fits."""

STAND_INS = {"rater": "subject", "manager": "subject", "manager_2": "manager", "facilitator": "hr"}
"""Whose profile counts for a role of which none is given."""


@dataclass(frozen=True, slots=True)
class Row:
    """A task that the person, or somebody about them, would have. Dates are the holder's own."""

    stage: str
    step: str | None  # of a 360 round
    title: str
    holder: str  # a role
    condition: str | None  # the stage exists only if this is true of the person
    opens_on: date
    due_on: date
    closes_on: date | None
    times: TaskTimes
    rungs: tuple[Rung, ...]  # of endless repeats the first
    repeats: int | None  # working days between the repeats of the last rung


def person_timeline(
    definition: Definition,
    launch: date | None,
    calendars: Calendars,
    profiles: PersonProfile | Mapping[str, PersonProfile],
    hire_date: date | None = None,
) -> list[Row]:
    """The tasks about one person, in the order of the definition; of a 360 round its steps.

    `profiles` are those of the person and of the others by role (`subject`, `manager`,
    `manager_2`, `hr`, `rater`), or one for everybody. A missing `hr` has the company's, a missing
    manager or rater the person's. `launch` is a date of the company calendar; a rolling definition
    (`every: hire`) needs `hire_date` instead. Raises ValueError if that is missing, Unplannable,
    CalendarRange, UnknownCalendar.
    """
    roles = {"subject": profiles} if isinstance(profiles, PersonProfile) else profiles
    definition = unfold(definition)
    plan, anchors = preview_plan(definition, launch, calendars, roles["subject"], hire_date)
    done: dict[str, datetime] = {}
    rows: list[Row] = []
    for stage in definition.stages:
        freed = max((done[key] for key in stage.after), default=None)
        time = _time_of(stage.assignee, roles, calendars)
        opens = plan.stages[stage.id].opens
        planned_at = time.opening(time.calendar.on_or_after(opens))
        times = task_times(
            definition,
            stage,
            plan,
            assignee=time,
            anchors=anchors,
            begins=max(planned_at, freed) if freed else planned_at,
        )
        rows.append(_row(stage, definition.ladder_of(stage), times, time))
        done[stage.id] = times.due_at
    return rows


def preview_plan(
    definition: Definition,
    launch: date | None,
    calendars: Calendars,
    subject: PersonProfile,
    hire_date: date | None = None,
) -> tuple[Plan, Anchors]:
    """The plan that a preview shows, and what it is counted from. Raises as `person_timeline`."""
    if definition.launch.every == "hire":
        if hire_date is None:
            raise ValueError("a rolling cycle is counted from a hire date")
        period = period_of(definition, hire_date, hire_date)
        plan = plan_person(definition, hire_date, calendars.person(subject), period=period)
        return plan, Anchors(hire_date, period, hire_date)
    if launch is None:
        raise ValueError("a cycle is counted from its launch date")
    period = period_of(definition, launch, hire_date)
    plan = plan_cycle(definition, launch, calendars.company(), period)
    return plan, Anchors(launch, period, hire_date)


def as_table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal of 80 columns."""
    table = Table(box=None, width=WIDTH, padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("Stage", ratio=1)
    for heading in ("Opens", "Due", "Closes"):
        table.add_column(heading, width=10)
    table.add_column("If nothing is done", width=23)
    for row in rows:
        stage = Text(row.title)
        stage.append(f"\n{_role(row.holder)}", style="dim")
        if row.condition:
            stage.append(f"\nif {row.condition}", style="dim")
        table.add_row(
            stage,
            _day(row.opens_on),
            _day(row.due_on),
            "when done" if row.closes_on is None else _day(row.closes_on),
            _mails(row),
        )
    return table


def as_text(rows: Sequence[Row], heading: str = "") -> str:
    """The same without colours, for files and tests."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        if heading:
            console.print(heading, markup=False, highlight=False)
        console.print(as_table(rows))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip() + "\n"


def _time_of(holder: str, roles: Mapping[str, PersonProfile], calendars: Calendars) -> PersonTime:
    while holder not in roles:
        if holder == "hr":
            return calendars.company()
        holder = STAND_INS[holder]
    return calendars.person(roles[holder])


def _row(
    stage: Stage,
    ladder: Ladder,
    times: TaskTimes,
    time: PersonTime,
) -> Row:
    climbing = rungs(
        ladder,
        due_on=times.due_on,
        assignee=time,
        announced_on=time.local_date(times.announce_at),
        closes_at=times.closes_at,
    )
    last = ladder.escalate[-1] if ladder.escalate else None
    return Row(
        stage=written_id(stage.id),
        step=stage.kind if stage.traits.step else None,
        title=stage.title,
        holder=stage.assignee,
        condition=stage.when,
        opens_on=time.local_date(times.opens_at),
        due_on=times.due_on,
        closes_on=None if times.closes_at is None else time.local_date(times.closes_at),
        times=times,
        rungs=tuple(climbing),
        repeats=last.repeat if last else None,
    )


def _mails(row: Row) -> str:
    """`remind 19, 25 Jan`, `manager 29 Jan`, `HR 3 Feb`, `again 10 Feb, every 5 working days`."""
    lines = []
    reminders = [rung.on for rung in row.rungs if rung.kind == "remind"]
    if reminders:
        lines.append(f"remind {_days(reminders)}")
    told = [rung for rung in row.rungs if rung.kind == "escalate" and "+" not in rung.key]
    for rung in told:
        lines.append(f"{_role(rung.to or '')} {_days([rung.on])}")
    again = [rung.on for rung in row.rungs if "+" in rung.key]
    if again:
        unit = "working day" if row.repeats == 1 else f"{row.repeats} working days"
        lines.append(f"again {_days(again)}, every {unit}")
    return "\n".join(lines) or "nothing"


def _role(role: str) -> str:
    return "HR" if role == "hr" else role.replace("_", " ")


def _days(days: Sequence[date]) -> str:
    """`19, 25, 26 Jan, 1 Feb`."""
    months = groupby(days, key=lambda day: (day.year, day.month))
    parts = [list(group) for _, group in months]
    return ", ".join(", ".join(str(day.day) for day in part) + f" {part[0]:%b}" for part in parts)


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
