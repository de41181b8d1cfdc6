"""A small company with open tasks, a sender, and short ways to queue and to look."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from activities.notifications.mail_items import Mailbox
from activities.notifications.sender import MailSettings, Sender
from activities.notifications.smtp import Relay
from activities.turn import Turn
from domain.notifications import Event
from domain.processes.mail import MAIL
from domain.progress import Progress
from store.base.session import Database
from store.engine.processes import start
from store.outbox.outbox import NewNotification, queue
from tests.api.cycle import World, launch_small
from tests.store.people_rows import insert_people


def settings(port: int, **changes: Any) -> MailSettings:
    """Mail settings for a sink on that port."""
    values: dict[str, Any] = {
        "sender": Mailbox(name="Almanac", address="almanac@example.com"),
        "public_url": "https://reviews.example.com",
        "relay": Relay(host="127.0.0.1", port=port, security="none", timeout=30.0),
        "connections": 2,
    }
    return MailSettings(**(values | changes))


@dataclass
class Office:
    """The company, its cycle and its sender."""

    database: Database
    world: World
    now: datetime

    def item(
        self, event: Event, person: int, task: UUID | None = None, **more: Any
    ) -> NewNotification:
        """A notification about a task, due now unless `more` says otherwise."""
        values: dict[str, Any] = {
            "key": f"{event}:{person}:{task}:{more.get('rung')}:{more.get('due_revision', 1)}",
            "at": self.now,
            "send_at": self.now,
            "cause": "test",
            "cycle_id": self.world.cycle_id if task else None,
            "task_id": task,
            "due_revision": 1 if task else None,
        }
        return NewNotification(event=event, person_id=person, **(values | more))

    async def queue(self, *items: NewNotification) -> int:
        async with self.database.begin() as conn:
            return await queue(conn, items)

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.database.begin() as conn:
            await conn.execute(text(statement), values)

    async def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self.database.begin() as conn:
            return (await conn.execute(text(statement), values)).all()

    async def crowd(self, people: int) -> None:
        """So many more people, each with an open task that is to be announced now."""
        await self.execute(
            """
            WITH added AS (
                INSERT INTO people (employee_id, first_name, last_name, email, hire_date,
                    department, office, profile_id, created_at, updated_at)
                SELECT 'c' || n, 'Person' || n, 'Example', 'p' || n || '@example.com',
                    '2020-01-01', 'Sales', 'Seattle', 1, :now, :now
                FROM generate_series(1, :people) n RETURNING id
            ), opened AS (
                INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state, cause,
                    begun_at, opens_at, announce_at, due_on, due_at, next_rung, next_rung_at,
                    created_at)
                SELECT t.cycle_id, t.stage_id, a.id, t.role, a.id, 'open', 'launch', :now, :now,
                    :now, t.due_on, t.due_at, t.next_rung, t.next_rung_at, :now
                FROM added a, tasks t WHERE t.id = :like
                RETURNING id, cycle_id, stage_id, assignee_id
            )
            INSERT INTO notifications (key, event, person_id, cycle_id, stage_id, task_id,
                subject_id, due_revision, cause, at, send_at)
            SELECT 'open:' || id, 'task_opened', assignee_id, cycle_id, stage_id, id, assignee_id,
                1, 'test', :now, :now FROM opened
            """,
            now=self.now,
            people=people,
            like=self.world.self_task,
        )
        await self.execute("ANALYZE")

    async def states(self) -> dict[str, tuple[str, str | None]]:
        """The state and reason of each notification, by event."""
        rows = await self.rows("SELECT event, state, reason FROM notifications ORDER BY id")
        return {row[0]: (row[1], row[2]) for row in rows}

    async def mails(self) -> Sequence[Any]:
        return await self.rows("SELECT * FROM mails ORDER BY id")

    async def send(self, port: int, as_of: datetime | None = None, **changes: Any) -> Progress:
        """One turn of a new sender."""
        sender = Sender(self.database, settings(port, **changes))
        try:
            return await sender.advance(Turn(self.database, lambda: None), as_of or self.now)
        finally:
            await sender.close()


@asynccontextmanager
async def open_office(database: Database, now: datetime) -> AsyncIterator[Office]:
    """The company of `people_rows` with the small cycle launched, nothing queued."""
    async with database.begin() as conn:
        await insert_people(conn, now)
        await start(conn, MAIL.id, MAIL, now=now)
    world = await launch_small(database, now)
    office = Office(database, world, now)
    await office.execute("DELETE FROM notifications")
    await office.execute("DELETE FROM bells")
    await office.execute("UPDATE processes SET advanced_at = :now", now=now)
    await office.execute("UPDATE tasks SET announced_on = NULL")
    yield office
