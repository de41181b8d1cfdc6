"""Errors as RFC 9457 problems, with a catalogue of stable types; pages get a page.

A problem's `type` is `/problems/<code>`: it can be opened and says what it means. Answers carry
ids and positions, never what somebody wrote.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.library_logs import place_of
from api.transaction import Outcome, outcome_of
from domain.errors import (
    AlmanacError,
    EditConflict,
    Forbidden,
    IllegalState,
    Invalid,
    KeyReused,
    NotFound,
)
from store.base.outage import Outage, outage_of
from store.base.seal_keys import KeysUnavailable

MEDIA_TYPE = "application/problem+json"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing anywhere in Almanac."""

log = structlog.get_logger("almanac.api")


class NotSignedIn(AlmanacError):
    """Nobody is signed in, or the service key is wrong."""

    code = "not-signed-in"
    status = HTTPStatus.UNAUTHORIZED
    title = "Please sign in"


class FreshSignInNeeded(AlmanacError):
    """Whoever is signed in came by the link of a task, and this needs a sign-in link."""

    code = "fresh-sign-in-needed"
    status = HTTPStatus.UNAUTHORIZED
    title = "Please sign in once more"


class TooManyRequests(AlmanacError):
    """A limit was reached; `Retry-After` says when to come back."""

    code = "too-many-requests"
    status = HTTPStatus.TOO_MANY_REQUESTS
    retryable = True
    title = "Too many requests"

    def __init__(self, detail: str, headers: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.headers = headers


class CrossSite(AlmanacError):
    """A page of another site sent this, with the reader's cookie."""

    code = "cross-site"
    status = HTTPStatus.FORBIDDEN
    title = "Sent from another site"


class VersionRequired(AlmanacError):
    """The change must say which version it is based on, with `If-Match`."""

    code = "version-required"
    status = HTTPStatus.PRECONDITION_REQUIRED
    title = "Which version?"


class Malformed(AlmanacError):
    """The request is no valid HTTP request of this API: a bad cursor, header or body."""

    code = "malformed"
    status = HTTPStatus.BAD_REQUEST
    title = "Not understood"


class MethodNotAllowed(AlmanacError):
    """There is such an address, but not with this method."""

    code = "method-not-allowed"
    status = HTTPStatus.METHOD_NOT_ALLOWED
    title = "Not with this method"


class TooLarge(AlmanacError):
    """The body is larger than this address takes."""

    code = "too-large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "Too large"


class Unavailable(AlmanacError):
    """The database, or what else is needed, cannot be reached at this moment."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retryable = True
    title = "Almanac cannot answer at this moment"


CATALOGUE: Mapping[str, type[AlmanacError]] = {
    error.code: error
    for error in (
        Malformed,
        NotSignedIn,
        FreshSignInNeeded,
        Forbidden,
        CrossSite,
        NotFound,
        MethodNotAllowed,
        IllegalState,
        EditConflict,
        TooLarge,
        Invalid,
        KeyReused,
        VersionRequired,
        TooManyRequests,
        AlmanacError,
        Unavailable,
        KeysUnavailable,
    )
}
"""Every problem type. Codes are a public contract: they are added, never renamed."""

_BY_STATUS: Mapping[int, type[AlmanacError]] = {
    400: Malformed,
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    503: Unavailable,
}

_OUTAGES: Mapping[Outage, tuple[str, str]] = {
    Outage.UNREACHABLE: ("The database cannot be reached.", "Please try again in a moment."),
    Outage.FULL: (
        "Nothing can be saved: the disk of the database is full.",
        "Please keep what you wrote, and try again later; an administrator has to make room.",
    ),
    Outage.READ_ONLY: (
        "Nothing can be saved at the moment: the database takes no changes.",
        "Please try again later.",
    ),
    Outage.BUSY: ("The database has too much to do at the moment.", "Please try again."),
    Outage.CONTENDED: ("Somebody else changed the same thing at this moment.", "Please try again."),
}
"""Why, and what to do; between them stands what the request has changed."""

ErrorPage = Callable[[Request, AlmanacError], Awaitable[Response]]
"""Renders an error for a browser; set by the pages as `app.state.error_page`."""


def problem(error: AlmanacError, instance: str | None = None) -> dict[str, Any]:
    """The RFC 9457 members of an error. `problems` lists what is wrong with single fields."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": int(error.status),
        "detail": error.detail,
        "code": error.code,
        "retryable": error.retryable,
    }
    if error.hint:
        body["hint"] = error.hint
    if instance:
        body["request_id"] = instance
    return body | {key: value for key, value in error.extra.items() if key not in body}


def problem_response(request: Request, error: AlmanacError) -> Response:
    """The JSON answer for an error."""
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if isinstance(error, TooManyRequests):
        headers |= error.headers
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="almanac"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "5"
    request_id = request.scope.get("state", {}).get("request_id")
    return JSONResponse(
        problem(error, request_id), int(error.status), headers, media_type=MEDIA_TYPE
    )


async def answer(request: Request, error: AlmanacError) -> Response:
    """The answer for an error: a page for a browser outside `/api`, else a problem."""
    page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if page is None or not prefers_page(request):
        return problem_response(request, error)
    response = await page(request, error)
    if isinstance(error, TooManyRequests):
        response.headers.update(error.headers)
    return response


def prefers_page(request: Request) -> bool:
    """Whether whoever asks is a browser that wants a page."""
    if request.url.path.startswith(("/api/", "/problems/")):
        return False
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not accepted.startswith("application/")


def install(app: FastAPI) -> None:
    """Answer every error of the application in this way."""

    async def known(request: Request, error: Exception) -> Response:
        return await answer(request, cast(AlmanacError, error))

    async def malformed(request: Request, error: Exception) -> Response:
        return await answer(request, _from_validation(cast(RequestValidationError, error)))

    async def http(request: Request, error: Exception) -> Response:
        refused = cast(HTTPException, error)
        response = await answer(request, _from_http(refused))
        response.headers.update(refused.headers or {})
        return response

    async def database(request: Request, error: Exception) -> Response:
        outage = outage_of(error)
        if outage is None:
            return await unexpected(request, error)
        log.warning("database_unavailable", outage=outage)
        why, then = _OUTAGES[outage]
        said = (why, what_changed(request), then)
        return await answer(request, Unavailable(" ".join(filter(None, said))))

    async def unstorable(request: Request, error: Exception) -> Response:
        log.warning("unstorable_input", place=place_of(error))
        return await answer(
            request, Invalid("The request contains a character or number that cannot be kept.")
        )

    app.add_exception_handler(AlmanacError, known)
    app.add_exception_handler(DataError, unstorable)
    app.add_exception_handler(UnicodeError, unstorable)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(DBAPIError, database)
    app.add_exception_handler(PoolTimeout, database)
    app.add_exception_handler(OSError, database)


async def unexpected(request: Request, error: Exception) -> Response:
    """The answer for a bug. The log gets the place; the message may quote data, so nobody does."""
    log.error("unexpected_error", error=type(error).__name__, place=place_of(error))
    said = f"This is a mistake of ours. {what_changed(request)}".strip()
    return await answer(request, AlmanacError(said))


def what_changed(request: Request) -> str:
    """What a request that went wrong has changed, in a sentence that is so.

    Nothing is said of a request that only looks: the reader may come from one that has changed
    something, and would take it for an answer to that.
    """
    if request.method in SAFE_METHODS:
        return ""
    match outcome_of(request):
        case Outcome.NOTHING:
            return "Nothing was changed."
        case Outcome.KEPT:
            return "What you sent was kept all the same."
        case Outcome.UNKNOWN:
            return "Whether it was kept is not known: look before you send it again."


def _from_validation(error: RequestValidationError) -> AlmanacError:
    problems = tuple(
        {
            "path": ".".join(str(part) for part in found["loc"]),
            "code": str(found["type"]),
            "message": str(found["msg"]),
        }
        for found in error.errors()
    )
    return Invalid("The request is not what this address takes.", problems)


def _from_http(error: HTTPException) -> AlmanacError:
    if error.status_code == HTTPStatus.BAD_REQUEST and "exceeded maximum" in str(error.detail):
        return TooLarge("A field of the form is larger than this address takes.")
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        kind = Malformed if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else AlmanacError
    texts = {
        404: "There is nothing at this address.",
        405: "This address exists, but not with this method.",
        400: "The request could not be read.",
        413: "The body is larger than this address takes.",
    }
    detail = texts.get(error.status_code, kind.title)
    if kind is TooManyRequests:
        return TooManyRequests(detail, {})
    return kind(detail)
