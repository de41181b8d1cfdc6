"""What a change of people's records means for trust: one rule for every way in which it comes.

An import, a page, the API, a sync with an HR system: each takes a picture of people before it
writes (`stand`), and hands it to `follow_changes` afterwards, in the same transaction. What must
not be is refused there; what may be is told, held and written down, one entry a person.

- Nobody changes their own record, nor the line above them, nor makes themselves (or somebody below
  them) the manager of somebody who was there before.
- An address makes nobody a member of a desk, and takes nobody from one: the company settings do.
- A changed address signs nobody in at once (`store/access/address_changes.py`).
- A changed line above or below a member of a desk is told to both desks, whoever changed it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid
from domain.notifications import Event
from domain.states import Desk
from store.access.address_changes import Moved, addresses_moved
from store.base.audit import Change, record_each
from store.outbox.notices import tell
from store.people.company import at_desks, company
from store.people.reporting_lines import CURRENT_LINES


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person stands: address, status, leaving day, manager on the day asked for."""

    person_id: int
    employee_id: str
    email: str
    status: str
    left_on: date | None
    refused: bool
    signed_in: bool
    manager_id: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """How people stand on a day, by person id."""

    on: date
    people: Mapping[int, Standing]

    def above(self, person_id: int) -> list[int]:
        """The line above somebody, nearest first; a loop ends it."""
        found: list[int] = []
        one = self.people.get(person_id)
        while one is not None and one.manager_id is not None and one.manager_id not in found:
            found.append(one.manager_id)
            one = self.people.get(one.manager_id)
        return found


async def stand(conn: AsyncConnection, on: date) -> Picture:
    """Take a picture of the people of the company, with their managers as of `on`.

    Under the people lock, so that nothing comes between it and what is written next.
    """
    rows = await conn.execute(
        text(
            f"SELECT p.id, p.employee_id, p.email, p.status, p.left_on,"
            f" p.address_refused_at IS NOT NULL, p.signed_in, l.manager_id FROM people p"
            f" LEFT JOIN ({CURRENT_LINES}) l ON l.person_id = p.id WHERE p.status <> 'external'"
        ),
        {"on": on},
    )
    return Picture(on, {row[0]: Standing(*row) for row in rows})


async def follow_changes(
    conn: AsyncConnection,
    before: Picture,
    *,
    actor: Actor,
    now: datetime,
    rows: Mapping[str, int] | None = None,
) -> None:
    """Compare people with how they stood before an act, and do what follows from the difference.

    `rows` says in which row of a file an employee id stood. Raises Invalid with every change that
    must not be; the caller's transaction is then to be taken back. Not to be called twice for one
    act.
    """
    after = await stand(conn, before.on)
    changed = [
        (before.people[person], one)
        for person, one in after.people.items()
        if person in before.people and one != before.people[person]
    ]
    new = [one for person, one in after.people.items() if person not in before.people]
    desks = await _desks(conn)
    problems = [
        *_own(before, after, changed, actor),
        *_by_address(changed, desks),
        *_backdated(before, changed, desks, now.date()),
        *(await _inherited(conn, new, before, desks)),
    ]
    if problems:
        one = problems[0].message
        raise Invalid(
            one
            if len(problems) == 1
            else f"{len(problems)} of these changes must be made by somebody else, or elsewhere.",
            tuple(problem.as_dict(rows or {}) for problem in problems),
        )
    await record_each(conn, _entries(changed), at=now, actor=actor, of="person")
    moves = [Moved(b.person_id, b.email, a.email, b.refused, b.signed_in) for b, a in changed]
    seated = [one.person_id for one in before.people.values() if one.email.lower() in desks]
    await addresses_moved(conn, moves, desks=seated, actor=actor, now=now)
    await _tell_lines(conn, _desk_lines(before, after, changed, frozenset(seated)), actor, now)


# --- What must not be ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Problem:
    person: Standing
    column: str
    code: str
    message: str
    hint: str = ""

    def as_dict(self, rows: Mapping[str, int]) -> dict[str, object]:
        return {
            "row": rows.get(self.person.employee_id, 0),
            "column": self.column,
            "field": self.column,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "employee_id": self.person.employee_id,
        }


_COLLEAGUE = "Leave it out; a colleague at a desk, or whoever runs the system, makes this change."


def _own(
    before: Picture, after: Picture, changed: Sequence[tuple[Standing, Standing]], actor: Actor
) -> list[_Problem]:
    """Whoever is not a person has no own line."""
    me = actor.person_id
    if me is None:
        return []
    mine = {me, *before.above(me)}
    found = []
    for was, now in changed:
        line = was.manager_id != now.manager_id
        if was.person_id == me and (line or _differs(was, now)):
            column = "manager_id" if line else "email" if was.email != now.email else "status"
            message = "This is your own record: nobody changes their own address, line or status."
            found.append(_Problem(now, column, "own_record", message, _COLLEAGUE))
        elif line and was.person_id in mine:
            message = "This changes the line above you: nobody changes their own line."
            found.append(_Problem(now, "manager_id", "own_line", message, _COLLEAGUE))
        elif line and me in after.above(now.person_id) and me not in before.above(was.person_id):
            message = "This person would report to you, or to somebody below you."
            found.append(_Problem(now, "manager_id", "own_line", message, _COLLEAGUE))
    return found


def _differs(was: Standing, now: Standing) -> bool:
    """What rights hang on, but for the line; letter case of an address is nothing."""
    return (was.email.lower(), was.status, was.left_on) != (
        now.email.lower(),
        now.status,
        now.left_on,
    )


_Seats = Mapping[str, frozenset[str]]


async def _desks(conn: AsyncConnection) -> _Seats:
    """The desks at which an address stands in the company settings; addresses in small letters."""
    try:
        settings = await company(conn)
    except IllegalState:
        return {}  # the company file comes next
    desks = {Desk.HR: settings.hr, Desk.ADMINISTRATORS: settings.administrators}
    seats: dict[str, set[str]] = {}
    for desk, addresses in desks.items():
        for address in addresses:
            seats.setdefault(address.lower(), set()).add(desk)
    return {address: frozenset(at) for address, at in seats.items()}


def _by_address(changed: Sequence[tuple[Standing, Standing]], desks: _Seats) -> Iterable[_Problem]:
    nowhere: frozenset[str] = frozenset()
    for was, now in changed:
        if desks.get(was.email.lower(), nowhere) != desks.get(now.email.lower(), nowhere):
            yield _Problem(
                now,
                "email",
                "desk_address",
                "This address stands at a desk; who sits there is not changed by an address.",
                "Name the new address in the company settings beside the old one, import, and "
                "then remove the old one there.",
            )


def _backdated(
    before: Picture, changed: Sequence[tuple[Standing, Standing]], desks: _Seats, today: date
) -> Iterable[_Problem]:
    """Whoever was above a member of a desk during a cycle stays closed to them: it must be seen."""
    if before.on >= today:
        return
    seated = [one for one in before.people.values() if one.email.lower() in desks]
    lines = {above for one in seated for above in (one.person_id, *before.above(one.person_id))}
    for was, now in changed:
        if was.manager_id != now.manager_id and was.person_id in lines:
            yield _Problem(
                now,
                "manager_id",
                "backdated_line",
                "This changes the line above a member of a desk, from a day that has passed.",
                "Let it hold from today on: who was above them until now stays on record.",
            )


async def _inherited(
    conn: AsyncConnection, new: Sequence[Standing], before: Picture, desks: _Seats
) -> list[_Problem]:
    """Somebody new must not come to a desk by an address that was another one's."""
    named = {one.email.lower(): one for one in new if one.email.lower() in desks}
    if not named:
        return []
    theirs = {one.email.lower() for one in before.people.values()} & named.keys()
    rows = await conn.execute(
        text(
            "SELECT lower(old_address) FROM address_changes"
            " WHERE lower(old_address) = ANY(CAST(:addresses AS text[]))"
            " UNION SELECT lower(new_address) FROM address_changes"
            " WHERE lower(new_address) = ANY(CAST(:addresses AS text[]))"
        ),
        {"addresses": sorted(named)},
    )
    theirs |= set(rows.scalars())
    message = "This address stands at a desk, and was somebody else's: it would pass the desk on."
    hint = "Take it out of the company settings first; a second member of a desk confirms that."
    return [
        _Problem(named[address], "email", "desk_address", message, hint)
        for address in sorted(theirs)
    ]


# --- What is told --------------------------------------------------------------------------------

MOST_NAMED = 20
"""Lines in a mail; the audit log has all of them."""


def _desk_lines(
    before: Picture,
    after: Picture,
    changed: Sequence[tuple[Standing, Standing]],
    seated: frozenset[int],
) -> list[tuple[int, int | None]]:
    """The changed lines by which a member of a desk is above or below somebody else than before."""
    lines = {above for one in seated for above in (one, *before.above(one), *after.above(one))}
    return [
        (now.person_id, now.manager_id)
        for was, now in changed
        if was.manager_id != now.manager_id
        and (
            now.person_id in lines
            or seated & {*after.above(now.person_id)} - {*before.above(was.person_id)}
        )
    ]


async def _tell_lines(
    conn: AsyncConnection, lines: Sequence[tuple[int, int | None]], actor: Actor, now: datetime
) -> None:
    """Tell both desks: who reports to whom decides who reads what, and one person can change it."""
    if not lines:
        return
    await tell(
        conn,
        await at_desks(conn),
        Event.LINES_CHANGED,
        key=f"lines:{now.isoformat()}:{lines[0][0]}",
        cause="lines_changed",
        now=now,
        data={
            "by": actor.person_id,
            "lines": [list(line) for line in lines[:MOST_NAMED]],
            "more": max(len(lines) - MOST_NAMED, 0),
        },
    )


# --- What is written down ------------------------------------------------------------------------


def _entries(changed: Sequence[tuple[Standing, Standing]]) -> list[Change]:
    """One entry a person and kind of change, by reference: never an address."""
    found = []
    for was, now in changed:
        if was.email.lower() != now.email.lower():
            found.append(Change("address_changed", now.person_id, {}, {}))
        if was.manager_id != now.manager_id:
            found.append(_entry("manager_changed", now, "manager_id", was, now))
        if (was.status, was.left_on) != (now.status, now.left_on):
            before = {"status": was.status, "left_on": _day(was.left_on)}
            after = {"status": now.status, "left_on": _day(now.left_on)}
            found.append(Change("status_changed", now.person_id, before, after))
    return found


def _entry(action: str, one: Standing, name: str, was: Standing, now: Standing) -> Change:
    return Change(action, one.person_id, {name: getattr(was, name)}, {name: getattr(now, name)})


def _day(day: date | None) -> Any:
    return None if day is None else day.isoformat()
