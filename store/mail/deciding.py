"""What the claim decides: which mails are made of what, and which of the old ones go again.

Pure but for what is held: `store.mail.claims` reads under locks, `store.mail.writing` writes.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.notifications import Event
from store.mail.writing import ClaimedMail, Written
from store.outbox.choice import (
    Choice,
    Group,
    Item,
    Somebody,
    choose,
    lost_with_receiver,
    stale,
    together,
)

MOST_UNANSWERED = 5
"""So often a mail is handed over without an answer; then it has arrived, or never will."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that was not sent so far and may be tried again now."""

    id: UUID
    key: str
    message_id: str
    kind: str
    person_id: int
    instead_of_id: int | None
    address: str
    attempts: int
    unanswered: int
    handed_over: bool
    expired: bool
    parts: int

    @property
    def lost(self) -> int:
        """How often it was handed over without an answer, the lost sender's turn included."""
        return self.unanswered + (1 if self.handed_over and self.expired else 0)


@dataclass(frozen=True, slots=True)
class Deciding:
    """What holds for everybody of a claim: who acts for whom, whose mail of today has gone."""

    people: Mapping[int, Somebody]
    acting: Mapping[int, Somebody]
    told_today: set[int]
    held: Sequence[UUID]
    as_of: datetime


def delegates_last(owners: Sequence[int], deciding: Deciding) -> list[int]:
    """Whose items are decided when: those of delegates last, so that what rides along with their
    own daily mail goes with the one that they get for others. Otherwise the longest due first."""
    receivers = {delegate.id for delegate in deciding.acting.values()}
    return sorted(owners, key=lambda owner: owner in receivers)


def decide(
    written: Written,
    items: Sequence[Item],
    owner: int,
    deciding: Deciding,
    before: Iterable[Choice],
) -> Choice:
    """Decide about the items of one person. `before`: what was decided about others so far."""
    for item in items:
        held = item.cycle_id in deciding.held and item.event is not Event.PAUSED
        if item.mail_id is not None and held:
            written.freed.append(item.id)
    freed = set(written.freed)
    return choose(
        deciding.people[owner],
        deciding.acting.get(owner),
        [item for item in items if item.id not in freed],
        deciding.as_of,
        told_today=deciding.told_today,
        mailed_anyway={
            group.receiver.id for one in before for group in one.groups if group.kind == "daily"
        },
    )


def resolve(written: Written, mail: Waiting, items: Sequence[Item], deciding: Deciding) -> None:
    """A mail of which nobody knows whether it arrived: the same again, or leave it (per kind).

    Nothing new goes into it: the receiver's server may know its Message-ID already.
    """
    as_of = deciding.as_of
    owner = mail.instead_of_id or mail.person_id
    whose = deciding.people if mail.instead_of_id is None else deciding.acting
    receiver = whose.get(owner)
    said = [item for item in items if not item.superseded]
    valid = [item for item in said if stale(item) is None and item.cycle_id not in deciding.held]
    again = any(item.again for item in valid) and mail.lost < MOST_UNANSWERED
    if not again or receiver is None or receiver.refused or receiver.id != mail.person_id:
        written.unknown.append(mail.id)
        return
    if receiver.gone(as_of):
        written.unknown.append(mail.id)
        return
    if receiver.unconfirmed or not receiver.time.in_window(as_of):
        until = receiver.time.morning(as_of + timedelta(seconds=1))
        written.waits.append((mail.id, until))
        written.resent.append((mail.id, mail.lost))
        return
    written.resent.append((mail.id, mail.lost))
    kept = {item.id for item in valid}
    written.suppressed += [(i.id, stale(i) or "paused") for i in said if i.id not in kept]
    claimed = ClaimedMail(
        mail.id,
        mail.key,
        mail.message_id,
        mail.kind,
        receiver.id,
        mail.instead_of_id,
        receiver.address,
        mail.attempts,
        mail.lost,
        tuple(item.id for item in valid),
    )
    written.mails.append((claimed, False))


def write_down(
    written: Written,
    choices: Mapping[int, Choice],
    refused: dict[UUID, Waiting],
    message_id: Callable[[str], str],
) -> None:
    """Make a mail for each receiver. One that was refused for now goes on, with what joined it."""
    for group in together([g for choice in choices.values() for g in choice.groups]):
        earlier = next((refused.pop(i.mail_id) for i in group.items if i.mail_id in refused), None)
        mail = _mail(group, earlier, message_id)
        written.mails.append((mail, earlier is None))
        written.sending += [(item.id, mail.key, False) for item in group.shown]
        written.sending += [(item.id, mail.key, True) for item in group.superseded]
    for choice in choices.values():
        _postpone(written, choice, refused)
        for item, reason in choice.suppressed:
            written.suppressed.append((item.id, reason))
            if lost_with_receiver(item, reason) and item.task_id and item.rung:
                written.lost_rungs.append((item.task_id, item.rung, item.due_revision or 0))
    written.dropped += list(refused)


def _mail(group: Group, earlier: Waiting | None, message_id: Callable[[str], str]) -> ClaimedMail:
    owner = group.instead_of or group.receiver.id
    key = earlier.key if earlier else mail_key(owner, [item.id for item in group.items])
    return ClaimedMail(
        earlier.id if earlier else UUID(int=0),
        key,
        earlier.message_id if earlier else message_id(key),
        group.kind,
        group.receiver.id,
        group.instead_of,
        group.receiver.address,
        earlier.attempts if earlier else 0,
        0,
        tuple(item.id for item in group.shown),
    )


def mail_key(person_id: int, items: Iterable[int]) -> str:
    """The identity of a mail: the person and what it tells. The same items make the same mail."""
    told = ",".join(str(item) for item in sorted(items))
    return f"mail:{person_id}:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _postpone(written: Written, choice: Choice, refused: dict[UUID, Waiting]) -> None:
    for item, until in choice.postponed:
        if item.mail_id is None:
            written.postponed.append((item.id, until))
        elif item.mail_id in refused:
            refused.pop(item.mail_id)
            written.waits.append((item.mail_id, until))
