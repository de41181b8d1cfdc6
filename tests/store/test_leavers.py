"""A leaving day begins and ends where the person lives."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from domain.access import ENGINE
from store.leavers import settle_leavers
from store.people import company, refresh_profiles
from store.people_events import record_leaving
from store.session import Database
from tests.store.running import column, person

DAY = date(2027, 1, 20)


async def leaves_in(database: Database, zone: str, now: datetime) -> object:
    """The status of somebody in a zone whose leaving day is recorded at an instant."""
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET time_zone = :zone WHERE employee_id = '104'"), {"zone": zone}
        )
        await refresh_profiles(conn, await company(conn), on=DAY)
        await record_leaving(conn, await person(database, "104"), DAY, actor=ENGINE, now=now)
    return (await column(database, "SELECT status FROM people WHERE employee_id = '104'"))[0]


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("America/Los_Angeles", datetime(2027, 1, 20, 8, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2027, 1, 19, 11, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2027, 1, 19, 18, 15, tzinfo=UTC)),
    ],
)
async def test_a_leaver_is_there_until_the_day_begins_at_home(
    demo: Database, zone: str, begins: datetime
) -> None:
    before = begins.replace(minute=begins.minute - 15 if begins.minute else 45)
    before = before if begins.minute else before.replace(hour=begins.hour - 1)
    assert await leaves_in(demo, zone, before) == "active"
    async with demo.begin() as conn:
        assert await settle_leavers(conn, before) == begins
        await settle_leavers(conn, begins)
    assert await column(demo, "SELECT status FROM people WHERE employee_id = '104'") == ["left"]


async def test_who_was_written_down_too_early_is_there_again(demo: Database) -> None:
    """A file of people knows only the day: on the evening before, in the west, it is too early."""
    evening = datetime(2027, 1, 20, 2, tzinfo=UTC)
    await leaves_in(demo, "America/Los_Angeles", evening)
    async with demo.begin() as conn:
        await conn.execute(text("UPDATE people SET status = 'left' WHERE employee_id = '104'"))
        await settle_leavers(conn, evening)
    assert await column(demo, "SELECT status FROM people WHERE employee_id = '104'") == ["active"]
