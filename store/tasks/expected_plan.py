"""When stages that still wait would open: by the functions that will open them."""

from datetime import date, datetime

from definitions.timeline import Plan, StagePlan, slip, task_times
from domain.states import StageState
from store.cycles.facts import CycleFacts, StageFacts
from store.tasks.opening import current_plan


def barrier_opens(cycle: CycleFacts, stage: StageFacts, freed: datetime) -> datetime:
    """When a stage that waits for everybody opens, once everybody is through at `freed`.

    With an own `opens` as well as `after`, both must hold (language reference §2).
    """
    if stage.spec.opens is None or stage.planned is None:
        return freed
    return max(freed, cycle.company.opening(stage.planned.opens))


def slipped(cycle: CycleFacts, plan: Plan, stage: StageFacts, opened_at: datetime) -> Plan:
    """The plan after that stage opened at that instant: it moves later, never earlier (§3.7)."""
    company = cycle.company
    opened_on = company.local_date(company.opens(opened_at))
    if opened_on <= plan.stages[stage.key].opens:
        return plan
    return slip(plan, cycle.definition, stage.key, opened_on, company)


def expected_plan(cycle: CycleFacts, now: datetime) -> Plan | None:
    """The plan as it would be if every stage that waits opened as soon as it can from `now` on.

    Nothing is expected in the past: what was planned for a day that has gone by moves as it will
    move when it opens. A paused cycle keeps its plan until it goes on; a rolling one has none.
    """
    if cycle.plan is None:
        return None
    plan = current_plan(cycle)
    for stage in cycle.stages.values():
        if stage.state is not StageState.WAITING or not cycle.moving:
            continue
        if stage.barrier:
            if stage.opened_at is None:
                plan = slipped(cycle, plan, stage, barrier_opens(cycle, stage, now))
        elif plan.stages[stage.key].opens < _first_day(cycle, now):
            plan = _replaced(plan, stage, _begun(cycle, plan, stage, now))
    return plan


def _first_day(cycle: CycleFacts, now: datetime) -> date:
    return cycle.company.local_date(cycle.company.opens(now))


def _begun(cycle: CycleFacts, plan: Plan, stage: StageFacts, now: datetime) -> StagePlan:
    """The dates of a task that came into being now, on the company's calendar."""
    company = cycle.company
    times = task_times(
        cycle.definition,
        stage.spec,
        plan,
        assignee=company,
        anchors=cycle.anchors(),
        begins=now,
        extended_by=stage.extended_by,
    )
    closes = None if times.closes_at is None else company.local_date(times.closes_at)
    return StagePlan(opens=company.local_date(times.opens_at), due=times.due_on, closes=closes)


def _replaced(plan: Plan, stage: StageFacts, planned: StagePlan) -> Plan:
    return plan.model_copy(update={"stages": {**plan.stages, stage.key: planned}})
