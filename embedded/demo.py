"""A company to look at: its people, the shipped definitions, an annual cycle, four ways in.

Made once, in full or not at all. Later starts only make new sign-in links.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config import Settings
from definitions import shipped
from definitions.calendar import PersonTime
from domain.access import SERVICE
from domain.clock import SystemClock
from embedded.demo_team import Team
from store.access.links import LinkPurpose, NewLink, create_links
from store.base.session import Database
from store.changes.people_import import import_people
from store.definitions.versions import latest, publish
from store.launch.launching import confirm, prepare
from store.people.company import company_calendars, save_company

PEOPLE = Path(__file__).parent / "demo_company" / "company.csv"
LAUNCHED = "annual"
AFTER_NINE = timedelta(minutes=15)
"""Until then everybody's first mail and the report to HR have gone out."""

TEAM = 8
"""So many take part in the demo's 360 round: seven requests for each of them."""

LEAST_TEAM = 4
"""With fewer there is nothing that could be shown without telling who said it."""

Morning = tuple[datetime, datetime]


@dataclass(frozen=True)
class Door:
    """A sign-in link for one kind of person."""

    who: str
    address: str


@dataclass(frozen=True)
class Made:
    """A fresh demo: its people, and those of them who take part in its cycle."""

    imported: int
    participants: int


async def holds_nothing(settings: Settings) -> bool:
    """Whether nobody has put anything into the database: then it may become the demo's."""
    async with _database(settings) as database, database.begin() as conn:
        return bool(await conn.scalar(_HOLDS_NOTHING))


async def make_demo(settings: Settings, *, now: datetime | None = None) -> Made:
    """Fill an empty database: company, definitions, a round of one team, a cycle that has begun.

    Takes many transactions, and mails go to the relay of `settings`, which must be the local inbox:
    whoever is interrupted begins again with an empty database (`embedded.beside`). No worker may
    run beside it.
    """
    # Imported only here: later starts need not wait for what the engine brings along.
    from embedded.demo_morning import live_through
    from embedded.demo_round import seed_round

    now = now or SystemClock().now()
    async with _database(settings) as database:
        async with database.begin() as conn:
            imported = await _people(conn, now)
            await _publish_shipped(conn, now)
            participants, morning = await _launch(conn, now)
        team = await _team(database, now)
        if team is not None:
            await seed_round(database, settings, team, morning[0])
        await live_through(database, settings, *morning)
    return Made(imported, participants)


async def open_doors(settings: Settings, *, now: datetime | None = None) -> tuple[Door, ...]:
    """Publish definitions that were shipped anew, and make a sign-in link for each kind of person.

    What people and cycles there are stays as it is.
    """
    now = now or SystemClock().now()
    async with _database(settings) as database, database.begin() as conn:
        await _publish_shipped(conn, now)
        return await _doors(conn, settings, now)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(
        settings.database(),
        pool_size=5,
        application="almanac-demo",
        seal_keys=settings.seal_keys,
        audit_key=settings.signing_key,
    )
    try:
        yield database
    finally:
        await database.close()


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


async def _launch(conn: AsyncConnection, now: datetime) -> tuple[int, Morning]:
    """Launch the annual cycle as if HR had confirmed it for the last working morning.

    Whoever tries this on a Sunday evening should find open tasks and mails, as on any other day.
    """
    calendars = await company_calendars(conn, now.year - 1, now.year + 2)
    launch_on, confirmed_at, until = _last_morning(calendars.company(), now)
    version = await latest(conn, LAUNCHED)
    if version is None:
        raise LookupError(f"the definition {LAUNCHED} is not shipped")
    cycle = await prepare(conn, version.id, launch_on, "button", SERVICE, confirmed_at)
    launched = await confirm(conn, cycle, SERVICE, confirmed_at)
    return launched.participants, (launched.opens_at, until)


def _last_morning(company: PersonTime, now: datetime) -> tuple[date, datetime, datetime]:
    """The launch date, an instant before every office's morning of it, and one after them all."""
    day = company.calendar.on_or_before(company.local_date(now))
    if company.opening(day) + AFTER_NINE > now:
        day = company.calendar.before(day, 1)
    noon_before = company.opening(company.calendar.before(day, 1)) + timedelta(hours=3)
    return day, noon_before, company.opening(day) + AFTER_NINE


async def _team(database: Database, now: datetime) -> Team | None:
    """Some of the people whose manager's link is printed, the participant's first."""
    on = {"on": now.astimezone(UTC).date()}
    async with database.begin() as conn:
        doors = {row.who: row.person_id for row in await conn.execute(_DOORS, on)}
        if not {"Manager", "Participant"} <= doors.keys():
            return None
        rows = await conn.execute(_REPORTS, {**on, "manager": doors["Manager"], "most": TEAM})
        members = tuple(rows.scalars())
    return Team(doors["Manager"], members) if len(members) > LEAST_TEAM else None


async def _doors(conn: AsyncConnection, settings: Settings, now: datetime) -> tuple[Door, ...]:
    """HR and an administrator from the company file; the manager of most people, and a report."""
    rows = (await conn.execute(_DOORS, {"on": now.astimezone(UTC).date()})).all()
    links = [NewLink(person, LinkPurpose.DEMO, "/") for _, person in rows]
    lifetime = timedelta(minutes=settings.sign_in_link_minutes)
    tokens = await create_links(conn, links, now=now, lifetime=lifetime)
    addresses = [f"{settings.public_url}/l/{token}" for token in tokens]
    return tuple(Door(who, address) for (who, _), address in zip(rows, addresses, strict=True))


_HOLDS_NOTHING = text("""
SELECT NOT EXISTS (SELECT FROM people) AND NOT EXISTS (SELECT FROM company_settings)
   AND NOT EXISTS (SELECT FROM definition_versions)
""")
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
_REPORTS = text("""
SELECT p.id FROM people p JOIN reporting_lines l ON l.person_id = p.id
WHERE l.manager_id = :manager AND p.status = 'active'
  AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)
  AND NOT EXISTS (SELECT FROM reporting_lines below WHERE below.manager_id = p.id)
ORDER BY p.id LIMIT :most
""")
