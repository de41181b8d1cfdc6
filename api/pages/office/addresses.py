"""An address that refused mail: correct it, or try it again. What was missed then goes out."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.bodies import PersonPath
from api.pages.frame.dates import plural, say_day
from api.pages.frame.shell import go, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Link, Problem
from api.pages.tasks.reading_views import Steer, SteerField
from domain.access import Action
from domain.errors import Invalid
from store.base.command_keys import fingerprint, run_once
from store.mail.refused_addresses import RefusedAddress, mend_address, refused_address, try_again

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]


@router.post("/people/addresses/try-again")
async def try_all(call: Changes) -> Response:
    """Try every address again that refused mail. Asked twice, the second finds nothing."""
    await try_again(call.conn, call.actor, call.now)
    return go("/people?status=refused", "tried-again")


@router.get("/people/{person_id}/address")
async def ask(call: Changes, person_id: PersonPath) -> Response:
    """What their server said, and the address to correct."""
    found = await refused_address(call.conn, person_id)
    return await show(call, await _page(call, found, found.address))


@router.post("/people/{person_id}/address")
async def mend(call: Changes, request: Request, person_id: PersonPath) -> Response:
    """Correct it, once."""
    form = await typed(request)
    address = words(form, "address").strip()
    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    known = fingerprint("POST", request.url.path, address.encode())

    async def effect() -> tuple[int, dict[str, object]]:
        queued = await mend_address(call.conn, person_id, address, call.actor, call.now)
        return 200, {"queued": queued}

    try:
        await run_once(call.conn, call.actor.key, key, known, call.now, effect)
    except Invalid as error:
        await undo(call)
        found = await refused_address(call.conn, person_id)
        wrong = Problem("f-address", error.detail, "#f-address")
        return await show(call, await _page(call, found, address, (wrong,)), error.status)
    return go("/people?status=refused", "mended")


async def _page(
    call: Call, found: RefusedAddress, address: str, problems: tuple[Problem, ...] = ()
) -> Steer:
    visit = await visit_of(call)
    heading = f"Mail to {found.name}"
    if found.refused_at is None:
        return Steer(
            title=heading,
            part="people",
            crumbs=(Link("People", "/people"),),
            heading=heading,
            action="",
            button="",
            back="/people",
            refused="No mail to this address was refused. Addresses come with the people file.",
        )
    day = say_day(found.refused_at.astimezone(visit.zone).date(), visit.today)
    said = f"{found.code or ''} {found.answer or ''}".strip()
    missed = f"{plural(found.waiting, 'item')} not said so far; they go with the next mail."
    return Steer(
        title=heading,
        part="people",
        crumbs=(Link("People", "/people"),),
        problems=problems,
        heading=heading,
        action=f"/people/{found.person_id}/address",
        button="Try this address",
        back="/people?status=refused",
        effects=(
            ("late", f"Mail was refused on {day}."),
            ("told", missed if found.waiting else "Nothing was missed so far."),
            ("told", "Until they were reached, nobody is told that they are late."),
        ),
        says="What happened",
        raw=("What their server said", said) if said else None,
        fields=(
            SteerField(
                "address",
                "Mail address",
                value=address,
                help="Correct it in the people file as well, or the next import brings it back.",
            ),
        ),
        key=secrets.token_urlsafe(16),
    )
