"""The dates of a task: when it opens, is due, closes and is announced (language reference §3).

Pure. The plan is the cycle's, on the company calendar; a task's own dates are counted from it on
the assignee's calendar. This module is also where the rest of the timeline is imported from.

Choices where the reference leaves room:

- `due: N working days`: the N-th working day of the assignee strictly after the stage's planned
  opening, which is not moved to the assignee's next working day first (§3.6). Dates, calendar
  units and other anchors are evaluated on the assignee's calendar; `due` then moves to the
  previous working day, `closes` to the next.
- A stage that waits for others opens as soon as they are closed, even before its planned date; it
  is then announced on the planned date at the latest (§3.9). With an `opens` of its own it never
  opens before that. A stage that waits for nothing opens on its planned date, never earlier.
- Nothing opens before the assignee's 09:00 of the launch date, however early its predecessors
  were closed (excused because of leave; done where the day begins earlier).
- A planned date without work for the assignee: 09:00 on their next working day, and that counts
  as the day on which it really opened.
- `at_least` in calendar units moves to the next working day: it may not leave less.
- A late joiner has the full `due` from the day on which they entered, and `at_least` is `due` for
  them (§4): so the days count from the one on which the task really opened (§3.6), which is the
  later one if they entered in the evening. A `due` that is no duration after the opening is as
  long as the assignee's working days from the planned opening to it.
- An extension of the stage for tasks to come (`extended_by`) lengthens the planned due date; the
  later of that and `at_least` holds.
- `closes` is never before the task's own due date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from definitions.calendar import PersonTime
from definitions.models import Definition, Duration, Stage, Step
from definitions.planner import (
    late_joiners_until,
    passed_before,
    plan_cycle,
    plan_person,
    plan_steps,
    step_of,
    too_short,
    with_steps,
)
from definitions.plans import (
    Anchors,
    Period,
    Plan,
    StagePlan,
    Unplannable,
    period_of,
    period_title,
    resolve,
)
from definitions.shifts import (
    extend,
    extend_due,
    later_than,
    lost_to_pause,
    reopen_due,
    shift_for_pause,
    slip,
)

__all__ = [
    "Anchors",
    "Period",
    "Plan",
    "StagePlan",
    "TaskTimes",
    "Unplannable",
    "earliest_due",
    "ends_at",
    "extend",
    "extend_due",
    "first_opening",
    "late_joiners_until",
    "later_than",
    "lost_to_pause",
    "passed_before",
    "period_of",
    "period_title",
    "plan_cycle",
    "plan_person",
    "plan_steps",
    "reopen_due",
    "resolve",
    "shift_for_pause",
    "slip",
    "step_of",
    "task_times",
    "too_short",
    "with_steps",
]


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """The instants of a task, in UTC; `due_on` is the assignee's date.

    `announce_at` is when its opening mail goes at the latest; later than `opens_at` only if it
    opened early.
    """

    opens_at: datetime
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    announce_at: datetime


def task_times(
    definition: Definition,
    stage: Stage,
    plan: Plan,
    *,
    assignee: PersonTime,
    anchors: Anchors,
    begins: datetime,
    late_joiner: bool = False,
    extended_by: int = 0,
    step: str | None = None,
) -> TaskTimes:
    """The dates of one assignee's task in a stage.

    `begins` is the instant at which the task came into being: its predecessors were closed, the
    cycle was launched, the person entered. `extended_by` are working days by which HR extended
    the stage. `step` names the step of a 360 round, whose plan must have steps (`with_steps`).
    Raises Unplannable, CalendarRange.
    """
    spec, planned, waits = _spec(stage, plan, step)
    opens_at, announce_at = _opening(stage, spec, planned, plan, assignee, anchors, begins, waits)
    due_on = _due(spec, planned, plan, assignee, anchors, None)
    if extended_by:
        due_on = assignee.calendar.after(due_on, extended_by)
    due_on = max(due_on, earliest_due(spec.at_least, assignee.local_date(opens_at), assignee))
    if late_joiner:
        opened_on = assignee.local_date(opens_at)
        due_on = max(due_on, _due(spec, planned, plan, assignee, anchors, opened_on))
    closes_at = None
    if spec.closes is not None:
        own = {"opens": planned.opens, "due": due_on}
        closes_on = resolve(spec.closes, anchors, plan.stages, assignee.calendar, own)
        closes_at = assignee.end_of(max(due_on, assignee.calendar.on_or_after(closes_on)))
    return TaskTimes(opens_at, due_on, assignee.end_of(due_on), closes_at, announce_at)


def first_opening(
    definition: Definition, plan: Plan, people: Iterable[PersonTime]
) -> datetime | None:
    """The first instant at which something opens for one of these people, by schedule (§7).

    That is 09:00 of the planned day in the easternmost zone: a cycle that is to open everywhere at
    09:00 must be launched by then. None for nobody.
    """
    opens = [plan.stages[stage.id].opens for stage in definition.stages if not stage.after]
    day = min(opens, default=None)
    if day is None:
        return None
    return min((p.opening(p.calendar.on_or_after(day)) for p in people), default=None)


def ends_at(plan: Plan, company: PersonTime) -> datetime:
    """The last instant of a cycle: whatever is open then expires, and the cycle closes."""
    return company.end_of(plan.ends)


def _spec(stage: Stage, plan: Plan, step: str | None) -> tuple[Stage | Step, StagePlan, bool]:
    """What is asked for, its plan, and whether it waits for something to be closed."""
    planned = plan.stages[stage.id]
    if step is None:
        if stage.steps():
            raise Unplannable(f"the stage {stage.id} is a 360 round: name its step")
        return stage, planned, bool(stage.after)
    spec = step_of(stage, step)
    if step not in planned.steps:
        raise Unplannable(f"the plan of the 360 round {stage.id} has no steps")
    return spec, planned.steps[step], step != next(iter(planned.steps)) or bool(stage.after)


def _opening(
    stage: Stage,
    spec: Stage | Step,
    planned: StagePlan,
    plan: Plan,
    assignee: PersonTime,
    anchors: Anchors,
    begins: datetime,
    waits: bool,
) -> tuple[datetime, datetime]:
    """When it opens, and when it is announced at the latest."""
    planned_at = assignee.opening(assignee.calendar.on_or_after(planned.opens))
    if not waits:
        opens_at = planned_at if begins <= planned_at else assignee.opens(begins)
        return opens_at, opens_at
    # Predecessors may be closed before the launch: leave that was known, days that begin earlier.
    launch_at = assignee.opening(assignee.calendar.on_or_after(anchors.launch))
    opens_at = max(assignee.opens(begins), launch_at)
    if isinstance(spec, Stage) and spec.opens is not None:
        own = {"opens": planned.opens, "due": planned.due}
        bound = resolve(spec.opens, anchors, plan.stages, assignee.calendar, own)
        opens_at = max(opens_at, assignee.opening(assignee.calendar.on_or_after(bound)))
    return opens_at, max(opens_at, planned_at)


def _due(
    spec: Stage | Step,
    planned: StagePlan,
    plan: Plan,
    assignee: PersonTime,
    anchors: Anchors,
    entered_on: date | None,
) -> date:
    """The due date on the assignee's calendar, counted from the planned opening or the entry."""
    calendar = assignee.calendar
    if entered_on is not None and not _counted(spec):
        day = timedelta(days=1)
        return calendar.after(entered_on, calendar.count(planned.opens + day, planned.due + day))
    own = {"opens": entered_on or planned.opens}
    due = calendar.on_or_before(resolve(spec.due, anchors, plan.stages, calendar, own))
    return max(due, calendar.on_or_after(own["opens"]))


def _counted(spec: Stage | Step) -> bool:
    """Is the due date a duration after the opening?"""
    return spec.due.is_own("opens") and spec.due.direction == "after"


def earliest_due(at_least: Duration, begun: date, assignee: PersonTime) -> date:
    """The earliest due date that leaves an assignee that long from the day on which they begin."""
    calendar = assignee.calendar
    if at_least.unit == "working_days":
        return calendar.after(begun, at_least.amount)
    return calendar.on_or_after(at_least.after(begun))
