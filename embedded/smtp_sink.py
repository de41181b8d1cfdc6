"""An SMTP server that keeps what it gets, and fails on demand. For laptops and tests only."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.mailbox import Mailbox
from embedded.ports import LOOPBACK

LARGEST_MAIL = 20 * 1024 * 1024


class Fault(StrEnum):
    """What a relay can do to a sender."""

    REFUSE = "550 5.1.1 No such mailbox"
    DEFER = "451 4.3.0 Try again later"
    CLOSE = "421 4.3.2 Closing the connection"
    STALL = "no answer to RCPT"
    STALL_AFTER_DATA = "no answer to DATA, the mail kept"
    DROP_AFTER_DATA = "connection closed before the answer to DATA, the mail kept"


@dataclass
class Faults:
    """Which fault meets whom. May be changed while the server runs.

    `by_address` is looked up in lower case; `everybody` meets all others.
    """

    by_address: Mapping[str, Fault] = field(default_factory=dict)
    everybody: Fault | None = None

    def of(self, address: str) -> Fault | None:
        """The fault that a mail to this address meets."""
        return self.by_address.get(address.lower(), self.everybody)


class SmtpSink:
    """Listens on loopback and puts every mail into a mailbox before it answers 250.

    Use as `async with SmtpSink(mailbox) as sink`; `sink.port` is then known. `clock` gives the
    instant that a mail is kept under.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        port: int = 0,
        faults: Faults | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.mailbox = mailbox
        self.faults = faults or Faults()
        self.port = port
        self._clock = clock or (lambda: datetime.now(UTC))
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()

    async def __aenter__(self) -> "SmtpSink":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._session, LOOPBACK, self.port, family=socket.AF_INET
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and close what is open, as a relay does that goes down. Repeatable."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()
        await self._server.wait_closed()
        self._server = None
        await asyncio.sleep(0)  # lets the sessions see that they are closed

    def _session(self) -> SMTP:
        session = _Session(self, on_end=self._sessions.discard)
        self._sessions.add(session)
        return session

    # aiosmtpd calls these by name.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        match self.faults.of(address):
            case Fault.REFUSE | Fault.DEFER as fault:
                return fault.value
            case Fault.CLOSE:
                await server.push(Fault.CLOSE.value)
                _hang_up(server)
                return Fault.CLOSE.value
            case Fault.STALL:
                await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail, then answer for it."""
        content = envelope.original_content or b""
        try:
            mail = self.mailbox.add(
                content,
                sender=envelope.mail_from or "",
                recipients=envelope.rcpt_tos,
                now=self._clock(),
            )
        except OSError:
            return "452 4.3.1 The disk of the inbox is full"
        found = {self.faults.of(address) for address in envelope.rcpt_tos}
        if Fault.DROP_AFTER_DATA in found:
            _hang_up(server)
        if Fault.STALL_AFTER_DATA in found:
            await asyncio.Event().wait()
        return f"250 2.0.0 Kept as {mail.id}"


class _Session(SMTP):
    """Tells when it ends, so that a server that stops can close what is open."""

    def __init__(self, sink: SmtpSink, *, on_end: Callable[["_Session"], None]) -> None:
        super().__init__(
            sink,
            hostname="localhost",
            ident="Almanac inbox",
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._on_end = on_end

    def connection_lost(self, error: Exception | None) -> None:
        self._on_end(self)
        super().connection_lost(error)


def _hang_up(server: SMTP) -> None:
    if server.transport is not None:
        server.transport.close()
