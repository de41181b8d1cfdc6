"""Mails a second: the sender with claims, wording, marks and the ledger, against a bare loop.

Both hand mails of the same size to the same SMTP server in another process, which takes
everything. The bare loop sends one mail after the other over one kept connection, as everybody
writes it first; the sender words, renders and signs off each mail in PostgreSQL, and has several
connections.
"""

from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter
from uuid import UUID

from aiosmtplib import SMTP
from sqlalchemy import text

from activities.notifications.mail_facts import Mailbox
from activities.notifications.message import Envelope
from activities.notifications.sender import MailSettings, Sender
from activities.notifications.smtp import Accepted, Outcome, Relay
from activities.turn import Turn
from benchmarks.company import NOW, check_laid_out, open_stages, populate
from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from embedded.ports import LOOPBACK
from store.base.session import Database

WARM_UP = 60


async def mails_figure(machine: Machine, mails: int, rounds: int) -> Figure:
    """The opening mails of a launch for as many people, handed over in one go."""
    pairs: list[Pair] = []
    async with (
        machine.database() as database,
        machine.process(["-m", "benchmarks.sink", "PORT"]) as port,
    ):
        version = await populate(database, mails)
        samples = await _samples(database, version)
        await _bare(port, samples, WARM_UP)
        for number in range(rounds):
            if number % 2:  # whoever is second finds warmer caches
                bare = await _bare(port, samples, mails)
                pairs.append(Pair(await _sender(database, version, port), bare))
            else:
                measured = await _sender(database, version, port)
                pairs.append(Pair(measured, await _bare(port, samples, mails)))
    return Figure("mails", mails, "/s", pairs, least=0.8, note="bare: an aiosmtplib loop")


async def _sender(database: Database, version: UUID, port: int) -> float:
    """Launch, and let the sender send everything that this queued."""
    await _launch(database, version)
    sender = Sender(database, _settings(port))
    try:
        begun = perf_counter()
        await _until_sent(database, sender)
        took = perf_counter() - begun
    finally:
        await sender.close()
    async with database.begin() as conn:
        sent = int(await conn.scalar(text("SELECT count(*) FROM mails WHERE state = 'sent'")) or 0)
        left = await conn.scalar(text("SELECT count(*) FROM mails WHERE state <> 'sent'"))
        assert not left, f"{left} mails were not sent"
    return sent / took


async def _launch(database: Database, version: UUID) -> None:
    async with database.begin() as conn:
        await conn.execute(text("TRUNCATE cycles, mails, processes, bells CASCADE"))
    await open_stages(database, await check_laid_out(database, version))
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'open' WHERE state = 'planned'"))
        # Nothing runs them here, and the sender lets those go first that are behind.
        await conn.execute(text("UPDATE processes SET state = 'closed' WHERE kind <> 'mail'"))
    async with database.engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("VACUUM ANALYZE"))
        await conn.execute(text("CHECKPOINT"))


async def _until_sent(database: Database, sender: Sender) -> None:
    as_of = NOW + timedelta(days=1)
    while (await sender.advance(Turn(database, lambda: None), as_of)).again:
        pass


async def _bare(port: int, samples: Sequence[Envelope], mails: int) -> float:
    client = SMTP(hostname=LOOPBACK, port=port, use_tls=False, start_tls=False)
    async with client:
        begun = perf_counter()
        for number in range(mails):
            one = samples[number % len(samples)]
            await client.sendmail(one.sender, [one.recipient], one.content)
        return mails / (perf_counter() - begun)


class _Keeps:
    """A transport that keeps what it is handed: mails of the real size for the bare loop."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []

    async def send(self, envelope: Envelope) -> Outcome:
        """Take it."""
        self.kept.append(envelope)
        return Accepted(250, "kept")

    async def close(self) -> None:
        """Nothing is open."""


async def _samples(database: Database, version: UUID) -> list[Envelope]:
    await _launch(database, version)
    keeps = _Keeps()
    await _until_sent(database, Sender(database, _settings(1), lambda: keeps))
    return keeps.kept[:WARM_UP]


def _settings(port: int) -> MailSettings:
    return MailSettings(
        sender=Mailbox(name="Almanac", address="almanac@example.com"),
        public_url="https://almanac.example.com",
        relay=Relay(host=LOOPBACK, port=port, security="none"),
    )
