"""The outbox: once per key, in the recipient's morning, and the sender awake in time."""

from datetime import datetime, timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import text

from domain.notifications import Event
from domain.processes.mail import MAIL
from store.base.session import Database
from store.engine.processes import start
from store.outbox.outbox import NewNotification, queue, suppress_for_tasks
from tests.api.cycle import World, launch_small
from tests.store.people_rows import LEAD, WORKER, insert_people


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
        await start(conn, MAIL.id, MAIL, now=now)
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
