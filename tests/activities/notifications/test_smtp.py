"""The transport against a relay that does what relays do: refuse, stall, close, drop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received

from activities.notifications.message import Envelope
from activities.notifications.smtp import (
    Accepted,
    NotHandedOver,
    Outcome,
    Pace,
    Permanent,
    Relay,
    SmtpTransport,
    Temporary,
    Unknown,
    on_the_wire,
)
from domain.mail_answers import About, Step

MAIL = Envelope("almanac@example.com", "nyang@example.com", b"Subject: x\r\n\r\nText\r\n")
DROP = "drop"
STALL = "stall"


@dataclass
class ScriptedRelay:
    """Speaks just enough SMTP. `script` maps a verb to its answers, in turn; the last one stays.

    DROP closes the connection without a word, STALL says nothing. `.` is the end of the message.
    """

    script: dict[str, list[str]] = field(default_factory=dict)
    connections: int = 0
    accepted: list[bytes] = field(default_factory=list)
    port: int = 0

    stalled: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, verb: str) -> str:
        waiting = self.script.get(verb)
        if not waiting:
            return _GOOD.get(verb, "250 ok")
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if not await self._say(writer, "220"):
                return
            while line := await reader.readline():
                verb = line.split()[0].decode().upper()
                said = await self._say(writer, verb)
                if not said or verb == "QUIT":
                    return
                if verb == "DATA" and said.startswith("354"):
                    content = await reader.readuntil(b"\r\n.\r\n")
                    ended = await self._say(writer, ".")
                    if ended.startswith("250"):
                        self.accepted.append(content)
                    if not ended:
                        return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, verb: str) -> str:
        answer = self.answer(verb)
        if answer == DROP:
            return ""
        if answer == STALL:
            self.stalled.set()
        else:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
        return answer


@asynccontextmanager
async def relay(**script: list[str]) -> AsyncIterator[tuple[ScriptedRelay, SmtpTransport]]:
    scripted = ScriptedRelay({_VERBS.get(verb, verb): said for verb, said in script.items()})
    server = await asyncio.start_server(scripted, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    transport = SmtpTransport(
        Relay(host="127.0.0.1", port=scripted.port, security="none", timeout=3, client_name="c")
    )
    try:
        yield scripted, transport
    finally:
        await transport.close()
        server.close()


_GOOD = {"220": "220 hello", "EHLO": "250 me", "DATA": "354 go", "QUIT": "221 bye"}
_VERBS = {"greeting": "220", "END": "."}


async def test_an_accepted_mail_comes_back_with_the_answer() -> None:
    async with relay(END=["250 queued as 42"]) as (server, transport):
        assert await transport.send(MAIL) == Accepted(250, "queued as 42")
        assert server.accepted == [b"Subject: x\r\n\r\nText\r\n.\r\n"]


async def test_the_connection_is_kept() -> None:
    async with relay() as (server, transport):
        for _ in range(5):
            assert isinstance(await transport.send(MAIL), Accepted)
        assert server.connections == 1


async def test_the_connection_is_renewed_after_so_many() -> None:
    async with relay() as (server, _):
        settings = Relay(host="127.0.0.1", port=server.port, security="none", keep=2)
        transport = SmtpTransport(settings)
        for _ in range(5):
            assert isinstance(await transport.send(MAIL), Accepted)
        await transport.close()
        assert server.connections == 3


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"MAIL": ["451 later"]}, Temporary(451, "later")),
        ({"MAIL": ["552 too much"]}, Permanent.said(Step.SENDER, 552, "too much")),
        ({"RCPT": ["450 busy"]}, Temporary(450, "busy")),
        ({"RCPT": ["550 no such"]}, Permanent.said(Step.RECIPIENT, 550, "no such")),
        ({"DATA": ["451 not now"]}, Temporary(451, "not now")),
        ({"DATA": ["554 no"]}, Permanent.said(Step.MESSAGE, 554, "no")),
        ({"END": ["451 greylisted"]}, Temporary(451, "greylisted")),
        ({"END": ["550 spam"]}, Permanent.said(Step.MESSAGE, 550, "spam")),
        ({"MAIL": ["421 closing"]}, Temporary(421, "closing")),
        ({"END": ["421 closing"]}, Temporary(421, "closing")),
    ],
)
async def test_a_refusal_is_told_as_it_was_said(
    script: dict[str, list[str]], expected: Outcome
) -> None:
    async with relay(**{verb: [*said, "250 ok"] for verb, said in script.items()}) as (
        _,
        transport,
    ):
        assert await transport.send(MAIL) == expected


async def test_after_a_refusal_the_next_mail_goes_through() -> None:
    async with relay(RCPT=["550 no such", "250 ok"]) as (server, transport):
        assert isinstance(await transport.send(MAIL), Permanent)
        assert isinstance(await transport.send(MAIL), Accepted)
        assert server.connections == 1


async def test_after_421_the_next_mail_connects_again() -> None:
    async with relay(MAIL=["421 closing", "250 ok"]) as (server, transport):
        assert isinstance(await transport.send(MAIL), Temporary)
        assert isinstance(await transport.send(MAIL), Accepted)
        assert server.connections == 2


@pytest.mark.parametrize("fault", [DROP, STALL])
async def test_a_break_after_the_message_was_begun_is_unknown(fault: str) -> None:
    async with relay(END=[fault, "250 ok"]) as (server, transport):
        assert isinstance(await transport.send(MAIL), Unknown)
        assert isinstance(await transport.send(MAIL), Accepted)
        assert server.connections == 2


@pytest.mark.parametrize("fault", [DROP, STALL])
@pytest.mark.parametrize("verb", ["greeting", "MAIL", "RCPT", "DATA"])
async def test_a_break_before_it_is_not_handed_over(verb: str, fault: str) -> None:
    async with relay(**{verb: [fault]}) as (server, transport):
        assert isinstance(await transport.send(MAIL), NotHandedOver)
        assert server.accepted == []


async def test_nonsense_after_the_message_is_unknown() -> None:
    async with relay(END=["what?"]) as (_, transport):
        assert isinstance(await transport.send(MAIL), Unknown)


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_the_mails_fault() -> None:
    async with relay(MAIL=["250 ok", DROP, "250 ok"]) as (server, transport):
        assert isinstance(await transport.send(MAIL), Accepted)
        assert isinstance(await transport.send(MAIL), Accepted)
        assert (server.connections, len(server.accepted)) == (2, 2)


async def test_nobody_listens() -> None:
    async with relay() as (server, _):
        port = server.port
    transport = SmtpTransport(Relay(host="127.0.0.1", port=port, security="none", timeout=20))
    assert isinstance(await transport.send(MAIL), NotHandedOver)


async def test_without_starttls_a_relay_gets_nothing_if_it_is_asked_for() -> None:
    async with relay() as (server, _):
        transport = SmtpTransport(Relay(host="127.0.0.1", port=server.port, timeout=20))
        outcome = await transport.send(MAIL)
        assert isinstance(outcome, Permanent)
        assert outcome.about is About.SERVER
        assert server.accepted == []


async def test_mails_sent_at_once_take_turns() -> None:
    async with relay() as (server, transport):
        outcomes = await asyncio.gather(*(transport.send(MAIL) for _ in range(8)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert server.connections == 1


async def test_a_cancelled_send_leaves_no_half_dialogue() -> None:
    async with relay(END=[STALL, "250 ok"]) as (server, transport):
        sending = asyncio.ensure_future(transport.send(MAIL))
        await server.stalled.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert isinstance(await transport.send(MAIL), Accepted)
        assert server.connections == 2


def test_the_pace_is_a_ceiling() -> None:
    present = 100.0
    pace = Pace(4, clock=lambda: present)
    assert [pace.wait_for() for _ in range(3)] == [0.0, 0.25, 0.5]
    present = 200.0
    assert pace.wait_for() == 0.0
    assert Pace(None).wait_for() == 0.0


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n..\r\n", b"..\r\n...\r\n.\r\n"),
        (b"a\n.\nb\rc", b"a\r\n..\r\nb\r\nc\r\n.\r\n"),
    ],
)
def test_a_message_cannot_end_before_its_end(content: bytes, wire: bytes) -> None:
    assert on_the_wire(content) == wire


class _Inbox:
    def __init__(self) -> None:
        self.received: list[bytes] = []

    async def handle_DATA(  # noqa: N802 (the name that the server calls)
        self, server: SMTP, session: Session, envelope: Received
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.received.append(envelope.content)
        return "250 kept"


async def test_a_real_server_receives_what_was_written(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    inbox = _Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=unused_tcp_port_factory())
    await asyncio.to_thread(controller.start)
    try:
        transport = SmtpTransport(
            Relay(host="127.0.0.1", port=controller.port, security="none", client_name="c")
        )
        content = b"Subject: dots\r\n\r\n.\r\n..two\r\nend\r\n"
        outcome = await transport.send(Envelope(MAIL.sender, MAIL.recipient, content))
        await transport.close()
    finally:
        await asyncio.to_thread(controller.stop)
    assert outcome == Accepted(250, "kept")
    (received,) = inbox.received
    assert BytesParser().parsebytes(received)["Subject"] == "dots"
    assert received.endswith(b"\r\n.\r\n..two\r\nend\r\n")
