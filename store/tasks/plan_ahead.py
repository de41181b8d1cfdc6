"""On which days results are released and conversations are due, as it stands now.

What pages say of days to come is computed by the functions that will move them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.timeline import Plan
from domain.errors import NotFound
from store.cycles.facts import StageFacts, load_cycle
from store.tasks.expected_plan import expected_plan


@dataclass(frozen=True, slots=True)
class Days:
    """By which day, on the company's calendar; None where there is none, or no common plan."""

    released_on: date | None = None
    talked_on: date | None = None


async def days_ahead(conn: AsyncConnection, cycle_id: UUID, as_of: datetime) -> Days:
    """The days of a cycle, if everything that waits opens as soon as it can. Reads only."""
    try:
        cycle = await load_cycle(conn, cycle_id)
    except NotFound:
        return Days()  # not launched yet
    plan = expected_plan(cycle, as_of)
    if plan is None:
        return Days()
    return Days(_last(plan, cycle.releases), _last(plan, cycle.conversations))


def _last(plan: Plan, stages: Iterable[StageFacts]) -> date | None:
    return max((plan.stages[stage.key].due for stage in stages), default=None)
