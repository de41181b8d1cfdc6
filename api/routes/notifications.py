"""The delivery ledger: was this sent or not, and why."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.bodies import PersonQuery
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from domain.access import Action
from domain.states import NotificationState
from store.access.facts import hidden_cases
from store.views.lists.notifications import NotificationItem, list_notifications

router = APIRouter(prefix="/api/notifications", route_class=GuardedRoute, tags=["notifications"])

Reads = Annotated[Call, allow(Action.READ_NOTIFICATIONS)]


@router.get("")
async def ledger(
    call: Reads,
    request: Request,
    response: Response,
    cycle_id: UUID | None = None,
    task_id: UUID | None = None,
    person_id: PersonQuery = None,
    state: NotificationState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[NotificationItem]:
    """Each notification with its cause, its fate and the mail server's answer; newest first."""
    key = read_cursor(request, cursor, of="notifications", parts=1)
    rows = await list_notifications(
        call.conn,
        filters={
            "cycle_id": cycle_id,
            "task_id": task_id,
            "person_id": person_id,
            "state": state,
        },
        hidden=hidden_cases(await call.reader()),
        before=int(key[0] or 0) if key else None,
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="notifications", key=lambda row: [row.id])
