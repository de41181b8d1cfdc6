"""A real SMTP server that keeps what it accepts and misbehaves on request."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

Rule = Callable[[str], str | None]
"""From an address to the answer that it gets; none: the mail goes through."""


@dataclass
class Sink:
    """What arrived, and how the server behaves. `rcpt` and `data` are answers by address.

    Special answers of `data`: `drop` accepts and closes without a word, `stall` never answers.
    """

    port: int = 0
    accepted: list[EmailMessage] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    rcpt: Rule = lambda address: None
    data: Rule = lambda address: None

    def message_ids(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(str(message["Message-ID"]) for message in self.accepted)

    def to(self, address: str) -> list[EmailMessage]:
        """What somebody got."""
        return [m for m, a in zip(self.accepted, self.addresses, strict=True) if a == address]

    # aiosmtpd's hooks

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        address = envelope.rcpt_tos[0]
        answer = self.data(address)
        if answer not in (None, "drop"):
            if answer == "stall":
                await asyncio.sleep(3600)
            return str(answer)
        content = envelope.content
        assert isinstance(content, bytes)
        self.accepted.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        self.addresses.append(address)
        if answer == "drop":
            transport: Any = server.transport
            transport.abort()
        return "250 taken"


@asynccontextmanager
async def running_sink() -> AsyncIterator[Sink]:
    """A sink on a free port of the loopback interface."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
