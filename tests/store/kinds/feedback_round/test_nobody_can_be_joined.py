"""After the close no row, column or order ties an answer to its rater; and the attacker can see."""

from collections.abc import Awaitable, Callable
from random import Random
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from domain.access import Actor
from domain.relationships import PROTECTED
from store.base.session import Database
from store.kinds.feedback_round import finishing
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.rating import save_rating
from store.tasks.closing import expire_due
from tests.store.kinds.feedback_round.attacker import Truth, attack, pair_up
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
)

SUBJECTS, RATERS = 24, 5

Plant = Callable[[Database, list[Truth]], Awaitable[None]]


async def _world(database: Database, seed: int) -> tuple[World, list[Truth]]:
    """Everybody answers, in an order and on days of their own; some change their mind."""
    random = Random(seed)
    world = await make_world(database, team=SUBJECTS + 30, subjects=SUBJECTS)
    subjects, others = world.team[:SUBJECTS], world.team[SUBJECTS:]
    lists = {s: [(r, PEERS) for r in random.sample(others, RATERS)] for s in subjects}
    await ask(database, world, lists)
    acts = [(s, r) for s, raters in lists.items() for r, _ in raters]
    random.shuffle(acts)
    ratings = {s: random.sample(range(1, RATERS + 1), RATERS) for s in subjects}
    tasks: dict[tuple[int, int], UUID] = {}
    for n, (subject, rater) in enumerate(acts):
        place = [r for r, _ in lists[subject]].index(rater)
        answers = {"keep": f"Written by {rater}", "overall": ratings[subject][place]}
        at = NOW.replace(day=13 + n * 10 // len(acts))
        task = await rate(database, world, rater, answers, subject=subject, now=at)
        tasks[subject, rater] = task
        if n % 3 == 0:
            async with database.begin() as conn:
                await save_rating(conn, task, Actor(rater, "person"), {"keep": "Or so"}, now=at)
    truths = [
        Truth(
            s, {r: str(tasks[s, r]) for r, _ in raters}, {r: f"Written by {r}" for r, _ in raters}
        )
        for s, raters in lists.items()
    ]
    return world, truths


async def _close(database: Database, world: World) -> None:
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await expire_due(conn, cycle, stage, AFTER_CLOSE)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)


def _by_ratings(truths: list[Truth], found: dict[int, dict[str, str]]) -> list[Truth]:
    return [
        Truth(t.subject, t.tasks, {r: found[t.subject][words] for r, words in t.said.items()})
        for t in truths
    ]


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_join_does_better_than_chance(database: Database, seed: int) -> None:
    world, truths = await _world(database, seed)
    sheets: dict[int, dict[str, str]] = {}
    real = finishing.collect

    async def overheard(*given: object) -> list[finishing.Collected]:
        found = await real(*given)  # type: ignore[arg-type]
        for one in found:
            sheets[one.subject_id] = {
                sheet.texts["keep"]: str(sheet.ratings["overall"])
                for sheet in one.sheets
                if sheet.relationship in PROTECTED
            }
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finishing, "collect", overheard)
        await _close(database, world)
    count = await rows(database, "SELECT count(*) FROM feedback_answers")
    assert count == [(2 * SUBJECTS * RATERS,)]
    assert await attack(database, truths, "keep") == []
    assert await attack(database, _by_ratings(truths, sheets), "overall") == []
    assert await pair_up(database, truths, sheets, "keep", "overall") == []


async def _aside(database: Database, truths: list[Truth]) -> None:
    """Take the answers away, to be laid back in another way; the truth beside them."""
    async with database.begin() as conn:
        await conn.execute(text("CREATE SCHEMA aside"))
        await conn.execute(
            text("CREATE TABLE aside.truth (subject_id bigint, rater bigint, task uuid, said text)")
        )
        for t in truths:
            for rater, task in t.tasks.items():
                await conn.execute(
                    text("INSERT INTO aside.truth VALUES (:s, :r, :t, :w)"),
                    {"s": t.subject, "r": rater, "t": task, "w": t.said[rater]},
                )
        await conn.execute(
            text(
                "CREATE TABLE aside.kept AS SELECT a.*, t.task, t.rater FROM feedback_answers a "
                "JOIN aside.truth t ON t.subject_id = a.subject_id AND t.said = a.words"
            )
        )
        await conn.execute(text("DELETE FROM feedback_answers"))


_COLUMNS = "stage_id, subject_id, relationship, question, rating, words"


async def _laid_by_acting(database: Database, truths: list[Truth]) -> None:
    """Rows lie in the order in which raters submitted."""
    await _aside(database, truths)
    async with database.begin() as conn:
        await conn.execute(
            text(
                f"INSERT INTO feedback_answers (id, {_COLUMNS}) SELECT a.id, "
                "a.stage_id, a.subject_id, relationship, question, rating, words "
                "FROM aside.kept a JOIN tasks k ON k.id = a.task ORDER BY k.xmin::text::bigint"
            )
        )


async def _ids_by_rater(database: Database, truths: list[Truth]) -> None:
    """Ids carry an order: they grow with those of the raters."""
    await _aside(database, truths)
    async with database.begin() as conn:
        await conn.execute(
            text(
                f"INSERT INTO feedback_answers (id, {_COLUMNS}) SELECT "
                f"lpad(to_hex(rater * 1000 + subject_id), 32, '0')::uuid, {_COLUMNS} "
                "FROM aside.kept ORDER BY random()"
            )
        )


async def _a_transaction_each(database: Database, truths: list[Truth]) -> None:
    """Each answer was written in a transaction of its own, in the order of the acts."""
    await _aside(database, truths)
    for (task,) in await rows(
        database,
        "SELECT task FROM aside.kept a JOIN tasks k ON k.id = a.task ORDER BY k.xmin::text::bigint",
    ):
        async with database.begin() as conn:
            await conn.execute(
                text(
                    f"INSERT INTO feedback_answers (id, {_COLUMNS}) SELECT id, {_COLUMNS} "
                    "FROM aside.kept WHERE task = :task"
                ),
                {"task": task},
            )


async def _an_instant_each(database: Database, truths: list[Truth]) -> None:
    """Each answer has the instant of the act."""
    await _aside(database, truths)
    async with database.begin() as conn:
        await conn.execute(text("ALTER TABLE feedback_answers ADD COLUMN at timestamptz"))
        await conn.execute(
            text(
                f"INSERT INTO feedback_answers (id, {_COLUMNS}, at) SELECT id, {_COLUMNS}, "
                "now() + rater * interval '1 second' FROM aside.kept ORDER BY random()"
            )
        )


async def _a_mention_in_the_audit(database: Database, truths: list[Truth]) -> None:
    """One entry names the answer that it is about."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO audit (at, actor_kind, action, object_type, object_id, after) "
                "SELECT now(), 'person', 'rated', 'task', 'x', jsonb_build_object('answer', id) "
                "FROM feedback_answers LIMIT 1"
            )
        )


async def _a_printed_order(database: Database, truths: list[Truth]) -> None:
    """The report prints comments in the order of the list of raters."""
    for truth in truths:
        [(content,)] = await rows(
            database, "SELECT content FROM feedback_reports WHERE subject_id = :s", s=truth.subject
        )
        for theme in content["subject"]["themes"]:
            for comments in theme["comments"]:
                comments["texts"].sort(key=lambda words: int(words.rpartition(" ")[2]))
        async with database.begin() as conn:
            await conn.execute(
                text("UPDATE feedback_reports SET content = :content WHERE subject_id = :s"),
                {"content": Jsonb(content), "s": truth.subject},
            )


async def test_a_row_for_each_rater_would_be_found(owner: Database) -> None:
    """Words and rating of one rater side by side: one recognised sentence gives away the rest."""
    world, truths = await _world(owner, seed=5)
    await _close(owner, world)
    await _aside(owner, truths)
    sheets: dict[int, dict[str, str]] = {t.subject: {} for t in truths}
    async with owner.begin() as conn:
        found = await conn.execute(text("SELECT subject_id, words FROM aside.kept"))
        for row in found.all():
            sheets[row.subject_id][row.words] = str(len(sheets[row.subject_id]) + 1)
            for words, rating in ((row.words, None), (None, len(sheets[row.subject_id]))):
                await conn.execute(
                    text(
                        "INSERT INTO feedback_answers (stage_id, subject_id, relationship, "
                        "question, rating, words) VALUES (:stage, :subject, 'peers', :q, :r, :w)"
                    ),
                    {
                        "stage": world.collect,
                        "subject": row.subject_id,
                        "q": "keep" if rating is None else "overall",
                        "r": rating,
                        "w": words,
                    },
                )
    assert await pair_up(owner, truths, sheets, "keep", "overall") != []


@pytest.mark.parametrize(
    "plant",
    [
        _laid_by_acting,
        _ids_by_rater,
        _a_transaction_each,
        _an_instant_each,
        _a_mention_in_the_audit,
        _a_printed_order,
    ],
)
async def test_a_planted_leak_is_found(owner: Database, plant: Plant) -> None:
    world, truths = await _world(owner, seed=3)
    await _close(owner, world)
    await plant(owner, truths)
    assert await attack(owner, truths, "keep") != []


async def test_before_the_close_sealed_answers_of_equal_block_length_tell_nothing(
    database: Database,
) -> None:
    _, truths = await _world(database, seed=4)
    assert await rows(
        database, "SELECT count(DISTINCT octet_length(sealed)) FROM sealed_answers"
    ) == [(1,)]
    assert len(truths) == SUBJECTS
