"""Leave: full days on which a person does not work, and who acts for them meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import Invalid, NotFound
from store.people.zones import known_zone


@dataclass(frozen=True, slots=True)
class Absence:
    """A recorded leave. Both days are included."""

    id: int
    person_id: int
    first_day: date
    last_day: date
    delegate_id: int | None


async def delegate_on(conn: AsyncConnection, person_ids: Sequence[int], on: date) -> dict[int, int]:
    """Return who acts for each person who is on leave on that day.

    From the first to the last day of leave (language reference §4). Absent from the answer:
    whoever is not on leave, has named nobody, or whose delegate has left.
    """
    rows = await conn.execute(
        text(
            "SELECT DISTINCT ON (l.person_id) l.person_id, l.delegate_id FROM leaves l"
            " JOIN people d ON d.id = l.delegate_id"
            " AND coalesce(d.left_on > :on, d.status = 'active')"
            " WHERE l.person_id = ANY(CAST(:ids AS bigint[])) AND l.withdrawn_at IS NULL"
            " AND l.first_day <= :on AND l.last_day >= :on ORDER BY l.person_id, l.id DESC"
        ),
        {"ids": list(person_ids), "on": on},
    )
    return dict(rows.all())


def holds_now(leave: str) -> str:
    """SQL: is a leave in force at `:now`, by the date where the person is?

    `leave` is the name of the table, or of its alias. The sender goes by the same date, so that
    the delegate who is mailed at nine of the person's morning may also act then.
    """
    own_day = (
        f"(SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE {known_zone('z.zone')} AS date)"
        " FROM people q LEFT JOIN profiles z ON z.id = q.profile_id"
        f" WHERE q.id = {leave}.person_id)"
    )
    return (
        f"{leave}.withdrawn_at IS NULL AND {own_day} BETWEEN {leave}.first_day AND {leave}.last_day"
    )


async def delegates_at(
    conn: AsyncConnection, person_ids: Sequence[int], now: datetime
) -> dict[int, int]:
    """Return who acts at an instant for each person who is on leave, by that person's own date."""
    rows = await conn.execute(
        text(
            "SELECT DISTINCT ON (l.person_id) l.person_id, l.delegate_id FROM leaves l"
            " JOIN people d ON d.id = l.delegate_id"
            " AND coalesce(d.left_on > :today, d.status = 'active')"
            f" WHERE l.person_id = ANY(CAST(:ids AS bigint[])) AND {holds_now('l')}"
            " ORDER BY l.person_id, l.id DESC"
        ),
        {"ids": list(person_ids), "now": now, "today": now.date()},
    )
    return dict(rows.all())


async def absences(
    conn: AsyncConnection, person_ids: Sequence[int], first: date, last: date
) -> list[Absence]:
    """Return the leaves that touch a span of days, by person and first day."""
    rows = await conn.execute(
        text(
            "SELECT id, person_id, first_day, last_day, delegate_id FROM leaves"
            " WHERE person_id = ANY(CAST(:ids AS bigint[])) AND withdrawn_at IS NULL"
            " AND first_day <= :last AND last_day >= :first ORDER BY person_id, first_day"
        ),
        {"ids": list(person_ids), "first": first, "last": last},
    )
    return [Absence(*row) for row in rows]


async def add_leave(
    conn: AsyncConnection,
    person_id: int,
    first_day: date,
    last_day: date,
    *,
    delegate_id: int | None,
    now: datetime,
) -> Absence:
    """Write a leave down. The same leave again changes nothing and answers the same.

    Only the fact: `store.changes.people_events.record_leave` also moves what it concerns. Raises
    Invalid for days in the wrong order or a person as their own delegate, NotFound for people
    who do not exist.
    """
    _check(first_day, last_day, person_id, delegate_id)
    wanted = {person_id, *(() if delegate_id is None else (delegate_id,))}
    known = await conn.execute(
        text("SELECT count(*) FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(wanted)},
    )
    if known.scalar_one() != len(wanted):
        raise NotFound("No such person.")
    same = await conn.execute(
        text(
            "SELECT id FROM leaves WHERE person_id = :person AND first_day = :first"
            " AND last_day = :last AND delegate_id IS NOT DISTINCT FROM CAST(:delegate AS bigint)"
            " AND withdrawn_at IS NULL"
        ),
        {
            "person": person_id,
            "first": first_day,
            "last": last_day,
            "delegate": delegate_id,
        },
    )
    found = same.scalar_one_or_none()
    if found is None:
        added = await conn.execute(
            text(
                "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at)"
                " VALUES (:person, :first, :last, :delegate, :now) RETURNING id"
            ),
            {
                "person": person_id,
                "first": first_day,
                "last": last_day,
                "delegate": delegate_id,
                "now": now,
            },
        )
        found = added.scalar_one()
    return Absence(found, person_id, first_day, last_day, delegate_id)


async def find_leave(conn: AsyncConnection, leave_id: int) -> Absence:
    """Return a leave, withdrawn or not. Raises NotFound."""
    row = (
        await conn.execute(
            text(
                "SELECT id, person_id, first_day, last_day, delegate_id FROM leaves WHERE id = :id"
            ),
            {"id": leave_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("No such leave.")
    return Absence(*row)


async def withdraw_leave(conn: AsyncConnection, leave_id: int, *, now: datetime) -> None:
    """Take a leave back. What it had moved later stays there: nothing moves earlier by itself.

    Withdrawing twice changes nothing. Raises NotFound.
    """
    found = await conn.execute(
        text(
            "UPDATE leaves SET withdrawn_at = coalesce(withdrawn_at, :now) WHERE id = :id"
            " RETURNING id"
        ),
        {"id": leave_id, "now": now},
    )
    if found.first() is None:
        raise NotFound("No such leave.")


def _check(first: date, last: date, person_id: int, delegate_id: int | None) -> None:
    if last < first:
        raise Invalid("The last day of a leave lies before its first.")
    if person_id == delegate_id:
        raise Invalid("Nobody can be their own delegate.")
