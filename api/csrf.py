"""Refuse what a page of another site sends with the reader's cookie.

The rule of Go's standard library since 1.25: browsers say themselves where a request comes from
(`Sec-Fetch-Site`); older ones at least name the origin. Whoever says neither is no browser and has
no cookie to abuse. No token in forms, so pages work without scripts and in any tab.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import SAFE_METHODS, CrossSite, answer


class CrossSiteGuard:
    """ASGI middleware; it lets safe methods pass, which change nothing anywhere in Almanac."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403 `cross-site`."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or same_site(scope):
            await self.app(scope, receive, send)
            return
        error = CrossSite(
            "This was sent from a page of another site, so nothing was done.",
            hint="Open Almanac itself and try again there.",
        )
        response = await answer(Request(scope, receive), error)
        await response(scope, receive, send)


def same_site(scope: Scope) -> bool:
    """Whether the request comes from our own pages, from the address bar, or from no browser."""
    headers = Headers(scope=scope)
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == headers.get("host", "") != ""
