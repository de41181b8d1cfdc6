"""Managers change, people leave and are away: tasks follow, and nothing moves earlier."""

from datetime import date

import pytest

from domain.access import ENGINE
from domain.errors import Invalid
from store.base.session import Database
from store.changes.people_events import (
    change_manager,
    follow_people,
    record_leave,
    record_leaving,
    take_leave_back,
)
from tests.store.running import (
    advance,
    column,
    launched,
    person,
    published,
    rows,
    tasks,
    told,
    utc,
)

OPEN_AT_ONCE = ("    after: [self] ", "    opens: launch ")
"""The manager review opens with the launch: open tasks of managers from the first day."""


async def away(
    database: Database,
    who: str,
    first: date,
    last: date,
    *,
    delegate: str | None = None,
    at: int = 12,
) -> int:
    async with database.begin() as conn:
        recorded = await record_leave(
            conn,
            await person(database, who),
            first,
            last,
            delegate_id=None if delegate is None else await person(database, delegate),
            actor=ENGINE,
            now=utc(1, at, 18),
        )
    return recorded.moved


async def test_leave_moves_the_due_date_the_close_and_the_rungs_later(demo: Database) -> None:
    await launched(demo, await published(demo))
    before = await rows(demo, SELF, employee="104")
    assert await away(demo, "104", date(2027, 1, 19), date(2027, 1, 21)) == 1
    after = await rows(demo, SELF, employee="104")
    assert (before[0][0], after[0][0]) == (date(2027, 1, 27), date(2027, 2, 1))
    assert [row[3] for row in (*before, *after)] == [1, 1]
    assert after[0][1] > before[0][1]  # type: ignore[operator]
    assert after[0][2] > before[0][2]  # type: ignore[operator]
    assert await away(demo, "104", date(2027, 1, 19), date(2027, 1, 21)) == 0
    [event] = await rows(demo, "SELECT detail ->> 'to' FROM task_events WHERE event = 'moved'")
    assert event == ("2027-02-01",)


SELF = (
    "SELECT t.due_on, t.closes_at, t.next_rung_at, t.due_revision FROM tasks t"
    " JOIN people p ON p.id = t.subject_id JOIN stages s ON s.id = t.stage_id"
    " WHERE p.employee_id = :employee AND s.key = 'self'"
)


async def test_with_a_delegate_dates_stay(demo: Database) -> None:
    await launched(demo, await published(demo))
    assert await away(demo, "104", date(2027, 1, 19), date(2027, 1, 21), delegate="105") == 0
    assert await tasks(demo, "self", "104") == [("104", "open", date(2027, 1, 27), 1)]


async def test_leave_that_is_taken_back_moves_nothing_earlier(demo: Database) -> None:
    await launched(demo, await published(demo))
    await away(demo, "104", date(2027, 1, 19), date(2027, 1, 21))
    async with demo.begin() as conn:
        await take_leave_back(conn, 1, actor=ENGINE, now=utc(1, 13))
    assert await tasks(demo, "self", "104") == [("104", "open", date(2027, 2, 1), 1)]


async def test_with_leave_keep_dates_stay(demo: Database) -> None:
    keep = ("outcome:\n", "policies:\n  leave: keep\n\noutcome:\n")
    await launched(demo, await published(demo, "annual", keep))
    assert await away(demo, "104", date(2027, 1, 18), date(2027, 4, 30)) == 0
    assert await tasks(demo, "self", "104") == [("104", "open", date(2027, 1, 27), 1)]


async def test_long_leave_excuses_the_own_task_at_once_and_hr_is_asked_on_the_return(
    demo: Database,
) -> None:
    cycle = await launched(demo, await published(demo))
    await away(demo, "104", date(2027, 1, 18), date(2027, 2, 19))
    assert await tasks(demo, "self", "104") == [("104", "excused", date(2027, 1, 27), 1)]
    for day in (20, 21):
        async with demo.begin() as conn:
            next_at = await follow_people(conn, cycle, utc(1, day))
        assert next_at == utc(2, 22, 15)  # nine in Chicago
    assert await told(demo, "leave_return_question") == []
    for hour in (15, 16):
        async with demo.begin() as conn:
            await follow_people(conn, cycle, utc(2, 22, hour))
    assert await told(demo, "leave_return_question") == ["203"]


async def test_twenty_working_days_only_move_the_dates(demo: Database) -> None:
    await launched(demo, await published(demo))
    # 18 January is a holiday: 19 January to 15 February are twenty working days.
    await away(demo, "104", date(2027, 1, 18), date(2027, 2, 12))
    [(_, state, due_on, _)] = await tasks(demo, "self", "104")
    assert (state, due_on > date(2027, 2, 12)) == ("open", True)  # type: ignore[operator]


async def test_a_manager_away_for_long_leaves_reviews_on_hrs_desk_unasked_of_the_next_level(
    demo: Database,
) -> None:
    await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    await away(demo, "103", date(2027, 1, 18), date(2027, 2, 26))
    for report in ("104", "105", "106", "107"):
        [(assignee, state, _, revision)] = await tasks(demo, "manager", report)
        assert (assignee, state, revision) == (None, "open", 2)
    assert await told(demo, "needs_assignee") == ["203"] * 4


async def test_open_tasks_follow_the_new_manager_at_nine_of_that_day(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    # Told already: the former manager hears that the task is gone.
    await rows(demo, "UPDATE tasks SET announced_on = '2027-01-12' RETURNING 1")
    async with demo.begin() as conn:
        await change_manager(
            conn,
            await person(demo, "104"),
            await person(demo, "114"),
            date(2027, 1, 26),
            actor=ENGINE,
            now=utc(1, 13),
        )
    early = utc(1, 26, 16)  # eight in the morning in Seattle
    async with demo.begin() as conn:
        assert await follow_people(conn, cycle, early) == utc(1, 26, 17)
    assert await tasks(demo, "manager", "104") == [("103", "open", date(2027, 1, 27), 1)]
    for _ in range(2):
        async with demo.begin() as conn:
            await follow_people(conn, cycle, utc(1, 26, 17))
    # Three working days from the 26th.
    assert await tasks(demo, "manager", "104") == [("114", "open", date(2027, 1, 29), 2)]
    assert (await told(demo, "reassigned_to"), await told(demo, "reassigned_away")) == (
        ["114"],
        ["103"],
    )


async def test_what_hr_reassigned_after_the_change_stays_there(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    from store.steering.task import reassign

    async with demo.begin() as conn:
        await change_manager(
            conn,
            await person(demo, "104"),
            await person(demo, "114"),
            date(2027, 1, 20),
            actor=ENGINE,
            now=utc(1, 13),
        )
        await follow_people(conn, cycle, utc(1, 20))
    [task] = await column(demo, MANAGER_TASK, employee="104")
    async with demo.begin() as conn:
        await reassign(conn, task, await person(demo, "103"), ENGINE, utc(1, 21))  # type: ignore[arg-type]
        await follow_people(conn, cycle, utc(1, 22))
    [(assignee, *_)] = await tasks(demo, "manager", "104")
    assert assignee == "103"


MANAGER_TASK = (
    "SELECT t.id FROM tasks t JOIN people p ON p.id = t.subject_id"
    " JOIN stages s ON s.id = t.stage_id WHERE p.employee_id = :employee AND s.key = 'manager'"
)


@pytest.mark.parametrize(("policy", "holders"), [("stay", ["103"]), ("split", ["103", "114"])])
async def test_other_policies_leave_the_task_or_add_a_second_writer(
    demo: Database, policy: str, holders: list[str]
) -> None:
    said = ("outcome:\n", f"policies:\n  manager_change: {policy}\n\noutcome:\n")
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE, said))
    async with demo.begin() as conn:
        await change_manager(
            conn,
            await person(demo, "104"),
            await person(demo, "114"),
            date(2027, 1, 20),
            actor=ENGINE,
            now=utc(1, 13),
        )
        for day in (20, 21):
            await follow_people(conn, cycle, utc(1, day))
    found = await tasks(demo, "manager", "104")
    assert [(task[0], task[1]) for task in found] == [(who, "open") for who in holders]


async def test_a_loop_by_a_new_manager_is_refused(demo: Database) -> None:
    with pytest.raises(Invalid):
        async with demo.begin() as conn:
            await change_manager(
                conn,
                await person(demo, "102"),
                await person(demo, "104"),
                date(2027, 1, 20),
                actor=ENGINE,
                now=utc(1, 13),
            )


async def test_a_leavers_own_tasks_are_cancelled_and_reviews_go_to_the_new_manager(
    demo: Database,
) -> None:
    cycle = await launched(demo, await published(demo, "annual", OPEN_AT_ONCE))
    async with demo.begin() as conn:
        await record_leaving(
            conn, await person(demo, "103"), date(2027, 1, 20), actor=ENGINE, now=utc(1, 13)
        )
        await change_manager(
            conn,
            await person(demo, "104"),
            await person(demo, "102"),
            date(2027, 1, 20),
            actor=ENGINE,
            now=utc(1, 13),
        )
    async with demo.begin() as conn:
        assert await follow_people(conn, cycle, utc(1, 19)) is not None
    assert (await tasks(demo, "self", "103"))[0][1] == "open"
    for _ in range(2):
        async with demo.begin() as conn:
            await follow_people(conn, cycle, utc(1, 20))
    assert (await tasks(demo, "self", "103"))[0][1] == "cancelled"
    assert (await tasks(demo, "manager", "103"))[0][1] == "cancelled"
    assert (await tasks(demo, "manager", "104"))[0][0] == "102"
    assert (await tasks(demo, "manager", "105"))[0][0] is None
    out = await rows(demo, "SELECT state, reason FROM participants WHERE state = 'removed'")
    assert out == [("removed", "left")]
    assert await column(demo, "SELECT participants FROM cycles") == [105]


async def test_the_engine_goes_on_with_what_has_moved(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await away(demo, "104", date(2027, 1, 19), date(2027, 1, 21))
    for day in range(13, 31):
        await advance(demo, cycle, utc(1, day, 18))
    reminded = await column(
        demo,
        "SELECT to_char(n.at, 'MM-DD') FROM notifications n JOIN people p ON p.id = n.person_id"
        " WHERE p.employee_id = '104' AND n.event = 'reminder' ORDER BY n.at",
    )
    # Five working days and one before 1 February; the 18th is a holiday, 19 to 21 are leave.
    assert reminded == ["01-25", "01-29"]
