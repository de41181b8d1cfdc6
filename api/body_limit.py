"""Refuse bodies that are larger than an address takes, before they are in memory."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TooLarge, answer


class BodyLimit:
    """ASGI middleware. `limits` are bytes by path, for those that take more than `most`."""

    def __init__(self, app: ASGIApp, *, most: int, limits: dict[str, int]) -> None:
        self.app = app
        self.most = most
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413 `too-large`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.limits.get(scope["path"], self.most)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
            error = TooLarge(f"This address takes at most {most:,} bytes.")
            response = await answer(Request(scope, receive), error)
            await response(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self.app(scope, counted, send)
