"""What raters write lies sealed, can be changed until the close, and tells no time of the act."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.access import SERVICE, Actor
from domain.errors import EditConflict, Forbidden, IllegalState, NotFound
from store.access.address_changes import Moved, addresses_moved
from store.base.session import Database
from store.kinds.feedback_round.breaking import break_seal
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.rating import (
    own_rating,
    save_rating,
    submit_rating,
    withdraw_rating,
)
from store.kinds.feedback_round.seals import BLOCK, Unreadable, Written, new_key, seal, unseal
from store.views.feedback_requests import feedback_request
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

SECRET = "Zanzibar meetings were splendid"
ANSWERS = {"keep": SECRET, "overall": 4}
AT = datetime(2027, 1, 14, 19, 23, 45, 678901, tzinfo=UTC)
MIDNIGHT = datetime(2027, 1, 14, 8, tzinfo=UTC)


async def _asked(database: Database, peers: int = 4) -> World:
    world = await make_world(database)
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1 : peers + 1]]})
    return world


async def test_nothing_that_a_rater_wrote_stands_readable_in_any_table(database: Database) -> None:
    world = await _asked(database)
    await rate(database, world, world.team[1], ANSWERS, now=AT)
    tables = await rows(
        database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        found = await rows(database, f'SELECT x::text FROM "{table}" x')
        assert "Zanzibar" not in str(found), table
        assert SECRET.encode().hex() not in str(found), table


async def test_no_exact_instant_of_the_act_is_anywhere(database: Database) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await task_of(database, world, rater)
    me = Actor(rater, "person")
    for answers in ({"keep": "Half"}, ANSWERS):
        async with database.begin() as conn:
            await save_rating(conn, task, me, answers, now=AT)
    async with database.begin() as conn:
        await submit_rating(conn, task, me, ANSWERS, now=AT)
    tables = await rows(
        database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        found = await rows(database, f'SELECT x::text FROM "{table}" x')
        assert "19:23:45" not in str(found), table
    [(ended, by, revision, seen)] = await rows(
        database, "SELECT ended_at, ended_by_id, revision, seen_at FROM tasks WHERE id = :t", t=task
    )
    assert (ended, by, revision, seen) == (MIDNIGHT, rater, 0, None)


async def test_a_submission_may_be_changed_and_a_draft_of_the_change_replaces_nothing(
    database: Database,
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await rate(database, world, rater, ANSWERS)
    me = Actor(rater, "person")
    async with database.begin() as conn:
        await save_rating(conn, task, me, {"keep": "Half of"}, now=AT)
        own = await own_rating(conn, task, me)
    assert own.submitted
    assert own.written.answers == ANSWERS
    assert own.written.draft == {"keep": "Half of"}
    async with database.begin() as conn:
        await submit_rating(conn, task, me, {"keep": "Another", "overall": 2}, now=AT)
        own = await own_rating(conn, task, me)
    assert own.written == Written({"keep": "Another", "overall": 2}, None)
    for table in ("audit", "task_events"):
        found = await rows(database, f"SELECT count(*) FROM {table} WHERE actor_id IS NOT NULL")
        assert found == [(0,)], "neither submitting nor changing it leaves a trace"


async def test_taking_it_back_opens_the_task_again_with_the_words_as_draft(
    database: Database,
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await rate(database, world, rater, ANSWERS)
    async with database.begin() as conn:
        await withdraw_rating(conn, task, Actor(rater, "person"), now=AT)
        own = await own_rating(conn, task, Actor(rater, "person"))
    assert not own.submitted
    assert own.written == Written(None, ANSWERS)
    [(state, ended, rung)] = await rows(
        database, "SELECT state, ended_at, next_rung FROM tasks WHERE id = :t", t=task
    )
    assert (state, ended) == ("open", None)
    assert rung is not None


async def test_another_window_is_noticed(database: Database) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], ANSWERS)
    async with database.begin() as conn:
        with pytest.raises(EditConflict):
            await save_rating(
                conn, task, Actor(world.team[1], "person"), {}, now=AT, expected_version=1
            )


async def test_nobody_but_the_rater_reads_or_writes(database: Database) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], ANSWERS)
    for other in (world.subject, world.lead, world.hr, world.team[2]):
        async with database.begin() as conn:
            with pytest.raises(NotFound):
                await own_rating(conn, task, Actor(other, "person"))
            with pytest.raises(NotFound):
                await submit_rating(conn, task, Actor(other, "person"), ANSWERS, now=AT)


async def test_after_the_close_nothing_can_be_written(database: Database) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], ANSWERS)
    async with database.begin() as conn:
        with pytest.raises(IllegalState):
            await submit_rating(
                conn, task, Actor(world.team[1], "person"), ANSWERS, now=AFTER_CLOSE
            )


def test_a_seal_opens_only_its_own_answer_of_its_own_task() -> None:
    key, task = new_key(), uuid4()
    sealed = seal(key, task, Written(ANSWERS))
    assert unseal(key, task, sealed) == Written(ANSWERS)
    for wrong_key, wrong_task, bytes_ in (
        (new_key(), task, sealed),
        (key, uuid4(), sealed),
        (key, task, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(Unreadable):
            unseal(wrong_key, wrong_task, bytes_)


def test_the_length_of_what_is_sealed_does_not_tell_how_much_was_written() -> None:
    key, task = new_key(), uuid4()
    few, many = (
        seal(key, task, Written({"keep": words})) for words in ("No.", "A long sentence. " * 120)
    )
    assert len(few) == len(many)
    assert len(few) > BLOCK
    assert seal(key, task, Written({"keep": "No."})) != few


async def test_breaking_a_seal_is_on_record_and_told_before_anything_is_shown(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], ANSWERS)
    root = Actor(None, "administrator")
    with pytest.raises(Forbidden):
        await break_seal(database, task, Actor(world.hr, "hr"), "A threat was written.", now=AT)

    def broken(*_: object) -> Written:
        raise RuntimeError("the lamp went out")

    with monkeypatch.context() as patched:
        patched.setattr("store.kinds.feedback_round.breaking.unseal", broken)
        with pytest.raises(RuntimeError):
            await break_seal(database, task, root, "A threat was written.", now=AT)
    assert await rows(
        database, "SELECT after ->> 'task_id' FROM audit WHERE action = 'seal_broken'"
    ) == [(str(task),)]
    [(person, subject, about, data)] = await rows(
        database,
        "SELECT person_id, subject_id, task_id, data::text FROM notifications"
        " WHERE event = 'seal_broken'",
    )
    assert (person, subject, about) == (world.hr, None, None)
    assert "threat" not in data
    opened = await break_seal(database, task, root, "A threat was written.", now=AFTER_CLOSE)
    assert opened.answers == ANSWERS


async def test_what_was_destroyed_nobody_can_open(database: Database) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], ANSWERS)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    with pytest.raises(IllegalState):
        await break_seal(
            database, task, Actor(None, "administrator"), "A threat was written.", now=AFTER_CLOSE
        )
    assert await rows(database, "SELECT count(*) FROM audit WHERE action = 'seal_broken'") == [(0,)]
    async with database.begin() as conn:
        own = await own_rating(conn, task, Actor(world.team[1], "person"))
    assert own.finished
    assert own.submitted
    assert own.written == Written()


async def test_nothing_is_written_before_it_opens(database: Database) -> None:
    world = await _asked(database)
    task = await task_of(database, world, world.team[1])
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'planned'"))
        with pytest.raises(IllegalState):
            await save_rating(conn, task, Actor(world.team[1], "person"), ANSWERS, now=NOW)


async def _change_address(database: Database, rater: int, at: datetime, old: str, new: str) -> None:
    async with database.begin() as conn:
        move = Moved(rater, old, new, refused=False, signed_in=True)
        await addresses_moved(conn, [move], desks=(), actor=SERVICE, now=at)


async def test_what_was_submitted_is_out_of_reach_of_whoever_comes_by_a_changed_address(
    database: Database,
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await task_of(database, world, rater)
    me = Actor(rater, "person")
    await rate(database, world, rater, ANSWERS, now=AT)
    await _change_address(database, rater, AT, "was@example.com", "thief@example.com")
    async with database.begin() as conn:
        assert (await own_rating(conn, task, me)).written == Written()
        request = await feedback_request(conn, task, rater, AT)
        assert (request.shut, request.open, request.written) == (True, False, Written())
    for act in (save_rating, submit_rating):
        with pytest.raises(IllegalState, match="before your mail address changed"):
            async with database.begin() as conn:
                await act(conn, task, me, {"keep": "Forged", "overall": 1}, now=AT)
    with pytest.raises(IllegalState, match="before your mail address changed"):
        async with database.begin() as conn:
            await withdraw_rating(conn, task, me, now=AT)
    # Changed back, it is its author's again.
    await _change_address(database, rater, AT, "thief@example.com", "was@example.com")
    async with database.begin() as conn:
        assert (await own_rating(conn, task, me)).written.answers == ANSWERS


async def test_a_draft_from_before_a_changed_address_is_not_read_and_begun_anew(
    database: Database,
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await task_of(database, world, rater)
    me = Actor(rater, "person")
    async with database.begin() as conn:
        await save_rating(conn, task, me, {"keep": SECRET}, now=AT)
    await _change_address(database, rater, AT, "was@example.com", "thief@example.com")
    async with database.begin() as conn:
        request = await feedback_request(conn, task, rater, AT)
        assert (request.shut, request.standing, request.written) == (False, "new", Written())
        await save_rating(conn, task, me, {"keep": "Anew"}, now=AT)
        assert (await own_rating(conn, task, me)).written.draft == {"keep": "Anew"}
