"""The pictures of a cycle, from its facts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from api.pages.cycles import progress_pictures
from api.pages.frame import pictures
from api.pages.frame.dates import say_day
from definitions.calendar import Calendars
from definitions.models import Definition
from definitions.timeline import Plan
from definitions.working_days import CalendarRange
from store.views.lists.cycles import StageItem
from store.views.progress import Due, Share

LONGEST = 400  # days that a burn-up draws
NO_DEPARTMENT = "No department"


def working(calendars: Calendars) -> Callable[[date], bool]:
    """Whether a day is a working day of the company; beyond the tables weekends are known."""
    calendar = calendars.company().calendar

    def works(day: date) -> bool:
        try:
            return calendar.is_working(day)
        except CalendarRange:
            return day.weekday() < 5

    return works


def holidays(calendars: Calendars) -> Mapping[date, str]:
    """The company's holidays by day."""
    return calendars.holidays.get(calendars.calendar, {})


def cycle_timeline(
    title: str,
    stages: Sequence[StageItem],
    due: Sequence[Due],
    calendars: Calendars,
    today: date,
) -> pictures.Timeline | None:
    """The stages of a launched cycle on the company's calendar; none for a rolling cycle."""
    by_stage: dict[UUID, list[tuple[date, int]]] = {}
    for one in due:
        by_stage.setdefault(one.stage_id, []).append((one.due_on, one.tasks))
    spans = [
        pictures.Span(
            stage.title,
            stage.state,
            stage.planned_opens_on,
            stage.planned_due_on,
            stage.planned_closes_on,
            tuple(sorted(by_stage.get(stage.id, []))),
        )
        for stage in stages
        if stage.planned_opens_on is not None and stage.planned_due_on is not None
    ]
    if not spans:
        return None
    return pictures.timeline(
        f"Timeline of {title}",
        spans,
        works=working(calendars),
        holidays=holidays(calendars),
        today=today,
        say=say_day,
    )


def plan_timeline(
    title: str, definition: Definition, plan: Plan, calendars: Calendars, today: date
) -> pictures.Timeline:
    """The stages of a definition as they would be planned."""
    spans = [
        pictures.Span(
            stage.title,
            "waiting",
            plan.stages[stage.id].opens,
            plan.stages[stage.id].due,
            plan.stages[stage.id].closes,
        )
        for stage in definition.stages
    ]
    return pictures.timeline(
        f"Timeline of {title}",
        spans,
        works=working(calendars),
        holidays=holidays(calendars),
        today=today,
        say=say_day,
    )


def cycle_burn_up(
    stages: Sequence[StageItem],
    due: Sequence[Due],
    done: Mapping[date, int],
    participants: int,
    launch_on: date,
    ends_at: datetime | None,
    today: date,
) -> progress_pictures.BurnUp | None:
    """Tasks done by day against the due dates; stages to come count one task a participant."""
    planned: dict[date, int] = {}
    begun = {one.stage_id for one in due}
    for one in due:
        planned[one.due_on] = planned.get(one.due_on, 0) + one.tasks
    for stage in stages:
        if stage.id in begun or stage.planned_due_on is None or stage.state == "closed":
            continue
        if stage.kind == "collect":
            continue
        tasks = 1 if stage.kind == "release" else participants
        planned[stage.planned_due_on] = planned.get(stage.planned_due_on, 0) + tasks
    if not planned:
        return None
    last = max([*planned, *done, min(today, max(planned))])
    first = min([launch_on, *done])
    if ends_at is not None:
        last = min(last, max(ends_at.date(), first))
    length = min((last - first).days + 1, LONGEST)
    days = [first + timedelta(days=n) for n in range(max(length, 2))]
    return progress_pictures.burn_up(
        "Tasks done, against the plan",
        days,
        _running(days, done),
        _running(days, planned),
        total=sum(planned.values()),
        today=min(max(today, days[0]), days[-1]),
        say=say_day,
    )


def _running(days: Sequence[date], counts: Mapping[date, int]) -> list[int]:
    """Running totals; what lies before the first day counts on it."""
    total = sum(count for day, count in counts.items() if day < days[0])
    totals = []
    for day in days:
        total += counts.get(day, 0)
        totals.append(total)
    return totals


def by_department(parts: Sequence[Share]) -> progress_pictures.Stacks | None:
    """A stacked bar per department."""
    sums: dict[str, list[int]] = {}
    for one in parts:
        row = sums.setdefault(one.department or NO_DEPARTMENT, [0, 0, 0, 0])
        for n, count in enumerate((one.done, one.in_time, one.late, one.other)):
            row[n] += count
    if not sums:
        return None
    listed = [progress_pictures.Part(name, *counts) for name, counts in sums.items()]
    listed.sort(key=lambda part: (-part.late, -part.total, part.name))
    return progress_pictures.stacks("Tasks per department", listed)


def by_stage(
    parts: Sequence[Share], stages: Sequence[StageItem]
) -> progress_pictures.HeatMap | None:
    """Departments by stages."""
    shown = [stage for stage in stages if stage.kind != "release"]
    titles = {stage.id: stage.title for stage in shown}
    departments = sorted({one.department or NO_DEPARTMENT for one in parts})
    cells = {
        (one.department or NO_DEPARTMENT, titles[one.stage_id]): progress_pictures.Cell(
            one.done, one.done + one.in_time + one.late + one.other, one.late
        )
        for one in parts
        if one.stage_id in titles
    }
    if not cells:
        return None
    return progress_pictures.heat_map(
        "Departments and stages", departments, [stage.title for stage in shown], cells
    )
