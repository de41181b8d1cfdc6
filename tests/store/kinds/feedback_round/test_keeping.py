"""Single answers go after a year, the report with the other answers of its cycle."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from activities.housekeeping import keep_house
from domain.access import Actor
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.leaving import decline_request
from store.kinds.feedback_round.reports import Review, read_report
from store.kinds.feedback_round.reviewing import (
    comments_of,
    finish_review,
    review_comment,
    waiting_reports,
)
from store.people.outside import External, enter
from tests.store.kinds.feedback_round.test_reviewing import closed_round
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rows,
    task_of,
)

RELEASED = datetime(2027, 3, 10, 17, tzinfo=UTC)
CLOSED = datetime(2027, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COUNTS = (
    "SELECT (SELECT count(*) FROM feedback_answers), (SELECT count(*) FROM comment_reviews),"
    " (SELECT count(*) FROM feedback_reports), (SELECT count(*) FROM raters)"
)


async def _release(database: Database, world: World, *people: int) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO stages (cycle_id, key, position, kind, title, state) "
                "VALUES (:cycle, 'release', 9, 'release', 'Release', 'open')"
            ),
            {"cycle": world.cycle},
        )
        await conn.execute(
            text("UPDATE participants SET released_at = :at WHERE person_id = ANY(:people)"),
            {"at": RELEASED, "people": list(people)},
        )


async def _review_all(database: Database, world: World, subject: int, review: Review) -> None:
    me = Actor(world.hr, "hr")
    async with database.begin() as conn:
        for one in await comments_of(conn, world.collect, subject):
            await review_comment(
                conn,
                world.collect,
                subject,
                one.answer_id,
                review,
                me,
                now=AFTER_CLOSE,
                words="Kind words",
            )
        await finish_review(conn, world.collect, subject, me, now=AFTER_CLOSE)


async def _close_cycle(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE cycles SET state = 'closed', closed_at = :at"), {"at": CLOSED}
        )
        await conn.execute(
            text(
                "UPDATE definition_versions SET content = "
                '\'{"retention": {"default": "4 years", "DE": "2 years"}}\''
            )
        )


async def _texts(database: Database, world: World, subject: int) -> list[str]:
    async with database.begin() as conn:
        report = await read_report(conn, world.collect, subject, "subject")
    assert report is not None
    assert report.content is not None
    return [t for th in report.content["themes"] for c in th["comments"] for t in c["texts"]]


async def test_single_answers_go_a_year_after_release_and_what_is_read_stays_as_it_is(
    database: Database,
) -> None:
    world = await closed_round(database)
    await _release(database, world, world.subject)
    await _review_all(database, world, world.subject, Review.EDITED)
    before = await _texts(database, world, world.subject)
    assert set(before) == {"Kind words"}
    await keep_house(database, RELEASED.replace(year=2028) - DAY)
    [(answers, reviews, *_)] = await rows(database, COUNTS)
    assert answers > reviews > 0
    await keep_house(database, RELEASED.replace(year=2028))
    [(answers, reviews, reports, raters)] = await rows(database, COUNTS)
    assert (answers, reviews, reports) == (0, 0, 1)
    assert raters > 0
    assert await _texts(database, world, world.subject) == before


async def test_without_a_release_the_year_begins_with_the_close(database: Database) -> None:
    world = await closed_round(database)
    await _review_all(database, world, world.subject, Review.SHOWN)
    await keep_house(database, AFTER_CLOSE.replace(year=2028) - DAY)
    assert (await rows(database, COUNTS))[0][0] > 0
    await keep_house(database, AFTER_CLOSE.replace(year=2028))
    assert (await rows(database, COUNTS))[0][:3] == (0, 0, 1)
    assert len(await _texts(database, world, world.subject)) == 4


async def test_what_was_never_released_goes_a_year_after_its_cycle(database: Database) -> None:
    world = await closed_round(database, subjects=2)
    await _release(database, world, world.subject)
    await _close_cycle(database)
    await keep_house(database, RELEASED.replace(year=2028))
    left = await rows(database, "SELECT DISTINCT subject_id FROM feedback_answers")
    assert left == [(world.team[1],)]
    await keep_house(database, CLOSED.replace(year=2028))
    assert (await rows(database, COUNTS))[0][0] == 0


async def test_held_back_stays_held_back_when_originals_go(database: Database) -> None:
    world = await closed_round(database, subjects=2)
    await _review_all(database, world, world.subject, Review.HELD)
    await keep_house(database, AFTER_CLOSE.replace(year=2028))
    assert await _texts(database, world, world.subject) == []
    kept = await rows(database, "SELECT content::text FROM feedback_reports")
    assert "Words" not in str(kept)


async def test_a_report_that_nobody_reviewed_opens_without_its_comments(database: Database) -> None:
    world = await closed_round(database)
    await keep_house(database, AFTER_CLOSE.replace(year=2028))
    async with database.begin() as conn:
        assert await waiting_reports(conn, hidden=[]) == []
    assert await _texts(database, world, world.subject) == []


async def test_reports_and_lists_go_with_the_retention_of_the_subjects_country(
    database: Database,
) -> None:
    world = await closed_round(database, subjects=2)
    for subject in world.team[:2]:
        await _review_all(database, world, subject, Review.SHOWN)
    await _close_cycle(database)
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET country = 'DE' WHERE id = :id"), {"id": world.subject}
        )
    for year, left in ((2029, [world.team[1]]), (2031, [])):
        await keep_house(database, CLOSED.replace(year=year) - DAY)
        assert len(await rows(database, "SELECT DISTINCT subject_id FROM raters")) == len(left) + 1
        await keep_house(database, CLOSED.replace(year=year))
        for table in ("raters", "feedback_reports"):
            found = await rows(database, f"SELECT DISTINCT subject_id FROM {table}")
            assert found == [(one,) for one in left], (table, year)
    assert await rows(database, "SELECT count(*) FROM tasks WHERE role = 'rater'") > [(0,)]
    assert await keep_house(database, CLOSED.replace(year=2031)) == 0


async def test_reasons_of_those_who_declined_go_with_the_close(database: Database) -> None:
    world = await make_world(database)
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:6]]})
    rater = world.team[1]
    task = await task_of(database, world, rater)
    async with database.begin() as conn:
        await decline_request(conn, task, Actor(rater, "person"), "We quarrelled.", now=NOW)
    assert await rows(database, "SELECT count(*) FROM raters WHERE decline_reason > ''") == [(1,)]
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    tables = await rows(
        database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        assert "quarrelled" not in str(await rows(database, f"SELECT x::text FROM {table} x"))


async def test_people_outside_are_forgotten_when_no_list_names_them(database: Database) -> None:
    world = await make_world(database)
    guests = [External(f"{name}@customer.example", name, "Guest") for name in ("Ada", "Bea")]
    async with database.begin() as conn:
        ids = await enter(conn, guests, NOW)
        await conn.execute(
            text(
                "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,"
                " created_at) VALUES (:round, :subject, :guest, 'external', 'asked', 'subject',"
                " :now)"
            ),
            {
                "round": world.collect,
                "subject": world.subject,
                "guest": ids["ada@customer.example"],
                "now": NOW,
            },
        )
    for removed in (1, 0):
        assert await keep_house(database, NOW) == removed
    assert await rows(
        database,
        "SELECT first_name, email LIKE '%invalid' FROM people WHERE status = 'external'"
        " ORDER BY id",
    ) == [("Ada", False), ("Somebody", True)]
    async with database.begin() as conn:
        again = await enter(conn, guests[1:], NOW)
    assert again["bea@customer.example"] not in ids.values()
