"""Tasks of managers follow the line: twice on a day, there and back, from nobody to somebody."""

from datetime import date, datetime
from uuid import UUID

import pytest

from domain.access import ENGINE
from store.base.session import Database
from store.changes.people_events import change_manager, follow_people, record_leave, record_leaving
from store.steering.task import reassign
from tests.store.changes.test_people_events import MANAGER_TASK, OPEN_AT_ONCE
from tests.store.running import column, launched, person, published, rows, tasks, told, utc

SPLIT = ("outcome:\n", "policies:\n  manager_change: split\n\noutcome:\n")


async def reports(
    database: Database, who: str, to: str | None, on: date, now: datetime, cycle: UUID
) -> None:
    """Somebody reports to somebody else from a day on, and the cycle follows."""
    async with database.begin() as conn:
        manager = None if to is None else await person(database, to)
        await change_manager(conn, await person(database, who), manager, on, actor=ENGINE, now=now)
        await follow_people(conn, cycle, now)


async def follow(database: Database, cycle: UUID, now: datetime) -> datetime | None:
    async with database.begin() as conn:
        return await follow_people(conn, cycle, now)


async def holders(database: Database, subject: str = "104") -> list[tuple[object, object]]:
    return [(who, state) for who, state, *_ in await tasks(database, "manager", subject)]


async def test_two_changes_on_one_day_end_with_the_second(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    day = date(2027, 1, 20)
    await reports(demo, "104", "114", day, utc(1, 20, 18), cycle)
    assert await holders(demo) == [("114", "open")]
    await reports(demo, "104", "102", day, utc(1, 20, 20), cycle)
    assert await holders(demo) == [("102", "open")]


async def test_there_and_back_on_one_day_gives_the_task_back(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    day = date(2027, 1, 20)
    await reports(demo, "104", "114", day, utc(1, 20, 18), cycle)
    await reports(demo, "104", "103", day, utc(1, 20, 20), cycle)
    assert await holders(demo) == [("103", "open")]
    lines = await rows(
        demo,
        "SELECT valid_to FROM reporting_lines WHERE person_id = :who",
        who=await person(demo, "104"),
    )
    assert lines == [(None,)]


async def test_split_and_back_again_takes_the_second_writers_task(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE, SPLIT))
    await reports(demo, "104", "114", date(2027, 1, 20), utc(1, 20, 18), cycle)
    assert await holders(demo) == [("103", "open"), ("114", "open")]
    await reports(demo, "104", "103", date(2027, 1, 22), utc(1, 22, 18), cycle)
    for _ in range(2):
        await follow(demo, cycle, utc(1, 22, 19))
    assert await holders(demo) == [("103", "open"), ("114", "cancelled")]


async def test_split_on_to_a_third_leaves_all_who_wrote(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE, SPLIT))
    await reports(demo, "104", "114", date(2027, 1, 20), utc(1, 20, 18), cycle)
    await reports(demo, "104", "102", date(2027, 1, 22), utc(1, 22, 18), cycle)
    assert await holders(demo) == [("103", "open"), ("114", "open"), ("102", "open")]


async def leaving(database: Database, who: str, on: date, now: datetime) -> None:
    async with database.begin() as conn:
        await record_leaving(conn, await person(database, who), on, actor=ENGINE, now=now)


async def test_a_successor_on_record_takes_a_leavers_reviews_at_once(demo: Database) -> None:
    """Last day Friday the 22nd; the successor's line begins on Monday."""
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await leaving(demo, "103", date(2027, 1, 23), utc(1, 13))
    await reports(demo, "104", "114", date(2027, 1, 25), utc(1, 13), cycle)
    await follow(demo, cycle, utc(1, 23, 18))
    assert await holders(demo) == [("114", "open")]
    await follow(demo, cycle, utc(1, 25, 18))
    assert await holders(demo) == [("114", "open")]
    assert "104" not in [
        about
        for (about,) in await rows(
            demo,
            "SELECT b.employee_id FROM notifications n JOIN people b ON b.id = n.subject_id"
            " WHERE n.event = 'needs_assignee'",
        )
    ]


async def test_a_line_that_appears_later_takes_what_needs_an_assignee(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await leaving(demo, "103", date(2027, 1, 23), utc(1, 13))
    await follow(demo, cycle, utc(1, 23, 18))
    assert await holders(demo) == [(None, "open")]
    assert "203" in await told(demo, "needs_assignee")
    await reports(demo, "104", "114", date(2027, 2, 1), utc(1, 28), cycle)
    assert await holders(demo) == [(None, "open")]
    assert await follow(demo, cycle, utc(2, 1, 16)) == utc(2, 1, 17)  # nine in Seattle
    await follow(demo, cycle, utc(2, 1, 17))
    assert await holders(demo) == [("114", "open")]


async def test_a_gap_before_a_known_successor_asks_nobody(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await reports(demo, "104", None, date(2027, 1, 23), utc(1, 13), cycle)
    await reports(demo, "104", "114", date(2027, 1, 25), utc(1, 13), cycle)
    await follow(demo, cycle, utc(1, 24, 18))
    assert await holders(demo) == [("103", "open")]
    await follow(demo, cycle, utc(1, 25, 17))
    assert await holders(demo) == [("114", "open")]
    assert await told(demo, "needs_assignee") == []


async def test_a_successor_on_long_leave_is_asked_of_hr_and_gets_the_task_when_back(
    demo: Database,
) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    async with demo.begin() as conn:
        await record_leave(
            conn,
            await person(demo, "114"),
            date(2027, 1, 18),
            date(2027, 2, 26),
            actor=ENGINE,
            now=utc(1, 13),
        )
    await reports(demo, "104", "114", date(2027, 1, 20), utc(1, 20, 18), cycle)
    for hour in (19, 20):
        await follow(demo, cycle, utc(1, 20, hour))
    assert await holders(demo) == [(None, "open")]
    assert await told(demo, "reassigned_to") == ["114"]  # suppressed before it is mailed
    assert await column(
        demo, "SELECT DISTINCT state FROM notifications WHERE event = 'reassigned_to'"
    ) == ["suppressed"]
    await follow(demo, cycle, utc(3, 1, 18))
    assert await holders(demo) == [("114", "open")]


async def test_what_hr_gave_to_the_present_manager_follows_the_next_change(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await reports(demo, "104", "114", date(2027, 1, 20), utc(1, 20, 18), cycle)
    [task] = await column(demo, MANAGER_TASK, employee="104")
    async with demo.begin() as conn:
        await reassign(conn, UUID(str(task)), await person(demo, "103"), ENGINE, utc(1, 21))
        await reassign(conn, UUID(str(task)), await person(demo, "114"), ENGINE, utc(1, 22))
    await reports(demo, "104", "102", date(2027, 1, 26), utc(1, 26, 18), cycle)
    assert await holders(demo) == [("102", "open")]


@pytest.mark.parametrize("hour", [15, 16])
async def test_before_nine_of_the_new_manager_nothing_moves(demo: Database, hour: int) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await reports(demo, "104", "114", date(2027, 1, 20), utc(1, 20, hour), cycle)
    assert await holders(demo) == [("103", "open")]
