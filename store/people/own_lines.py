"""Whose cases are somebody's own: their own, and those of the people above them, now or once.

A member of a desk has no rights over these (`domain.access.is_own_case`), and hears nothing of them
as a member.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.people.reporting_lines import DEEPEST, lines_above


async def closed_cases(
    conn: AsyncConnection, members: Sequence[int], on: date, cycle_id: UUID | None
) -> dict[int, frozenset[int]]:
    """Whose cases are not those of each member of a desk: their own and their manager line's.

    In a cycle, whoever was above them at some time during it counts as well. It is the set-wise
    form of `domain.access.is_own_case`, for those to whom something is mailed or assigned.
    """
    if not members:
        return {}
    lines = await lines_above(conn, members, on)
    found = {member: {member, *lines.get(member, ())} for member in members}
    for member, cycle, above in await above_once(conn, members, on) if cycle_id else ():
        if cycle == cycle_id:
            found[member].add(above)
    return {member: frozenset(closed) for member, closed in found.items()}


def left_to(
    members: Sequence[int], closed: Mapping[int, frozenset[int]], subject_id: int | None
) -> list[int]:
    """The members of a desk to whom a case is left, of whom `closed_cases` says what is not theirs.

    If it is nobody's, all members but the subject: else it would be told to nobody at all.
    """
    others = [member for member in members if subject_id not in closed[member]]
    return others or [member for member in members if member != subject_id]


async def above_once(
    conn: AsyncConnection, people: Sequence[int], on: date
) -> list[tuple[int, UUID, int]]:
    """Who was above each person at some time during a cycle: (person, cycle, who was above)."""
    values = {"people": list(people), "on": on, "deepest": DEEPEST}
    return [tuple(row) for row in await conn.execute(_ABOVE_ONCE, values)]


# Lines are kept with the days on which they held; a chain holds while all of its links do.
_ABOVE_ONCE = text(
    """
    WITH RECURSIVE above(person_id, manager_id, since, until, height) AS (
      SELECT person_id, manager_id, valid_from, coalesce(valid_to, 'infinity'), 1
      FROM reporting_lines WHERE person_id = ANY(CAST(:people AS bigint[]))
      UNION
      SELECT a.person_id, l.manager_id, greatest(a.since, l.valid_from),
        least(a.until, coalesce(l.valid_to, 'infinity')), a.height + 1
      FROM above a JOIN reporting_lines l ON l.person_id = a.manager_id
        AND l.valid_from < a.until AND coalesce(l.valid_to, 'infinity') > a.since
      WHERE a.height < :deepest AND l.manager_id <> a.person_id
    )
    SELECT DISTINCT a.person_id, c.id AS cycle_id, a.manager_id FROM above a JOIN cycles c
      ON a.since <= coalesce(CAST(c.closed_at AS date), 'infinity')
      AND a.until >= least(c.launch_on, coalesce(CAST(c.opened_at AS date), c.launch_on))
      AND a.since <= CAST(:on AS date)
    WHERE a.until <= CAST(:on AS date)
    """
)
"""Who was above a person at some time during a cycle, and is not any more.

A line that ended on the day of the launch counts: it held that morning, and days are all that is
kept of lines."""
