"""A draft left behind: its author may send it on or throw it away, for five working days."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from activities.housekeeping import keep_house
from domain.access import Actor
from domain.errors import IllegalState, NotFound
from store.base.session import Database
from store.steering.task import reassign
from store.tasks.drafts import discard_draft, kept_drafts, send_on_draft
from store.tasks.submitting import save_draft
from tests.api.cycle import World, launch_small
from tests.store.people_rows import BOSS, LEAD, SECOND_HR, TOP, insert_people

WORDS = {"text": "Half of a sentence."}
AUTHOR = Actor(LEAD, "person")
HR_DESK = Actor(SECOND_HR, "hr")


@pytest_asyncio.fixture
async def world(database: Database, now: datetime) -> World:
    """LEAD has begun the review of WORKER."""
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        await save_draft(conn, world.manager_task, AUTHOR, WORDS, now=now)
    return world


async def _give(database: Database, task: UUID, to: int, now: datetime) -> None:
    async with database.begin() as conn:
        await reassign(conn, task, to, HR_DESK, now)


async def _drafts(database: Database) -> dict[int, object]:
    async with database.begin() as conn:
        rows = await conn.execute(text("SELECT author_id, answers FROM drafts"))
        return {row.author_id: row.answers for row in rows}


async def test_a_draft_sent_on_becomes_the_new_assignees(
    database: Database, world: World, now: datetime
) -> None:
    await _give(database, world.manager_task, TOP, now)
    async with database.begin() as conn:
        [left] = await kept_drafts(conn, LEAD, now)
        assert (left.task_id, left.begun) == (world.manager_task, False)
        before = await conn.scalar(
            text("SELECT version FROM tasks WHERE id = :id"), {"id": left.task_id}
        )
        await send_on_draft(conn, world.manager_task, AUTHOR, now)
        after = await conn.scalar(
            text("SELECT version FROM tasks WHERE id = :id"), {"id": left.task_id}
        )
        assert after == before + 1
        assert await kept_drafts(conn, LEAD, now) == []
        said = await conn.execute(
            text("SELECT actor_id, before, after FROM audit WHERE action = 'draft_sent_on'")
        )
        assert [tuple(row) for row in said] == [(LEAD, {"author_id": LEAD}, {"to": TOP})]
    assert await _drafts(database) == {TOP: WORDS}


async def test_a_draft_is_not_put_over_one_that_was_begun(
    database: Database, world: World, now: datetime
) -> None:
    await _give(database, world.manager_task, TOP, now)
    own = {"text": "Mine."}
    async with database.begin() as conn:
        await save_draft(conn, world.manager_task, Actor(TOP, "person"), own, now=now)
    async with database.begin() as conn:
        with pytest.raises(IllegalState, match="a draft of their own"):
            await send_on_draft(conn, world.manager_task, AUTHOR, now)
    assert await _drafts(database) == {LEAD: WORDS, TOP: own}


async def test_nobody_else_and_nobody_who_holds_the_task_has_a_draft_to_send_on(
    database: Database, world: World, now: datetime
) -> None:
    async with database.begin() as conn:
        with pytest.raises(NotFound):
            await send_on_draft(conn, world.manager_task, AUTHOR, now)
        with pytest.raises(NotFound):
            await discard_draft(conn, world.manager_task, AUTHOR, now)
    await _give(database, world.manager_task, TOP, now)
    async with database.begin() as conn:
        for person in (BOSS, TOP):
            with pytest.raises(NotFound):
                await send_on_draft(conn, world.manager_task, Actor(person, "person"), now)
    assert await _drafts(database) == {LEAD: WORDS}


async def test_whoever_gets_the_task_back_simply_goes_on(
    database: Database, world: World, now: datetime
) -> None:
    await _give(database, world.manager_task, TOP, now)
    await _give(database, world.manager_task, LEAD, now + timedelta(hours=1))
    async with database.begin() as conn:
        assert await kept_drafts(conn, LEAD, now) == []
        with pytest.raises(NotFound):
            await discard_draft(conn, world.manager_task, AUTHOR, now)
    assert await _drafts(database) == {LEAD: WORDS}


async def test_a_draft_that_is_thrown_away_is_gone_and_on_record(
    database: Database, world: World, now: datetime
) -> None:
    await _give(database, world.manager_task, TOP, now)
    async with database.begin() as conn:
        await discard_draft(conn, world.manager_task, AUTHOR, now)
        assert (
            await conn.scalar(text("SELECT count(*) FROM audit WHERE action = 'draft_discarded'"))
            == 1
        )
        with pytest.raises(NotFound):
            await discard_draft(conn, world.manager_task, AUTHOR, now)
    assert await _drafts(database) == {}


async def test_after_five_working_days_it_is_removed(
    database: Database, world: World, now: datetime
) -> None:
    await _give(database, world.manager_task, TOP, now)
    async with database.begin() as conn:
        [left] = await kept_drafts(conn, LEAD, now)
    await keep_house(database, left.until)
    assert await _drafts(database) == {LEAD: WORDS}
    late = left.until + timedelta(seconds=1)
    async with database.begin() as conn:
        with pytest.raises(IllegalState, match="are over"):
            await send_on_draft(conn, world.manager_task, AUTHOR, late)
    await keep_house(database, late)
    await keep_house(database, late)
    assert await _drafts(database) == {}
