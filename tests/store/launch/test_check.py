"""The launch check says what will happen, to whom, and what is odd, before anything opens."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import ENGINE
from domain.errors import IllegalState, Invalid, NotFound
from store.base.session import Database
from store.changes.people_events import record_leave, record_leaving
from store.launch import first_minutes
from store.launch.check import LaunchCheck, preview, report
from store.launch.launching import confirm, name_reviewer, prepare
from tests.store.running import HR, LAUNCHED, D, advance, column, person, published, rows

EVE = datetime(2027, 1, 11, 20, tzinfo=UTC)  # the day before, noon in Seattle


async def checked(database: Database, on: date = D, by: str = "schedule") -> UUID:
    version = await published(database)
    async with database.begin() as conn:
        return await prepare(conn, version, on, by, HR, EVE)  # type: ignore[arg-type]


async def look(database: Database, cycle: UUID, now: datetime = EVE) -> LaunchCheck:
    async with database.begin() as conn:
        return await report(conn, cycle, now)


def moods(check: LaunchCheck) -> dict[str, str]:
    return {finding.code: finding.mood for finding in check.findings}


async def test_the_demo_company_in_numbers(demo: Database) -> None:
    check = await look(demo, await checked(demo))
    assert (check.people_in, check.people_out, check.tasks) == (
        106,
        1,
        106 * 4 + 1,
    )  # one release for all
    assert [(group.reason, group.names) for group in check.out] == [
        ("no_manager", ("Steven King",))
    ]
    heavy = [(load.name, load.tasks) for load in check.loads if load.stage == "manager"]
    # The president writes fourteen reviews.
    assert heavy[0] == ("Steven King", 14)
    assert all(tasks > 6 for _, tasks in heavy)
    [manager] = [load for load in check.stage_loads if load.stage == "manager"]
    assert sum(tasks * people for tasks, people in manager.spread) == 106
    assert check.ends_on is not None
    json.dumps(check.as_dict(), default=str)


async def test_what_happens_tomorrow_at_nine_is_counted_by_morning(demo: Database) -> None:
    check = await look(demo, await checked(demo))
    assert [(mail.at, mail.mails, mail.tasks) for mail in check.first_mails] == [
        (datetime(2027, 1, 12, 8, tzinfo=UTC), 1, 1),  # Munich
        (datetime(2027, 1, 12, 9, tzinfo=UTC), 36, 36),  # England
        (datetime(2027, 1, 12, 14, tzinfo=UTC), 2, 2),  # Toronto
        (datetime(2027, 1, 12, 15, tzinfo=UTC), 5, 5),  # Southlake
        (datetime(2027, 1, 12, 17, tzinfo=UTC), 62, 62),  # the west coast
    ]
    assert check.opens_at == datetime(2027, 1, 12, 8, tzinfo=UTC)
    async with demo.begin() as conn:
        said = await preview(conn, check.cycle_id, EVE)
    assert said.counts == {"people": 106, "mails": 106, "tasks": 425}


async def test_a_desk_of_one_is_warned_about_and_an_empty_one_refused(demo: Database) -> None:
    cycle = await checked(demo)
    assert moods(await look(demo, cycle))["desk_of_one"] == "look"
    async with demo.begin() as conn:
        await record_leaving(conn, await person(demo, "203"), D, actor=ENGINE, now=LAUNCHED)
    check = await look(demo, cycle, LAUNCHED)
    assert (moods(check)["hr_desk_empty"], check.may_confirm) == ("stop", False)
    with pytest.raises(IllegalState):
        async with demo.begin() as conn:
            await confirm(conn, cycle, HR, LAUNCHED)


async def test_what_is_odd_is_named(demo: Database) -> None:
    cycle = await checked(demo)
    async with demo.begin() as conn:
        await conn.execute(
            text("UPDATE people SET address_refused_at = now() WHERE employee_id = '104'")
        )
        await conn.execute(text("UPDATE people SET office = 'Atlantis' WHERE employee_id = '105'"))
        await conn.execute(
            text(
                "WITH broken AS (INSERT INTO profiles (calendar, zone) VALUES ('us', 'Mars/Base')"
                " RETURNING id) UPDATE people SET profile_id = broken.id FROM broken"
                " WHERE employee_id = '106'"
            )
        )
        await record_leaving(conn, await person(demo, "103"), D, actor=ENGINE, now=EVE)
        await record_leave(
            conn, await person(demo, "107"), D, date(2027, 1, 14), actor=ENGINE, now=EVE
        )
    found = {finding.code: finding.names for finding in (await look(demo, cycle)).findings}
    assert found["addresses"] == ("Bruce Miller",)
    assert found["office_without_calendar"] == ("David Williams",)
    assert found["unusable_record"] == ("Valli Jackson",)
    assert len(found["missing_manager"]) == 4
    assert found["on_leave"] == ("Diana Nguyen",)


async def test_planned_days_that_are_no_working_days_somewhere_are_named(demo: Database) -> None:
    cycle = await checked(demo, date(2026, 12, 21))
    check = await look(demo, cycle, datetime(2026, 12, 18, 17, tzinfo=UTC))
    # Ten working days of the company after 21 December is Epiphany, a holiday in Bavaria.
    found = {finding.code: finding.names for finding in check.findings}
    assert found["holiday:self:due"] == ("Hermann Brown",)


async def test_hr_names_a_reviewer_for_the_top_of_the_line(demo: Database) -> None:
    cycle = await checked(demo)
    president, reviewer = await person(demo, "100"), await person(demo, "101")
    async with demo.begin() as conn:
        for _ in range(2):
            await name_reviewer(conn, cycle, president, reviewer, HR, EVE)
        with pytest.raises(Invalid):
            await name_reviewer(conn, cycle, president, president, HR, EVE)
        with pytest.raises(NotFound):
            await name_reviewer(conn, cycle, president, 999_999, HR, EVE)
    check = await look(demo, cycle)
    assert (check.people_in, check.people_out) == (107, 0)


async def test_the_first_minutes_are_counted_and_whoever_opened_a_form_is_no_name(
    demo: Database,
) -> None:
    cycle = await checked(demo, by="button")
    who = await person(demo, "203")
    async with demo.begin() as conn:
        assert await first_minutes.send_preview(conn, cycle, who, who, EVE)
        assert not await first_minutes.send_preview(conn, cycle, who, who, EVE)
        await confirm(conn, cycle, HR, LAUNCHED)
    await advance(demo, cycle, LAUNCHED)
    await rows(
        demo,
        "UPDATE tasks SET seen_at = :at WHERE subject_id = :who RETURNING 1",
        at=LAUNCHED,
        who=await person(demo, "104"),
    )
    async with demo.begin() as conn:
        look_back = await first_minutes.first_ten_minutes(conn, cycle, LAUNCHED, hidden=[])
        with pytest.raises(NotFound):
            await first_minutes.first_ten_minutes(conn, UUID(int=0), LAUNCHED, hidden=[])
    assert (look_back.people, look_back.tasks, look_back.forms_seen) == (106, 69, 1), (
        "opened by now"
    )
    assert (look_back.mails_sent, look_back.refused, look_back.is_over) == (0, (), False)
    reported = await column(
        demo, "SELECT send_at FROM notifications WHERE event = 'launched_report'"
    )
    assert reported == [datetime(2027, 1, 13, 9, tzinfo=UTC)]  # HR sits in London: after five
