"""The sender: everything that is due leaves once, in its receiver's morning.

Per turn: claim some people, gather what their mails say, and hand the mails over in batches, each
marked before and settled after. Several kept connections are in flight; while one batch is on its
way, the next is worded. What fails is somebody's to see: the ledger, HR, the administrators.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from activities.notifications.composing import compose, wording_of
from activities.notifications.facts import Facts, Lifetimes, gather
from activities.notifications.first_mail import FirstMails, asked_for
from activities.notifications.holding import Holding
from activities.notifications.mail_items import Mailbox
from activities.notifications.message import AddressError, Envelope, build_message, message_id
from activities.notifications.rendering import RenderedMail, Wordings, render
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
from domain.mail_answers import About, Step
from domain.processes.mail_helper import MAIL_HELPER
from domain.progress import Progress
from store.base.halving import failure_code
from store.base.session import Database
from store.engine.processes import ring
from store.launch.first_mail import FirstMail
from store.mail.claims import Claim, claim
from store.mail.delivery import (
    BAD_ADDRESS,
    SETTLING,
    Ready,
    give_up,
    mark,
    next_due,
    others_behind,
    others_first,
    settle,
)
from store.mail.fates import Fate, Result, backoff
from store.mail.leases import release
from store.mail.server import MANY, Standing, mail_server, try_now
from store.mail.writing import ClaimedMail

PEOPLE = 300
"""People per claim: what a person who submits at that moment may have to wait for."""

BATCH = 50
"""Mails per mark. So many may be in doubt when a sender dies, so not more."""

LONGEST_HAND_OVER = 300.0
"""Seconds after which a relay that answers each time but never ends is left."""

DOWN_AFTER = 3
"""So many failures to connect in a row mean that the relay is down, not that a mail is bad."""

Connect = Callable[[], Transport]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mails leave. `per_second` bounds all connections of this process together.

    `company` is its name for people outside; without one, the domain that mail comes from.
    `domain` is that of Message-IDs; without one, the sender's.
    """

    sender: Mailbox
    public_url: str
    reply_to: Mailbox | None = None
    ask: Mailbox | None = None
    company: str | None = None
    domain: str | None = None
    relay: Relay | None = None
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    connections: int = 4
    per_second: float | None = None

    @property
    def message_domain(self) -> str:
        """The domain that Message-IDs are made in."""
        return (self.domain or self.sender.address.rpartition("@")[2]).lower()

    def site(self) -> Site:
        """Where links lead and who answers."""
        answers = self.ask or self.reply_to or self.sender
        server = self.relay.host if self.relay else ""
        company = self.company or answers.address.rpartition("@")[2].lower()
        replies = self.reply_to is not None
        return Site(self.public_url.rstrip("/"), answers, server, company, replies)


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
        self._domain = settings.message_domain
        self._first_mails = FirstMails(self._site, settings.lifetimes)
        self._pace = Pace(settings.per_second)
        self._behind: dict[str, datetime] = {}  # since which turn of this sender
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
        wait = await self._lets_others_go_first(as_of)
        async with self._database.begin() as conn:
            standing = await mail_server(conn)
            if standing.asked:
                await try_now(conn, as_of)
        delivery = _Delivery(self, turn, as_of, standing)
        if await self._deliver(delivery, turn, as_of, urgent=wait, rings=not standing.refuses):
            return Progress(next_due_at=as_of, again=True, waits_for="mail")
        soon = as_of + timedelta(seconds=1) if wait else None
        async with self._database.begin() as conn:
            due = await next_due(conn, as_of, not_before=delivery.down_until)
        if soon is not None and (due is None or soon < due):
            due = soon
        waits_for = "relay" if delivery.down_until else "mail"
        return Progress(next_due_at=due, waits_for=waits_for)

    async def help(self, turn: Turn, as_of: datetime) -> Progress:
        """Send what is due beside the first sender, which rings when it has more than it takes.

        People whom the other has claimed are passed over, so each mail goes once. When nothing is
        left it sleeps: what comes due later is the first sender's to notice.
        """
        wait = await self._lets_others_go_first(as_of)
        async with self._database.begin() as conn:
            standing = await mail_server(conn)
        if not standing.refuses and not wait:
            delivery = _Delivery(self, turn, as_of, standing)
            if await self._deliver(delivery, turn, as_of, helping=True):
                return Progress(next_due_at=as_of, again=True, waits_for="mail")
        return Progress(waits_for="more-mail")

    async def _deliver(
        self,
        delivery: "_Delivery",
        turn: Turn,
        as_of: datetime,
        *,
        urgent: bool = False,
        helping: bool = False,
        rings: bool = False,
    ) -> bool:
        """Claim and deliver until nothing is due, or the turn has lasted long: then True.

        `rings`: once a claim takes as many people as it may, the second sender is rung. In one
        worker both keep to one rate.
        """
        async with delivery:
            while delivery.down_until is None:
                async with self._database.begin() as conn:
                    taken = await claim(
                        conn,
                        as_of,
                        people=self._people(),
                        message_id=self._message_id,
                        urgent=urgent,
                        lease=delivery.holding.lease,
                        helping=helping,
                    )
                    if taken.full and rings:
                        await ring(conn, MAIL_HELPER.id, urgent=True)
                        rings = False
                if taken.mails:
                    await delivery.deliver(taken)
                if not taken.more:
                    return False
                if turn.heartbeat():
                    return True
        return False

    async def _lets_others_go_first(self, as_of: datetime) -> bool:
        """Daily mail takes everything with it, so those who write items do it first.

        None is waited for longer than a minute, counted from the turn that found it behind.
        """
        async with self._database.begin() as conn:
            first = await others_first(conn, as_of)
            behind = await others_behind(conn, as_of)
        self._behind = {process: self._behind.get(process, as_of) for process in behind}
        return first or any(as_of - since < SETTLING for since in self._behind.values())

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
    """One turn's mails on their way, held as long as it lasts."""

    def __init__(self, sender: Sender, turn: Turn, as_of: datetime, standing: Standing) -> None:
        self._sender = sender
        self._database = sender._database
        self._turn = turn
        self._as_of = as_of
        self.holding = Holding(sender._database, as_of)
        self._previews: dict[int, FirstMail] = {}
        self._failures = 0
        self._tried = 0
        self._results: list[Result] = []
        self._not_begun: dict[UUID, Result] = {}  # marked: what is true if they never begin
        self._standing = standing
        self._probing = standing.refuses
        self._doubted: set[int] = set() if standing.refuses else set(standing.doubted)
        self.down_until = standing.waits_until(as_of)

    async def __aenter__(self) -> None:
        await self.holding.begin()

    async def __aexit__(self, *_: object) -> None:
        await self.holding.end()

    async def deliver(self, taken: Claim) -> None:
        """Word, mark, hand over and settle the mails of a claim."""
        self.holding.take(mail.id for mail in taken.mails)
        mails = list(taken.mails)
        transports = self._sender._transports
        if self._probing:  # different ones each time, one after the other
            mails.sort(key=lambda mail: mail.attempts)
            transports = transports[:1]
        waiting: asyncio.Queue[_Worded] = asyncio.Queue(maxsize=BATCH)
        lines = [asyncio.create_task(self._line(t, waiting)) for t in transports]
        unmarked = {mail.id for mail in mails}
        try:
            async with self._database.begin() as conn:
                facts = await gather(conn, mails, self._sender._settings.lifetimes, self._as_of)
                self._previews = await asked_for(
                    conn, self._sender._first_mails, facts, self._as_of
                )
            words = wording_of(facts)
            while mails:
                if self.down_until is not None:
                    break
                size = MANY if self._probing else BATCH
                batch, mails = mails[:size], mails[size:]
                worded = await self._worded(batch, facts, words)
                for one in await self._mark(worded):
                    await waiting.put(one)
                unmarked -= {mail.id for mail in batch}
                if self._probing:
                    await waiting.join()
                    await self._settle()
                self._turn.heartbeat()
            await waiting.join()
        finally:
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
            # Also when the worker is told to stop: what was not begun is in no doubt.
            self._results += self._not_begun.values()
            self._not_begun.clear()
            await self._settle(unmarked)

    async def _worded(
        self, batch: Sequence[ClaimedMail], facts: Facts, words: Wordings
    ) -> list[_Worded]:
        worded: list[_Worded] = []
        for mail in batch:
            try:
                worded.append(self._word(mail, facts, words))
            except Exception as error:  # one mail that cannot be written stops no other
                code = BAD_ADDRESS if isinstance(error, AddressError) else failure_code(error)
                async with self.holding.writing() as (conn, lease):
                    await give_up(conn, mail.id, code, lease=lease, as_of=self._as_of)
            await asyncio.sleep(0)  # let answers of the relay in
        return worded

    def _word(self, mail: ClaimedMail, facts: Facts, words: Wordings) -> _Worded:
        settings = self._sender._settings
        daily = compose(mail, facts, self._sender._site)
        preview = self._previews.get(mail.items[0])
        rendered = (
            render(daily, wording=words, now=self._as_of)
            if preview is None
            else RenderedMail(preview.subject, preview.text, preview.html)
        )
        message = build_message(
            rendered,
            key=mail.key,
            thread_key=facts.threads.get(mail.id),
            sender=settings.sender,
            reply_to=settings.reply_to,
            recipient=daily.recipient,
            now=self._as_of,
            domain=settings.message_domain,
        )
        text = rendered.text
        for item in mail.items:
            if token := facts.tokens.get(item):
                text = text.replace(token, "...")  # only its hash is kept
        return _Worded(mail, message.envelope(), Ready(mail.id, rendered.subject, text))

    async def _mark(self, worded: Sequence[_Worded]) -> list[_Worded]:
        """Settle what has come back and mark what goes next, in one commit."""
        results, self._results = self._results, []
        async with self.holding.writing() as (conn, lease):
            standing = await settle(conn, results, lease=lease, as_of=self._as_of)
            marked = await mark(conn, [one.ready for one in worded], lease=lease, as_of=self._as_of)
        self.holding.leave(result.id for result in results)
        self._learn(standing)
        marked_ones = [one for one in worded if one.mail.id in marked]
        for one in marked_ones:
            self._not_begun[one.mail.id] = _result(one.mail, NotHandedOver("not begun"))
        return marked_ones

    async def _settle(self, unmarked: Collection[UUID] = ()) -> None:
        """Settle what has come back; what was not even tried is decided anew."""
        results, self._results = self._results, []
        again = self.down_until or self._as_of
        async with self.holding.writing() as (conn, lease):
            standing = await settle(conn, results, lease=lease, as_of=self._as_of)
            await release(conn, sorted(unmarked), lease=lease, as_of=again)
        self.holding.leave(result.id for result in results)
        self._learn(standing)

    def _learn(self, standing: Standing | None) -> None:
        """What the answers of all mails together say of the server."""
        if standing is None:
            return
        self._standing = standing
        if standing.refuses:
            self.down_until = standing.next_probe_at
        self._probing = standing.refuses

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
        if self.down_until is not None or not await self.holding.still_mine(one.mail.id):
            return self._not_begun.pop(one.mail.id)
        self._not_begun.pop(one.mail.id)
        outcome: Outcome
        try:
            async with asyncio.timeout(LONGEST_HAND_OVER):
                outcome = await transport.send(one.envelope)
        except TimeoutError:
            outcome = Unknown("no answer in time")
        except Exception as error:  # a defect of the transport: nobody knows what was handed over
            outcome = Unknown(f"the transport failed: {type(error).__name__}")
        result = _result(one.mail, outcome)
        self._notice(result)
        return result

    def _notice(self, result: Result) -> None:
        """Stop at once where going on is of no use; what it means is judged when it is settled."""
        if result.fate is Fate.NO_CONNECTION:
            self._failures += 1
            self._tried = max(self._tried, result.attempts)
            if self._failures >= DOWN_AFTER:
                self.down_until = self._as_of + backoff(Fate.NO_CONNECTION, self._tried)
            return
        self._failures = 0
        if result.fate is Fate.ACCEPTED:
            self._doubted.clear()
        elif result.fate in (Fate.ADDRESS_DOUBTED, Fate.MESSAGE_REFUSED):
            self._doubted.add(result.person_id or 0)
        if result.fate is Fate.SERVER_REFUSED or len(self._doubted) >= MANY:
            self.down_until = self._as_of + backoff(Fate.LATER, self._standing.probes + 1)


_REFUSED = {
    About.PERSON: Fate.ADDRESS_REFUSED,
    About.PERSON_OR_SERVER: Fate.ADDRESS_DOUBTED,
    About.MESSAGE_OR_SERVER: Fate.MESSAGE_REFUSED,
    About.SERVER: Fate.SERVER_REFUSED,
}


def _result(mail: ClaimedMail, outcome: Outcome) -> Result:
    code: int | None = None
    step: Step | None = None
    match outcome:
        case Accepted(code, answer):
            fate = Fate.ACCEPTED
        case Temporary(code, answer):
            fate = Fate.LATER
        case Permanent(code, answer, step, concerns):
            fate = _REFUSED[concerns]
        case NotHandedOver(answer):
            fate = Fate.NO_CONNECTION
        case Unknown(answer):
            fate = Fate.NO_ANSWER
    return Result(mail.id, fate, mail.attempts + 1, code, answer, mail.receiver_id, step)
