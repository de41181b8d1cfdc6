"""Changed addresses: the owner of the old one decides, or members of desks stand for it."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.account.views import OwnAddress
from api.pages.frame.shell import go, said, show, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Link
from api.pages.office.views import Addresses, AddressLine
from domain.access import Action
from store.access.address_changes import (
    AddressChange,
    by_token,
    confirm_address,
    held_addresses,
    may_vouch,
    object_to_address,
    vouch,
)

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Anyone = Annotated[Call, allow(Action.PUBLIC)]
Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]

TITLE = "Your mail address"


@router.get("/address/{token}")
async def ask(call: Anyone, token: str) -> Response:
    """What has changed, and two buttons. Mail scanners open links: nothing happens here."""
    change = await by_token(call.conn, token, call.now)
    if change is None:
        return await show(call, OwnAddress(title=TITLE, state="settled"), HTTPStatus.GONE)
    page = OwnAddress(
        title=TITLE,
        state="asks",
        action=f"/address/{quote(token)}",
        name=change.name,
        old=change.old_address,
        new=change.new_address,
        changed_at=change.changed_at,
        until=change.holds_until,
    )
    return await show(call, page)


@router.post("/address/{token}")
async def decide(call: Anyone, request: Request, token: str) -> Response:
    """The owner of the old address confirms the new one, or takes it back."""
    button = words(await typed(request), "go")
    if button not in ("confirm", "object") or not await by_token(call.conn, token, call.now):
        return await show(call, OwnAddress(title=TITLE, state="settled"), HTTPStatus.GONE)
    act = confirm_address if button == "confirm" else object_to_address
    change = await act(call.conn, token, call.now)
    page = OwnAddress(
        title=TITLE,
        state="confirmed" if button == "confirm" else "objected",
        name=change.name,
        new=change.new_address,
    )
    return await show(call, page)


@router.get("/people/addresses")
async def waiting(call: Changes, request: Request) -> Response:
    """Changed addresses by which nobody signs in yet."""
    reader = await call.reader()
    page = Addresses(
        title="Changed addresses",
        part="people",
        crumbs=(Link("People", "/people"),),
        notice=said(request),
        lines=tuple(
            _line(change, may=may_vouch(reader, change))
            for change in await held_addresses(call.conn, call.now)
        ),
    )
    return await show(call, page)


def _line(change: AddressChange, *, may: bool) -> AddressLine:
    return AddressLine(
        id=change.id,
        name=change.name,
        old=change.old_address,
        new=change.new_address,
        changed_at=change.changed_at,
        changed_by=change.changed_by or "",
        until=change.holds_until,
        voices=len(change.vouched_by),
        may_vouch=may,
    )


@router.post("/people/addresses")
async def stand_for(call: Changes, request: Request) -> Response:
    """A member of a desk stands for those that are marked."""
    marked = [one for one in (await typed(request)).getlist("change") if isinstance(one, str)]
    wanted = {int(one) for one in marked if one.isascii() and one.isdigit()}
    reader = await call.reader()
    for change in await held_addresses(call.conn, call.now):
        if change.id in wanted:
            await vouch(call.conn, change.id, reader, call.actor, call.now)
    return go("/people/addresses", "vouched")
