"""Any error as a page: what happened, what was changed, what to do."""

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from api.authentication import Call, find_person
from api.errors import SAFE_METHODS, FreshSignInNeeded, NotSignedIn, TooManyRequests, what_changed
from api.pages.account.sign_in import may_follow
from api.pages.account.views import Refusal
from api.pages.frame.render import render
from api.pages.frame.shell import SAID, UTC, visit_of
from api.pages.frame.typed import not_shown, texts_of
from api.pages.frame.views import Visit
from api.transaction import Transaction, instant
from domain.access import Action
from domain.errors import AlmanacError

PLAIN: dict[int, tuple[str, str, str]] = {
    400: (
        "We did not understand this",
        "The address or the form came in a shape that we do not know.",
        "Go back and try once more.",
    ),
    403: (
        "This is not for you to do",
        "You may know that it exists, but not do this.",
        "If you think you should, ask HR or an administrator.",
    ),
    404: (
        "There is nothing here",
        "Either it does not exist, or it is not for you to see; we do not tell which.",
        "Open the link from your mail once more, or go to your tasks.",
    ),
    405: (
        "This address shows nothing",
        "A form is sent here; there is no page to look at.",
        "Go back, or go to your tasks.",
    ),
    409: (
        "Not possible now",
        "Things have moved on.",
        "Go back and look at it again.",
    ),
    412: (
        "Changed in another window",
        "A newer version was saved meanwhile.",
        "Go back, reload the page, and compare.",
    ),
    413: ("This is too large", "It is larger than we can take.", ""),
    422: (
        "Something needs correcting",
        "",
        "Go back and correct it.",
    ),
    428: (
        "Which version?",
        "It was not said which version this change is based on.",
        "Go back, reload the page, and send it again.",
    ),
    429: ("Too many at once", "Please wait a few minutes.", ""),
    503: (
        "Almanac cannot answer at this moment",
        "",
        "It usually passes within a minute. Go back and try again.",
    ),
}
"""Heading, what happened, and what to do, by status. What was changed is never said here: only
`what_changed` knows."""

OURS = (
    "This is our mistake",
    "Something went wrong on our side.",
    "Try again. If it stays, tell an administrator the reference below.",
)


async def error_page(request: Request, error: AlmanacError) -> Response:
    """Any error as a page, in the frame of whoever is signed in."""
    status = int(error.status)
    if isinstance(error, NotSignedIn):
        return await _signed_out(request)
    if isinstance(error, FreshSignInNeeded):
        return await _fresh(request)
    title, text, hint = PLAIN.get(status, OURS)
    if status in (409, 422) and error.detail.endswith("."):
        text = error.detail
    if isinstance(error, TooManyRequests):
        text = error.detail
    changed = what_changed(request) or _before(request)
    page = Refusal(
        title=title,
        status=status,
        # The detail of a problem may say it already.
        text=text if changed in text else f"{text} {changed}".strip(),
        hint=error.hint if status == 409 and error.hint else hint,
        reference=str(request.scope.get("state", {}).get("request_id", "")),
    )
    missing = status == HTTPStatus.SERVICE_UNAVAILABLE
    visit = Visit(instant(request), UTC) if missing else await _visitor(request)
    return await _shown(request, page, visit)


async def _shown(request: Request, page: Refusal, visit: Visit) -> Response:
    """The page, with what was typed into the form that was refused."""
    kept = not_shown(await texts_of(request), page.text)
    return HTMLResponse(render(replace(page, kept=kept), visit), page.status)


def _before(request: Request) -> str:
    """What was changed just before this page, to which the change has led on (`shell.go`)."""
    if request.method in SAFE_METHODS and request.query_params.get("said", "") in SAID:
        return "What you did before was kept; only the page after it cannot be shown."
    return ""


async def _signed_out(request: Request) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    path = path if may_follow(path) else "/"
    if request.method in SAFE_METHODS:
        return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", int(HTTPStatus.SEE_OTHER))
    # Whoever typed something must not lose it.
    page = Refusal(
        title="You were signed out meanwhile",
        status=401,
        text="Your text is still on the page before this one. Sign in in another tab, then go "
        "back and send it again.",
        new_tab=True,
    )
    return await _shown(request, page, Visit(instant(request), UTC))


async def _fresh(request: Request) -> Response:
    """Whoever came by the link of a task signs in for the rest, and comes back to where they were.

    After a POST they come back to the page that it was sent from.
    """
    if request.method in SAFE_METHODS:
        return await _signed_out(request)
    came_from = urlsplit(request.headers.get("referer", ""))
    path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    path = path if may_follow(path) else "/"
    page = Refusal(
        title="Please sign in once more",
        status=401,
        text="You came by the link of a task, which opens that task and your own list. "
        f"{what_changed(request)} What you typed is still on the page before this one.",
        hint="Sign in, then go back to it and send it again.",
        sign_in=f"/sign-in?next={quote(path, safe='')}",
        new_tab=True,
    )
    return await _shown(request, page, await _visitor(request))


async def _visitor(request: Request) -> Visit:
    """Who reads the page of error, as far as the database can say: it may be what is missing."""
    now = instant(request)
    transaction = Transaction(request.app.state.database)
    request.state.transaction = transaction  # that of the request itself is over
    try:
        call = Call(request, await transaction.connection(), now, Action.PUBLIC)
        call.person = await find_person(request)
        return await visit_of(call)
    except (SQLAlchemyError, OSError):
        return Visit(now, UTC)
    finally:
        await transaction.rollback()
