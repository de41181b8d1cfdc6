"""Raters are asked in sets, each once, with a seal over what they will write."""

from store.base.session import Database
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.lists import Named, write_list
from tests.store.kinds.feedback_round.world import (
    NOW,
    OTHERS,
    PEERS,
    ask,
    make_world,
    rows,
    skip_lists,
    unfolded,
)


async def test_each_rater_gets_one_task_and_the_subject_one_seal(database: Database) -> None:
    world = await make_world(database)
    peers = world.team[1:5]
    await ask(database, world, {world.subject: [(p, PEERS) for p in peers]})
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await open_raters(conn, cycle, stage, NOW)
    found = await rows(
        database, "SELECT assignee_id, role, state FROM tasks WHERE role = 'rater' ORDER BY 1"
    )
    assert found == [(p, "rater", "open") for p in (world.subject, *peers)]
    assert await rows(database, "SELECT count(*) FROM round_seals") == [(1,)]
    told = await rows(database, "SELECT count(*) FROM notifications WHERE event = 'task_opened'")
    assert told == [(5,)]


async def test_an_empty_list_and_silence_is_no_360_and_hr_hears_of_it(database: Database) -> None:
    world = await make_world(database)
    await ask(database, world, {})
    assert await rows(
        database, "SELECT subject_id, reason FROM skips WHERE reason = 'no_raters'"
    ) == [(world.subject, "no_raters")]
    assert await rows(database, "SELECT count(*) FROM tasks WHERE role = 'rater'") == [(0,)]
    assert await rows(
        database, "SELECT person_id FROM notifications WHERE event = 'no_raters'"
    ) == [(world.hr,)]


async def test_reports_are_asked_by_rule_where_one_more_exists_than_the_threshold(
    database: Database,
) -> None:
    world = await make_world(database, team=4)
    await skip_lists(database, world)
    async with database.begin() as conn:
        await conn.exec_driver_sql(f"UPDATE participants SET person_id = {world.lead}")
        await conn.exec_driver_sql(f"UPDATE skips SET subject_id = {world.lead}")
        cycle, stage, _ = await world.facts(conn)
        await open_raters(conn, cycle, stage, NOW)
    found = await rows(database, "SELECT person_id FROM raters WHERE relationship = 'reports'")
    # The HR person reports to the lead, too.
    assert len(found) == 5


async def test_three_reports_cannot_be_protected_and_are_not_asked(database: Database) -> None:
    world = await make_world(database, team=2)
    await skip_lists(database, world)
    async with database.begin() as conn:
        await conn.exec_driver_sql(f"UPDATE participants SET person_id = {world.lead}")
        await conn.exec_driver_sql(f"UPDATE skips SET subject_id = {world.lead}")
        cycle, stage, _ = await world.facts(conn)
        await open_raters(conn, cycle, stage, NOW)
    assert await rows(database, "SELECT count(*) FROM raters WHERE state = 'asked'") == [(0,)]


async def test_silence_accepts_but_nobody_gets_more_than_the_load(database: Database) -> None:
    world = await make_world(database, subjects=6, definition=unfolded(load=3))
    popular, *others = world.team[6:8]
    await skip_lists(database, world)
    async with database.begin() as conn:
        cycle, stage, round_ = await world.facts(conn)
        for subject in world.team[:6]:
            named = [Named(popular, PEERS), *(Named(o, OTHERS) for o in others)]
            await write_list(conn, round_, subject, named, asked=False, source="subject", now=NOW)
        await open_raters(conn, cycle, stage, NOW)
    counts = await rows(
        database,
        "SELECT count(*) FROM tasks WHERE assignee_id = :p AND role = 'rater'",
        p=popular,
    )
    assert counts == [(3,)]
