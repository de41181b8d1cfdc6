"""Reports are read as frozen; comments wait for their reviewer where the definition says so."""

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from store.rounds.finishing import close_subjects
from store.rounds.reports import Review, comments_to_review, read_report, review_comment
from store.session import Database
from store.task_steering import excuse, extend_task, nudge, reassign, reopen
from store.tasks import save_draft, seen, submit, withdraw
from tests.store.rounds.world import (
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


async def _closed(database: Database, *, held: bool) -> World:
    world = await make_world(database)
    raters = world.team[1:5]
    await ask(database, world, {world.subject: [(p, PEERS) for p in raters]})
    for rater in raters:
        await rate(database, world, rater, {"keep": f"Words {rater}", "overall": 3})
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
        await conn.execute(text("UPDATE feedback_reports SET held = :held"), {"held": held})
    return world


async def test_a_report_waits_for_the_last_comment_and_then_never_changes(
    database: Database,
) -> None:
    world = await _closed(database, held=True)
    reviewer = Actor(world.hr, "hr")
    async with database.begin() as conn:
        report = await read_report(conn, world.collect, world.subject, "subject")
        comments = await comments_to_review(conn, world.collect, world.subject)
    assert report is not None
    assert (report.waiting, report.content) == (True, None)
    first, second, *others = comments
    async with database.begin() as conn:
        with pytest.raises(Invalid):
            await review_comment(conn, first.answer_id, Review.EDITED, reviewer, now=AFTER_CLOSE)
        await review_comment(
            conn, first.answer_id, Review.EDITED, reviewer, now=AFTER_CLOSE, words="Kind words"
        )
        await review_comment(conn, second.answer_id, Review.HELD, reviewer, now=AFTER_CLOSE)
        last = [
            await review_comment(conn, one.answer_id, Review.SHOWN, reviewer, now=AFTER_CLOSE)
            for one in others
        ]
        report = await read_report(conn, world.collect, world.subject, "hr")
        with pytest.raises(IllegalState):
            await review_comment(conn, first.answer_id, Review.SHOWN, reviewer, now=AFTER_CLOSE)
    assert last == [False, True]
    assert report is not None
    assert report.content is not None
    [theme] = report.content["themes"]
    assert sorted(theme["comments"][0]["texts"]) == sorted(
        ["Kind words", *(one.words for one in others)]
    )
    original = await rows(
        database, "SELECT words FROM feedback_answers WHERE id = :i", i=first.answer_id
    )
    assert original == [(first.words,)]


async def test_without_a_reviewer_it_can_be_read_at_once(database: Database) -> None:
    world = await _closed(database, held=False)
    async with database.begin() as conn:
        report = await read_report(conn, world.collect, world.subject, "manager")
        assert await read_report(conn, world.collect, world.lead, "subject") is None
        with pytest.raises(NotFound):
            await review_comment(
                conn, world.collect, Review.SHOWN, Actor(world.hr, "hr"), now=AFTER_CLOSE
            )
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
