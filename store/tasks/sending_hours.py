"""When a mail to somebody may really leave: whose hours count, on which day (reference §6).

The sender decides so at the moment of sending (`store.outbox.choice`); here it is asked ahead.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonTime
from store.access.links import HELD
from store.outbox.choice import next_morning
from store.outbox.outbox import horizon
from store.people.leaves import absences
from store.people.times import person_times
from store.tasks.rungs import leaves_at

MOST_TRIES = 60
"""So many mornings are looked at; a mail that leaves on none of them is not foreseen."""


@dataclass(slots=True)
class Letterboxes:
    """The hours of people, and who takes their mail meanwhile; read once, asked often."""

    times: dict[int, PersonTime] = field(default_factory=dict)
    own: dict[int, PersonTime] = field(default_factory=dict)
    acting: dict[int, list[tuple[date, date, int]]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    held: dict[int, datetime] = field(default_factory=dict)  # until then an address does not count

    async def add(
        self, conn: AsyncConnection, calendars: Calendars, people: Iterable[int], as_of: datetime
    ) -> None:
        """Read what is not known yet of these people."""
        wanted = sorted(set(people) - self.times.keys())
        if not wanted:
            return
        span = horizon(as_of)
        acting: dict[int, list[tuple[date, date, int]]] = defaultdict(list)
        for leave in await absences(conn, wanted, *span):
            if leave.delegate_id is not None:
                acting[leave.person_id].append((leave.first_day, leave.last_day, leave.delegate_id))
        delegates = {delegate for spells in acting.values() for *_, delegate in spells}
        times = await person_times(conn, calendars, [*wanted, *delegates], horizon=span)
        self.times |= {person: times.get(person, calendars.company()) for person in wanted}
        self.times |= {person: times[person] for person in delegates if person in times}
        self.acting |= acting
        if acting:
            self.own |= await person_times(
                conn, calendars, sorted(acting), horizon=span, leave="away"
            )
        self.refused |= await _unreached(conn, [*wanted, *delegates], as_of)
        self.held |= await _held_until(conn, [*wanted, *delegates], as_of)

    def leaves(
        self, person: int, instant: datetime, fired_at: datetime, *, stands_in: bool
    ) -> datetime | None:
        """When the mail of a rung that stands at `instant` leaves for somebody, fired then.

        `stands_in`: may a delegate get it? None: it does not leave, for the address is refused, or
        on no day that can be foreseen.
        """
        at = leaves_at(self.times[person], instant, fired_at)
        for _ in range(MOST_TRIES):
            delegate = self._delegate(person, at) if stands_in else None
            acting = None if delegate is None else self.times[delegate]
            time = self.times[person]
            if not stands_in and person in self.own:
                time = self.own[person]
            if (person if delegate is None else delegate) in self.refused:
                return None
            until = self.held.get(person if delegate is None else delegate)
            if (acting or time).in_window(at) and not (until and at < until):
                return at
            at = next_morning(time, acting, at)
        return None

    def _delegate(self, person: int, at: datetime) -> int | None:
        day = self.times[person].local_date(at)
        spells = self.acting.get(person, ())
        return next(
            (d for first, last, d in reversed(spells) if first <= day <= last and d in self.times),
            None,
        )


async def _unreached(conn: AsyncConnection, people: Iterable[int], as_of: datetime) -> set[int]:
    """To whom nothing leaves that can be foreseen: their address is refused, or does not count."""
    rows = await conn.execute(
        text(
            "SELECT p.id FROM people p WHERE p.id = ANY(CAST(:ids AS bigint[])) "
            "AND (p.address_refused_at IS NOT NULL OR EXISTS (SELECT FROM address_changes a "
            f"WHERE a.person_id = p.id AND {HELD} AND a.holds_until IS NULL))"
        ),
        {"ids": list(people), "now": as_of},
    )
    return set(rows.scalars())


async def _held_until(
    conn: AsyncConnection, people: Iterable[int], as_of: datetime
) -> dict[int, datetime]:
    rows = await conn.execute(
        text(
            "SELECT a.person_id, a.holds_until FROM address_changes a "
            f"WHERE a.person_id = ANY(CAST(:ids AS bigint[])) AND {HELD} "
            "AND a.holds_until IS NOT NULL"
        ),
        {"ids": list(people), "now": as_of},
    )
    return dict(rows.all())


def earliest(
    boxes: Letterboxes,
    people: Iterable[int],
    instant: datetime,
    fired_at: datetime,
    *,
    stands_in: bool,
) -> Mapping[int, datetime]:
    """When the mail leaves for each of them whom it reaches at all."""
    found = {p: boxes.leaves(p, instant, fired_at, stands_in=stands_in) for p in people}
    return {person: at for person, at in found.items() if at is not None}
