"""Colleagues are found by words; whoever is asked in another way, or not at all, is not."""

from sqlalchemy import text

from domain.access import Actor
from store.base.session import Database
from store.kinds.feedback_round.colleagues import (
    faces,
    find_colleagues,
    other_lists,
    standing,
    standing_of,
)
from store.kinds.feedback_round.lists import Named
from store.kinds.feedback_round.nominating import keep_list
from store.people.outside import External
from tests.store.kinds.feedback_round.test_nominating import (
    _name,
    _nominating,
    _open,
    _peers,
    _task,
)
from tests.store.kinds.feedback_round.world import NOW, PEERS, World, make_world, unfolded


async def _found(database: Database, world: World, words: str) -> list[tuple[int, bool, bool]]:
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        found = await find_colleagues(conn, round_, world.subject, words, NOW.date())
        return [(one.person_id, one.full, one.listed) for one in found]


async def test_every_word_must_be_found_in_name_department_job_or_project(
    database: Database,
) -> None:
    world = await _nominating(database)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE people SET first_name = 'Anna', job_title = 'Pilot', projects = '{Atlas}'"
                " WHERE id = :p"
            ),
            {"p": world.team[3]},
        )
    for words in ("anna", "ann sal", "pilot", "ATLAS exam"):
        assert await _found(database, world, words) == [(world.team[3], False, False)]
    assert await _found(database, world, "anna nobody") == []
    assert await _found(database, world, "%") == []
    assert await _found(database, world, "   ") == []


async def test_the_subject_the_manager_reports_leavers_and_outsiders_are_not_found(
    database: Database,
) -> None:
    world = await _nominating(database, team=6)
    await _name(
        database, world, _peers(world.team[1]), External("x@y.example", "Example", ""), submit=False
    )
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET status = 'left' WHERE id = :p"), {"p": world.team[2]}
        )
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :s WHERE person_id = :p"),
            {"s": world.subject, "p": world.team[3]},
        )
    found = await _found(database, world, "example")
    assert {person for person, _, _ in found} == {world.team[n] for n in (1, 4, 5)} | {world.hr}
    assert (world.team[1], False, True) in found


async def test_a_list_that_is_kept_stays_open_and_says_its_version(database: Database) -> None:
    world = await _nominating(database)
    task = await _task(database, world, "nominate")
    async with database.begin() as conn:
        kept = await keep_list(
            conn, task, Actor(world.subject, "person"), [Named(world.team[1], PEERS)], now=NOW
        )
        stands = await standing(conn, task)
        state = await conn.scalar(text("SELECT state FROM tasks WHERE id = :t"), {"t": task})
    assert (kept.version, state) == (2, "open")
    assert stands is not None
    assert (stands.step, stands.subject_id, stands.asked) == ("nominate", world.subject, False)


async def test_only_who_is_in_the_round_has_a_list_there(database: Database) -> None:
    world = await make_world(database)
    async with database.begin() as conn:
        assert await standing_of(conn, world.collect, world.subject) is not None
        assert await standing_of(conn, world.collect, world.team[1]) is None
        assert await standing_of(conn, world.nominate, world.subject) is None
        assert await standing(conn, world.nominate) is None


async def test_a_manager_of_several_sees_the_lists_that_wait_still(database: Database) -> None:
    world = await _nominating(database, subjects=3, definition=unfolded())
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired', ended_at = :n"), {"n": NOW})
    await _open(database, world, "approve")
    first = await _task(database, world, "approve", world.team[0])
    async with database.begin() as conn:
        waiting = await other_lists(conn, world.cycle, world.lead, first)
        seen = await faces(conn, [world.lead])
    assert {one.subject for one in waiting} == {"P4 Example", "P5 Example"}
    assert seen[world.lead].name == "P1 Example"
