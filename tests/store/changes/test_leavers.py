"""A leaving day begins and ends where the person lives."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import ENGINE
from store.base.session import Database
from store.changes.leavers import settle_leavers
from store.changes.people_events import follow_people, record_leaving
from store.people.times import company, refresh_profiles
from store.steering.participation import add_participant
from tests.store.running import HR, advance, column, launched, person, published, tasks, utc

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


async def test_who_comes_back_and_is_added_by_hr_begins_anew(demo: Database) -> None:
    """Cancelled tasks stay as they are; nothing of the manager opens before the new self review."""
    cycle = await launched(demo, await published(demo))
    await _recorded(demo, date(2027, 1, 20), utc(1, 18))
    await _followed(demo, cycle, utc(1, 20, 18))
    assert [state for _, state, *_ in await tasks(demo, "self", "104")] == ["cancelled"]
    async with demo.begin() as conn:
        await conn.execute(
            text("UPDATE people SET status = 'active', left_on = NULL WHERE employee_id = '104'")
        )
        await add_participant(conn, cycle, await person(demo, "104"), HR, utc(1, 25))
    for hour in (17, 18):
        await advance(demo, cycle, utc(1, 25, hour))
    assert [state for _, state, *_ in await tasks(demo, "self", "104")] == ["cancelled", "open"]
    assert await tasks(demo, "manager", "104") == []


async def _recorded(database: Database, on: date, now: datetime) -> None:
    async with database.begin() as conn:
        await record_leaving(conn, await person(database, "104"), on, actor=ENGINE, now=now)


async def _followed(database: Database, cycle: UUID, now: datetime) -> None:
    async with database.begin() as conn:
        await follow_people(conn, cycle, now)
