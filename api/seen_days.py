"""Days to come of a cycle for pages: read once for each request, however many lines name them."""

from uuid import UUID

from api.authentication import Call
from store.tasks.plan_ahead import Days, days_ahead


async def days_of(call: Call, cycle_id: UUID) -> Days:
    """By which day results of a cycle are released and conversations are due."""
    known: dict[UUID, Days] | None = getattr(call.request.state, "days", None)
    if known is None:
        known = call.request.state.days = {}
    if cycle_id not in known:
        known[cycle_id] = await days_ahead(call.conn, cycle_id, call.now)
    return known[cycle_id]
