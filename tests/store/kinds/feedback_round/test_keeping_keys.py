"""Keys follow what the database has committed: never before, always after, and a loss is told."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState
from store.base.seal_keys import STALE_SECONDS, KeysUnavailable
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.keeping_keys import give_up_lost, remove_closed, tend
from store.kinds.feedback_round.lost_keys import ask_again
from store.kinds.feedback_round.rating import own_rating, submit_rating
from store.kinds.feedback_round.seals import make_seals, seals_of
from tests.store.kinds.feedback_round.world import (
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    rows,
    task_of,
)

ADMINISTRATOR = Actor(None, "administrator")
LOOK = "SELECT count(*) FROM bells WHERE process_id = 'round-' || CAST(:stage AS text)"


async def _asked(database: Database, raters: int = 4) -> World:
    world = await make_world(database)
    team = world.team[1 : raters + 1]
    await ask(database, world, {world.subject: [(p, PEERS) for p in team]})
    return world


async def _close(database: Database, world: World) -> None:
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, NOW)


def _file(seal_keys: Path, world: World) -> Path:
    return seal_keys / str(world.collect) / str(world.subject)


def _unmount(seal_keys: Path, to: Path) -> None:
    seal_keys.rename(to)


def _mount(seal_keys: Path, back: Path) -> None:
    seal_keys.rmdir()  # what an empty mount leaves
    back.rename(seal_keys)


async def test_a_key_outlives_a_close_that_is_rolled_back_and_a_kill_after_the_commit(
    database: Database, seal_keys: Path
) -> None:
    world = await _asked(database)
    for rater in world.team[:5]:  # the subject, too
        await rate(database, world, rater, {"keep": "Words", "overall": 3})
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, NOW)
        await conn.rollback()
    await tend(database, NOW)
    assert _file(seal_keys, world).exists()

    await _close(database, world)  # the worker is killed here, before it looks at the folder
    assert _file(seal_keys, world).exists()
    assert await tend(database, NOW) == 1  # another one's next look
    assert not _file(seal_keys, world).exists()
    assert await tend(database, NOW) == 0
    assert await rows(database, "SELECT count(*) FROM closed_seals") == [(0,)]


async def test_keys_in_the_table_of_an_older_version_are_moved_out_and_open_as_before(
    database: Database, seal_keys: Path
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await rate(database, world, rater, {"keep": "Before the upgrade", "overall": 3})
    key = _file(seal_keys, world).read_bytes()
    _file(seal_keys, world).unlink()
    async with database.begin() as conn:
        await conn.execute(text("UPDATE round_seals SET key = :key"), {"key": key})
        assert (await own_rating(conn, task, Actor(rater, "person"))).written.answers is not None
    assert await tend(database, NOW) == 1
    assert await rows(database, "SELECT key FROM round_seals") == [(None,)]
    assert _file(seal_keys, world).read_bytes() == key
    async with database.begin() as conn:
        own = await own_rating(conn, task, Actor(rater, "person"))
    assert own.written.answers == {"keep": "Before the upgrade", "overall": 3}


async def test_a_key_that_no_seal_belongs_to_goes_only_when_no_transaction_can_want_it(
    database: Database, seal_keys: Path
) -> None:
    world = await _asked(database)
    other = world.team[1]
    async with database.begin() as conn:
        await make_seals(conn, world.collect, [other])
        await conn.rollback()
    left = seal_keys / str(world.collect) / str(other)
    await tend(database, NOW)
    assert left.exists()
    old = left.stat().st_mtime - STALE_SECONDS - 1
    for file in (left, _file(seal_keys, world)):
        os.utime(file, (old, old))
    assert await tend(database, NOW) == 1
    assert not left.exists()
    assert _file(seal_keys, world).exists()


async def test_a_lost_key_asks_all_raters_again_alike_and_tells_hr(
    database: Database, seal_keys: Path
) -> None:
    world = await _asked(database)
    done, silent = world.team[1], world.team[2]
    task = await rate(database, world, done, {"keep": "Lost", "overall": 3})
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET announced_on = '2027-01-12'"))
    _file(seal_keys, world).unlink()
    with pytest.raises(KeysUnavailable):
        await rate(database, world, silent, {"keep": "Not into the void", "overall": 3})

    before = await rows(database, LOOK, stage=world.collect)
    await tend(database, NOW)
    assert await rows(database, "SELECT missing FROM seal_key_folder") == [(1,)]
    assert await rows(database, LOOK, stage=world.collect) > before
    later = NOW + timedelta(days=13)  # the due date is tomorrow, which is too short to write again
    for _ in range(2):
        async with database.begin() as conn:
            cycle, stage, _ = await world.facts(conn)
            assert await ask_again(conn, cycle, stage, later) == 0
    raters = [(p,) for p in world.team[:5]]  # the subject, too
    assert (
        await rows(
            database,
            "SELECT person_id FROM notifications WHERE event = 'feedback_extended'"
            " AND data ->> 'lost' = 'true' ORDER BY 1",
        )
        == raters
    )
    assert await rows(
        database, "SELECT DISTINCT person_id FROM notifications WHERE event = 'seals_lost'"
    ) == [(world.lead,), (world.hr,)]
    [(state, due)] = await rows(database, "SELECT state, due_on FROM tasks WHERE id = :t", t=task)
    assert (state, str(due)) == ("open", "2027-02-01")
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(0,)]
    await rate(database, world, done, {"keep": "Once more", "overall": 3}, now=later)
    await tend(database, later)
    assert await rows(database, "SELECT missing FROM seal_key_folder") == [(0,)]


async def test_a_round_whose_key_is_lost_is_not_closed_without_the_answers(
    database: Database, seal_keys: Path
) -> None:
    world = await _asked(database)
    for rater in world.team[:5]:  # the subject, too
        await rate(database, world, rater, {"keep": "Words", "overall": 3})
    _file(seal_keys, world).unlink()
    await _close(database, world)
    assert await rows(database, "SELECT count(*) FROM feedback_reports") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM held_rows") == [(0,)]
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await ask_again(conn, cycle, stage, NOW)
    assert await rows(
        database, "SELECT count(*) FROM tasks WHERE role = 'rater' AND state = 'open'"
    ) == [(5,)]


async def test_a_missing_folder_stops_writing_and_loses_nothing_until_it_is_given_up(
    database: Database, database_url: str, seal_keys: Path, tmp_path: Path
) -> None:
    world = await _asked(database)
    rater = world.team[1]
    task = await rate(database, world, rater, {"keep": "Still there", "overall": 3})
    _unmount(seal_keys, tmp_path / "unmounted")
    elsewhere = Database(database_url, pool_size=2, seal_keys=tmp_path / f"other-{uuid4()}")
    for pool in (database, elsewhere):
        await tend(pool, NOW)
        async with pool.begin() as conn:
            cycle, stage, _ = await world.facts(conn)
            with pytest.raises(KeysUnavailable):
                await ask_again(conn, cycle, stage, NOW)
            with pytest.raises(KeysUnavailable):
                await make_seals(conn, world.collect, [world.team[3]])
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(1,)]
    assert await rows(
        database, "SELECT DISTINCT person_id, data FROM notifications WHERE event = 'seals_lost'"
    ) == [(world.lead, {})]

    # Closing what needs no key is not destroying it, as long as the folder is another one.
    async with database.begin() as conn:
        await conn.execute(
            text("INSERT INTO closed_seals VALUES (:stage, :subject)"),
            {"stage": world.collect, "subject": world.subject},
        )
    with pytest.raises(KeysUnavailable):
        await remove_closed(elsewhere)
    assert await rows(database, "SELECT count(*) FROM closed_seals") == [(1,)]
    async with database.begin() as conn:
        await conn.execute(text("DELETE FROM closed_seals"))

    _mount(seal_keys, tmp_path / "unmounted")
    async with database.begin() as conn:
        own = await own_rating(conn, task, Actor(rater, "person"))
        assert own.written.answers == {"keep": "Still there", "overall": 3}
        with pytest.raises(IllegalState):
            await give_up_lost(conn, ADMINISTRATOR, now=NOW)

    async with elsewhere.begin() as conn:
        await give_up_lost(conn, ADMINISTRATOR, now=NOW)
        assert (await seals_of(conn, world.collect)).lost == {world.subject}
        cycle, stage, _ = await world.facts(conn)
        await ask_again(conn, cycle, stage, NOW)
    async with elsewhere.begin() as conn:
        await submit_rating(
            conn,
            await task_of(elsewhere, world, rater),
            Actor(rater, "person"),
            {"keep": "Written again", "overall": 3},
            now=NOW,
        )
    await elsewhere.close()
