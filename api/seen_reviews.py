"""A review through the eyes of a reader: what is linked is what can be opened."""

from uuid import UUID

from api.authentication import Call
from domain.access import may_read_review
from store.people.reporting_lines import line_above
from store.views.reviews import ReviewRow, review_row


def review_path(cycle_id: UUID, person_id: int) -> str:
    """Where the review of a participant is read."""
    return f"/reviews/{cycle_id}/{person_id}"


async def readable_review(call: Call, cycle_id: UUID, person_id: int) -> ReviewRow | None:
    """The result of a participant for those who may read it now; for all others there is none."""
    row = await review_row(call.conn, cycle_id, person_id)
    if row is None:
        return None
    line = await line_above(call.conn, person_id, call.now.date())
    return row if may_read_review(await call.reader(), row.access(frozenset(line))) else None


async def review_href(call: Call, cycle_id: UUID, person_id: int) -> str:
    """The address of a review, where the reader may open it now; else the empty string."""
    row = await readable_review(call, cycle_id, person_id)
    return "" if row is None else review_path(cycle_id, person_id)
