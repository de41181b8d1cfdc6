"""Review cycles: list, read, launch, and the list of what is in them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, Day, Id, PersonNumber, Reason, WordQuery
from api.etags import set_etag
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from domain.access import Action
from domain.errors import Invalid, NotFound
from domain.states import CycleState
from store.access.facts import hidden_cases
from store.definitions.versions import latest
from store.launch import launching
from store.launch.check import LaunchCheck, report
from store.steering.giving_up import give_up_launch
from store.views.lists.cycles import CycleItem, StageItem, get_cycle, list_cycles, list_stages

router = APIRouter(prefix="/api/cycles", route_class=GuardedRoute, tags=["cycles"])

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
Launches = Annotated[Call, allow(Action.LAUNCH)]


MOST_PEOPLE = 100_000
"""In one request: more than these are everybody."""

PersonKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}$")]


class Prepare(Body):
    """Which definition to launch, and when. `version_id` pins one, else the latest is taken.

    `reviewers` names who reviews people with nobody up the line. `people`, if given, are those who
    alone take part, whatever the audience of the definition says.
    """

    definition: str | None = Field(None, max_length=200)
    version_id: Id | None = None
    launch_on: Day
    reviewers: dict[PersonKey, PersonNumber] = Field(
        default_factory=dict, max_length=1000, description="Reviewer by person id."
    )
    people: tuple[PersonNumber, ...] | None = Field(
        None,
        strict=False,
        min_length=1,
        max_length=MOST_PEOPLE,
        description="Ids of those who alone take part; absent: whom the definition means.",
    )


class Because(Body):
    """Why."""

    reason: Reason


class LaunchAnswer(BaseModel):
    """What confirming a launch did; the second time the same."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    cycle_id: UUID
    launch_on: date
    opens_at: datetime
    ends_at: datetime | None
    participants: int


@router.get("")
async def list_all(
    call: Reads,
    request: Request,
    response: Response,
    state: CycleState | None = None,
    definition: WordQuery = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CycleItem]:
    """Cycles, the newest first."""
    key = read_cursor(request, cursor, of="cycles", parts=1)
    rows = await list_cycles(
        call.conn,
        state=state,
        definition=definition,
        before=UUID(str(key[0])) if key else None,
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="cycles", key=lambda row: [row.id])


@router.get("/{cycle_id}")
async def get_one(call: Reads, response: Response, cycle_id: UUID) -> CycleItem:
    """One cycle, with its version as ETag."""
    cycle = await get_cycle(call.conn, cycle_id)
    set_etag(response, cycle.version)
    return cycle


@router.get("/{cycle_id}/stages")
async def stages(call: Reads, cycle_id: UUID) -> list[StageItem]:
    """The stages in order, with their planned dates and counts.

    The reader's own case and those of their own manager line are not counted.
    """
    await get_cycle(call.conn, cycle_id)
    return await list_stages(
        call.conn, cycle_id, call.now, hidden=hidden_cases(await call.reader(), cycle_id)
    )


@router.post("", status_code=201, response_model=CycleItem)
async def prepare(call: Launches, body: Prepare) -> Response:
    """Lay a launch check before HR: everybody in or out with a reason. Nothing opens."""

    async def effect() -> CycleItem:
        if abs(body.launch_on.year - call.now.year) > 1:
            message = "Give a launch date of last year, this year or the next."
            raise Invalid(message, ({"field": "launch_on", "code": "range", "message": message},))
        cycle_id = await launching.prepare(
            call.conn,
            await _version(call, body),
            body.launch_on,
            "button",
            call.actor,
            call.now,
            reviewers={int(person): named for person, named in body.reviewers.items()},
            only=body.people,
        )
        return await get_cycle(call.conn, cycle_id)

    return await once(call, effect, status=201)


async def _version(call: Call, body: Prepare) -> UUID:
    if body.version_id is not None:
        return body.version_id
    version = await latest(call.conn, body.definition or "")
    if version is None:
        raise NotFound("There is no such definition.", hint="Give `definition` or `version_id`.")
    return version.id


@router.post("/{cycle_id}/confirm", response_model=LaunchAnswer)
async def confirm(call: Launches, cycle_id: UUID) -> Response:
    """Launch. Calendars and plan are frozen; the engine opens everything. Repeatable."""

    async def effect() -> LaunchAnswer:
        launched = await launching.confirm(call.conn, cycle_id, call.actor, call.now)
        return LaunchAnswer.model_validate(launched)

    return await once(call, effect)


@router.post("/{cycle_id}/stop", response_model=CycleItem)
async def stop(call: Launches, cycle_id: UUID, body: Because) -> Response:
    """Give a launch up before it was confirmed. Repeatable."""

    async def effect() -> CycleItem:
        await give_up_launch(call.conn, cycle_id, call.actor, call.now, body.reason)
        return await get_cycle(call.conn, cycle_id)

    return await once(call, effect)


@router.get("/{cycle_id}/check")
async def check(call: Reads, cycle_id: UUID) -> LaunchCheck:
    """The launch check: who is in and out and why, what is odd, the load of each assignee."""
    return await report(call.conn, cycle_id, call.now)
