"""Planning a cycle: dates, made once, at launch, on one calendar (language reference §3.5). Pure.

Choices where the reference leaves room:

- A launch on a day without work (by button on a Sunday): what opens at `launch` is planned for the
  next working day; durations after `launch` are counted from the launch date itself.
- A due date that would lie before the planned opening is planned on the opening; lint speaks of it
  (`too_short`). A close before the due date falls on the due date.
- The steps of a 360 round follow one another: each opens on the working day after the previous
  one's planned due date. The round is due and closes with its last step.
- An `ends` that is no working day moves to the next.
- In a rolling cycle `launch` is the hire date of the person.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal

from definitions.calendar import PersonTime, WorkCalendar
from definitions.instants import Instant
from definitions.models import Anchor, Definition, Stage, Step
from definitions.plans import (
    Anchors,
    Period,
    Plan,
    StagePlan,
    Unplannable,
    existing,
    period_of,
    resolve,
    shifted,
)
from definitions.working_days import CalendarRange


def plan_cycle(definition: Definition, launch: date, company: PersonTime, period: Period) -> Plan:
    """The plan on the company calendar. Raises Unplannable, CalendarRange."""
    return _Planner(definition, Anchors(launch, period), company.calendar).plan()


def plan_person(
    definition: Definition,
    hire_date: date,
    subject: PersonTime,
    *,
    launch: date | None = None,
    period: Period | None = None,
) -> Plan:
    """The own plan of somebody in a rolling cycle, on the subject's calendar (§2, launch).

    `launch` defaults to the hire date. Raises Unplannable, CalendarRange.
    """
    start = launch or hire_date
    anchors = Anchors(start, period or period_of(definition, start, hire_date), hire_date)
    return _Planner(definition, anchors, subject.calendar).plan()


def passed_before(plan: Plan, entered_on: date) -> tuple[str, ...]:
    """The stages that were due before somebody entered: skipped with that reason."""
    return tuple(key for key, stage in plan.stages.items() if stage.due < entered_on)


def with_steps(stage: Stage, planned: StagePlan, company: PersonTime) -> StagePlan:
    """The same dates of a stage; a 360 round's with those of its steps, from its opening."""
    if planned.steps or not stage.steps():
        return planned
    return replace(planned, steps=plan_steps(stage, planned.opens, company.calendar))


def late_joiners_until(
    definition: Definition, plan: Plan, anchors: Anchors, company: PersonTime
) -> date | None:
    """The last day on which whoever becomes eligible still enters; None: nobody does."""
    until = definition.audience.late_joiners
    if until == "never":
        return None
    return resolve(until, anchors, plan.stages, company.calendar)


def too_short(
    definition: Definition, anchors: Anchors, company: PersonTime
) -> list[tuple[str, date, date]]:
    """Stages whose due date, as written, lies before their opening: (stage, opens, due)."""
    planner = _Planner(definition, anchors, company.calendar)
    planned = ((s.id, planner.opens(s), planner.target(s)) for s in definition.stages)
    return [found for found in planned if found[2] < found[1]]


def too_late(
    definition: Definition, anchors: Anchors, company: PersonTime, latest: date
) -> str | None:
    """The first stage, in the order of the file, that is due after a day, else `ends`, else None.

    What lies beyond the calendar, or beyond the last year that a date has, is too late as well.
    """
    planner = _Planner(definition, anchors, company.calendar)
    for stage in definition.stages:
        try:
            if max(planner.opens(stage), planner.due(stage)) > latest:
                return stage.id
        except (CalendarRange, OverflowError, ValueError):
            return stage.id
    try:
        return "ends" if planner.plan().ends > latest else None
    except (CalendarRange, OverflowError, ValueError):
        return "ends"


def ends_of(
    definition: Definition,
    stages: Mapping[str, StagePlan],
    anchors: Anchors,
    calendar: WorkCalendar,
) -> date:
    """The last day of the cycle, given the dates of its stages."""
    return calendar.on_or_after(resolve(definition.ends, anchors, stages, calendar))


def plan_steps(stage: Stage, opens: date, calendar: WorkCalendar) -> dict[str, StagePlan]:
    """The dates of a 360 round's steps, the first of which opens on that day.

    The instants of a step are dates, or counted from its own `opens` and `due`.
    """
    planned: dict[str, StagePlan] = {}
    for name, step in stage.steps().items():
        own = {"opens": opens}
        due = max(opens, calendar.on_or_before(_step_date(step.due, own, calendar)))
        closes = None
        if step.closes is not None:
            own["due"] = due
            closes = max(due, calendar.on_or_after(_step_date(step.closes, own, calendar)))
        planned[name] = StagePlan(opens, due, closes)
        opens = calendar.after(due, 1)
    return planned


def step_of(stage: Stage, name: str) -> Step:
    """A step of a 360 round. Raises Unplannable if the stage has none of that name."""
    step = stage.written_steps().get(name)
    if step is None:
        raise Unplannable(f"the stage {stage.id} has no step {name!r}")
    return step


def _step_date(instant: Instant, own: Mapping[str, date], calendar: WorkCalendar) -> date:
    if instant.day is not None:
        return instant.day
    if instant.anchor is None or instant.anchor.stage is not None:
        raise Unplannable(f"`{instant}`: a step is counted from its own opens and due")
    return shifted(instant, existing(own.get(instant.anchor.point), instant.anchor), calendar)


What = Literal["opens", "target", "due", "closes"]


class _Planner:
    """Computes the dates of a definition, each when another first needs it."""

    def __init__(self, definition: Definition, anchors: Anchors, calendar: WorkCalendar) -> None:
        self._definition = definition
        self._anchors = anchors
        self._calendar = calendar
        self._known: dict[tuple[str, What], date | None] = {}
        self._computing: list[tuple[str, What]] = []

    def plan(self) -> Plan:
        stages = {
            stage.id: StagePlan(
                opens=self.opens(stage),
                due=self.due(stage),
                closes=self.closes(stage),
                steps=self._steps(stage),
            )
            for stage in self._definition.stages
        }
        ends = ends_of(self._definition, stages, self._anchors, self._calendar)
        return Plan(stages=stages, ends=ends)

    def opens(self, stage: Stage) -> date:
        """The planned opening: after the stages that it waits for, not before its `opens`."""
        return existing(self._once(stage, "opens"), Anchor("opens", stage.id))

    def target(self, stage: Stage) -> date:
        """The due date as it is written, moved to the previous working day."""
        return existing(self._once(stage, "target"), Anchor("due", stage.id))

    def due(self, stage: Stage) -> date:
        """The planned due date: never before the opening."""
        return existing(self._once(stage, "due"), Anchor("due", stage.id))

    def closes(self, stage: Stage) -> date | None:
        """The planned close: never before the due date; None when it closes when done."""
        return self._once(stage, "closes")

    def _once(self, stage: Stage, what: What) -> date | None:
        key = (stage.id, what)
        if key in self._computing:
            circle = " -> ".join(f"{s}.{w}" for s, w in [*self._computing, key])
            raise Unplannable(f"These dates depend on each other: {circle}.")
        if key not in self._known:
            self._computing.append(key)
            self._known[key] = self._compute(stage, what)
            self._computing.pop()
        return self._known[key]

    def _compute(self, stage: Stage, what: What) -> date | None:
        match what:
            case "opens":
                return self._opening(stage)
            case "target":
                if stage.steps():
                    return list(self._steps(stage).values())[-1].due
                return self._calendar.on_or_before(self._date(stage, stage.due))
            case "due":
                return max(self.target(stage), self.opens(stage))
            case "closes":
                return self._closing(stage)

    def _opening(self, stage: Stage) -> date:
        bounds = []
        if stage.after:
            waits = [self.due(self._definition.stage(key)) for key in stage.after]
            bounds.append(self._calendar.after(max(waits), 1))
        if stage.opens is not None:
            bounds.append(self._calendar.on_or_after(self._date(stage, stage.opens)))
        return max(bounds, default=self._calendar.on_or_after(self._anchors.launch))

    def _closing(self, stage: Stage) -> date | None:
        if stage.steps():
            return list(self._steps(stage).values())[-1].closes
        if stage.closes is None:
            return None
        return max(self.due(stage), self._calendar.on_or_after(self._date(stage, stage.closes)))

    def _steps(self, stage: Stage) -> dict[str, StagePlan]:
        if not stage.steps():
            return {}
        return plan_steps(stage, self.opens(stage), self._calendar)

    def _date(self, stage: Stage, instant: Instant) -> date:
        """An instant of the stage, before it is moved to a working day."""
        anchor = instant.anchor
        if anchor is None:
            return resolve(instant, self._anchors, {}, self._calendar)
        base = self._anchors.of(anchor.point)
        if base is None and anchor.point != "hire_date":
            base = self._of_stage(stage, anchor)
        return shifted(instant, existing(base, anchor), self._calendar)

    def _of_stage(self, stage: Stage, anchor: Anchor) -> date | None:
        own = anchor.stage is None or anchor.stage == stage.id
        other = stage if anchor.stage is None else self._definition.stage(anchor.stage)
        match anchor.point:
            case "opens":
                return self.opens(other)
            case "due":
                # The own opening may be counted from the own due date, which it then bounds.
                computing_opens = own and (stage.id, "opens") in self._computing
                return self.target(other) if computing_opens else self.due(other)
            case _:
                return self.closes(other)
