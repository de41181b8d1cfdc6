"""The outbox: once per key, in the recipient's morning, and the sender awake in time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from domain.notifications import Event
from domain.states import ProcessKind
from store.company import company_calendars
from store.outbox import NewNotification, queue, send_times, suppress_for_tasks
from store.processes import start
from store.session import Database
from tests.api.cycle import World, launch_small
from tests.store.people_rows import BOSS, LEAD, WORKER, insert_people


@pytest_asyncio.fixture
async def world(database: Database, now: datetime) -> World:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        await conn.execute(text("DELETE FROM notifications"))
    return world


def item(now: datetime, key: str, event: Event = Event.RESULT_OPENED, **more: Any) -> Any:
    values: dict[str, Any] = {"at": now, "send_at": now, "cause": "test", "person_id": WORKER}
    values |= more
    return NewNotification(key=key, event=event, **values)


async def bells(database: Database) -> int:
    async with database.begin() as conn:
        found = await conn.scalar(
            text("WITH rung AS (DELETE FROM bells RETURNING 1) SELECT count(*) FROM rung")
        )
    return int(found or 0)


async def test_a_key_is_queued_once_whoever_queues_it_how_often(
    database: Database, world: World, now: datetime
) -> None:
    async with database.begin() as conn:
        assert await queue(conn, [item(now, "a"), item(now, "b"), item(now, "a")]) == 2
    async with database.begin() as conn:
        assert await queue(conn, [item(now, "a"), item(now, "c")]) == 1
        assert await queue(conn, []) == 0


async def test_the_sender_is_rung_only_if_it_would_look_too_late(
    database: Database, world: World, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now)
    await bells(database)
    async with database.begin() as conn:
        await queue(conn, [item(now, "not armed")])
    assert await bells(database) == 1
    async with database.begin() as conn:
        await conn.execute(text("UPDATE processes SET armed_until = :now"), {"now": now})
        await queue(conn, [item(now, "in time"), item(now, "later", send_at=now + DAY)])
    assert await bells(database) == 0
    async with database.begin() as conn:
        await queue(conn, [item(now, "too late", send_at=now - DAY)])
    assert await bells(database) == 1
    async with database.begin() as conn:
        await queue(conn, [item(now, "rides", Event.DONE_NOTICE, send_at=now - DAY)])
        await queue(conn, [item(now, "too late", send_at=now - DAY)])
    assert await bells(database) == 0, "what rides along or is known already wakes nobody"


DAY = timedelta(days=1)


async def test_when_a_task_ended_only_what_still_matters_stays(
    database: Database, world: World, now: datetime
) -> None:
    task = {"task_id": world.self_task, "cycle_id": world.cycle_id}
    async with database.begin() as conn:
        await queue(
            conn,
            [
                item(now, "1", Event.REMINDER, rung="remind:1", **task),
                item(now, "2", Event.ESCALATION, rung="escalate:3", person_id=LEAD, **task),
                item(now, "3", Event.CANCELLED, **task),
                item(now, "4", Event.REMINDER, task_id=world.manager_task),
            ],
        )
        assert await suppress_for_tasks(conn, [world.self_task], "done", now) == 2
        assert await suppress_for_tasks(conn, [world.self_task], "done", now) == 0
        rows = await conn.execute(text("SELECT key, state, reason FROM notifications ORDER BY key"))
        assert [tuple(row) for row in rows] == [
            ("1", "suppressed", "done"),
            ("2", "suppressed", "done"),
            ("3", "queued", None),
            ("4", "queued", None),
        ]


async def test_a_new_due_date_takes_back_what_rungs_had_queued(
    database: Database, world: World, now: datetime
) -> None:
    task = {"task_id": world.self_task, "cycle_id": world.cycle_id}
    async with database.begin() as conn:
        await queue(
            conn,
            [
                item(now, "1", Event.REMINDER, rung="remind:1", **task),
                item(now, "2", Event.TASK_OPENED, **task),
            ],
        )
        taken = await suppress_for_tasks(conn, [world.self_task], "due_changed", now, rungs=True)
        assert taken == 1


@pytest.mark.parametrize(
    ("hours", "at_once", "expected"),
    [
        (0, False, 0),  # Tuesday 09:00 is the daily mail itself
        (1, False, 24),
        (1, True, 1),
        (7.99, True, 7.99),
        (8, True, 24),  # 17:00
        (-2, True, 0),  # 07:00
    ],
)
async def test_mail_leaves_in_the_recipients_hours(
    database: Database,
    world: World,
    now: datetime,
    hours: float,
    at_once: bool,
    expected: float,
) -> None:
    async with database.begin() as conn:
        calendars = await company_calendars(conn, 2026, 2028)
        at = now + timedelta(hours=hours)
        times = await send_times(conn, calendars, [WORKER, BOSS, WORKER], at, at_once)
    assert times == dict.fromkeys([WORKER, BOSS], now + timedelta(hours=expected))


async def test_mail_waits_for_the_end_of_leave(
    database: Database, world: World, now: datetime
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO leaves (person_id, first_day, last_day, recorded_at)"
                " VALUES (:id, '2027-01-12', '2027-01-15', :now)"
            ),
            {"id": WORKER, "now": now},
        )
        calendars = await company_calendars(conn, 2026, 2028)
        times = await send_times(conn, calendars, [WORKER], now, at_once=True)
    assert times == {WORKER: now + timedelta(days=7)}, "Monday 18 January is a holiday"
