"""How dates move once a cycle runs: slip, extend, reopen, pause (language reference §3.7, §7).

Nothing here ever moves a date earlier. All pure.

Choices where the reference leaves room:

- `ends` moves with the plan where it is counted from a stage, as by default.
- A date is moved by a pause by counting working days on; a day that no working day was lost for
  stays where it is. The time of day stays.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import overload

from definitions.calendar import PersonTime, WorkCalendar
from definitions.models import Definition
from definitions.planner import ends_of
from definitions.plans import Anchors, Period, Plan, StagePlan

REOPENED = 3
"""Working days that a reopened task leaves at least."""


def slip(
    plan: Plan, definition: Definition, stage_id: str, opened_on: date, company: PersonTime
) -> Plan:
    """The plan after a stage of `per: cycle` opened on that day (company calendar), §3.7.

    Its own dates and those of all stages after it move by as many company working days as it
    opened late. Opened on time or early, or `per: person`: the same plan.
    """
    stage = definition.stage(stage_id)
    lost = company.calendar.count(plan.stages[stage_id].opens, opened_on)
    if stage.per != "cycle" or lost == 0:
        return plan
    moved = {stage_id, *later_than(definition, stage_id)}
    return _moved(plan, definition, moved, lost, company.calendar)


def extend(
    plan: Plan,
    definition: Definition,
    stage_id: str,
    working_days: int,
    company: PersonTime,
    *,
    and_after: bool = False,
) -> Plan:
    """The plan after HR extended a stage (§7): its due date and close move, not its opening.

    `and_after`: everything after it moves as well.
    """
    calendar = company.calendar
    planned = _later(plan.stages[stage_id], working_days, calendar)
    own = replace(planned, opens=plan.stages[stage_id].opens)
    stages = {**plan.stages, stage_id: own}
    if planned.steps:  # a round is extended by its last step
        last = list(planned.steps)[-1]
        before = plan.stages[stage_id].steps
        end = replace(planned.steps[last], opens=before[last].opens)
        stages[stage_id] = replace(own, steps={**before, last: end})
    changed = plan.model_copy(update={"stages": stages})
    moved = later_than(definition, stage_id) if and_after else ()
    return _moved(changed, definition, moved, working_days, calendar)


def later_than(definition: Definition, stage_id: str) -> tuple[str, ...]:
    """All stages that wait for this one by `after`, directly or not, in order."""
    reached = {stage_id}
    grew = True
    while grew:
        found = {s.id for s in definition.stages if reached & set(s.after)} - reached
        reached |= found
        grew = bool(found)
    return tuple(s.id for s in definition.stages if s.id in reached and s.id != stage_id)


def extend_due(due_on: date, working_days: int, assignee: PersonTime) -> date:
    """The new due date of an extended task: counted from the present one (§7)."""
    return assignee.calendar.after(due_on, working_days) if working_days else due_on


def reopen_due(due_on: date, reopened_on: date, assignee: PersonTime) -> date:
    """The due date of a reopened task: the later of the old one and 3 working days (§7)."""
    return max(due_on, assignee.calendar.after(reopened_on, REOPENED))


def lost_to_pause(paused_on: date, resumed_on: date, assignee: PersonTime) -> int:
    """Working days D of the assignee with paused_on <= D < resumed_on (their local dates)."""
    return assignee.calendar.count(paused_on, resumed_on)


@overload
def shift_for_pause(
    when: datetime, paused_on: date, resumed_on: date, assignee: PersonTime
) -> datetime: ...
@overload
def shift_for_pause(
    when: date, paused_on: date, resumed_on: date, assignee: PersonTime
) -> date: ...
def shift_for_pause(
    when: date | datetime, paused_on: date, resumed_on: date, assignee: PersonTime
) -> date | datetime:
    """A date or instant that lay ahead when the cycle was paused, after it was resumed (§7).

    It moves by the assignee's working days that were lost. An instant keeps its local time of day.
    Only for what lies ahead: what had passed before the pause does not move.
    """
    lost = lost_to_pause(paused_on, resumed_on, assignee)
    if lost == 0:
        return when
    if not isinstance(when, datetime):
        return assignee.calendar.after(when, lost)
    local = when.astimezone(assignee.zone)
    return assignee.at(assignee.calendar.after(local.date(), lost), local.time().replace(fold=0))


def _moved(
    plan: Plan,
    definition: Definition,
    moved: Iterable[str],
    working_days: int,
    calendar: WorkCalendar,
) -> Plan:
    stages = dict(plan.stages)
    for key in moved:
        stages[key] = _later(stages[key], working_days, calendar)
    ends = max(plan.ends, _ends(plan, definition, stages, calendar))
    return plan.model_copy(update={"stages": stages, "ends": ends})


def _later(planned: StagePlan, working_days: int, calendar: WorkCalendar) -> StagePlan:
    def later(day: date) -> date:
        return calendar.after(day, working_days) if working_days else day

    return StagePlan(
        opens=later(planned.opens),
        due=later(planned.due),
        closes=None if planned.closes is None else later(planned.closes),
        steps={k: _later(step, working_days, calendar) for k, step in planned.steps.items()},
    )


def _ends(
    plan: Plan, definition: Definition, stages: dict[str, StagePlan], calendar: WorkCalendar
) -> date:
    """Where the moved stages put the end; a date, or one counted from the launch, stays."""
    anchor = definition.ends.anchor
    if anchor is None or anchor.stage is None:
        return plan.ends
    # Counted from a stage: what the other anchors are does not matter.
    nothing = Anchors(plan.ends, Period(start=plan.ends, end=plan.ends))
    return ends_of(definition, stages, nothing, calendar)
