"""Ladders: when each rung of a task falls (language reference §5). Pure.

A ladder lists reminders and escalations in working days relative to the due date, on the
assignee's calendar. A rung is known by its key: `remind:-5`, `escalate:3`, `escalate:6+1` for the
first repeat.

Choices where the reference leaves room:

- A repeating escalation repeats until the next escalation of the ladder takes over.
- Reminders come before escalations of the same day.
- An escalation dated on or before the day on which the task was announced (its opening mail was
  late) falls on the working day after: nobody is escalated unwarned (§5.6).
- `not_before` postpones a rung; a repeat falls exactly on it, because repeats are counted from
  what went out before (§5.5).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from definitions.calendar import PersonTime
from definitions.models import Ladder

Kind = Literal["remind", "escalate"]

KEY = re.compile(r"(remind|escalate):(-?\d+)(?:\+(\d+))?")


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of one task. `level` is its day on the ladder, that of a repeat its escalation's.

    `at` is the assignee's 09:00 (`mail_at`) of `on`; `to` is who is told, None for reminders.
    """

    key: str
    kind: Kind
    on: date
    at: datetime
    level: int
    to: str | None = None


class _Spot(NamedTuple):
    """A place on the ladder. Places sort by day, reminders before escalations."""

    day: int  # counted from the due date as the ladder says
    order: int  # 0 for reminders, 1 for escalations
    turn: int  # 0, or the number of the repeat
    level: int
    every: int  # working days between repeats; 0: it is not repeated
    kind: Kind
    to: str | None

    @property
    def key(self) -> str:
        repeat = f"+{self.turn}" if self.turn else ""
        return f"{self.kind}:{self.level}{repeat}"


def next_rung(
    ladder: Ladder,
    after: str | None,
    *,
    due_on: date,
    assignee: PersonTime,
    announced_on: date | None,
    closes_at: datetime | None,
    not_before: date | None = None,
) -> Rung | None:
    """The rung that follows `after` (None: the first), or None if none does.

    `announced_on` is the assignee's date on which the task was announced: reminders on or before
    it do not exist. Rungs after `closes_at` do not exist. `not_before` is the first day that the
    ladder's distance from what went out before allows (see `not_before` below). Raises ValueError
    if `after` is no rung of this ladder, CalendarRange beyond the frozen years.
    """
    spot = _following(ladder, after)
    while spot is not None:
        on = assignee.calendar.shift(due_on, spot.day)
        told_before = announced_on is None or on > announced_on
        if told_before or spot.kind == "escalate":
            break
        spot = _following(ladder, spot.key)
    if spot is None:
        return None
    if not told_before and announced_on is not None:
        on = assignee.calendar.after(announced_on, 1)
    if not_before is not None:
        on = assignee.calendar.on_or_after(not_before if spot.turn else max(on, not_before))
    return _rung(spot, on, assignee, closes_at)


def rung_at(ladder: Ladder, key: str, on: date, assignee: PersonTime) -> Rung:
    """A rung of the ladder on a day, wherever the ladder would put it.

    Raises ValueError if `key` is no rung of this ladder.
    """
    spot = _spot(ladder, key)
    return Rung(spot.key, spot.kind, on, assignee.opening(on), spot.level, spot.to)


def gap(ladder: Ladder, previous: str, key: str | None = None) -> int | None:
    """How many working days the ladder puts between two rungs; never below 0.

    Without `key`: between a rung and the one that follows it, None if none does. Raises
    ValueError for a key that is no rung of this ladder.
    """
    spot = _following(ladder, previous) if key is None else _spot(ladder, key)
    return None if spot is None else max(0, spot.day - _spot(ladder, previous).day)


def not_before(
    ladder: Ladder, previous: str | None, sent_on: date, key: str, assignee: PersonTime
) -> date:
    """The first day on which `key` may go out, `previous` having really gone out on `sent_on`.

    Both days are the assignee's (language reference §5.6). `previous` None: `sent_on` is the day
    of the opening mail, and the rung comes on the next working day at the earliest.
    """
    if previous is None:
        return assignee.calendar.after(sent_on, 1)
    return assignee.calendar.after(sent_on, gap(ladder, previous, key) or 0)


def repeats(
    ladder: Ladder,
    key: str,
    counted_from: date,
    *,
    assignee: PersonTime,
    closes_at: datetime | None = None,
) -> Iterator[Rung]:
    """The repeats of the escalation `key`, counted from the day on which it really stood (§5.5).

    Endless unless it closes or another escalation takes over: raises CalendarRange at the end of
    the frozen years. Nothing for a rung that does not repeat.
    """
    spot = _spot(ladder, key)
    on = counted_from
    while spot.every:
        repeat = _repeat(ladder, spot, spot.turn + 1)
        if repeat is None:
            return
        on = assignee.calendar.after(on, spot.every)
        rung = _rung(repeat, on, assignee, closes_at)
        if rung is None:
            return
        yield rung
        spot = repeat


def rungs(
    ladder: Ladder,
    *,
    due_on: date,
    assignee: PersonTime,
    announced_on: date | None,
    closes_at: datetime | None,
    most_repeats: int = 1,
) -> list[Rung]:
    """All rungs of a task if nobody ever acts, in order; of endless repeats the first few."""
    found: list[Rung] = []
    key: str | None = None
    while True:
        rung = next_rung(
            ladder,
            key,
            due_on=due_on,
            assignee=assignee,
            announced_on=announced_on,
            closes_at=closes_at,
        )
        if rung is None or _spot(ladder, rung.key).turn > most_repeats:
            return found
        found.append(rung)
        key = rung.key


def _rung(spot: _Spot, on: date, assignee: PersonTime, closes_at: datetime | None) -> Rung | None:
    at = assignee.opening(on)
    if closes_at is not None and at > closes_at:
        return None
    return Rung(spot.key, spot.kind, on, at, spot.level, spot.to)


@lru_cache(maxsize=1024)
def _steps(ladder: Ladder) -> tuple[_Spot, ...]:
    """What the ladder lists, in order."""
    reminders = (_Spot(day, 0, 0, day, 0, "remind", None) for day in ladder.remind)
    escalations = (
        _Spot(step.on, 1, 0, step.on, step.repeat or 0, "escalate", step.to)
        for step in ladder.escalate
    )
    return tuple(sorted((*reminders, *escalations), key=_place))


def _place(spot: _Spot) -> tuple[int, int, int]:
    return spot[:3]


@lru_cache(maxsize=4096)
def _following(ladder: Ladder, after: str | None) -> _Spot | None:
    """The place on the ladder after that of the key."""
    steps = _steps(ladder)
    if after is None:
        return steps[0] if steps else None
    here = _spot(ladder, after)
    later = [step for step in steps if _place(step) > _place(here)]
    for step in steps:
        if step.every and _place(step) <= _place(here):
            turn = max(1, (here.day - step.day) // step.every)
            passed = step._replace(day=step.day + step.every * turn, turn=turn)
            if _place(passed) <= _place(here):
                turn += 1
            repeat = _repeat(ladder, step, turn)
            if repeat is not None:
                later.append(repeat)
    return min(later, key=_place, default=None)


def _repeat(ladder: Ladder, spot: _Spot, turn: int) -> _Spot | None:
    """The repeat of that number; None once the next escalation of the ladder has taken over."""
    day = spot.level + spot.every * turn
    above = (s.level for s in _steps(ladder) if s.kind == "escalate" and s.level > spot.level)
    limit = min(above, default=None)
    return None if limit is not None and day >= limit else spot._replace(day=day, turn=turn)


def _spot(ladder: Ladder, key: str) -> _Spot:
    """Read a key. Raises ValueError if it is no rung of this ladder."""
    match = KEY.fullmatch(key)
    if match is not None:
        for spot in _steps(ladder):
            if (spot.kind, spot.level) == (match[1], int(match[2])):
                turn = int(match[3] or 0)
                if not turn or spot.every:
                    return spot._replace(day=spot.level + spot.every * turn, turn=turn)
    raise ValueError(f"{key!r} is no rung of this ladder")
