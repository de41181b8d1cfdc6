"""A round closes once: a frozen report, answers without authors, nothing sealed."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState
from domain.relationships import Relationship
from store.base.session import Database
from store.kinds.feedback_round import finishing, rating
from store.kinds.feedback_round.extending import extend_thin
from store.kinds.feedback_round.finishing import close_subjects, still_sealed
from store.kinds.feedback_round.rating import submit_rating
from store.tasks.closing import expire_due
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    NOW,
    OTHERS,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
    task_of,
    unfolded,
)

Raters = list[tuple[int, Relationship]]


async def _close(database: Database, world: World, at: Any = AFTER_CLOSE) -> None:
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        while await extend_thin(conn, cycle, stage, at):
            pass
        await expire_due(conn, cycle, stage, at)
        await close_subjects(conn, cycle, stage, at)


async def _rated(database: Database, answered: int, asked: int = 4, **how: Any) -> World:
    world = await make_world(database, definition=how.pop("definition", None))
    raters: Raters = [(p, PEERS) for p in world.team[1 : asked + 1]]
    await ask(database, world, {world.subject: raters})
    for n, rater in enumerate(world.team[1 : answered + 1]):
        answers = {"keep": f"Words {n}", "overall": 3 + n % 2, "skills": {"Clarity": 4}}
        await rate(database, world, rater, answers, **how)
    return world


async def _report(database: Database, world: World) -> dict[str, Any]:
    [(content,)] = await rows(
        database, "SELECT content FROM feedback_reports WHERE subject_id = :s", s=world.subject
    )
    found: dict[str, Any] = content["subject"]
    return found


async def test_the_report_is_frozen_and_everything_sealed_is_gone(database: Database) -> None:
    world = await _rated(database, answered=4)
    await rate(database, world, world.subject, {"keep": "My own", "overall": 5})
    await _close(database, world)
    report = await _report(database, world)
    peers_said = ("peers", "shown", 3)
    said = [(g["relationship"], g["standing"], g["at_least"]) for g in report["groups"]]
    assert said == [peers_said]
    [theme] = [t for t in report["themes"] if t["question"] == "keep"]
    [peers] = [c for c in theme["comments"] if c["group"] == "peers"]
    assert sorted(peers["texts"]) == ["Words 0", "Words 1", "Words 2", "Words 3"]
    ids = await rows(
        database, "SELECT words FROM feedback_answers WHERE id = :i", i=UUID(peers["ids"][0])
    )
    assert ids == [(peers["texts"][0],)]
    assert "skills/Clarity" in [c["question"] for c in report["competencies"]]
    for table in ("round_seals", "sealed_answers", "responses", "drafts"):
        assert await rows(database, f"SELECT count(*) FROM {table}") == [(0,)], table
    async with database.begin() as conn:
        assert not await still_sealed(conn, world.collect)


async def test_a_group_below_the_threshold_is_neither_shown_nor_kept(database: Database) -> None:
    world = await _rated(database, answered=2)
    await _close(database, world)
    report = await _report(database, world)
    assert [g["standing"] for g in report["groups"] if g["relationship"] == "peers"] == [
        "not_shown"
    ]
    assert await rows(database, "SELECT count(*) FROM feedback_answers") == [(0,)]


async def test_small_groups_are_kept_under_the_name_under_which_they_are_shown(
    database: Database,
) -> None:
    world = await make_world(database)
    raters = [(p, PEERS) for p in world.team[1:3]] + [(p, OTHERS) for p in world.team[3:5]]
    await ask(database, world, {world.subject: raters})
    for rater, _ in raters:
        await rate(database, world, rater, {"keep": "Words", "overall": 3})
    await _close(database, world)
    assert await rows(database, "SELECT DISTINCT relationship FROM feedback_answers") == [
        ("others",)
    ]


async def test_closing_twice_writes_once(database: Database) -> None:
    world = await _rated(database, answered=4)
    await _close(database, world)
    before = await rows(database, "SELECT * FROM feedback_answers ORDER BY id")
    await _close(database, world)
    assert await rows(database, "SELECT * FROM feedback_answers ORDER BY id") == before
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]


async def test_a_crash_before_the_commit_leaves_everything_sealed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await _rated(database, answered=4)

    async def crash(*_: object, **__: object) -> None:
        raise ConnectionError("the machine went away")

    with monkeypatch.context() as patched:
        patched.setattr(finishing, "ring", crash)
        with pytest.raises(ConnectionError):
            await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_answers") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(4,)]
    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]


async def test_one_who_cannot_be_reported_is_held_alone_and_stays_sealed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(database, subjects=2)
    first, second, *others = world.team
    await ask(database, world, {s: [(p, PEERS) for p in others[:4]] for s in (first, second)})
    for subject in (first, second):
        for rater in others[:3]:
            await rate(database, world, rater, {"overall": 3}, subject=subject)
    real = finishing._finish

    def picky(round_: Any, collected: Any, random: Any) -> Any:
        if collected.subject_id == first:
            raise ValueError("not this one")
        return real(round_, collected, random)

    monkeypatch.setattr(finishing, "_finish", picky)
    await _close(database, world)
    assert await rows(database, "SELECT subject_id FROM feedback_reports") == [(second,)]
    assert await rows(database, "SELECT subject_id FROM round_seals") == [(first,)]
    [(person, code)] = await rows(database, "SELECT person_id, code FROM held_rows")
    assert person == first
    assert code.startswith("cannot-report: ValueError")


async def test_the_answers_about_somebody_who_left_the_cycle_are_destroyed_unread(
    database: Database,
) -> None:
    world = await _rated(database, answered=4)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE participants SET state = 'removed'"))
    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM round_seals") == [(0,)]


async def test_a_group_too_small_is_given_five_working_days_once(database: Database) -> None:
    world = await _rated(database, answered=2, definition=unfolded(too_few="extend_once"))
    await _close(database, world)
    states = await rows(
        database,
        "SELECT state, max(closes_at) > :at, count(*) FROM tasks WHERE role = 'rater'"
        " GROUP BY 1 ORDER BY 1",
        at=AFTER_CLOSE,
    )
    assert states == [("done", False, 2), ("open", True, 3)]
    told = await rows(
        database,
        "SELECT count(DISTINCT person_id) FROM notifications WHERE event = 'feedback_extended'",
    )
    assert told == [(5,)], "all raters alike"
    later = AFTER_CLOSE.replace(day=20)
    await rate(database, world, world.team[1], {"overall": 1}, now=AFTER_CLOSE)
    await _close(database, world, later)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]


async def test_nothing_is_extended_where_more_time_cannot_help(database: Database) -> None:
    world = await _rated(database, answered=1, asked=2, definition=unfolded(too_few="extend_once"))
    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]


async def test_two_are_shown_only_if_all_who_were_asked_agreed(database: Database) -> None:
    rule = unfolded(too_few="lower_with_consent")
    world = await _rated(database, answered=2, asked=2, definition=rule, agrees=True)
    await _close(database, world)
    report = await _report(database, world)
    assert [
        (g["standing"], g["at_least"]) for g in report["groups"] if g["relationship"] == "peers"
    ] == [("shown", 2)]


async def test_one_who_did_not_agree_keeps_the_bar_where_it_is(database: Database) -> None:
    rule = unfolded(too_few="lower_with_consent")
    world = await _rated(database, answered=1, asked=2, definition=rule, agrees=True)
    await rate(database, world, world.team[2], {"overall": 3})
    await _close(database, world)
    report = await _report(database, world)
    assert [g["standing"] for g in report["groups"] if g["relationship"] == "peers"] == [
        "not_shown"
    ]


async def test_two_who_submit_while_the_round_closes_are_counted_or_refused(
    database: Database,
) -> None:
    """Locks decide; whoever comes first, nothing is half there."""
    world = await make_world(database, team=14, subjects=6)
    subjects, raters = world.team[:6], world.team[6:12]
    await ask(database, world, {s: [(p, PEERS) for p in raters] for s in subjects})
    for subject in subjects:
        for rater in raters[:4]:
            await rate(database, world, rater, {"keep": "Early"}, subject=subject)
    tasks = {(s, r): await task_of(database, world, r, s) for s in subjects for r in raters[4:]}

    async def late(subject: int, rater: int) -> bool:
        async with database.begin() as conn:
            try:
                await submit_rating(
                    conn,
                    tasks[subject, rater],
                    Actor(rater, "person"),
                    {"keep": "Late"},
                    now=NOW,
                )
            except IllegalState:
                return False
        return True

    async def close() -> None:
        async with database.begin() as conn:
            await conn.execute(
                text(
                    "UPDATE tasks SET state = 'expired', ended_at = :at WHERE id IN (SELECT id "
                    "FROM tasks WHERE state = 'open' AND role = 'rater' ORDER BY id FOR UPDATE)"
                    " AND state = 'open'"
                ),
                {"at": NOW},
            )
        async with database.begin() as conn:
            cycle, stage, _ = await world.facts(conn)
            await close_subjects(conn, cycle, stage, AFTER_CLOSE)

    results = await asyncio.gather(
        *(late(s, r) for s in subjects[:3] for r in raters[4:]),
        close(),
        close(),
        *(late(s, r) for s in subjects[3:] for r in raters[4:]),
    )
    accepted = sum(1 for one in results if one is True)
    kept = await rows(
        database, "SELECT count(*) FILTER (WHERE words = 'Late'), count(*) FROM feedback_answers"
    )
    done = await rows(
        database,
        "SELECT count(*) FROM tasks WHERE state = 'done' AND assignee_id = ANY(:late)",
        late=list(raters[4:]),
    )
    assert kept == [(accepted, 24 + accepted)]
    assert done == [(accepted,)]
    assert await rows(database, "SELECT count(*) FROM round_seals") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(6,)]


async def test_what_was_sealed_before_it_was_refused_is_cleaned_and_stops_no_round(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(database)
    subject, *others = world.team
    await ask(database, world, {subject: [(p, PEERS) for p in others[:3]]})
    with monkeypatch.context() as unguarded:
        unguarded.setattr(rating, "check", lambda *_, **__: [])
        for rater in others[:3]:
            said = "Stay\x00 as\ud800 you \ud83d\ude80 are \u202eerom\x07"
            await rate(database, world, rater, {"overall": 3, "keep": said}, subject=subject)
    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM held_rows") == [(0,)]
    kept = await rows(database, "SELECT DISTINCT words FROM feedback_answers WHERE words <> ''")
    assert kept == [("Stay as you \U0001f680 are erom",)]
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(1,)]


async def test_a_row_that_the_database_refuses_is_held_and_the_others_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(database, subjects=2)
    first, second, *others = world.team
    await ask(database, world, {s: [(p, PEERS) for p in others[:4]] for s in (first, second)})
    for subject in (first, second):
        for rater in others[:3]:
            await rate(database, world, rater, {"overall": 3, "keep": "Go on."}, subject=subject)
    real = finishing._finish
    for odd in ("NUL \x00", "half a character \ud800"):

        def odd_one(round_: Any, collected: Any, random: Any, odd: str = odd) -> Any:
            done = real(round_, collected, random)
            if collected.subject_id != first:
                return done
            return replace(done, kept=tuple(replace(one, words=odd) for one in done.kept))

        monkeypatch.setattr(finishing, "_finish", odd_one)
        await _close(database, world)
        assert await rows(database, "SELECT subject_id FROM feedback_reports") == [(second,)]
        assert await rows(
            database, "SELECT DISTINCT person_id FROM held_rows WHERE cleared_at IS NULL"
        ) == [(first,)]
        async with database.begin() as conn:
            await conn.execute(text("UPDATE held_rows SET cleared_at = at"))
