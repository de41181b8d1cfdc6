"""What two members of desks decide together: changed addresses, and who sits at a desk."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, Number
from api.idempotency import once
from definitions.loader import parse_company
from definitions.problems import DefinitionError, as_json
from domain.access import Action
from domain.errors import Invalid
from store.access.address_changes import AddressChange, held_addresses, vouch
from store.changes.desk_changes import (
    DeskChange,
    Saved,
    confirm_desks,
    offer_company,
    waiting_change,
    withdraw_desks,
)

router = APIRouter(prefix="/api", route_class=GuardedRoute, tags=["people"])

Reads = Annotated[Call, allow(Action.READ_PEOPLE)]
Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]


class Vouched(BaseModel):
    """Whether the address counts now; else one more member of a desk has to stand for it."""

    model_config = ConfigDict(frozen=True)

    id: int
    counts: bool


class CompanyFile(Body):
    """The company file as it is, YAML."""

    source: str


class CompanySaved(BaseModel):
    """`waits`: it changes who sits at a desk and holds when a second member confirms it."""

    model_config = ConfigDict(frozen=True)

    state: Saved


class Decided(BaseModel):
    """The change of a desk that was decided, and how."""

    model_config = ConfigDict(frozen=True)

    id: int
    state: str


@router.get("/address-changes")
async def addresses(call: Reads) -> list[AddressChange]:
    """Changed addresses by which nobody signs in yet, the oldest first."""
    return await held_addresses(call.conn, call.now)


@router.post("/address-changes/{change_id}/vouch", response_model=Vouched)
async def stand_for(call: Changes, change_id: Number) -> Response:
    """Stand for a changed address. Two members of desks have to; a service key never does."""

    async def effect() -> Vouched:
        reader = await call.reader()
        counts = await vouch(call.conn, change_id, reader, call.actor, call.now)
        return Vouched(id=change_id, counts=counts)

    return await once(call, effect)


@router.put("/company", response_model=CompanySaved)
async def save(call: Changes, body: CompanyFile) -> Response:
    """Save a company file. One that changes who sits at a desk waits for a second member."""
    try:
        settings = parse_company(body.source, "company.yaml")
    except DefinitionError as error:
        found = tuple(as_json(problem) for problem in error.found)
        raise Invalid("The company file has problems; nothing was saved.", found) from None

    async def effect() -> CompanySaved:
        state = await offer_company(
            call.conn, settings, body.source, actor=call.actor, now=call.now
        )
        return CompanySaved(state=state)

    return await once(call, effect)


@router.get("/desk-changes")
async def desks(call: Reads) -> list[DeskChange]:
    """The change of a desk that waits for a second member, if there is one."""
    change = await waiting_change(call.conn)
    return [] if change is None else [change]


@router.post("/desk-changes/{change_id}/confirm", response_model=Decided)
async def confirm(call: Changes, change_id: Number) -> Response:
    """Confirm a change of a desk as its second member; the file holds from now on."""

    async def effect() -> Decided:
        await confirm_desks(call.conn, change_id, actor=call.actor, now=call.now)
        return Decided(id=change_id, state="confirmed")

    return await once(call, effect)


@router.post("/desk-changes/{change_id}/withdraw", response_model=Decided)
async def withdraw(call: Changes, change_id: Number) -> Response:
    """Take a change of a desk back that waits."""

    async def effect() -> Decided:
        await withdraw_desks(call.conn, change_id, actor=call.actor, now=call.now)
        return Decided(id=change_id, state="withdrawn")

    return await once(call, effect)
