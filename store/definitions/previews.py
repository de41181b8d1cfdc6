"""What a preview of a definition must know of one person and their line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonProfile
from definitions.company import Company
from domain.errors import NotFound
from domain.states import Desk
from store.people.company import desk_members
from store.people.leaves import absences
from store.people.reporting_lines import line_above


@dataclass(frozen=True, slots=True)
class Previewed:
    """A person, and whose days count for them by role."""

    name: str
    hire_date: date
    company: Company
    profiles: Mapping[str, PersonProfile]


async def previewed_person(
    conn: AsyncConnection, settings: Company, who: str, today: date
) -> Previewed:
    """Read somebody by employee id or mail address. Raises NotFound."""
    row = (
        await conn.execute(
            text(
                "SELECT id, first_name || ' ' || last_name AS name, hire_date FROM people"
                " WHERE employee_id = :who OR lower(email) = lower(:who) LIMIT 1"
            ),
            {"who": who},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("Nobody has this employee id or mail address.")
    line = await line_above(conn, row.id, today)
    desk = await desk_members(conn, Desk.HR, today)
    roles = dict(zip(("subject", "manager", "manager_2"), [row.id, *line], strict=False))
    if desk:
        roles["hr"] = desk[0]
    profiles = await _profiles(conn, list(roles.values()))
    found = {role: profiles[person] for role, person in roles.items() if person in profiles}
    found.setdefault("subject", PersonProfile(calendar=settings.calendar, zone=str(settings.zone)))
    return Previewed(row.name, row.hire_date, settings, found)


async def _profiles(conn: AsyncConnection, people: list[int]) -> dict[int, PersonProfile]:
    away: dict[int, list[tuple[date, date]]] = {}
    for leave in await absences(conn, people, date.min, date.max):
        away.setdefault(leave.person_id, []).append((leave.first_day, leave.last_day))
    rows = await conn.execute(
        text(
            "SELECT p.id, r.calendar, r.zone, r.work_days, r.office FROM people p"
            " JOIN profiles r ON r.id = p.profile_id WHERE p.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": people},
    )
    return {
        row.id: PersonProfile(
            calendar=row.calendar,
            zone=row.zone,
            work_days=None if row.work_days is None else frozenset(row.work_days),
            office=row.office,
            leaves=tuple(away.get(row.id, ())),
        )
        for row in rows
    }
