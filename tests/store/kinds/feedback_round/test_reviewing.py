"""Comments wait for their reviewer where the definition says so, and nothing else waits."""

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.reports import Review, read_report
from store.kinds.feedback_round.reviewing import (
    Comment,
    comments_of,
    finish_review,
    review_comment,
    waiting_reports,
)
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
    unfolded,
)


async def closed_round(database: Database, *, subjects: int = 1) -> World:
    """A round that has closed for everybody, whose comments HR reviews."""
    world = await make_world(
        database, definition=unfolded(hold_comments="hr"), subjects=subjects, team=8
    )
    raters = world.team[4:8]
    about = world.team[:subjects]
    await ask(database, world, {subject: [(p, PEERS) for p in raters] for subject in about})
    for subject in about:
        for rater in raters:
            answers = {"keep": f"Words {rater}", "overall": 3}
            await rate(database, world, rater, answers, subject=subject)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    return world


async def test_a_report_waits_for_its_reviewer_and_then_never_changes(database: Database) -> None:
    world = await closed_round(database)
    me, about = Actor(world.hr, "hr"), (world.collect, world.subject)
    async with database.begin() as conn:
        report = await read_report(conn, *about, "subject")
        comments = await comments_of(conn, *about)
    assert report is not None
    assert (report.waiting, report.content) == (True, None)
    first, second, *others = comments
    async with database.begin() as conn:

        async def decide(comment: Comment, review: Review, words: str | None = None) -> None:
            await review_comment(
                conn, *about, comment.answer_id, review, me, now=AFTER_CLOSE, words=words
            )

        with pytest.raises(Invalid):
            await decide(first, Review.EDITED)
        await decide(first, Review.SHOWN)
        await decide(first, Review.EDITED, "Kind words")
        await decide(second, Review.HELD)
        with pytest.raises(IllegalState):
            await finish_review(conn, *about, me, now=AFTER_CLOSE)
        for comment in others:
            await decide(comment, Review.SHOWN)
        decided = await comments_of(conn, *about)
        assert [c.review for c in decided][:2] == [Review.EDITED, Review.HELD]
        assert [c.words for c in decided] == [c.words for c in comments]
        await finish_review(conn, *about, me, now=AFTER_CLOSE)
        report = await read_report(conn, *about, "hr")
        with pytest.raises(NotFound):
            await decide(first, Review.SHOWN)
        with pytest.raises(NotFound):
            await finish_review(conn, *about, me, now=AFTER_CLOSE)
    assert report is not None
    assert report.content is not None
    [theme] = report.content["themes"]
    shown = ["Kind words", *(one.words for one in others)]
    assert sorted(theme["comments"][0]["texts"]) == sorted(shown)
    kept = await rows(
        database, "SELECT words FROM feedback_answers WHERE id = :i", i=first.answer_id
    )
    assert kept == [(first.words,)]


async def test_a_comment_of_another_report_is_not_decided_here(database: Database) -> None:
    world = await closed_round(database, subjects=2)
    me = Actor(world.hr, "hr")
    async with database.begin() as conn:
        [theirs, *_] = await comments_of(conn, world.collect, world.team[1])
        with pytest.raises(NotFound):
            await review_comment(
                conn,
                world.collect,
                world.subject,
                theirs.answer_id,
                Review.HELD,
                me,
                now=AFTER_CLOSE,
            )


async def test_the_list_leaves_out_whom_the_reader_may_not_review(database: Database) -> None:
    world = await closed_round(database, subjects=2)
    async with database.begin() as conn:
        everybody = await waiting_reports(conn, hidden=[])
        others = await waiting_reports(conn, hidden=[world.subject])
    assert [one.subject_id for one in everybody] == list(world.team[:2])
    assert [one.subject_id for one in others] == [world.team[1]]


async def test_the_desk_is_told_once_a_day_and_nobody_about_themselves(database: Database) -> None:
    world = await closed_round(database, subjects=3)
    told = await rows(
        database,
        "SELECT person_id, subject_id, task_id, data::text FROM notifications"
        " WHERE event = 'comments_waiting'",
    )
    assert told == [(world.hr, None, None, "{}")]


async def test_whose_own_comments_wait_is_not_told_that_some_do(database: Database) -> None:
    world = await make_world(database, definition=unfolded(hold_comments="hr"))
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE participants SET person_id = :hr WHERE person_id = :subject"),
            {"hr": world.hr, "subject": world.subject},
        )
    await ask(database, world, {world.hr: [(p, PEERS) for p in world.team[1:5]]})
    for rater in world.team[1:5]:
        await rate(database, world, rater, {"keep": "Well"}, subject=world.hr)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    assert await rows(database, "SELECT held FROM feedback_reports") == [(True,)]
    assert await rows(
        database, "SELECT count(*) FROM notifications WHERE event = 'comments_waiting'"
    ) == [(0,)]


async def test_the_log_tells_neither_how_many_nor_what_became_of_them(database: Database) -> None:
    world = await closed_round(database)
    me, about = Actor(world.hr, "hr"), (world.collect, world.subject)
    async with database.begin() as conn:
        for comment in await comments_of(conn, *about):
            await review_comment(conn, *about, comment.answer_id, Review.HELD, me, now=AFTER_CLOSE)
        await finish_review(conn, *about, me, now=AFTER_CLOSE)
    assert await rows(
        database,
        "SELECT object_type, object_id, before, after FROM audit WHERE action LIKE 'comment%'",
    ) == [("person", str(world.subject), None, None)]
