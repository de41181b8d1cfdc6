"""The sender: everything that is due leaves once, in its receiver's morning.

Per turn: claim some people, gather what their mails say, and hand the mails over in batches, each
marked before and settled after. Several kept connections are in flight; while one batch is on its
way, the next is worded. What fails is somebody's to see: the ledger, HR, the administrators.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from activities.notifications.composing import compose, wording_of
from activities.notifications.facts import Facts, Lifetimes, gather
from activities.notifications.mail_items import Mailbox
from activities.notifications.message import AddressError, Envelope, build_message, message_id
from activities.notifications.rendering import Wordings, render
from activities.notifications.saying import Site
from activities.notifications.smtp import (
    Accepted,
    NotHandedOver,
    Outcome,
    Pace,
    Permanent,
    Relay,
    SmtpTransport,
    Temporary,
    Transport,
    Unknown,
)
from activities.turn import Turn
from domain.progress import Progress
from store.chunks import failure_code
from store.mail_claims import Claim, claim
from store.mail_writing import ClaimedMail
from store.mails import (
    BAD_ADDRESS,
    HAND_OVER_LEASE,
    Fate,
    Ready,
    Result,
    backoff,
    give_up,
    mark,
    next_due,
    others_first,
    release,
    settle,
)
from store.session import Database

PEOPLE = 300
"""People per claim: what a person who submits at that moment may have to wait for."""

BATCH = 50
"""Mails per mark. So many may be in doubt when a sender dies, so not more."""

SEND_WITHIN = HAND_OVER_LEASE - timedelta(minutes=1)
"""Real time from the mark to the answer; later nothing is begun, for another may have begun it."""

DOWN_AFTER = 3
"""So many failures to connect in a row mean that the relay is down, not that a mail is bad."""

Connect = Callable[[], Transport]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mails leave. `per_second` bounds all connections of this process together.

    `company` is its name for people outside; without one, the domain that mail comes from.
    """

    sender: Mailbox
    public_url: str
    reply_to: Mailbox | None = None
    ask: Mailbox | None = None
    company: str | None = None
    relay: Relay | None = None
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    connections: int = 4
    per_second: float | None = None

    def site(self) -> Site:
        """Where links lead and who answers."""
        answers = self.ask or self.reply_to or self.sender
        server = self.relay.host if self.relay else ""
        company = self.company or answers.address.rpartition("@")[2].lower()
        return Site(self.public_url.rstrip("/"), answers, server, company)


class Sender:
    """The sender of one process. Keeps its connections between turns; close it at the end.

    `connect` makes a transport; by default one to the relay of the settings. Rehearsals give one
    that keeps what it is handed.
    """

    def __init__(
        self, database: Database, settings: MailSettings, connect: Connect | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._site = settings.site()
        self._domain = settings.sender.address.rpartition("@")[2].lower()
        self._pace = Pace(settings.per_second)
        make = connect or self._smtp
        self._transports = [make() for _ in range(settings.connections)]

    def _smtp(self) -> Transport:
        if self._settings.relay is None:
            raise ValueError("no relay to hand mails to")
        return SmtpTransport(replace(self._settings.relay, per_second=None))

    async def close(self) -> None:
        """Say goodbye to the relay."""
        for transport in self._transports:
            await transport.close()

    async def advance(self, turn: Turn, as_of: datetime) -> Progress:
        """Send what is due at `as_of`, for about as long as a turn may take.

        Repeated after a crash at any point it goes on where the rows stand. `as_of` is the
        business instant of everything that is recorded.
        """
        async with self._database.begin() as conn:
            wait = await others_first(conn, as_of)
        delivery = _Delivery(self, turn, as_of)
        while True:
            async with self._database.begin() as conn:
                taken = await claim(
                    conn,
                    as_of,
                    people=self._people(),
                    message_id=self._message_id,
                    urgent=wait,
                )
            if taken.mails:
                await delivery.deliver(taken)
            if not taken.more or delivery.down_until is not None:
                break
            if turn.heartbeat():
                return Progress(next_due_at=as_of, again=True, waits_for="mail")
        soon = as_of + timedelta(seconds=1) if wait else None
        async with self._database.begin() as conn:
            due = await next_due(conn, as_of, not_before=delivery.down_until)
        if soon is not None and (due is None or soon < due):
            due = soon
        waits_for = "relay" if delivery.down_until else "mail"
        return Progress(next_due_at=due, waits_for=waits_for)

    def _people(self) -> int:
        rate = self._settings.per_second
        return PEOPLE if rate is None else max(1, min(PEOPLE, int(rate * 10)))

    def _message_id(self, key: str) -> str:
        return message_id(key, self._domain)


@dataclass(frozen=True, slots=True)
class _Worded:
    """A mail ready to be handed over."""

    mail: ClaimedMail
    envelope: Envelope
    ready: Ready


class _Delivery:
    """One turn's mails on their way."""

    def __init__(self, sender: Sender, turn: Turn, as_of: datetime) -> None:
        self._sender = sender
        self._database = sender._database
        self._turn = turn
        self._as_of = as_of
        self._failures = 0
        self._tried = 0
        self._results: list[Result] = []
        self._deadlines: dict[UUID, float] = {}  # of mails marked and not begun, on this clock
        self.down_until: datetime | None = None

    async def deliver(self, taken: Claim) -> None:
        """Word, mark, hand over and settle the mails of a claim."""
        async with self._database.begin() as conn:
            facts = await gather(conn, taken.mails, self._sender._settings.lifetimes, self._as_of)
        words = wording_of(facts)
        waiting: asyncio.Queue[_Worded] = asyncio.Queue(maxsize=BATCH)
        lines = [
            asyncio.create_task(self._line(transport, waiting))
            for transport in self._sender._transports
        ]
        try:
            for start in range(0, len(taken.mails), BATCH):
                if self.down_until is not None:
                    await self._put_off(taken.mails[start:], taken.lease)
                    break
                batch = taken.mails[start : start + BATCH]
                worded = await self._worded(batch, facts, words, taken.lease)
                for one in await self._mark(worded, taken.lease):
                    await waiting.put(one)
                self._turn.heartbeat()
            await waiting.join()
        finally:
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
            # Also when the worker is told to stop: what was not begun is in no doubt.
            self._results += [
                Result(mail.id, Fate.NO_CONNECTION, mail.attempts + 1)
                for mail in taken.mails
                if mail.id in self._deadlines
            ]
            self._deadlines.clear()
            await self._settle()

    async def _worded(
        self, batch: Sequence[ClaimedMail], facts: Facts, words: Wordings, lease: datetime
    ) -> list[_Worded]:
        worded: list[_Worded] = []
        for mail in batch:
            try:
                worded.append(self._word(mail, facts, words))
            except Exception as error:  # one mail that cannot be written stops no other
                code = BAD_ADDRESS if isinstance(error, AddressError) else failure_code(error)
                async with self._database.begin() as conn:
                    await give_up(conn, mail.id, code, lease=lease, as_of=self._as_of)
            await asyncio.sleep(0)  # let answers of the relay in
        return worded

    def _word(self, mail: ClaimedMail, facts: Facts, words: Wordings) -> _Worded:
        settings = self._sender._settings
        daily = compose(mail, facts, self._sender._site)
        rendered = render(daily, wording=words, now=self._as_of)
        message = build_message(
            rendered,
            key=mail.key,
            thread_key=facts.threads.get(mail.id),
            sender=settings.sender,
            reply_to=settings.reply_to,
            recipient=daily.recipient,
            now=self._as_of,
        )
        text = rendered.text
        for item in mail.items:
            if token := facts.tokens.get(item):
                text = text.replace(token, "...")  # only its hash is kept
        return _Worded(mail, message.envelope(), Ready(mail.id, rendered.subject, text))

    async def _mark(self, worded: Sequence[_Worded], lease: datetime) -> list[_Worded]:
        """Settle what has come back and mark what goes next, in one commit."""
        results, self._results = self._results, []
        async with self._database.begin() as conn:
            await settle(conn, results, self._as_of)
            marked = await mark(conn, [one.ready for one in worded], lease=lease, as_of=self._as_of)
        until = asyncio.get_running_loop().time() + SEND_WITHIN.total_seconds()
        self._deadlines |= dict.fromkeys(marked, until)
        return [one for one in worded if one.mail.id in marked]

    async def _settle(self) -> None:
        results, self._results = self._results, []
        async with self._database.begin() as conn:
            await settle(conn, results, self._as_of)

    async def _put_off(self, mails: Sequence[ClaimedMail], lease: datetime) -> None:
        """The relay is down: these were not even tried."""
        async with self._database.begin() as conn:
            await release(
                conn,
                [mail.id for mail in mails],
                lease=lease,
                as_of=self.down_until or self._as_of,
            )

    # --- one connection -------------------------------------------------------------------------

    async def _line(self, transport: Transport, waiting: "asyncio.Queue[_Worded]") -> None:
        while True:
            one = await waiting.get()
            try:
                result = await self._hand_over(transport, one)
                self._results.append(result)  # the list of now: it is exchanged meanwhile
            finally:
                waiting.task_done()

    async def _hand_over(self, transport: Transport, one: _Worded) -> Result:
        if wait := self._sender._pace.wait_for():
            await asyncio.sleep(wait)
        attempts = one.mail.attempts + 1
        deadline = self._deadlines.pop(one.mail.id)
        if self.down_until is not None or asyncio.get_running_loop().time() >= deadline:
            return Result(one.mail.id, Fate.NO_CONNECTION, attempts)
        outcome: Outcome
        try:
            async with asyncio.timeout_at(deadline + 30):
                outcome = await transport.send(one.envelope)
        except TimeoutError:
            outcome = Unknown("no answer in time")
        except Exception as error:  # a defect of the transport: nobody knows what was handed over
            outcome = Unknown(f"the transport failed: {type(error).__name__}")
        result = _result(one.mail.id, outcome, attempts)
        self._notice(result)
        return result

    def _notice(self, result: Result) -> None:
        if result.fate is not Fate.NO_CONNECTION:
            self._failures = 0
            return
        self._failures += 1
        self._tried = max(self._tried, result.attempts)
        if self._failures >= DOWN_AFTER:
            self.down_until = self._as_of + backoff(Fate.NO_CONNECTION, self._tried)


def _result(mail_id: UUID, outcome: Outcome, attempts: int) -> Result:
    match outcome:
        case Accepted(code, answer):
            return Result(mail_id, Fate.ACCEPTED, attempts, code, answer)
        case Temporary(code, answer):
            return Result(mail_id, Fate.LATER, attempts, code, answer)
        case Permanent(code, answer, about_recipient):
            fate = Fate.ADDRESS_REFUSED if about_recipient else Fate.MESSAGE_REFUSED
            return Result(mail_id, fate, attempts, code, answer)
        case NotHandedOver(reason):
            return Result(mail_id, Fate.NO_CONNECTION, attempts, None, reason)
        case Unknown(reason):
            return Result(mail_id, Fate.NO_ANSWER, attempts, None, reason)
