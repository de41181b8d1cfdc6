"""When the stages of a cycle opened and closed, or when they are expected to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from definitions.timeline import Plan
from domain.states import StageState
from store.cycles.facts import CycleFacts
from store.tasks.expected_plan import expected_plan
from store.views.lists.cycles import StageItem
from store.views.progress import Due


@dataclass(frozen=True, slots=True)
class StageTime:
    """Days of a stage on the company's calendar. What has happened is as it happened.

    `opens_on` is none if it ended without having opened, and for rolling cycles before somebody is
    there, which have no common `due_on` either.
    """

    opens_on: date | None
    due_on: date | None
    closes_on: date | None
    ended_on: date | None = None


def stage_times(
    facts: CycleFacts, stages: Sequence[StageItem], due: Sequence[Due], now: datetime
) -> Mapping[UUID, StageTime]:
    """The days of each stage: real ones of what has opened or closed, expected ones of the rest."""
    plan = expected_plan(facts, now)
    return {stage.id: _time(facts, stage, plan, due) for stage in stages}


def expected_end(facts: CycleFacts, now: datetime) -> datetime | None:
    """The cycle's last instant, if everything that waits opens as soon as it can."""
    plan = expected_plan(facts, now)
    if plan is None or facts.ends_at is None:
        return facts.ends_at
    return max(facts.ends_at, facts.company.end_of(plan.ends))


def _time(facts: CycleFacts, stage: StageItem, plan: Plan | None, due: Sequence[Due]) -> StageTime:
    company = facts.company
    planned = plan.stages.get(stage.key) if plan is not None else None
    opened = None if stage.opened_at is None else company.local_date(stage.opened_at)
    due_on = planned.due if planned else None
    closes_on = planned.closes if planned else None
    if stage.state == StageState.CLOSED and stage.closed_at is not None:
        return StageTime(opened, due_on, closes_on, company.local_date(stage.closed_at))
    if stage.state == StageState.OPEN and opened is not None:
        return StageTime(opened, _due_for_most(stage, due) or due_on, closes_on)
    return StageTime(planned.opens if planned else opened, due_on, closes_on)


def _due_for_most(stage: StageItem, due: Sequence[Due]) -> date | None:
    """The day on which most of what is still to be done is due."""
    days: Counter[date] = Counter()
    for one in due:
        if one.stage_id == stage.id:
            days[one.due_on] += one.tasks
    return max(days, key=lambda day: (days[day], day), default=None)
