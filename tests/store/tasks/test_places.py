"""A task belongs to a stage of a cycle, or to an item of something that outlives cycles."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.session import Database
from tests.store.running import launched, published

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)
ADD = """
INSERT INTO tasks (cycle_id, stage_id, item_id, subject_id, role, assignee_id, state, cause,
    begun_at, opens_at, announce_at, due_on, due_at, created_at)
SELECT CAST(:cycle AS uuid), CAST(:stage AS uuid), CAST(:item AS uuid), id, 'subject', id, 'open',
    'date', :now, :now, :now, :day, :now, :now FROM people ORDER BY id LIMIT 1
"""


async def add(
    conn: AsyncConnection,
    item: UUID | None,
    cycle: UUID | None = None,
    stage: UUID | None = None,
) -> None:
    """One open task of the first person."""
    await conn.execute(
        text(ADD),
        {"cycle": cycle, "stage": stage, "item": item, "now": NOW, "day": date(2027, 1, 20)},
    )


async def test_a_person_has_one_live_task_for_each_item(demo: Database) -> None:
    one, other = uuid4(), uuid4()
    async with demo.begin() as conn:
        await add(conn, one)
        await add(conn, other)
    with pytest.raises(IntegrityError, match="uq_tasks_live_item"):
        async with demo.begin() as conn:
            await add(conn, one)


async def test_a_stage_may_have_a_task_for_each_item(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    async with demo.begin() as conn:
        stage = await conn.scalar(text("SELECT id FROM stages WHERE key = 'manager'"))
        await add(conn, uuid4(), cycle, stage)
        await add(conn, uuid4(), cycle, stage)


async def test_a_task_belongs_to_something(demo: Database) -> None:
    with pytest.raises(IntegrityError, match="has_place"):
        async with demo.begin() as conn:
            await add(conn, None)


async def test_a_stage_is_never_named_without_its_cycle(demo: Database) -> None:
    await launched(demo, await published(demo))
    async with demo.begin() as conn:
        stage = await conn.scalar(text("SELECT id FROM stages WHERE key = 'manager'"))
    with pytest.raises(IntegrityError, match="stage_of_cycle"):
        async with demo.begin() as conn:
            await add(conn, None, None, stage)
