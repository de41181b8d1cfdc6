"""The post of a play: the real sender, and a relay that keeps what it is handed.

Nothing leaves the machine. The relay refuses addresses and is down as the scenario says, by the
business instant of the sender's turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from activities.notifications.mail_facts import Mailbox
from activities.notifications.message import Envelope
from activities.notifications.sender import MailSettings, Sender
from activities.notifications.smtp import Accepted, NotHandedOver, Outcome, Permanent, Transport
from activities.processes import MailTurn
from activities.turn import Turn
from domain.mail_answers import Step
from domain.progress import Progress
from play.moments import instant
from play.scenario import Scenario
from store.base.session import Database

SETTINGS = MailSettings(
    sender=Mailbox(name="Almanac", address="almanac@rehearsal.invalid"),
    public_url="http://rehearsal.invalid",
    connections=1,
)
"""One connection: two would hand mails over in an order that differs from play to play."""


@dataclass(frozen=True, slots=True)
class _Span:
    """From an instant to an instant, which is no part of it. None: since ever, for ever."""

    first: datetime | None
    last: datetime | None

    def holds(self, at: datetime) -> bool:
        after = self.first is None or self.first <= at
        return after and (self.last is None or at < self.last)


class KeepingRelay:
    """A transport to nowhere: what it accepts is kept as it was handed over."""

    def __init__(self, scenario: Scenario, zone: ZoneInfo, begins: datetime) -> None:
        self.as_of = begins
        self.kept: list[Envelope] = []
        self._down = [
            _Span(instant(d.first, zone), instant(d.last, zone))
            for d in scenario.down
            if d.what == "mail"
        ]
        self._refused = [
            (
                r.address.lower(),
                _Span(
                    None if r.first is None else instant(r.first, zone),
                    None if r.last is None else instant(r.last, zone),
                ),
            )
            for r in scenario.refuse
        ]

    async def send(self, envelope: Envelope) -> Outcome:
        """Answer as the scenario says at the instant of this turn."""
        if any(span.holds(self.as_of) for span in self._down):
            return NotHandedOver("the relay is down")
        recipient = envelope.recipient.lower()
        if any(a == recipient and span.holds(self.as_of) for a, span in self._refused):
            return Permanent.said(Step.RECIPIENT, 550, "5.1.1 No such mailbox")
        self.kept.append(envelope)
        return Accepted(250, "kept")

    async def close(self) -> None:
        """Nothing is open."""


class Post:
    """The sender's turn of a play. Use one for each play; close it at the end.

    `connect` gives another transport, e.g. a real one to a real inbox; the scenario's refusals
    are then that inbox's business.
    """

    def __init__(
        self,
        scenario: Scenario,
        zone: ZoneInfo,
        begins: datetime,
        connect: Callable[[], Transport] | None = None,
    ) -> None:
        self._relay = KeepingRelay(scenario, zone, begins)
        self._connect = connect
        self._sender: Sender | None = None

    @property
    def kept(self) -> Sequence[Envelope]:
        """Every mail that the relay took, in order."""
        return self._relay.kept

    def turn(self, database: Database) -> MailTurn:
        """The turn of the sender on this database, for `play.world.open_world`."""
        sender = Sender(database, SETTINGS, self._connect or (lambda: self._relay))
        self._sender = sender

        async def advance(turn: Turn, as_of: datetime) -> Progress:
            self._relay.as_of = as_of
            return await sender.advance(turn, as_of)

        return advance

    async def close(self) -> None:
        """Let the transport go."""
        if self._sender is not None:
            await self._sender.close()
