"""Run a cycle's own steps against the database, without an engine around them."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text

from activities.processes import advance_cycles
from definitions import shipped
from definitions.loader import parse_definition
from domain.access import ENGINE, Actor
from store.base.session import Database
from store.definitions.versions import publish
from store.launch.launching import confirm, prepare

HR = Actor(None, "hr")
D = date(2027, 1, 12)
LAUNCHED = datetime(2027, 1, 12, 17, tzinfo=UTC)


def utc(month: int, day: int, hour: int = 17, year: int = 2027) -> datetime:
    """An instant; 17:00 UTC is nine in the morning in Seattle."""
    return datetime(year, month, day, hour, tzinfo=UTC)


async def published(
    database: Database, name: str = "annual", *edits: tuple[str, str], at: datetime = LAUNCHED
) -> UUID:
    """Publish a shipped definition, changed by replacements that must apply.

    The annual review without its 360 round, so that managers write when a self review is closed.
    """
    written = without_round(shipped.cycle_source(name))
    for old, new in edits:
        assert old in written
        written = written.replace(old, new)
    async with database.begin() as conn:
        version = await publish(
            conn, parse_definition(written), source=written, actor=ENGINE, now=at
        )
    return version.id


def without_round(written: str) -> str:
    """A shipped definition as it would be without the 360 round that stands beside others."""
    if "  - id: self\n" not in written:
        return written
    written = re.sub(r"  - id: feedback\n(?:    .*\n)+\n", "", written)
    return written.replace("[self, feedback]", "[self]")


async def launched(database: Database, version: UUID, at: datetime = LAUNCHED) -> UUID:
    """Launch by button at that instant, and let the engine look once."""
    async with database.begin() as conn:
        cycle = await prepare(conn, version, at.date(), "button", HR, at)
        await confirm(conn, cycle, HR, at)
    await advance(database, cycle, at)
    return cycle


async def advance(database: Database, cycle: UUID, as_of: datetime) -> datetime | None:
    """One look of the cycle, and of each stage and round that has begun.

    Returns when the first of them has something to do next.
    """
    answers = await advance_cycles(database, as_of)
    return min((one.next_due_at for one in answers if one.next_due_at is not None), default=None)


async def rows(database: Database, sql: str, **values: object) -> list[tuple[object, ...]]:
    """All rows of a query."""
    async with database.begin() as conn:
        return [tuple(row) for row in await conn.execute(text(sql), values)]


async def column(database: Database, sql: str, **values: object) -> list[object]:
    """The first column of a query."""
    return [row[0] for row in await rows(database, sql, **values)]


async def person(database: Database, employee: str) -> int:
    """The id of a person of the demo company."""
    [found] = await column(
        database, "SELECT id FROM people WHERE employee_id = :employee", employee=employee
    )
    return int(str(found))


async def tasks(database: Database, stage: str, subject: str) -> list[tuple[object, ...]]:
    """Assignee (employee id), state, due date and due revision of a subject's tasks."""
    return await rows(
        database,
        "SELECT a.employee_id, t.state, t.due_on, t.due_revision FROM tasks t"
        " JOIN stages s ON s.id = t.stage_id JOIN people p ON p.id = t.subject_id"
        " LEFT JOIN people a ON a.id = t.assignee_id"
        " WHERE s.key = :stage AND p.employee_id = :subject ORDER BY t.created_at, t.id",
        stage=stage,
        subject=subject,
    )


async def told(database: Database, event: str) -> list[object]:
    """The employee ids of whoever is told of an event."""
    return await column(
        database,
        "SELECT p.employee_id FROM notifications n JOIN people p ON p.id = n.person_id"
        " WHERE n.event = :event ORDER BY 1",
        event=event,
    )
