"""Long leave: ended at once and for whom it is, asked about once, also when it is shortened."""

from datetime import date, datetime
from uuid import UUID

from domain.access import ENGINE
from store.base.session import Database
from store.changes.people_events import follow_people, take_leave_back
from tests.store.changes.test_people_events import away
from tests.store.running import advance, launched, person, published, rows, tasks, told, utc

LONG = date(2027, 1, 18), date(2027, 4, 30)


async def follow(database: Database, cycle: UUID, now: datetime) -> datetime | None:
    async with database.begin() as conn:
        return await follow_people(conn, cycle, now)


async def shortened(database: Database, to: date | None, now: datetime) -> None:
    """The first leave on record does not take place; a shorter one does."""
    async with database.begin() as conn:
        await take_leave_back(conn, 1, actor=ENGINE, now=now)
    if to is not None:
        await away(database, "104", LONG[0], to, at=now.day)


async def test_a_shortened_leave_asks_hr_once_on_the_first_working_day_back(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await away(demo, "104", *LONG)
    assert (await tasks(demo, "self", "104"))[0][1] == "excused"
    await shortened(demo, date(2027, 1, 24), utc(1, 22))
    assert await follow(demo, cycle, utc(1, 22, 19)) == utc(1, 25, 15)  # nine in Chicago
    assert await told(demo, "leave_return_question") == []
    for hour in (15, 16):
        await follow(demo, cycle, utc(1, 25, hour))
    assert await told(demo, "leave_return_question") == ["203"]


async def test_a_leave_that_does_not_take_place_asks_hr_at_once(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await away(demo, "104", *LONG)
    await shortened(demo, None, utc(1, 14))
    for hour in (18, 19):
        await follow(demo, cycle, utc(1, 14, hour))
    assert await told(demo, "leave_return_question") == ["203"]


async def test_leaves_that_touch_are_one(demo: Database) -> None:
    """Fourteen working days and twelve, with nothing but a weekend between them."""
    await launched(demo, await published(demo))
    await away(demo, "104", date(2027, 1, 18), date(2027, 2, 5))
    assert (await tasks(demo, "self", "104"))[0][1] == "open"
    await away(demo, "104", date(2027, 2, 8), date(2027, 2, 24), at=13)
    assert (await tasks(demo, "self", "104"))[0][1] == "excused"


async def test_a_day_of_work_between_keeps_them_apart(demo: Database) -> None:
    await launched(demo, await published(demo))
    await away(demo, "104", date(2027, 1, 18), date(2027, 2, 5))
    await away(demo, "104", date(2027, 2, 9), date(2027, 2, 24), at=13)
    assert (await tasks(demo, "self", "104"))[0][1] == "open"


async def test_leave_that_is_over_when_it_is_recorded_excuses_nothing(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await away(demo, "104", date(2026, 12, 1), date(2027, 1, 12), at=14)
    await follow(demo, cycle, utc(1, 14, 20))
    assert (await tasks(demo, "self", "104"))[0][1] == "open"


async def test_leave_known_before_the_launch_excuses_with_the_launch_and_mails_nothing(
    demo: Database,
) -> None:
    version = await published(demo)
    await away(demo, "104", date(2027, 1, 13), date(2027, 7, 9), at=4)
    cycle = await launched(demo, version)
    assert await rows(
        demo,
        "SELECT t.state, t.ended_at FROM tasks t JOIN people p ON p.id = t.subject_id"
        " JOIN stages s ON s.id = t.stage_id WHERE s.key = 'self' AND p.employee_id = '104'",
    ) == [("excused", utc(1, 12))]
    waiting = await rows(
        demo,
        "SELECT state FROM notifications WHERE person_id = :who",
        who=await person(demo, "104"),
    )
    assert {state for (state,) in waiting} <= {"suppressed"}
    await advance(demo, cycle, utc(1, 12, 18))
    assert (await tasks(demo, "manager", "104"))[0][0] == "103"
