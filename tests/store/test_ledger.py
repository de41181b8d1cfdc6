"""The ledger answers why something was sent or not."""

from datetime import datetime

from sqlalchemy import text

from domain.notifications import Event
from store import ledger
from store.outbox import NewNotification, queue, suppress_for_tasks
from store.session import Database
from tests.api.cycle import launch_small
from tests.store.people_rows import LEAD, WORKER, insert_people


async def test_each_item_says_why_and_pages_go_by_key(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        await conn.execute(text("DELETE FROM notifications"))
        await queue(
            conn,
            [
                NewNotification(
                    key=f"{event}:{person}",
                    event=event,
                    person_id=person,
                    at=now,
                    send_at=now,
                    cause="test",
                    cycle_id=world.cycle_id,
                    task_id=world.self_task,
                )
                for event, person in (
                    (Event.REMINDER, WORKER),
                    (Event.DONE_NOTICE, LEAD),
                    (Event.TASK_OPENED, WORKER),
                )
            ],
        )
        await suppress_for_tasks(conn, [world.self_task], "done", now)
        entries = await ledger.of_task(conn, world.self_task)
        assert [(entry.event, entry.why) for entry in entries] == [
            (Event.TASK_OPENED, "done"),
            (Event.DONE_NOTICE, "waits"),
            (Event.REMINDER, "done"),
        ]
        first = await ledger.of_cycle(conn, world.cycle_id, limit=2)
        rest = await ledger.of_cycle(conn, world.cycle_id, before=first[-1].id)
        assert [entry.id for entry in (*first, *rest)] == [entry.id for entry in entries]
        assert len(await ledger.of_person(conn, WORKER)) == 2
        assert [(t.state, t.reason, t.items) for t in await ledger.tally(conn, world.cycle_id)] == [
            ("suppressed", "done", 2),
            ("queued", None, 1),
        ]
