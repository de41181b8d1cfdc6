"""Signing in and out, and mailed links."""

import hashlib
import secrets
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.authentication import (
    Call,
    GuardedRoute,
    allow,
    drop_session_cookie,
    session_token,
    set_session_cookie,
)
from api.pages.account.views import AskLink, FollowLink, LinkSent, LinkState
from api.pages.frame.shell import go, said, show, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Problem
from api.sign_in import (
    LONGEST_TARGET,
    ask_for_link,
    ask_for_own_link,
    confirm_link,
    open_link,
)
from domain.access import AccessRole, Action, Level
from store.access.links import FoundLink, LinkPurpose, is_local_path
from store.access.links import LinkState as Found
from store.access.sessions import revoke_token
from store.base.command_keys import run_once
from store.views.feedback_requests import is_asked

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Anyone = Annotated[Call, allow(Action.PUBLIC)]
Own = Annotated[Call, allow(Action.OWN_ACCOUNT)]

INSTEAD = "instead"
"""The field that says: sign out whoever is here, and sign in by this link."""

STATES: dict[Found, LinkState] = {
    Found.EXPIRED: "expired",
    Found.REVOKED: "revoked",
    Found.USED: "used",
    Found.HELD: "held",
    Found.UNKNOWN: "unknown",
}


@router.get("/")
async def home(call: Anyone) -> Response:
    """Straight to what waits, or to the door."""
    if call.person is None:
        return go("/sign-in")
    return go("/feedback" if AccessRole.OUTSIDE in call.person.roles else "/tasks")


@router.get("/sign-in")
async def ask(call: Anyone, request: Request) -> Response:
    """The form that asks for a link."""
    target = request.query_params.get("next", "/")
    target = target if may_follow(target) else "/"
    if call.person is not None and call.person.level is Level.FULL:
        return go(target)
    page = AskLink(
        title="Sign in",
        next_path=target,
        key=secrets.token_urlsafe(16),
        notice=said(request),
        known=call.person is not None,
    )
    return await show(call, page)


def may_follow(target: str) -> bool:
    """Whether somebody may be sent there after signing in: a path of this site, not too long."""
    return len(target) <= LONGEST_TARGET and is_local_path(target)


@router.post("/sign-in")
async def send(call: Anyone, request: Request) -> Response:
    """Mail a link; nobody learns whether the address is known."""
    form = await typed(request)
    email, target = words(form, "email").strip(), words(form, "next") or "/"
    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    problems = []
    if call.person is not None and not email:
        return await _send_to_own(call, request, target, key)
    if len(email) > 254 or "@" not in email.strip("@") or any(c.isspace() for c in email):
        problems.append(Problem("email", "Enter an address like name@company.com"))
    if not may_follow(target):
        text = "The page that you came from cannot be opened from here; your tasks come instead."
        problems.append(Problem("", text))
        target = "/"
    if problems:
        page = AskLink(
            title="Sign in", email=email, next_path=target, key=key, problems=tuple(problems)
        )
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)

    async def effect() -> tuple[int, dict[str, object]]:
        await ask_for_link(request, call.conn, email, target, call.now)
        return 200, {}

    asked = hashlib.sha256(f"{email}\n{target}".encode()).hexdigest()
    # Sent twice it is one mail; another address typed on the same page is another wish.
    await run_once(call.conn, call.actor.key, f"{key[:100]}.{asked}", asked, call.now, effect)
    settings = request.app.state.settings
    page_sent = LinkSent(
        title="Look into your inbox", email=email, minutes=settings.sign_in_link_minutes
    )
    return await show(call, page_sent)


async def _send_to_own(call: Call, request: Request, target: str, key: str) -> Response:
    """Mail a link to whoever is here by the link of a task, at the address that we know."""
    target = target if may_follow(target) else "/"

    async def effect() -> tuple[int, dict[str, object]]:
        await ask_for_own_link(request, call.conn, call.person_id, target, call.now)
        return 200, {}

    asked = hashlib.sha256(target.encode()).hexdigest()
    await run_once(call.conn, call.actor.key, f"{key[:100]}.{asked}", asked, call.now, effect)
    minutes = request.app.state.settings.sign_in_link_minutes
    return await show(call, LinkSent(title="Look into your inbox", email="", minutes=minutes))


@router.get("/l/{token}")
async def follow(call: Anyone, request: Request, token: str) -> Response:
    """A mailed link was opened, perhaps by a mail scanner: nothing happens before the button."""
    opened = await open_link(request, call.conn, token, call.now)
    if await _is_over(call, opened.link):
        return await _no_use(call, opened.link, over=True)
    if opened.link.state is Found.USED and opened.reached:
        return go(opened.link.target)  # the button was pressed twice
    if opened.link.purpose == LinkPurpose.ADDRESS:
        return go(f"/address/{token}")
    if opened.link.state is not Found.VALID:
        return await _no_use(call, opened.link)
    if opened.other:
        return await _for_another(call, token, opened.here_name)
    if opened.reached:
        return go(opened.link.target)
    name = opened.name if opened.link.outside else opened.name.partition(" ")[0]
    page = FollowLink(
        title=f"Hello {name}",
        state="ready",
        action=f"/l/{quote(token)}",
        name=name,
        outside=opened.link.outside,
        level=opened.link.level.value,
    )
    return await show(call, page)


@router.post("/l/{token}")
async def enter(call: Anyone, request: Request, token: str) -> Response:
    """Sign in through a link."""
    opened = await open_link(request, call.conn, token, call.now)
    if await _is_over(call, opened.link):
        return await _no_use(call, opened.link, over=True)
    if opened.other and opened.link.state is Found.VALID:
        if words(await typed(request), INSTEAD) != "yes":
            return await _for_another(call, token, opened.here_name)
        await revoke_token(call.conn, session_token(request) or "", call.now)
    if opened.link.state is Found.USED and opened.reached:
        return go(opened.link.target)  # the button was pressed twice
    link, session = await confirm_link(request, call.conn, token, call.now)
    if session is None:
        return await _no_use(call, link)
    response = go(link.target)
    set_session_cookie(request, response, session, link.level)
    return response


async def _for_another(call: Call, token: str, here: str) -> HTMLResponse:
    """Ask before somebody else is signed in on this device; the link is told to nobody."""
    page = FollowLink(
        title="For somebody else",
        state="other_person",
        action=f"/l/{quote(token)}",
        here_as=here,
        instead=INSTEAD,
    )
    return await show(call, page)


async def _is_over(call: Call, link: FoundLink) -> bool:
    """Somebody from outside came when nothing is asked of them any more, whatever the link says."""
    if not link.outside or link.person_id is None:
        return False
    return not await is_asked(call.conn, link.person_id)


async def _no_use(call: Call, link: FoundLink, *, over: bool = False) -> HTMLResponse:
    state: LinkState = "round_closed" if over else STATES[link.state]
    status = HTTPStatus.NOT_FOUND if state == "unknown" else HTTPStatus.GONE
    titles = {
        "expired": "This link has run out",
        "revoked": "This link no longer works",
        "used": "This link was used",
        "held": "Not yet",
        "round_closed": "This round has closed",
    }
    until = link.held_until if state == "held" else None
    page = FollowLink(title=titles.get(state, "Unknown link"), state=state, held_until=until)
    return await show(call, page, status)


@router.post("/sign-out")
async def leave(call: Anyone, request: Request) -> Response:
    """Sign out of this browser. Harmless if nobody is signed in."""
    token = session_token(request)
    if token:
        await revoke_token(call.conn, token, call.now)
    response = go("/sign-in", "signed-out")
    drop_session_cookie(request, response)
    return response
