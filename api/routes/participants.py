"""Who is in a cycle, who is out and why; and HR's changes to that."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, PersonNumber, PersonPath, Preview, Reason, WordQuery
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from domain.access import Action, is_own_case
from domain.errors import Forbidden
from domain.lengths import LONGEST_REASON
from domain.states import ParticipantState
from store.access.facts import hidden_cases
from store.steering import participation
from store.steering.cycle import Preview as Foreseen
from store.views.lists.cycles import ParticipantItem, get_cycle, list_participants

router = APIRouter(
    prefix="/api/cycles/{cycle_id}/participants", route_class=GuardedRoute, tags=["participants"]
)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
Steers = Annotated[Call, allow(Action.STEER_TASK)]


class Joining(Body):
    """Whom HR adds, and why, if there is something to be said."""

    person_id: PersonNumber
    reason: Annotated[str, Field(max_length=LONGEST_REASON, description="Kept on record.")] = ""


class Leaving(Body):
    """Why HR takes somebody out."""

    reason: Reason


class Changed(BaseModel):
    """What was done to whom."""

    model_config = ConfigDict(frozen=True)

    cycle_id: UUID
    person_id: int
    state: Literal["in", "removed"]


@router.get("")
async def list_all(
    call: Reads,
    request: Request,
    response: Response,
    cycle_id: UUID,
    state: ParticipantState | None = None,
    department: WordQuery = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ParticipantItem]:
    """Everybody of the company with regard to the cycle: in, or out with one stated reason."""
    await get_cycle(call.conn, cycle_id)
    key = read_cursor(request, cursor, of="participants", parts=1)
    rows = await list_participants(
        call.conn,
        cycle_id,
        state=state,
        department=department,
        hidden=hidden_cases(await call.reader(), cycle_id),
        after=int(key[0] or 0) if key else 0,
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="participants", key=lambda r: [r.person_id])


@router.post("", response_model=Changed | Foreseen)
async def add(call: Steers, cycle_id: UUID, body: Joining, preview: Preview = False) -> Response:
    """Add somebody; they have the full time from today in what is open."""

    async def effect() -> object:
        await _not_own(call, body.person_id)
        if preview:
            return await participation.preview_add(call.conn, cycle_id, body.person_id, call.now)
        await participation.add_participant(
            call.conn, cycle_id, body.person_id, call.actor, call.now, reason=body.reason
        )
        return Changed(cycle_id=cycle_id, person_id=body.person_id, state="in")

    return await once(call, effect)


@router.post("/{person_id}/remove", response_model=Changed | Foreseen)
async def remove(
    call: Steers, cycle_id: UUID, person_id: PersonPath, body: Leaving, preview: Preview = False
) -> Response:
    """Take somebody out: their open tasks and those about them are cancelled."""

    async def effect() -> object:
        await _not_own(call, person_id)
        if preview:
            return await participation.preview_remove(call.conn, cycle_id, person_id, call.now)
        await participation.remove_participant(
            call.conn, cycle_id, person_id, body.reason, call.actor, call.now
        )
        return Changed(cycle_id=cycle_id, person_id=person_id, state="removed")

    return await once(call, effect)


async def _not_own(call: Call, person_id: int) -> None:
    if is_own_case(await call.reader(), person_id):
        raise Forbidden("Nobody decides this about themselves or their own manager line.")
