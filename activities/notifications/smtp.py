"""Hands messages to an SMTP relay over a kept connection, and says exactly what came of it.

What matters is the moment in which the outcome cannot be known: from the first byte of the
message until the relay's final answer. Before it, nothing was handed over and the same message
may be sent again; after it, the answer is on record.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from aiosmtplib import SMTP, SMTPException, SMTPResponse
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPHeloError,
    SMTPResponseException,
)

from activities.notifications.message import Envelope
from domain.mail_answers import About, Step, about

Security = Literal["none", "starttls", "tls"]

_LONE_BREAKS = re.compile(rb"(?<!\r)\n|\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The relay took the message over. `answer` is its final line."""

    code: int
    answer: str


@dataclass(frozen=True, slots=True)
class Temporary:
    """The relay said: not now (4xx), or the connection is closing (421). Nothing was taken."""

    code: int
    answer: str


@dataclass(frozen=True, slots=True)
class Permanent:
    """The relay said: never (5xx), at which step, and what that is about."""

    code: int
    answer: str
    step: Step
    about: About

    @classmethod
    def said(cls, step: Step, code: int, answer: str) -> "Permanent":
        """What the relay said at a step."""
        return cls(code, answer, step, about(step, code, answer))


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """No connection, or it broke before the message was begun. Safe to send again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke or stalled after the message was begun and before the answer."""

    reason: str


Outcome = Accepted | Temporary | Permanent | NotHandedOver | Unknown


class Transport(Protocol):
    """Sends messages, one after the other."""

    async def send(self, envelope: Envelope) -> Outcome:
        """Send one message. Raises nothing that a relay or a network can cause."""

    async def close(self) -> None:
        """Say goodbye. The next `send` connects again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where and how to hand over. `timeout` is in seconds per answer, `per_second` a ceiling.

    `keep` is after how many messages a connection is renewed; relays limit it, too.
    """

    host: str
    port: int = 25
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    timeout: float = 60.0
    per_second: float | None = None
    keep: int = 500
    client_name: str | None = None
    verify: bool = True


class Pace:
    """Spaces what happens so that no more than `per_second` begin in any second.

    `clock` is a monotonic one in seconds; `sleep` waits for that many.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] | None = None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._clock = clock
        self._next = 0.0

    def wait_for(self) -> float:
        """Return how many seconds to wait before the next may begin, and take that place."""
        if not self._gap:
            return 0.0
        present = (self._clock or asyncio.get_running_loop().time)()
        begins = max(self._next, present)
        self._next = begins + self._gap
        return begins - present


class SmtpTransport:
    """A Transport over one kept connection. One `send` at a time; others wait their turn.

    Several transports to one relay share its rate by sharing a `pace`. Two of them keep the
    relay busy while the next mail is being worded.
    """

    def __init__(self, relay: Relay, pace: Pace | None = None) -> None:
        self._relay = relay
        self._pace = pace if pace is not None else Pace(relay.per_second)
        self._turn = asyncio.Lock()
        self._client: SMTP | None = None
        self._sent = 0

    async def send(self, envelope: Envelope) -> Outcome:
        async with self._turn:
            if wait := self._pace.wait_for():
                await asyncio.sleep(wait)
            try:
                return await self._send(envelope)
            except asyncio.CancelledError:
                self._drop()  # in the middle of a dialogue nothing else may be said
                raise

    async def close(self) -> None:
        async with self._turn:
            await self._quit()

    # --- one message ----------------------------------------------------------------------------

    async def _send(self, envelope: Envelope) -> Outcome:
        fresh = self._client is None
        outcome = await self._dialogue(envelope)
        if isinstance(outcome, NotHandedOver) and not fresh:
            # The kept connection had been closed meanwhile: that is not the message's fault.
            outcome = await self._dialogue(envelope)
        return outcome

    async def _dialogue(self, envelope: Envelope) -> Outcome:
        try:
            client = await self._connected()
        except SMTPResponseException as error:
            self._drop()
            return _before_any_message(error)
        except (SMTPException, OSError, ValueError) as error:
            self._drop()
            if "extension" in str(error) and "not supported" in str(error):
                step = Step.SIGN_IN if "AUTH" in str(error) else Step.TLS
                said = "the server does not offer what the settings ask for"
                return Permanent.said(step, 502, said)
            return NotHandedOver(f"no connection: {type(error).__name__}")
        begun = False
        try:
            refusal = await self._announced(client, envelope)
            if refusal is not None:
                return await self._refused(client, refusal)
            begun = True
            answer = await self._transferred(client, envelope.content)
        except (SMTPException, OSError) as error:
            self._drop()
            said = f"{type(error).__name__} {'after' if begun else 'before'} the message was begun"
            return Unknown(said) if begun else NotHandedOver(said)
        return await self._answered(client, answer)

    async def _announced(self, client: SMTP, envelope: Envelope) -> "_Refusal | None":
        """Say MAIL, RCPT and DATA; return the refusal, or None if the message may follow."""
        timeout = self._relay.timeout
        steps = (
            (b"MAIL", b"FROM:<%b>" % envelope.sender.encode("ascii"), range(250, 251)),
            (b"RCPT", b"TO:<%b>" % envelope.recipient.encode("ascii"), range(250, 252)),
        )
        for verb, argument, good in steps:
            answer = await client.execute_command(verb, argument, timeout=timeout)
            if answer.code not in good:
                return _Refusal(answer, Step.RECIPIENT if verb == b"RCPT" else Step.SENDER)
        answer = await client.execute_command(b"DATA", timeout=timeout)
        return None if answer.code == 354 else _Refusal(answer, Step.MESSAGE)

    async def _transferred(self, client: SMTP, content: bytes) -> SMTPResponse:
        protocol = client.protocol
        if protocol is None:
            raise OSError("connection lost")
        protocol.write(on_the_wire(content))
        return await protocol.read_response(timeout=self._relay.timeout)

    async def _refused(self, client: SMTP, refusal: "_Refusal") -> Outcome:
        answer = refusal.answer
        if answer.code == 421:
            self._drop()
            return Temporary(answer.code, answer.message)
        try:
            await client.execute_command(b"RSET", timeout=self._relay.timeout)
        except (SMTPException, OSError):
            self._drop()
        if 500 <= answer.code < 600:
            return Permanent.said(refusal.step, answer.code, answer.message)
        return Temporary(answer.code, answer.message)

    async def _answered(self, client: SMTP, answer: SMTPResponse) -> Outcome:
        self._sent += 1
        if answer.code == 421:
            self._drop()
        elif self._sent >= self._relay.keep:
            await self._quit()
        if 200 <= answer.code < 300:
            return Accepted(answer.code, answer.message)
        if 500 <= answer.code < 600:
            return Permanent.said(Step.MESSAGE, answer.code, answer.message)
        return Temporary(answer.code, answer.message)

    # --- the connection -------------------------------------------------------------------------

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        self._drop()
        relay = self._relay
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            timeout=relay.timeout,
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",
            validate_certs=relay.verify,
            username=relay.username,
            password=relay.password,
            local_hostname=relay.client_name,
        )
        self._client = client
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except SMTPHeloError:
                await client.helo()
        self._sent = 0
        return client

    async def _quit(self) -> None:
        if self._client is not None and self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.quit(timeout=5)
        self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


@dataclass(frozen=True, slots=True)
class _Refusal:
    answer: SMTPResponse
    step: Step


def _before_any_message(error: SMTPResponseException) -> Outcome:
    """The greeting, EHLO, STARTTLS or AUTH was answered with a refusal."""
    if not 500 <= error.code < 600:
        return NotHandedOver(f"the relay answered {error.code} before any message")
    step = Step.SIGN_IN if isinstance(error, SMTPAuthenticationError) else Step.HELLO
    return Permanent.said(step, error.code, error.message)


def on_the_wire(content: bytes) -> bytes:
    """Return a message as DATA carries it: CRLF, lines beginning with a dot doubled, the end."""
    whole = content.count(b"\r\n")
    if not content.count(b"\n") == whole == content.count(b"\r"):
        content = _LONE_BREAKS.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    if b"\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    return content + b".\r\n"
