"""How a task moves along its ladder: what firing a rung does to it, and what sending its mail does.

Pure. The engine fires by these rules (`store.tasks.escalation`), the sender keeps the distance by
them (`store.tasks.rung_spacing`), and what is promised is walked ahead by them
(`store.tasks.foresight`): so a mail announces the day on which something will really happen
(language reference §5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from definitions.calendar import PersonTime
from definitions.ladders import Rung, gap, next_rung, not_before
from definitions.models import Ladder
from store.tasks.announcing import LATE


@dataclass(frozen=True, slots=True)
class Climbing:
    """A task on its ladder: its dates, the rung that counts as done, the one that comes next."""

    id: UUID
    subject_id: int | None
    assignee_id: int | None
    desk: str | None
    due_on: date
    due_revision: int
    closes_at: datetime | None
    announced_on: date | None
    announce_at: datetime
    next_rung: str | None
    next_rung_at: datetime | None
    last_rung: str | None
    last_rung_on: date | None
    told_to: tuple[int, ...]

    def announced(self, assignee: PersonTime) -> date:
        """The assignee's day of the opening mail; the planned one until it went out."""
        return self.announced_on or assignee.local_date(self.announce_at)


@dataclass(frozen=True, slots=True)
class Picked:
    """The rung to fire now, or the one to wait for; and the reminders that are passed over."""

    rung: Rung | None
    waiting: Rung | None = None
    passed: tuple[str, ...] = ()


def pick(ladder: Ladder, task: Climbing, assignee: PersonTime, as_of: datetime) -> Picked:
    """Which rung of a task fires at `as_of`, its next one having come.

    Of reminders that piled up it is the latest, of the others the next. Reminders dated on or
    before the day of the announcement do not exist (§5.3): if the opening mail was late, they are
    passed over here.
    """
    announced = task.announced(assignee)

    def after(key: str | None) -> Rung | None:
        return next_rung(
            ladder,
            key,
            due_on=task.due_on,
            assignee=assignee,
            announced_on=announced,
            closes_at=task.closes_at,
        )

    rung = after(task.last_rung)
    if rung is not None and rung.kind == "escalate" and task.next_rung_at is not None:
        # Where it stands now: pushed by what really went out before it, or in another's place.
        at = task.next_rung_at
        if assignee.local_date(at) <= announced:  # nobody is escalated unwarned (§5.6)
            at = assignee.opening(assignee.calendar.after(announced, 1))
        stands = replace(rung, at=at, on=assignee.local_date(at))
        return Picked(stands) if at <= as_of else Picked(None, stands)
    passed: list[str] = []
    while rung is not None:
        later = after(rung.key)
        if later is None or later.kind == "escalate" or later.at > as_of:
            break
        passed.append(f"{rung.key}:passed")
        rung = later
    if rung is not None and rung.at > as_of:
        return Picked(None, rung, tuple(passed))
    return Picked(rung, None, tuple(passed))


def following(ladder: Ladder, task: Climbing, done: Rung, assignee: PersonTime) -> Rung | None:
    """The rung that comes after one that counts as done, which stood on `done.on`.

    After an escalation it keeps the ladder's distance from where that one stood (§5.5).
    """
    first = None
    if done.kind == "escalate":
        step = gap(ladder, done.key)
        first = None if step is None else assignee.calendar.after(done.on, step)
    return next_rung(
        ladder,
        done.key,
        due_on=task.due_on,
        assignee=assignee,
        announced_on=task.announced_on,
        closes_at=task.closes_at,
        not_before=first,
    )


def kept_distance(
    ladder: Ladder,
    last: str,
    sent_at: datetime,
    upcoming: str,
    planned: datetime,
    assignee: PersonTime,
    receivers: Sequence[PersonTime] = (),
) -> datetime:
    """When the escalation `upcoming` stands, the mail of `last` having gone out at `sent_at`.

    Never earlier than `planned`, and no sooner than the ladder puts working days between the two,
    counted from the assignee's day on which it really went out (§5.6). Where the ladder puts none
    between them it is the next morning: the mails of that morning are out, and the assignee hears
    first. After a reminder the assignee, who is told at every rung, has the whole distance. Between
    escalations mail is compared with mail, where the `receivers` of the upcoming one are given: a
    desk in the east reads both a morning later.
    """
    sent_on = assignee.local_date(sent_at)
    first = not_before(ladder, last, sent_on, upcoming, assignee)
    day = assignee.local_date(planned)
    while day < first:
        mails = [receiver.morning(assignee.opening(day)) for receiver in receivers]
        if escalates(last) and mails and assignee.local_date(min(mails)) >= first:
            break
        day = assignee.calendar.after(day, 1)
    stands = max(planned, assignee.opening(day))
    return stands if stands > sent_at else assignee.opening(assignee.calendar.after(sent_on, 1))


def leaves_at(time: PersonTime, instant: datetime, as_of: datetime) -> datetime:
    """When the mail of a rung may leave that stands at `instant` and fires at `as_of`.

    With the recipient's first daily mail. Fired late, because the engine was away: now if it is a
    decent hour, else the next morning.
    """
    morning = time.morning(instant)
    return time.at_once(as_of) if as_of - morning > LATE else morning


def day_of_firing(rung: Rung, assignee: PersonTime, as_of: datetime) -> date:
    """The morning whose reporting lines, absences and desks decide whom a rung reaches (§5.5)."""
    return max(rung.on, assignee.local_date(as_of))


def escalates(key: str | None) -> bool:
    """Is this the key of an escalation?"""
    return key is not None and key.startswith("escalate:")


def climbing(row: Row[Any]) -> Climbing:
    """A task from a row that holds the columns of `COLUMNS`."""
    found = {name: row._mapping[name] for name in _NAMES}
    return Climbing(**found | {"told_to": tuple(row.told_to or ())})


_NAMES = tuple(field.name for field in fields(Climbing))

COLUMNS = ", ".join(f"t.{name}" for name in _NAMES)
"""What a query selects of `tasks t` for `climbing`."""
