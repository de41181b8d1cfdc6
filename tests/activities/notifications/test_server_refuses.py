"""A server that refuses everybody marks nobody: mails wait, and leave when it is well."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from activities.notifications.smtp import Relay
from domain.access import SERVICE
from domain.notifications import Event
from store.base.session import Database
from store.mail.refused_addresses import try_again
from tests.activities.notifications.outbox_world import Office, open_office
from tests.activities.notifications.sink import Sink, running_sink
from tests.activities.notifications.test_smtp import ScriptedRelay
from tests.store.people_rows import BOSS, LEAD, WORKER

CROWD = 24
MARKED = "SELECT id FROM people WHERE address_refused_at IS NOT NULL ORDER BY id"
HELD = "SELECT code, mended_by FROM held_rows WHERE cleared_at IS NULL"


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with running_sink() as sink:
        yield sink


@pytest_asyncio.fixture
async def office(database: Database, now: datetime) -> AsyncIterator[Office]:
    async with open_office(database, now) as office:
        await office.crowd(CROWD)
        yield office


@asynccontextmanager
async def scripted(**script: list[str]) -> AsyncIterator[ScriptedRelay]:
    """A server that answers each verb as it is told to."""
    there = ScriptedRelay(dict(script))
    server = await asyncio.start_server(there, "127.0.0.1", 0)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()


def unauthenticated(port: int) -> Relay:
    return Relay(host="127.0.0.1", port=port, security="none", timeout=5, client_name="c")


def signing_in(port: int) -> Relay:
    return Relay(
        host="127.0.0.1",
        port=port,
        security="none",
        timeout=5,
        client_name="c",
        username="almanac",
        password="wrong",
    )


def starting_tls(port: int) -> Relay:
    return Relay(
        host="127.0.0.1", port=port, security="starttls", timeout=5, client_name="c", verify=False
    )


async def nobody_is_marked_and_all_wait(office: Office) -> None:
    assert await office.rows(MARKED) == []
    rows = await office.rows("SELECT DISTINCT state, reason FROM notifications")
    assert {tuple(row) for row in rows} <= {("sending", None), ("queued", None)}
    [held] = await office.rows(HELD)
    assert held.code.startswith("server-refuses: ")
    assert held.mended_by == "administrators"


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 Relay access denied",
        "550 5.7.54 SMTP; unable to relay",
        "550 5.3.2 not now",
        "503 5.5.1 bad sequence",
        "530 Authentication required",
        "550 no such user",
        "550 5.4.1 no route",
        "554 transaction failed",
    ],
)
@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_who_refuses_every_recipient_marks_nobody_and_gets_all_when_well(
    office: Office, sink: Sink, answer: str, step: str
) -> None:
    tried: list[str] = []

    def refuse(address: str) -> str:
        tried.append(address)
        return answer

    setattr(sink, step, refuse)
    progress = await office.send(sink.port)
    await nobody_is_marked_and_all_wait(office)
    assert progress.waits_for == "relay"
    assert progress.next_due_at == office.now + timedelta(minutes=1)
    assert len(set(tried)) <= 6, "a server that refuses is not hammered"
    seen = len(tried)
    await office.send(sink.port, office.now + timedelta(seconds=30))
    assert len(tried) == seen, "nor before it is time to try"
    await office.send(sink.port, progress.next_due_at)
    assert seen < len(tried) <= seen + 3, "a few mails try"
    setattr(sink, step, lambda address: None)
    await office.send(sink.port, office.now + timedelta(hours=1))
    assert len(sink.accepted) == CROWD
    assert set(sink.message_ids().values()) == {1}
    assert await office.rows(HELD) == []
    assert await office.rows(MARKED) == []


@pytest.mark.parametrize(
    ("script", "relay"),
    [
        ({"MAIL": ["530 5.7.0 Authentication required"]}, unauthenticated),
        ({"MAIL": ["550 5.7.1 Sender not allowed"]}, unauthenticated),
        ({"EHLO": ["554 5.7.1 go away"], "HELO": ["554 5.7.1 go away"]}, unauthenticated),
        ({"220": ["554 no service here"]}, unauthenticated),
        ({"EHLO": ["250-me\r\n250 AUTH PLAIN"], "AUTH": ["535 5.7.8 wrong"]}, signing_in),
        ({"EHLO": ["250 me"]}, signing_in),
        ({"EHLO": ["250 me"]}, starting_tls),
        ({"EHLO": ["250-me\r\n250 STARTTLS"], "STARTTLS": ["502 5.5.1 not today"]}, starting_tls),
    ],
    ids=["mail-530", "mail-550", "ehlo", "greeting", "auth", "no-auth", "no-tls", "tls"],
)
async def test_who_refuses_before_any_recipient_is_named_is_held_at_once(
    office: Office, sink: Sink, script: dict[str, list[str]], relay: Callable[[int], Relay]
) -> None:
    async with scripted(**script) as there:
        progress = await office.send(there.port, relay=relay(there.port))
        assert progress.waits_for == "relay"
        assert there.accepted == []
    await nobody_is_marked_and_all_wait(office)
    assert progress.next_due_at == office.now + timedelta(minutes=1)
    await office.send(sink.port, progress.next_due_at)
    assert len(sink.accepted) == CROWD
    assert await office.rows(HELD) == []


@pytest.mark.parametrize("answer", ["550 5.1.1 No such mailbox", "552 5.2.2 full", "550 no such"])
async def test_one_bad_address_among_good_ones_is_marked_alone(
    office: Office, sink: Sink, answer: str
) -> None:
    sink.rcpt = lambda address: answer if address.startswith("p7@") else None
    await office.send(sink.port)
    assert sum(address.startswith("p") for address in sink.addresses) == CROWD - 1
    [marked] = await office.rows("SELECT email FROM people WHERE address_refused_at IS NOT NULL")
    assert marked.email == "p7@example.com"


async def test_a_person_whose_mail_a_well_server_refuses_by_policy_is_not_marked(
    office: Office, sink: Sink
) -> None:
    sink.rcpt = lambda address: "550 5.7.133 denied" if address.startswith("p7@") else None
    await office.send(sink.port)
    assert len(sink.accepted) == CROWD - 1
    assert await office.rows(MARKED) == []
    assert await office.rows(HELD) == [], "nor is anybody else kept waiting"


async def test_marks_of_the_first_few_are_undone_when_the_server_turns_out_to_refuse_all(
    database: Database, now: datetime, sink: Sink
) -> None:
    async with open_office(database, now) as office:
        sink.rcpt = lambda address: "550 rejected"
        for number, person in enumerate((WORKER, LEAD, BOSS)):
            at = now + timedelta(minutes=number)
            await office.queue(office.item(Event.SIGN_IN, person, at=at, send_at=at))
            await office.send(sink.port, at)
        assert await office.rows(MARKED) == []
        assert len(await office.rows(HELD)) == 1
        sink.rcpt = lambda address: None
        await office.send(sink.port, now + timedelta(minutes=4))
        assert sorted(sink.addresses) == [
            *("boss@example.com", "lead@example.com", "worker@example.com")
        ]


async def test_retrying_the_held_row_tries_the_server_at_once(office: Office, sink: Sink) -> None:
    sink.rcpt = lambda address: "554 5.7.1 denied"
    await office.send(sink.port)
    sink.rcpt = lambda address: None
    await office.send(sink.port, office.now + timedelta(seconds=5))
    assert sink.accepted == []
    await office.execute("UPDATE held_rows SET cleared_at = :now", now=office.now)
    await office.send(sink.port, office.now + timedelta(seconds=6))
    assert len(sink.accepted) == CROWD


async def test_marked_addresses_are_tried_again_all_together(office: Office, sink: Sink) -> None:
    sink.rcpt = lambda address: "550 5.1.1 No such mailbox"
    await office.send(sink.port)
    marked = len(await office.rows(MARKED))
    assert marked >= CROWD, "and HR's own, who were told"
    later = office.now + timedelta(hours=1)
    async with office.database.begin() as conn:
        tried = await try_again(conn, SERVICE, later)
    assert tried.people == marked
    assert tried.items >= CROWD
    assert await office.rows(MARKED) == []
    sink.rcpt = lambda address: None
    await office.send(sink.port, later)
    assert len([a for a in sink.addresses if a.startswith("p")]) == CROWD
    async with office.database.begin() as conn:
        again = await try_again(conn, SERVICE, later)
    assert (again.people, again.items) == (0, 0)
