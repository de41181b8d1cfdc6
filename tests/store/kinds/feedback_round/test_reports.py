"""Reports are read as frozen, and raters' tasks are handled by their raters alone."""

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.reports import read_report
from store.steering.task import excuse, extend_task, nudge, reassign, reopen
from store.tasks.submitting import save_draft, seen, submit, withdraw
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
    task_of,
)


async def _closed(database: Database) -> World:
    world = await make_world(database)
    raters = world.team[1:5]
    await ask(database, world, {world.subject: [(p, PEERS) for p in raters]})
    for rater in raters:
        await rate(database, world, rater, {"keep": f"Words {rater}", "overall": 3})
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    return world


async def test_without_a_reviewer_it_can_be_read_at_once(database: Database) -> None:
    world = await _closed(database)
    async with database.begin() as conn:
        report = await read_report(conn, world.collect, world.subject, "manager")
        assert await read_report(conn, world.collect, world.lead, "subject") is None
    assert report is not None
    assert report.content is not None
    assert "ids" not in str(report.content["themes"])


async def test_a_rater_task_is_neither_submitted_nor_steered_like_others(
    database: Database,
) -> None:
    """And the refusal is the same whether it is done or open."""
    world = await make_world(database)
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:5]]})
    done = await rate(database, world, world.team[1], {"overall": 3})
    waiting = await task_of(database, world, world.team[2])
    hr = Actor(world.hr, "hr")
    said = set()
    for task, rater in ((done, world.team[1]), (waiting, world.team[2])):
        me = Actor(rater, "person")
        for act in (
            lambda conn, t: extend_task(conn, t, 3, hr, NOW),
            lambda conn, t: reassign(conn, t, world.team[7], hr, NOW),
            lambda conn, t: reopen(conn, t, "Please.", hr, NOW),
            lambda conn, t: excuse(conn, t, "Please.", hr, NOW),
            lambda conn, t: nudge(conn, t, hr, NOW),
        ):
            async with database.begin() as conn:
                with pytest.raises(IllegalState) as refused:
                    await act(conn, task)
            said.add(refused.value.detail)
        async with database.begin() as conn:
            for refused_act in (
                save_draft(conn, task, me, {}, now=NOW),
                submit(conn, task, me, {}, now=NOW),
                withdraw(conn, task, me, now=NOW),
            ):
                with pytest.raises(IllegalState):
                    await refused_act
            await seen(conn, task, NOW)
    assert len(said) == 1
    assert await rows(database, "SELECT count(*) FROM responses") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM tasks WHERE seen_at IS NOT NULL") == [(0,)]
