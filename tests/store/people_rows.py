"""A small company in rows, for tests of access: one HR member below a line of two managers."""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

TOP, BOSS, HR, LEAD, WORKER, ADMIN, SECOND_HR = range(1, 8)
"""Ids in the order of insertion: TOP > BOSS > HR; TOP > LEAD > WORKER, ADMIN; TOP > SECOND_HR."""

_MANAGERS = {BOSS: TOP, HR: BOSS, LEAD: TOP, WORKER: LEAD, ADMIN: LEAD, SECOND_HR: TOP}
NAMES = ("top", "boss", "hr", "lead", "worker", "admin", "secondhr")


async def insert_people(conn: AsyncConnection, now: datetime) -> None:
    """Seven people, their lines, a profile, and company settings with both desks."""
    await conn.execute(
        text("INSERT INTO profiles (calendar, zone) VALUES ('us', 'America/Los_Angeles')")
    )
    for name in NAMES:
        await conn.execute(
            text(
                "INSERT INTO people (employee_id, first_name, last_name, email, hire_date,"
                " department, office, profile_id, created_at, updated_at) VALUES (:name, :first,"
                " 'Example', :email, '2020-01-01', 'Sales', 'Seattle', 1, :now, :now)"
            ),
            {
                "name": name,
                "first": name.title(),
                "email": f"{name}@example.com",
                "now": now,
            },
        )
    for person, manager in _MANAGERS.items():
        await conn.execute(
            text(
                "INSERT INTO reporting_lines (person_id, manager_id, valid_from)"
                " VALUES (:person, :manager, :on)"
            ),
            {"person": person, "manager": manager, "on": date(2020, 1, 1)},
        )
    await conn.execute(
        text(
            "INSERT INTO company_settings (content, source, hash, saved_at) VALUES"
            ' (\'{"zone": "America/Los_Angeles", "calendar": "us", "hr": ["HR@example.com",'
            ' "secondhr@example.com"], "administrators": ["admin@example.com"],'
            ' "calendars": {"us": {"holidays": "US"}}}\', \'\', \'h\', :now)'
        ),
        {"now": now},
    )
