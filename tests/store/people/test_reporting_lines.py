"""Lines hold from a day to the next change that is on record, whenever they are written."""

from datetime import date

import pytest

from domain.access import ENGINE
from domain.errors import Invalid
from store.base.session import Database
from store.changes.people_events import change_manager
from store.people.reporting_lines import set_managers
from tests.store.running import person, rows, utc

Lines = list[tuple[object, ...]]


async def lines(database: Database, who: str = "104") -> Lines:
    return await rows(
        database,
        "SELECT m.employee_id, l.valid_from, l.valid_to FROM reporting_lines l"
        " JOIN people p ON p.id = l.person_id JOIN people m ON m.id = l.manager_id"
        " WHERE p.employee_id = :who ORDER BY l.valid_from",
        who=who,
    )


async def put(database: Database, to: str | None, on: date) -> int:
    async with database.begin() as conn:
        manager = None if to is None else await person(database, to)
        return len(await set_managers(conn, [(await person(database, "104"), manager)], on))


SINCE, JAN, FEB, MARCH = date(2017, 5, 21), date(2027, 1, 4), date(2027, 2, 1), date(2027, 3, 1)


async def test_a_back_dated_line_ends_where_the_next_begins(demo: Database) -> None:
    await put(demo, "114", FEB)
    await put(demo, "102", JAN)
    assert await lines(demo) == [
        ("103", SINCE, JAN),
        ("102", JAN, FEB),
        ("114", FEB, None),
    ]


async def test_an_end_that_is_on_record_stays(demo: Database) -> None:
    await put(demo, None, FEB)
    await put(demo, "114", MARCH)
    await put(demo, "102", JAN)
    assert await lines(demo) == [
        ("103", SINCE, JAN),
        ("102", JAN, FEB),
        ("114", MARCH, None),
    ]


async def test_what_holds_already_changes_nothing_that_is_planned(demo: Database) -> None:
    await put(demo, "114", FEB)
    assert await put(demo, "103", JAN) == 0
    assert await lines(demo) == [("103", SINCE, FEB), ("114", FEB, None)]


async def test_a_planned_change_that_is_taken_back_leaves_one_line(demo: Database) -> None:
    await put(demo, "114", FEB)
    await put(demo, "103", FEB)
    assert await lines(demo) == [("103", SINCE, None)]


async def test_a_circle_on_a_later_day_is_refused(demo: Database) -> None:
    """103 will report to 104 in February, so 104 cannot report to 103 beyond that day."""
    async with demo.begin() as conn:
        people = {who: await person(demo, who) for who in ("102", "103", "104")}
        now = utc(1, 4)
        # 104 reports to 102 from January on, so that 103 may report to 104 from February on.
        await change_manager(conn, people["104"], people["102"], JAN, actor=ENGINE, now=now)
        await change_manager(conn, people["103"], people["104"], FEB, actor=ENGINE, now=now)
        with pytest.raises(Invalid):
            await change_manager(conn, people["104"], people["103"], JAN, actor=ENGINE, now=now)
