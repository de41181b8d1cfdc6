"""A company of any size for measuring: people, lines, a published definition, a launched cycle."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from activities.processes import Tools, advance_cycles, look
from definitions.loader import parse_company, parse_definition
from domain.access import Actor
from domain.processes.feedback_round import FEEDBACK_ROUND
from store.base.session import Database
from store.definitions.versions import publish
from store.engine.processes import ProcessRow
from store.launch.launching import confirm, prepare
from store.people.company import company, save_company
from store.people.times import refresh_profiles

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2027, 1, 12, 18, 0, tzinfo=UTC)  # ten in the morning in Los Angeles, working day
HR = Actor(None, "hr")

PEOPLE = """
INSERT INTO people (employee_id, first_name, last_name, email, hire_date, department, office,
    country, time_zone, created_at, updated_at)
SELECT 'E' || i, 'First' || i, 'Last' || i, 'p' || i || '@example.com', '2020-01-06',
    'Department ' || (i % 40), (ARRAY['Seattle', 'Oxford', 'Munich', 'Toronto'])[i % 4 + 1],
    (ARRAY['US', 'GB', 'DE', 'CA'])[i % 4 + 1],
    (ARRAY['America/Los_Angeles', 'Europe/London', 'Europe/Berlin', 'America/Toronto'])[i % 4 + 1],
    :now, :now
FROM generate_series(1, :count) AS i
"""
LINES = """
INSERT INTO reporting_lines (person_id, manager_id, valid_from)
SELECT p.id, m.id, '2020-01-06' FROM people p
JOIN people m ON m.employee_id = 'E' || greatest(1, substr(p.employee_id, 2)::int / 8)
WHERE p.employee_id <> 'E1'
"""
SETTINGS = """zone: America/Los_Angeles
calendar: us
hr: [p2@example.com, p3@example.com]
administrators: [p4@example.com]
calendars:
  us: {holidays: US}
  england: {holidays: GB-ENG}
  bavaria: {holidays: DE-BY}
  ontario: {holidays: CA-ON}
offices:
  Seattle: {calendar: us}
  Oxford: {calendar: england}
  Munich: {calendar: bavaria}
  Toronto: {calendar: ontario}
"""


ANNUAL = ROOT / "definitions" / "cycles" / "annual.yaml"


async def populate(database: Database, count: int, source: str | None = None) -> UUID:
    """Make `count` people in four offices, about eight to a manager; publish a cycle.

    The annual one if `source` is none. Returns the definition version.
    """
    async with database.begin() as conn:
        settings = parse_company(SETTINGS, "company.yaml")
        await save_company(conn, settings, SETTINGS, now=NOW, saved_by_id=None)
        await conn.execute(text(PEOPLE), {"count": count, "now": NOW})
        await conn.execute(text(LINES))
        await refresh_profiles(conn, await company(conn), on=date(2027, 1, 12))
        written = source or ANNUAL.read_text(encoding="utf-8")
        parsed = parse_definition(written, "cycle.yaml")
        version = await publish(conn, parsed, source=written, actor=HR, now=NOW)
    async with database.engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("VACUUM ANALYZE"))
    return version.id


async def check_laid_out(database: Database, version: UUID) -> UUID:
    """The launch check of a cycle, not confirmed yet."""
    async with database.begin() as conn:
        return await prepare(conn, version, date(2027, 1, 12), "button", HR, NOW)


async def open_stages(database: Database, cycle: UUID, as_of: datetime = NOW) -> None:
    """Confirm and let the engine's activities do what they do, without an engine around them."""
    async with database.begin() as conn:
        await confirm(conn, cycle, HR, as_of)
    await turn_all(database, cycle, as_of)


async def turn_all(database: Database, cycle: UUID, as_of: datetime) -> None:
    """One turn of the cycle, of each of its stages and of each of its rounds."""
    await advance_cycles(database, as_of, only=cycle)


async def turn_round(database: Database, cycle: UUID, stage: UUID, as_of: datetime) -> None:
    """One turn of a round: phases that are over are passed, as its workflow does."""
    process = ProcessRow(FEEDBACK_ROUND.id_of(stage), FEEDBACK_ROUND, cycle, stage)
    await look(Tools(), database, process, as_of)
