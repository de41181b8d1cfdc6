"""What is not kept goes, and nothing else; twice is as good as once."""

from datetime import datetime, timedelta

from sqlalchemy import text

from activities.housekeeping import keep_house
from store.base.session import Database
from tests.api.cycle import launch_small
from tests.store.people_rows import WORKER, insert_people


async def test_housekeeping_removes_what_nobody_needs(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    long_ago = now - timedelta(days=60)
    async with database.begin() as conn:
        for task in (world.self_task, world.manager_task):
            await conn.execute(
                text(
                    "INSERT INTO drafts (task_id, author_id, answers, saved_at)"
                    " VALUES (:task, :id, '{}', :now)"
                ),
                {"task": task, "id": WORKER, "now": now},
            )
        await conn.execute(
            text("UPDATE tasks SET state = 'expired' WHERE id = :id"), {"id": world.self_task}
        )
        await conn.execute(
            text("UPDATE stages SET closed_at = :now, state = 'closed' WHERE key = 'self'"),
            {"now": now},
        )
        for index, expires in enumerate((long_ago, now)):
            values = {"hash": bytes([index]), "id": WORKER, "at": long_ago, "expires": expires}
            await conn.execute(
                text(
                    "INSERT INTO links (token_hash, person_id, purpose, target, created_at,"
                    " expires_at) VALUES (:hash, :id, 'task', '/', :at, :expires)"
                ),
                values,
            )
            await conn.execute(
                text(
                    "INSERT INTO sessions (token_hash, person_id, created_at, seen_at, expires_at)"
                    " VALUES (:hash, :id, :at, :at, :expires)"
                ),
                values,
            )
            await conn.execute(
                text(
                    "INSERT INTO command_keys (actor, key, fingerprint, status, answer, created_at)"
                    " VALUES ('hr', :key, '', 200, '{}', :expires)"
                ),
                {"key": str(index), "expires": expires},
            )
            await conn.execute(
                text(
                    "INSERT INTO mails (key, kind, address, message_id, subject, raw, state,"
                    " next_try_at, created_at) VALUES (:key, 'daily', 'a@example.com', :key, '',"
                    " 'raw', :state, :at, :at)"
                ),
                {"key": str(index), "state": ("sent", "sending")[index], "at": now},
            )
    for removed in (5, 0):
        assert await keep_house(database, now) == removed
        async with database.begin() as conn:
            left = (
                await conn.execute(
                    text(
                        "SELECT (SELECT array_agg(task_id) FROM drafts),"
                        " (SELECT count(*) FROM links), (SELECT count(*) FROM sessions),"
                        " (SELECT count(*) FROM command_keys),"
                        " (SELECT array_agg(state) FROM mails WHERE raw IS NOT NULL)"
                    )
                )
            ).one()
        assert tuple(left) == ([world.manager_task], 1, 1, 1, ["sending"])


async def test_answers_go_when_their_retention_is_over_and_the_tasks_stay(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO responses (task_id, revision, author_id, answers, submitted_at)"
                ' VALUES (:task, 1, :id, \'{"results": "private"}\', :now)'
            ),
            {"task": world.self_task, "id": WORKER, "now": now},
        )
        await conn.execute(
            text("UPDATE cycles SET state = 'closed', closed_at = :now"), {"now": now}
        )
        tasks = await conn.scalar(text("SELECT count(*) FROM tasks"))
    for later, left in ((4 * 365, 1), (4 * 365 + 2, 0)):
        await keep_house(database, now + timedelta(days=later))
        async with database.begin() as conn:
            assert await conn.scalar(text("SELECT count(*) FROM responses")) == left
            assert await conn.scalar(text("SELECT count(*) FROM tasks")) == tasks
