"""Signing in and out, mailed links, and what is answered when something goes wrong."""

import hashlib
import secrets
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.authentication import (
    Call,
    GuardedRoute,
    allow,
    drop_session_cookie,
    session_token,
    set_session_cookie,
)
from api.errors import FreshSignInNeeded, NotSignedIn, TooManyRequests
from api.pages.render import render
from api.pages.shell import UTC, go, said, show, typed, words
from api.pages.views.frame import Problem, Visit
from api.pages.views.sign_in import AskLink, FollowLink, LinkSent, LinkState, Refusal
from api.sign_in import (
    LONGEST_TARGET,
    ask_for_link,
    ask_for_own_link,
    confirm_link,
    open_link,
)
from domain.access import AccessRole, Action, Level
from domain.errors import AlmanacError
from store.command_keys import run_once
from store.links import FoundLink, LinkPurpose, is_local_path
from store.links import LinkState as Found
from store.sessions import revoke_token
from store.views.feedback_requests import is_asked

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Anyone = Annotated[Call, allow(Action.PUBLIC)]
Own = Annotated[Call, allow(Action.OWN_ACCOUNT)]

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
    target = target if _may_follow(target) else "/"
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


def _may_follow(target: str) -> bool:
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
    if not _may_follow(target):
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
    target = target if _may_follow(target) else "/"

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
        page = FollowLink(title="For somebody else", state="other_person", here_as=opened.here_name)
        return await show(call, page, HTTPStatus.FORBIDDEN)
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
    if opened.other:
        page = FollowLink(title="For somebody else", state="other_person", here_as=opened.here_name)
        return await show(call, page, HTTPStatus.FORBIDDEN)
    if opened.link.state is Found.USED and opened.reached:
        return go(opened.link.target)  # the button was pressed twice
    link, session = await confirm_link(request, call.conn, token, call.now)
    if session is None:
        return await _no_use(call, link)
    response = go(link.target)
    set_session_cookie(request, response, session, link.level)
    return response


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


# --- Errors ------------------------------------------------------------------------------------

PLAIN: dict[int, tuple[str, str, str]] = {
    400: (
        "We did not understand this",
        "The address or the form came in a shape that we do not know. Nothing was changed.",
        "Go back and try once more.",
    ),
    403: (
        "This is not for you to do",
        "You may know that it exists, but not do this. Nothing was changed.",
        "If you think you should, ask HR or an administrator.",
    ),
    404: (
        "There is nothing here",
        "Either it does not exist, or it is not for you to see; we do not tell which.",
        "Open the link from your mail once more, or go to your tasks.",
    ),
    409: (
        "Not possible now",
        "Things have moved on. Nothing was changed.",
        "Go back and look at it again.",
    ),
    412: (
        "Changed in another window",
        "A newer version was saved meanwhile. Nothing was overwritten.",
        "Go back, reload the page, and compare.",
    ),
    413: ("This is too large", "It is larger than we can take. Nothing was changed.", ""),
    422: (
        "Something needs correcting",
        "Nothing was changed.",
        "Go back: what you typed is still there.",
    ),
    429: ("Too many at once", "Please wait a few minutes. Nothing is lost.", ""),
    503: (
        "Almanac cannot answer at this moment",
        "Nothing was changed, and nothing is lost.",
        "It usually passes within a minute. Go back and try again.",
    ),
}

OURS = (
    "This is our mistake",
    "Something went wrong on our side. Nothing was changed by this request.",
    "Try again. If it stays, tell an administrator the reference below.",
)


async def error_page(request: Request, error: AlmanacError) -> Response:
    """Any error as a page, without asking the database anything: it may be what is missing."""
    status = int(error.status)
    if isinstance(error, NotSignedIn):
        return _signed_out(request)
    if isinstance(error, FreshSignInNeeded):
        return _fresh(request)
    title, text, hint = PLAIN.get(status, OURS)
    if status in (409, 422) and error.detail.endswith("."):
        text = f"{error.detail} {text}" if status == 422 else error.detail
    if isinstance(error, TooManyRequests):
        text = f"{error.detail} Nothing is lost."
    page = Refusal(
        title=title,
        status=status,
        text=text,
        hint=error.hint if status == 409 and error.hint else hint,
        reference=str(request.scope.get("state", {}).get("request_id", "")),
    )
    return HTMLResponse(render(page, _visitor(request)), status)


def _signed_out(request: Request) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    path = path if _may_follow(path) else "/"
    if request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", int(HTTPStatus.SEE_OTHER))
    # Whoever typed something must not lose it: the page before still holds it.
    page = Refusal(
        title="You were signed out meanwhile",
        status=401,
        text="Your text is still on the page before this one. Sign in in another tab, then go "
        "back and send it again.",
        new_tab=True,
    )
    return HTMLResponse(render(page, _visitor(request)), int(HTTPStatus.UNAUTHORIZED))


def _fresh(request: Request) -> Response:
    """Whoever came by the link of a task signs in for the rest, and comes back to where they were.

    After a POST they come back to the page that it was sent from.
    """
    if request.method in ("GET", "HEAD"):
        return _signed_out(request)
    came_from = urlsplit(request.headers.get("referer", ""))
    path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    path = path if _may_follow(path) else "/"
    page = Refusal(
        title="Please sign in once more",
        status=401,
        text="You came by the link of a task, which opens that task and your own list. Nothing was "
        "changed. What you typed is still on the page before this one.",
        hint="Sign in, then go back to it and send it again.",
        sign_in=f"/sign-in?next={quote(path, safe='')}",
        new_tab=True,
    )
    return HTMLResponse(render(page, _visitor(request)), int(HTTPStatus.UNAUTHORIZED))


def _visitor(request: Request) -> Visit:
    now = request.app.state.clock.now()
    person = getattr(request.state, "signed_in", None)
    if person is None:
        return Visit(now, UTC)
    return Visit(
        now,
        UTC,
        person_id=person.person_id,
        manages=AccessRole.MANAGER in person.roles,
        hr=AccessRole.HR in person.roles,
        administrator=AccessRole.ADMINISTRATOR in person.roles,
        outside=AccessRole.OUTSIDE in person.roles,
        by_task=person.level is Level.TASK,
    )
