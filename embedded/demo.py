"""A company to look at: its people, the shipped definitions, an annual cycle, four ways in.

Seeded once, into an empty database, in one transaction. Later starts only make new sign-in links.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import shipped
from definitions.calendar import PersonTime
from domain.access import SERVICE
from domain.clock import SystemClock
from store.company import company_calendars, save_company
from store.definitions import latest, publish
from store.launch import confirm, prepare
from store.links import SIGN_IN_LIFETIME, LinkPurpose, NewLink, create_links
from store.people_import import import_people
from store.session import Database

PEOPLE = Path(__file__).parent / "demo_company" / "company.csv"
LAUNCHED = "annual"


@dataclass(frozen=True)
class Door:
    """A sign-in link for one kind of person."""

    who: str
    address: str


@dataclass(frozen=True)
class Seeded:
    """What a start finds or makes. `imported` is the number of people of a fresh company."""

    imported: int
    participants: int
    doors: tuple[Door, ...]


async def seed(database_url: str, public_url: str, *, now: datetime | None = None) -> Seeded:
    """Fill an empty database with the demo company and make sign-in links. Repeatable.

    A database that holds anybody keeps its people and cycles; only definitions that were shipped
    anew are published. `public_url` begins every link; each holds for thirty minutes.
    """
    now = now or SystemClock().now()
    database = Database(database_url, pool_size=2, application="almanac-demo")
    try:
        async with database.begin() as conn:
            people = await conn.scalar(text("SELECT count(*) FROM people"))
            imported = participants = 0
            if not people:
                imported = await _people(conn, now)
            await _publish_shipped(conn, now)
            if imported:
                participants = await _launch(conn, now)
            doors = await _doors(conn, public_url, now)
    finally:
        await database.close()
    return Seeded(imported, participants, doors)


async def _people(conn: AsyncConnection, now: datetime) -> int:
    source = shipped.company_source()
    await save_company(conn, shipped.company(), source, now=now, saved_by_id=None)
    result = await import_people(
        conn, PEOPLE.read_bytes(), effective_on=now.date(), actor=SERVICE, now=now
    )
    return len(result.new)


async def _publish_shipped(conn: AsyncConnection, now: datetime) -> None:
    """What is shipped, unless a person has published a version of their own."""
    for name, parsed in shipped.definitions().items():
        known = await latest(conn, name)
        if known is None or known.published_by_id is None:
            await publish(conn, parsed, source=parsed.text, actor=SERVICE, now=now)


async def _launch(conn: AsyncConnection, now: datetime) -> int:
    """Launch the annual cycle as if HR had confirmed it for the last working morning.

    Whoever tries this on a Sunday evening should find open tasks and mails, as on any other day.
    """
    calendars = await company_calendars(conn, now.year - 1, now.year + 2)
    launch_on, confirmed_at = _last_morning(calendars.company(), now)
    version = await latest(conn, LAUNCHED)
    if version is None:
        return 0
    cycle = await prepare(conn, version.id, launch_on, "button", SERVICE, confirmed_at)
    launched = await confirm(conn, cycle, SERVICE, confirmed_at)
    return launched.participants


def _last_morning(company: PersonTime, now: datetime) -> tuple[date, datetime]:
    day = company.calendar.on_or_before(company.local_date(now))
    if company.opening(day) > now:
        day = company.calendar.before(day, 1)
    # On the working day before, at noon: every office's morning is still to come.
    return day, company.opening(company.calendar.before(day, 1)) + timedelta(hours=3)


async def _doors(conn: AsyncConnection, public_url: str, now: datetime) -> tuple[Door, ...]:
    """HR and an administrator from the company file; the manager of most people, and a report."""
    rows = (await conn.execute(_DOORS, {"on": now.astimezone(UTC).date()})).tuples().all()
    links = [NewLink(person, LinkPurpose.SIGN_IN, "/") for _, person in rows]
    tokens = await create_links(conn, links, now=now, lifetime=SIGN_IN_LIFETIME)
    return tuple(
        Door(who, f"{public_url}/l/{token}") for (who, _), token in zip(rows, tokens, strict=True)
    )


_DOORS = text("""
WITH settings AS (SELECT content FROM company_settings ORDER BY id DESC LIMIT 1),
desk AS (
  SELECT d.desk, min(p.id) AS person_id
  FROM settings, LATERAL (VALUES ('hr', content -> 'hr'),
       ('administrators', content -> 'administrators')) AS d(desk, addresses)
  JOIN people p ON p.status = 'active' AND lower(p.email) IN (
       SELECT lower(address) FROM jsonb_array_elements_text(d.addresses) AS a(address))
  GROUP BY d.desk),
line AS (
  SELECT l.person_id, l.manager_id FROM reporting_lines l
  JOIN people p ON p.id = l.person_id AND p.status = 'active'
  WHERE l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)),
manager AS (
  SELECT manager_id, count(*) FROM line
  WHERE manager_id IN (SELECT person_id FROM line)
    AND manager_id NOT IN (SELECT person_id FROM desk)
  GROUP BY manager_id ORDER BY count(*) DESC, manager_id LIMIT 1),
report AS (
  SELECT min(person_id) AS person_id FROM line
  WHERE manager_id = (SELECT manager_id FROM manager)
    AND person_id NOT IN (SELECT manager_id FROM line)
    AND person_id NOT IN (SELECT person_id FROM desk))
SELECT who, person_id FROM (
  SELECT 1, 'HR', person_id FROM desk WHERE desk = 'hr' UNION ALL
  SELECT 2, 'Manager', manager_id FROM manager UNION ALL
  SELECT 3, 'Participant', person_id FROM report UNION ALL
  SELECT 4, 'Administrator', person_id FROM desk WHERE desk = 'administrators'
) AS door(place, who, person_id) WHERE person_id IS NOT NULL ORDER BY place
""")
