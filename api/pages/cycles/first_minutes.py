"""The first minutes after a launch."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.frame import tabs
from api.pages.cycles.views import Figure, FirstMinutes, RefusedAddress
from api.pages.frame.shell import said, show
from api.pages.frame.views import Link
from domain.access import Action
from domain.errors import IllegalState
from domain.states import CycleState
from store.access.facts import hidden_cases
from store.launch.first_minutes import FirstMinutes as Minutes
from store.launch.first_minutes import first_ten_minutes
from store.views import cycle_pages as queries
from store.views.lists.cycles import get_cycle

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]


@router.get("/cycles/{cycle_id}/first-minutes")
async def first_minutes(call: Reads, request: Request, cycle_id: UUID) -> Response:
    """Delivered and refused addresses, first forms opened, one click to stop."""
    item = await get_cycle(call.conn, cycle_id)
    if item.opened_at is None:
        raise IllegalState("This cycle has not been launched.")
    look = await first_ten_minutes(
        call.conn, cycle_id, call.now, hidden=hidden_cases(await call.reader(), cycle_id)
    )
    refused = await queries.refused_mails(call.conn, cycle_id)
    mails = look.mails_sent + look.mails_waiting + look.mails_refused + look.mails_unknown
    opens = call.now < item.opened_at
    page = FirstMinutes(
        title=f"First minutes of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        notice=said(request),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "minutes"),
        launched_at=item.confirmed_at or item.opened_at,
        figures=(
            Figure(f"{look.mails_sent:,}", "mails sent", f"of {mails:,}"),
            Figure(f"{look.mails_waiting:,}", "still on their way"),
            Figure(f"{look.mails_refused:,}", "refused", "", "bad" if look.mails_refused else ""),
            Figure(f"{look.forms_seen:,}", "forms opened", f"of {look.tasks:,}"),
            Figure(f"{look.done:,}", "submitted", f"of {look.tasks:,}"),
        ),
        refused=tuple(
            RefusedAddress(
                r.name,
                r.address,
                f"{r.code or ''} {r.answer or ''}".strip(),
                r.at,
                "Once it is corrected, what was missed goes out; nobody is escalated before.",
                f"/people/{r.person_id}/address" if r.refused else "",
            )
            for r in refused
        ),
        stop_href=f"/cycles/{cycle_id}/steer/pause" if item.state == CycleState.OPEN else "",
        says=_says(look, opens=opens),
    )
    return await show(call, page)


def _says(look: Minutes, *, opens: bool) -> str:
    if opens:
        return "Nothing has opened yet: that is at the time planned."
    if look.is_over:
        return "The first ten minutes are over. It runs by itself."
    return "Watch for ten minutes; then it runs by itself."
