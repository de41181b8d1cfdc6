"""What one connection may cost before a request is complete.

Uvicorn's fast parser takes a head of any length and waits for the rest of it for ever: 300 MB of
unfinished header were taken. Here a head and its first line have a size and a time, a body has a
pace, and who is refused is told why before the connection closes.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, numbers and seconds of one connection.

    `head_seconds` run from the first byte of a request (from the connection, for the first one)
    to the end of its head. Of a body, `body_bytes` must come in each `body_seconds`. What comes
    after an answer is thrown away: `rest_bytes` of it, for `rest_seconds` after a refusal.
    """

    line_bytes: int = 8_192
    head_bytes: int = 32_768
    headers: int = 100
    head_seconds: float = 20.0
    body_seconds: float = 30.0
    body_bytes: int = 8_192
    rest_seconds: float = 3.0
    rest_bytes: int = 8_000_000


_SENTENCES = {
    HTTPStatus.BAD_REQUEST: "This is not a request that can be read.",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not come in time.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large.",
}


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Tests give other limits by a subclass."""

    limits = Limits()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        self._rest_bytes = 0
        self._refused = False
        self._wrong: HTTPStatus | None = None
        self._timer: asyncio.TimerHandle | None = None

    # --- The connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected and should begin to say something."""
        super().connection_made(transport)
        self._arm(self.limits.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, or refuse it."""
        if self._refused or (self._is_rest()):
            self._rest_bytes += len(data)
            if self._rest_bytes > self.limits.rest_bytes:
                self.transport.abort()
                return
        if self._refused or self.transport.is_closing():
            return
        if self._in_head and self._timer is None:
            self._arm(self.limits.head_seconds, self._head_is_late)
        began_in_head = self._in_head
        super().data_received(data)
        if began_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes:
                self._wrong = self._wrong or HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        if self._wrong is not None:
            self._refuse(self._wrong)

    def send_400_response(self, msg: str) -> None:
        """The parser could not read it."""
        self._refuse(HTTPStatus.BAD_REQUEST)

    # --- The parser's steps --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first line of a request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._body_bytes = self._rest_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        super().on_url(url)
        if len(self.url) > self.limits.line_bytes:
            self._wrong = HTTPStatus.REQUEST_URI_TOO_LONG

    def on_headers_complete(self) -> None:
        """The head is complete: only now anything is asked of the application."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.head_bytes or len(self.headers) > self.limits.headers:
            self._wrong = self._wrong or HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        if self._wrong is not None:
            return
        self._in_head = False
        self._disarm()
        self._arm(self.limits.body_seconds, self._look_at_pace)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._wrong is None:
            self._body_bytes += len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._wrong is None:
            self._disarm()
            self._in_head = True
            super().on_message_complete()

    # --- Time ----------------------------------------------------------------------------------

    def _head_is_late(self) -> None:
        self._timer = None
        if self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()  # nothing was asked, so there is nothing to answer

    def _look_at_pace(self) -> None:
        """Whether enough of the body has come since the last look."""
        self._timer = None
        came, self._body_bytes = self._body_bytes, 0
        if self._is_rest():
            self.transport.close()
        elif came < self.limits.body_bytes and not self.flow.read_paused:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._arm(self.limits.body_seconds, self._look_at_pace)

    def _arm(self, seconds: float, act: Any) -> None:
        self._timer = self.loop.call_later(seconds, act)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- Refusing ------------------------------------------------------------------------------

    def _is_rest(self) -> bool:
        """Whether what comes is the body of a request that was answered already."""
        cycle: RequestResponseCycle | None = self.cycle
        return not self._in_head and cycle is not None and cycle.response_complete

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer, throw away what still comes, and close.

        Closing at once would make the other side's system forget the answer before it was read.
        """
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._disarm()
        self._unset_keepalive_if_required()
        cycle: RequestResponseCycle | None = self.cycle
        begun = False
        if cycle is not None and not cycle.response_complete:
            begun = cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
        if self.pipeline or begun:
            self.transport.abort()  # in the middle of another answer nothing can be said
            return
        self.flow.resume_reading()
        self.transport.write(_answer(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._arm(self.limits.rest_seconds, self.transport.abort)


def _answer(status: HTTPStatus) -> bytes:
    body = f"{_SENTENCES[status]}\n".encode("ascii")
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\ncache-control: no-store\r\n\r\n"
    )
    return head.encode("ascii") + body
