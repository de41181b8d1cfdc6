"""People and their time: whose calendar, whose morning.

A person's profile (calendar, zone, work week, office) is resolved up the reporting line once,
when people or the company change; leave is read with it, so that every computation of dates
sees what is true now (language reference §3.1, §3.10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonProfile, PersonTime, with_substitutes
from definitions.company import Company
from store.base.arrays import literal
from store.people.company import company, company_calendars, desk_members
from store.people.leaves import delegate_on
from store.people.reporting_lines import CURRENT_LINES, line_above, lines_above, managers_of

__all__ = [
    "EVERYWHERE",
    "Horizon",
    "TimeGroup",
    "company",
    "company_calendars",
    "delegate_on",
    "desk_members",
    "line_above",
    "lines_above",
    "lock_people",
    "managers_of",
    "person_groups",
    "person_times",
    "refresh_profiles",
]

Horizon = tuple[date, date]
"""The first and the last day that a computation can touch. Leave outside it is not read."""

EVERYWHERE = timedelta(hours=14)
"""A date begins in the east so long before it does in Greenwich."""

LOCK = 4_061_874_524  # an arbitrary number that only changes of people take


@dataclass(frozen=True, slots=True)
class TimeGroup:
    """People whose days and hours are the same: dates need computing only once for them."""

    time: PersonTime
    person_ids: tuple[int, ...]


async def person_times(
    conn: AsyncConnection,
    calendars: Calendars,
    person_ids: Sequence[int],
    *,
    horizon: Horizon | None = None,
    leave: Literal["pause", "keep", "away"] = "pause",
) -> dict[int, PersonTime]:
    """Return each person's calendar, zone and morning. One query for all.

    Days of recorded leave are no working days; where a delegate acts, the delegate's working
    days count instead (language reference §4). With `leave="keep"` leave changes nothing
    (statutory periods run on); with `leave="away"` no day of leave counts, whoever acts meanwhile:
    that is for what nobody does in their place. People who share a profile and have no leave
    share one object.

    Somebody whose record cannot be used (an unknown zone or calendar) is absent from the
    answer: the caller parks them alone.
    """
    rows = await conn.execute(
        text(_TIMES_WITHOUT_LEAVE if leave == "keep" else _TIMES),
        _ids_and_horizon(person_ids, horizon),
    )
    records = {row.id: row for row in rows}
    plain: dict[int, PersonTime | None] = {}

    def without_leave(row: Any) -> PersonTime | None:
        if row.profile_id not in plain:
            plain[row.profile_id] = _time(calendars, _profile(row, ()))
        return plain[row.profile_id]

    def own(row: Any) -> PersonTime | None:
        away = tuple(_days(each) for each in row.away or () if leave == "away" or each[2] is None)
        return _time(calendars, _profile(row, away)) if away else without_leave(row)

    def composed(row: Any) -> PersonTime | None:
        time = own(row)
        if time is None or not row.away or leave == "away":
            return time
        spells = []
        for first, last, delegate in row.away:
            substitute = records.get(delegate)
            if substitute is None:
                continue
            # A delegate's own leave counts in full: nobody acts at third hand.
            spell = tuple(_days(leave) for leave in substitute.away or ())
            days = _time(calendars, _profile(substitute, spell))
            if days is not None:
                spells.append((*_days((first, last)), days.calendar))
        return with_substitutes(time, spells) if spells else time

    times = ((person, composed(records[person])) for person in person_ids if person in records)
    return {person: time for person, time in times if time is not None}


async def person_groups(
    conn: AsyncConnection,
    calendars: Calendars,
    person_ids: Sequence[int],
    *,
    horizon: Horizon | None = None,
    leave: Literal["pause", "keep"] = "pause",
) -> list[TimeGroup]:
    """Return the same as `person_times`, grouped: a company has few profiles and many people."""
    times = await person_times(conn, calendars, person_ids, horizon=horizon, leave=leave)
    members: dict[int, list[int]] = {}
    for person, time in times.items():
        members.setdefault(id(time), []).append(person)
    return [TimeGroup(times[group[0]], tuple(group)) for group in members.values()]


async def lock_people(conn: AsyncConnection) -> None:
    """Wait until no other transaction changes people or reporting lines, and hold that."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


async def refresh_profiles(conn: AsyncConnection, settings: Company, *, on: date) -> list[int]:
    """Resolve everybody's profile anew, from the top of each line downwards; one statement.

    `on` is the day whose reporting lines count. Returns the people whose profile changed: their
    dates may have moved. Repeatable; the caller holds the people lock.
    """
    offices = list(settings.offices.items())
    rows = await conn.execute(
        text(_REFRESH),
        {
            "on": on,
            "names": [name for name, _ in offices],
            "calendars": [office.calendar for _, office in offices],
            "zones": [office.zone for _, office in offices],
            "calendar": settings.calendar,
            "zone": settings.zone,
        },
    )
    return list(rows.scalars())


def _ids_and_horizon(person_ids: Sequence[int], horizon: Horizon | None) -> dict[str, Any]:
    first, last = horizon or (date.min, date.max)
    return {"ids": literal(person_ids), "first": first, "last": last}


def _profile(row: Any, away: tuple[tuple[date, date], ...]) -> PersonProfile:
    return PersonProfile(
        calendar=row.calendar,
        zone=row.zone,
        work_days=None if row.work_days is None else frozenset(row.work_days),
        office=row.office,
        leaves=away,
    )


def _time(calendars: Calendars, profile: PersonProfile) -> PersonTime | None:
    try:
        return calendars.person(profile)
    except (LookupError, ValueError):
        return None


def _days(leave: Sequence[Any]) -> tuple[date, date]:
    first, last = (date.fromisoformat(day) for day in leave[:2])
    return first, last


_PROFILE_COLUMNS = "p.id, p.profile_id, r.calendar, r.zone, r.work_days, r.office"

_TIMES_WITHOUT_LEAVE = f"""
SELECT {_PROFILE_COLUMNS}, NULL::jsonb AS away
FROM people p JOIN profiles r ON r.id = p.profile_id
WHERE p.id = ANY(CAST(:ids AS bigint[])) AND CAST(:first AS date) <= CAST(:last AS date)
"""

_TIMES = f"""
WITH away AS (
  SELECT l.person_id, l.first_day, l.last_day, d.id AS delegate_id
  FROM leaves l LEFT JOIN people d ON d.id = l.delegate_id AND d.status = 'active'
  WHERE l.withdrawn_at IS NULL AND l.first_day <= :last AND l.last_day >= :first
), concerned AS (
  SELECT unnest(CAST(:ids AS bigint[])) AS id
  UNION SELECT delegate_id FROM away
  WHERE person_id = ANY(CAST(:ids AS bigint[])) AND delegate_id IS NOT NULL
)
SELECT {_PROFILE_COLUMNS}, l.away
FROM concerned c
JOIN people p ON p.id = c.id
JOIN profiles r ON r.id = p.profile_id
LEFT JOIN (
  SELECT person_id,
         jsonb_agg(jsonb_build_array(first_day, last_day, delegate_id) ORDER BY first_day) AS away
  FROM away GROUP BY person_id
) l ON l.person_id = p.id
"""

_REFRESH = f"""
WITH RECURSIVE office AS (
  SELECT * FROM unnest(CAST(:names AS text[]), CAST(:calendars AS text[]), CAST(:zones AS text[]))
    AS o(name, calendar, zone)
), line AS ({CURRENT_LINES}),
resolved(id, calendar, zone, work_days, office) AS (
  SELECT p.id, coalesce(o.calendar, :calendar), coalesce(p.time_zone, o.zone, :zone),
         p.work_days, o.name
  FROM people p LEFT JOIN line l ON l.person_id = p.id LEFT JOIN office o ON o.name = p.office
  WHERE l.person_id IS NULL
  UNION ALL
  SELECT p.id, coalesce(o.calendar, r.calendar), coalesce(p.time_zone, o.zone, r.zone),
         p.work_days, coalesce(o.name, r.office)
  FROM resolved r JOIN line l ON l.manager_id = r.id JOIN people p ON p.id = l.person_id
  LEFT JOIN office o ON o.name = p.office
), added AS (
  INSERT INTO profiles (calendar, zone, work_days, office)
  SELECT DISTINCT calendar, zone, work_days, office FROM resolved
  ON CONFLICT DO NOTHING RETURNING id, calendar, zone, work_days, office
), every AS (
  SELECT id, calendar, zone, work_days, office FROM added
  UNION ALL SELECT id, calendar, zone, work_days, office FROM profiles
)
UPDATE people SET profile_id = e.id
FROM resolved r JOIN every e ON e.calendar = r.calendar AND e.zone = r.zone
  AND coalesce(e.work_days, '{{}}') = coalesce(r.work_days, '{{}}')
  AND coalesce(e.office, '') = coalesce(r.office, '')
WHERE people.id = r.id AND people.profile_id IS DISTINCT FROM e.id
RETURNING people.id
"""
