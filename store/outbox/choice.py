"""What of the outbox is still worth saying, to whom, and in one mail (language reference §5, §6).

Pure: the sender reads rows, decides here, and writes what was decided. Each decision has a reason
code that the ledger keeps.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from definitions.calendar import PersonTime
from domain.kinds.registry import TRAITS
from domain.notifications import Event, pressing
from domain.states import CycleState, TaskState

LINK_LIFE = timedelta(minutes=30)
"""A sign-in mail later than this would carry a link for somebody who has asked again."""

ASKED_FOR = (Event.SIGN_IN, Event.TEST_MAIL)

NOBODY_ELSE = frozenset(kind.name for kind in TRAITS.values() if kind.personal)
"""The kinds of stages in which nobody speaks for somebody else."""

OWN_RESULTS = (Event.RESULT_OPENED, Event.REPORT_READY, Event.REPORT_OPENED)

TO_THE_HOLDER = frozenset(
    {
        Event.TASK_OPENED,
        Event.REMINDER,
        Event.ESCALATED_NOTICE,
        Event.REOPENED,
        Event.REASSIGNED_TO,
        Event.DUE_CHANGED,
        Event.RESUMED,
    }
)
"""Events for whoever must do the task, and for nobody who no longer must."""


@dataclass(frozen=True, slots=True)
class Item:
    """A notification with what decides about it, as read under the claim's locks."""

    id: int
    event: Event
    person_id: int
    desk: str | None
    cycle_id: UUID | None
    task_id: UUID | None
    rung: str | None
    due_revision: int | None
    at: datetime
    send_at: datetime
    ride_along: bool
    mail_id: UUID | None
    cycle_state: str | None
    task_state: str | None
    assignee_id: int | None
    task_desk: str | None
    task_revision: int | None
    superseded: bool = False
    subject_id: int | None = None
    stage_kind: str | None = None
    address: str | None = None  # where it goes, if not to the person's present one
    prompt: bool = False
    """The row says that it goes at once, although its event does not."""

    @property
    def at_once(self) -> bool:
        """Does it wait for no daily mail? The event decides, or its row; never the hour (§6.3)."""
        return self.event.at_once or self.prompt

    @property
    def again(self) -> bool:
        """Is it said again when nobody knows whether it arrived?

        What a ladder waits for always is: nobody may be escalated unwarned (§5.6).
        """
        return self.event.again_if_unknown or self.rung is not None


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person as a receiver of mail.

    `time`: where a delegate acts, the delegate's days count. `own_time`, if somebody acts today:
    the person's own days, without any leave. `unconfirmed`: the address has changed and does not
    count as theirs yet; nothing is mailed to it that they did not ask for.
    """

    id: int
    address: str
    active: bool
    left_on: date | None
    refused: bool
    time: PersonTime
    own_time: PersonTime | None = None
    unconfirmed: bool = False

    def gone(self, as_of: datetime) -> bool:
        """Have they left the company by then, on their own date?"""
        return not self.active and (
            self.left_on is None or self.left_on <= self.time.local_date(as_of)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """What goes into one mail: `shown` is said, `superseded` is covered by what is said.

    `instead_of`: the person for whom the receiver gets all of it; None where some of it is theirs.
    """

    receiver: Somebody
    instead_of: int | None
    kind: str
    shown: tuple[Item, ...]
    superseded: tuple[Item, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.shown, *self.superseded)


@dataclass(slots=True)
class Choice:
    """What was decided about one person's items. What is in none of these stays as it is."""

    groups: list[Group] = field(default_factory=list)
    suppressed: list[tuple[Item, str]] = field(default_factory=list)
    postponed: list[tuple[Item, datetime]] = field(default_factory=list)
    held: list[Item] = field(default_factory=list)


def stale(item: Item) -> str | None:
    """Return why an item must not be said any more, as a code; None if it still holds (§5.4)."""
    if item.event is Event.PAUSED and item.cycle_state != CycleState.PAUSED:
        return "resumed"
    if item.event is Event.NEEDS_ASSIGNEE and item.assignee_id is not None:
        return "assigned"
    if item.task_id is None:
        return None
    if _about_open_tasks(item) and item.task_state != TaskState.OPEN:
        return item.task_state or "gone"
    if item.event in TO_THE_HOLDER and not _holds(item):
        return "reassigned"
    if item.rung is not None and item.due_revision != item.task_revision:
        return "due_changed"
    return None


def _about_open_tasks(item: Item) -> bool:
    return item.event.while_open or (
        item.event in (Event.NEEDS_ASSIGNEE, Event.EXTENDED_NOTICE)
        and item.task_state not in (TaskState.OPEN, TaskState.PLANNED)
    )


def _holds(item: Item) -> bool:
    if item.assignee_id is not None:
        return item.assignee_id == item.person_id
    return item.desk is not None and item.desk == item.task_desk


def choose(
    person: Somebody,
    delegate: Somebody | None,
    items: Iterable[Item],
    as_of: datetime,
    *,
    told_today: Collection[int] = (),
    mailed_anyway: Collection[int] = (),
) -> Choice:
    """Decide about one person's items at `as_of`.

    `items` are those due, those that ride along, and those of a mail that was refused for now.
    `delegate` acts for the person today; what only the person may be told waits for their first
    working day back. Nothing goes out on a day or at an hour that is not the
    receiver's, nor to an address that does not count as theirs yet: it is postponed to their next
    morning. So is daily mail to those whose mail of today
    has gone (`told_today`): there is one a day, whatever comes late, and it takes everything that
    is there. `mailed_anyway`: receivers of a daily mail that others' items cause.
    """
    choice = Choice()
    daily: list[Item] = []
    for item in items:
        reason = stale(item)
        if reason is None and item.event in ASKED_FOR and as_of - item.send_at > LINK_LIFE:
            reason = "too_late"
        if reason is not None:
            choice.suppressed.append((item, reason))
        elif item.event.always:
            there = replace(person, address=item.address) if item.address else person
            choice.groups.append(Group(there, None, item.event.value, (item,)))
        else:
            daily.append(item)
    if delegate is not None:
        kept = [item for item in daily if for_nobody_else(item, delegate.id)]
        daily = [item for item in daily if item not in kept]
        if kept:
            absent = replace(person, time=person.own_time or person.time)
            _choose_daily(choice, absent, None, kept, as_of, told_today, mailed_anyway)
    if daily:
        _choose_daily(choice, person, delegate, daily, as_of, told_today, mailed_anyway)
    return choice


def for_nobody_else(item: Item, delegate_id: int) -> bool:
    """Is this the person's own, so that no delegate hears of it in their place?

    A person's own result and its acknowledgement; what they are asked as a rater, which is nobody
    else's view; and whatever concerns the delegate, who neither writes about themselves nor hears
    from others' mail that they are late.
    """
    if item.event in OWN_RESULTS or item.stage_kind in NOBODY_ELSE:
        return True
    return delegate_id in (item.subject_id, item.assignee_id)


def _choose_daily(
    choice: Choice,
    person: Somebody,
    delegate: Somebody | None,
    items: Sequence[Item],
    as_of: datetime,
    told_today: Collection[int],
    mailed_anyway: Collection[int],
) -> None:
    receiver = delegate or person
    if person.gone(as_of):
        choice.suppressed += [(item, "left") for item in items]
        return
    anyway = receiver.id in mailed_anyway
    causing = [item for item in items if item.send_at <= as_of and not item.event.ride_along]
    if not causing and not anyway:
        return
    if receiver.refused:
        choice.suppressed += [(item, "address_refused") for item in causing]
        return
    until = next_morning(person.time, delegate.time if delegate else None, as_of)
    if receiver.unconfirmed or not receiver.time.in_window(as_of):
        choice.postponed += [(item, until) for item in causing]
        return
    taken: Sequence[Item] = items
    daily = anyway or any(_with_the_daily_mail(item, person.time) for item in causing)
    if receiver.id in told_today:
        choice.postponed += [(item, until) for item in causing if not item.at_once]
        daily, taken = False, [item for item in causing if item.at_once]
    elif not daily:
        taken = causing
    if not taken:
        return
    shown, superseded = once_each(taken)
    instead_of = person.id if delegate else None
    kind = "daily" if daily else "at_once"
    choice.groups.append(Group(receiver, instead_of, kind, shown, superseded))


def together(groups: Iterable[Group]) -> list[Group]:
    """One mail for each receiver: what they are told themselves, and what they hear for others."""
    mails: dict[int, Group] = {}
    others: list[Group] = []
    for group in groups:
        if any(item.event.always for item in group.shown):
            others.append(group)  # asked for this moment: it goes alone
            continue
        same = mails.get(group.receiver.id)
        mails[group.receiver.id] = group if same is None else _both(same, group)
    return [*others, *mails.values()]


def _both(one: Group, other: Group) -> Group:
    shown, superseded = once_each((*one.shown, *other.shown))
    return Group(
        one.receiver,
        one.instead_of if one.instead_of == other.instead_of else None,
        "daily" if "daily" in (one.kind, other.kind) else "at_once",
        shown,
        (*one.superseded, *other.superseded, *superseded),
    )


def next_morning(person: PersonTime, delegate: PersonTime | None, as_of: datetime) -> datetime:
    """The next instant at which whoever receives the person's mail may get some."""
    later = as_of + timedelta(seconds=1)
    own = person.morning(later)
    return own if delegate is None else min(own, delegate.morning(later))


def _with_the_daily_mail(item: Item, time: PersonTime) -> bool:
    """Does it make a daily mail? What goes at once does where it had to wait for the morning."""
    return not item.at_once or item.send_at == time.opening(time.local_date(item.send_at))


def once_each(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Split into what is shown and what it supersedes: each task once, most pressing (§6.2)."""
    by_task: dict[UUID, list[Item]] = defaultdict(list)
    shown: list[Item] = []
    for item in items:
        if item.task_id is None:
            shown.append(item)
        else:
            by_task[item.task_id].append(item)
    superseded: list[Item] = []
    for same in by_task.values():
        first, *others = sorted(same, key=_rank)
        shown.append(first)
        superseded += others
    return tuple(sorted(shown, key=_order)), tuple(superseded)


def _rank(item: Item) -> tuple[tuple[int, int, int], int, int]:
    """Of several that are equally pressing the latest wins."""
    return (pressing(item.event, item.rung), -(item.due_revision or 0), -item.id)


def _order(item: Item) -> int:
    return item.id


def lost_with_receiver(item: Item, reason: str) -> bool:
    """Does a ladder go on although this rung reached nobody?

    Whoever was to be told has left since the rung fired; the assignee had been warned before.
    """
    return reason == "left" and item.event is Event.ESCALATION and item.rung is not None
