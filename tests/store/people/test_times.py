"""Whose calendar and whose morning: profiles up the line, leave, delegates."""

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import shipped
from definitions.calendar import WorkRecord, resolve_profile
from domain.access import ENGINE
from store.base.session import Database
from store.changes.people_events import record_leaving
from store.people.company import company, company_calendars, desk_members, save_company
from store.people.leaves import add_leave, delegate_on, delegates_at
from store.people.reporting_lines import (
    line_above,
    lines_above,
    managers_of,
    set_managers,
    tree_below,
)
from store.people.times import person_groups, person_times, refresh_profiles

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)
TODAY = date(2027, 1, 12)


async def ids(conn: AsyncConnection) -> dict[str, int]:
    rows = await conn.execute(text("SELECT employee_id, id FROM people"))
    return {row[0]: row[1] for row in rows}


async def test_everybody_in_the_demo_company_has_the_calendar_of_their_office(
    demo: Database,
) -> None:
    async with demo.begin() as conn:
        calendars = await company_calendars(conn, 2027, 2028)
        people = await ids(conn)
        groups = await person_groups(conn, calendars, list(people.values()))
        sizes = sorted((str(g.time.zone), len(g.person_ids)) for g in groups)
    # Who has no office (178, 149's report) is like their manager, in Oxford.
    assert sizes == [
        ("America/Chicago", 5),
        ("America/Los_Angeles", 18),
        ("America/Los_Angeles", 45),
        ("America/Toronto", 2),
        ("Europe/Berlin", 1),
        ("Europe/London", 1),
        ("Europe/London", 35),
    ]


async def test_profiles_in_sql_are_those_of_the_language_one_by_one(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        await conn.execute(
            text(
                "UPDATE people SET office = CASE id % 5 WHEN 0 THEN 'Atlantis' WHEN 1 THEN NULL"
                " ELSE office END, time_zone = CASE id % 3 WHEN 0 THEN time_zone END,"
                " work_days = CASE id % 7 WHEN 0 THEN CAST('{0,1,2}' AS smallint[]) END"
            )
        )
        settings = await company(conn)
        changed = await refresh_profiles(conn, settings, on=TODAY)
        assert changed
        assert await refresh_profiles(conn, settings, on=TODAY) == []
        lines = await lines_above(conn, list(people.values()), TODAY)
        rows = await conn.execute(
            text(
                "SELECT p.id, p.office, p.time_zone, p.work_days, r.calendar, r.zone,"
                " r.work_days AS week, r.office AS at FROM people p"
                " JOIN profiles r ON r.id = p.profile_id"
            )
        )
        found = {row.id: row for row in rows}
    records = {
        person: WorkRecord(
            office=row.office,
            zone=row.time_zone,
            work_days=None if row.work_days is None else frozenset(row.work_days),
        )
        for person, row in found.items()
    }
    for person, row in found.items():
        line = [records[each] for each in [person, *lines.get(person, [])]]
        expected = resolve_profile(settings, line)
        week = None if row.week is None else frozenset(row.week)
        assert (row.calendar, row.zone, week, row.at) == (
            expected.calendar,
            expected.zone,
            expected.work_days,
            expected.office,
        )


async def test_leave_is_no_working_day_unless_dates_are_to_stay(demo: Database) -> None:
    async with demo.begin() as conn:
        person = (await ids(conn))["104"]
        calendars = await company_calendars(conn, 2027, 2028)
        first, last = date(2027, 1, 19), date(2027, 1, 22)
        await add_leave(conn, person, first, last, delegate_id=None, now=NOW)
        paused = (await person_times(conn, calendars, [person]))[person]
        kept = (await person_times(conn, calendars, [person], leave="keep"))[person]
        outside = await person_times(
            conn, calendars, [person], horizon=(date(2027, 2, 1), date(2027, 3, 1))
        )
    # Monday the 18th is Martin Luther King's day.
    assert paused.calendar.after(date(2027, 1, 15), 1) == date(2027, 1, 25)
    assert kept.calendar.after(date(2027, 1, 15), 1) == date(2027, 1, 19)
    assert outside[person] == kept


async def test_a_delegates_working_days_count_instead(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        bruce, munich = people["104"], people["204"]
        calendars = await company_calendars(conn, 2027, 2028)
        # In Munich 6 January is a holiday, and 18 January is none.
        await add_leave(
            conn, bruce, date(2027, 1, 4), date(2027, 1, 29), delegate_id=munich, now=NOW
        )
        await add_leave(
            conn, munich, date(2027, 1, 20), date(2027, 1, 20), delegate_id=None, now=NOW
        )
        time = (await person_times(conn, calendars, [bruce]))[bruce]
        acting = await delegate_on(conn, [bruce, munich], date(2027, 1, 29))
        after = await delegate_on(conn, [bruce], date(2027, 1, 30))
    working = [day for day in range(4, 30) if time.calendar.is_working(date(2027, 1, day))]
    assert working == [4, 5, 7, 8, 11, 12, 13, 14, 15, 18, 19, 21, 22, 25, 26, 27, 28, 29]
    assert str(time.zone) == "America/Chicago"
    assert (acting, after) == ({bruce: munich}, {})


async def test_a_delegate_acts_on_the_days_of_the_person_who_is_away(demo: Database) -> None:
    day, before, after = (
        datetime(2027, 1, d, h, tzinfo=UTC) for d, h in ((19, 12), (19, 10), (20, 12))
    )
    async with demo.begin() as conn:
        people = await ids(conn)
        away, delegate = people["104"], people["204"]
        await conn.execute(
            text("UPDATE people SET time_zone = 'Pacific/Apia' WHERE employee_id = '104'")
        )
        await refresh_profiles(conn, await company(conn), on=TODAY)
        leave = date(2027, 1, 20)
        await add_leave(conn, away, leave, leave, delegate_id=delegate, now=NOW)
        acting = [await delegates_at(conn, [away], at) for at in (before, day, after)]
        # A zone that PostgreSQL does not know is Greenwich, for that person alone.
        await conn.execute(
            text("UPDATE profiles SET zone = 'Mars/Base' WHERE zone = 'Pacific/Apia'")
        )
        unknown = [await delegates_at(conn, [away], at) for at in (day, after)]
    assert acting == [{}, {away: delegate}, {}]
    assert unknown == [{}, {away: delegate}]


async def test_a_delegate_who_has_left_acts_for_nobody(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        calendars = await company_calendars(conn, 2027, 2028)
        await add_leave(conn, people["104"], TODAY, TODAY, delegate_id=people["105"], now=NOW)
        await record_leaving(conn, people["105"], TODAY, actor=ENGINE, now=NOW)
        assert await delegate_on(conn, [people["104"]], TODAY) == {}
        time = (await person_times(conn, calendars, [people["104"]]))[people["104"]]
    assert not time.calendar.is_working(TODAY)


async def test_an_unknown_zone_concerns_that_person_alone(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        calendars = await company_calendars(conn, 2027, 2028)
        await conn.execute(
            text("UPDATE people SET time_zone = 'Mars/Base' WHERE employee_id = '104'")
        )
        await refresh_profiles(conn, await company(conn), on=TODAY)
        times = await person_times(conn, calendars, list(people.values()))
    assert set(people.values()) - set(times) == {people["104"]}


async def test_managers_are_those_of_the_day(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        bruce = people["104"]
        on = date(2027, 2, 1)
        await set_managers(conn, [(bruce, people["102"])], on)
        before = await managers_of(conn, [bruce, people["100"]], date(2027, 1, 31))
        after = await managers_of(conn, [bruce], on)
        assert await line_above(conn, bruce, date(2027, 1, 31)) == [
            people["103"],
            people["102"],
            people["100"],
        ]
        assert await line_above(conn, bruce, on) == [people["102"], people["100"]]
        assert await set_managers(conn, [(bruce, people["102"])], on) == []
        assert len(await tree_below(conn, people["100"], on)) == 106
    assert (before, after) == ({bruce: people["103"]}, {bruce: people["102"]})


async def test_desks_are_in_the_order_of_the_file_and_without_strangers(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await ids(conn)
        settings = shipped.company().model_copy(
            update={"hr": ("nobody@example.com", "AJAMES@example.com", "sjacobs@example.com")}
        )
        assert await save_company(conn, settings, "", now=NOW, saved_by_id=None)
        assert not await save_company(conn, settings, "", now=NOW, saved_by_id=None)
        assert await desk_members(conn, "hr", TODAY) == [people["103"], people["203"]]
        await record_leaving(conn, people["103"], date(2027, 1, 13), actor=ENGINE, now=NOW)
        assert await desk_members(conn, "hr", TODAY) == [people["103"], people["203"]]
        assert await desk_members(conn, "hr", date(2027, 1, 13)) == [people["203"]]
