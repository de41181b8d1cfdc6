"""One JSON line per event, with the request's id; never a name, an address, a token or a text.

A request is logged by the template of its route (`/l/{token}`), so that neither tokens nor ids nor
query strings reach a log. Requests of raters are not logged or counted at all, unless they fail.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Literal

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import unexpected
from api.library_logs import take_over
from api.log_lines import Lines
from api.metrics import Metrics

UNRECORDED = "(feedback)"
"""What stands for a raters' route when something of ours has failed in it."""

REQUEST_ID = "X-Request-Id"
QUIET = "/livez"
"""Asked every few seconds by those who watch: that all is well needs no line."""

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def configure_logging(level: str = "INFO", form: Literal["json", "console"] = "json") -> None:
    """Write structured lines to standard error; for entry points. Repeatable.

    Also what libraries log. `level` is a name of the standard library; `console` is for people at a
    terminal.
    """
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer()
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_messages,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=lambda *_: Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )
    take_over(numeric)


def _without_messages(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """An exception's message may quote what somebody wrote: only its class is kept."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return event


class RequestLog:
    """ASGI middleware, the outermost: request id, access line, metrics, and no traceback leaves."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics
        self.log = structlog.get_logger("almanac.access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and write down how that went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, with_id)
            except Exception as error:
                if status:
                    self.log.error("answer_broken_off", error=type(error).__name__)
                else:
                    response = await unexpected(Request(scope, receive), error)
                    await response(scope, receive, with_id)
            took = time.perf_counter() - began
            route = route_of(scope)
            if getattr(scope.get("route"), "unrecorded", False):
                if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return
                route = UNRECORDED
            self.metrics.request(scope["method"], route, status, took)
            if route == QUIET and status == HTTPStatus.OK:
                return
            self.log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(took * 1000, 1),
            )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _ACCEPTABLE_ID.fullmatch(given) else secrets.token_hex(8)


def route_of(scope: Scope) -> str:
    """The template of the route that answered."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "(none)"
