"""Refuse bodies that are larger than an address takes, before they are in memory."""

from starlette.datastructures import Headers
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
            await self._refuse(scope, receive, send, most)
            return
        taken = 0
        answered = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _Exceeded
            return message

        async def unless_exceeded(message: Message) -> None:
            """What was made of a body that broke off is not the answer."""
            nonlocal answered
            if taken <= most or answered:
                answered = True
                await send(message)

        try:
            await self.app(scope, counted, unless_exceeded)
        except Exception:
            if taken <= most:
                raise
        if taken > most and not answered:
            await self._refuse(scope, receive, send, most)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, most: int) -> None:
        error = TooLarge(f"This address takes at most {most:,} bytes.")
        response = await answer(Request(scope, receive), error)
        await response(scope, receive, send)


class _Exceeded(Exception):
    """More came than may. Whoever reads the body turns it into an answer that is not sent."""
