"""The pictures of a cycle, from its facts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from api.pages.cycles import progress_pictures
from api.pages.cycles.stage_times import StageTime
from api.pages.frame import pictures
from api.pages.frame.dates import say_day
from definitions.calendar import Calendars
from definitions.models import Definition
from definitions.timeline import Plan
from definitions.working_days import CalendarRange
from domain.counts import Counts
from store.views.lists.cycles import StageItem
from store.views.progress import ByDay, Due, Share

LONGEST = 400  # days that a burn-up draws
NO_DEPARTMENT = "No department"
WHOLE = "The whole cycle"
"""Where tasks are counted that are about nobody: a release."""


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
    times: Mapping[UUID, StageTime],
    stages: Sequence[StageItem],
    due: Sequence[Due],
    calendars: Calendars,
    today: date,
) -> pictures.Timeline | None:
    """The stages of a launched cycle on the company's calendar; none for a rolling cycle."""
    dues: dict[UUID, list[tuple[date, int]]] = {}
    for one in due:
        dues.setdefault(one.stage_id, []).append((one.due_on, one.tasks))
    spans = [
        pictures.Span(
            stage.title,
            stage.state,
            time.opens_on,
            time.due_on,
            time.closes_on,
            tuple(sorted(dues.get(stage.id, []))) if time.ended_on is None else (),
            time.ended_on,
        )
        for stage in stages
        if (time := times.get(stage.id)) is not None and time.due_on is not None
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
    by_day: ByDay, launch_on: date, today: date, *, over: bool
) -> progress_pictures.BurnUp | None:
    """Tasks done by day, against the days on which the plan of the launch had them done.

    The plan stays where it was when dates move. It ends today at the earliest unless the cycle is
    `over`; of a long cycle not every day is drawn.
    """
    planned, done = by_day.planned, by_day.done
    if not planned:
        return None
    first = min([launch_on, *done])
    last = max([*planned, *done, *([] if over else [today]), first + timedelta(days=1)])
    step = (last - first).days // LONGEST + 1
    days = [first + timedelta(days=n) for n in range(0, (last - first).days, step)]
    days.append(last)
    return progress_pictures.burn_up(
        "Tasks done, against the plan of the launch",
        days,
        _running(days, done),
        _running(days, planned),
        total=sum(planned.values()),
        today=min(max(today, days[0]), days[-1]),
        say=say_day,
    )


def _running(days: Sequence[date], counts: Mapping[date, int]) -> list[int]:
    """How many there were by each of the days."""
    return [sum(count for at, count in counts.items() if at <= day) for day in days]


def by_department(parts: Sequence[Share]) -> progress_pictures.Stacks | None:
    """A stacked bar per department, and one for what is about nobody in particular."""
    sums: dict[str, Counts] = {}
    for one in parts:
        name = _row(one)
        sums[name] = sums.get(name, Counts()) + one.counts
    listed = [progress_pictures.Part(name, counts) for name, counts in sums.items() if counts.total]
    if not listed:
        return None
    listed.sort(key=lambda p: (p.name == WHOLE, -p.counts.late, -p.counts.total, p.name))
    return progress_pictures.stacks("Tasks per department", listed)


def by_stage(
    parts: Sequence[Share], stages: Sequence[StageItem]
) -> progress_pictures.HeatMap | None:
    """Departments by stages: the same tasks as in the bars of departments."""
    cells: dict[tuple[str, str], Counts] = {}
    titles = {stage.id: stage.title for stage in stages if stage.done is not None}
    for one in parts:
        if one.counts.total and one.stage_id in titles:
            cell = _row(one), titles[one.stage_id]
            cells[cell] = cells.get(cell, Counts()) + one.counts
    if not cells:
        return None
    rows = sorted({name for name, _ in cells}, key=lambda name: (name == WHOLE, name))
    return progress_pictures.heat_map(
        "Departments and stages", rows, list(dict.fromkeys(titles.values())), cells
    )


def _row(share: Share) -> str:
    return WHOLE if share.department is None else share.department or NO_DEPARTMENT
