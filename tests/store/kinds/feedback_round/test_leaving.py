"""Raters decline or leave, somebody else is asked in time, and managers change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from store.base.session import Database
from store.cycles.facts import CycleFacts, StageFacts
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.leaving import (
    decline_request,
    looks_for_others_at,
    name_replacement,
    replacements_wanted,
    settle_raters,
)
from store.kinds.feedback_round.lists import Named, rater_list
from store.kinds.feedback_round.rating import save_rating
from store.kinds.feedback_round.rules import Round, round_of
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

EARLY = datetime(2027, 1, 14, 19, 23, 45, tzinfo=UTC)
NEXT_DAY = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
"""Midnight of the company's day after."""
LATE = datetime(2027, 1, 25, 19, tzinfo=UTC)


async def _asked(database: Database) -> World:
    world = await make_world(database)
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:5]]})
    return world


async def _decline(database: Database, world: World, rater: int, at: datetime = EARLY) -> None:
    task = await task_of(database, world, rater)
    async with database.begin() as conn:
        await save_rating(conn, task, Actor(rater, "person"), {"keep": "Half"}, now=NOW)
        await decline_request(conn, task, Actor(rater, "person"), "I hardly know her.", now=at)


async def _settle(database: Database, world: World, at: datetime = EARLY) -> None:
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await settle_raters(conn, cycle, stage, at)
        await open_raters(conn, cycle, stage, at)


async def test_who_declines_is_asked_no_more_and_the_subject_may_name_one_more(
    database: Database,
) -> None:
    world = await _asked(database)
    rater, new = world.team[1], world.team[6]
    await _decline(database, world, rater)
    [(state, why, at)] = await rows(
        database,
        "SELECT state, ended_reason, ended_at FROM tasks WHERE assignee_id = :r AND role = 'rater'",
        r=rater,
    )
    assert (state, why) == ("cancelled", "declined")
    assert at == datetime(2027, 1, 14, 8, tzinfo=UTC)
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(0,)]
    me = Actor(world.subject, "person")
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        assert await replacements_wanted(conn, round_, world.subject, NEXT_DAY) == 1
        before = await rater_list(conn, round_, world.subject)
        assert rater in [one.person_id for one in before.raters], "who declined is not told"
        await name_replacement(conn, world.collect, me, Named(new, PEERS), now=NEXT_DAY)
    await _settle(database, world)
    assert await rows(
        database, "SELECT state FROM tasks WHERE assignee_id = :r AND role = 'rater'", r=new
    ) in ([("open",)], [("planned",)])
    async with database.begin() as conn:
        with pytest.raises(IllegalState):
            await name_replacement(
                conn, world.collect, me, Named(world.team[7], PEERS), now=NEXT_DAY
            )


ASKED_FOR = (
    "SELECT person_id, task_id, at, data::text FROM notifications"
    " WHERE event = 'replacement_wanted'"
)


async def test_the_subject_hears_of_room_on_the_next_day_and_no_hour_is_told(
    database: Database,
) -> None:
    world = await _asked(database)
    bells = await rows(database, "SELECT count(*) FROM bells")
    await _decline(database, world, world.team[1])
    assert await rows(database, "SELECT count(*) FROM bells") == bells, "a bell tells the minute"
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        assert await replacements_wanted(conn, round_, world.subject, EARLY) == 0
        assert await looks_for_others_at(conn, round_, EARLY) == NEXT_DAY
    await _settle(database, world)  # something else wakes the round on the same day
    assert await rows(database, ASKED_FOR) == []
    for _ in range(2):
        await _settle(database, world, NEXT_DAY + timedelta(hours=7, minutes=13))
    [(person, task, at, data)] = await rows(database, ASKED_FOR)
    assert (person, task, at) == (world.subject, None, NEXT_DAY)
    assert "hardly" not in data


async def test_a_round_looks_each_working_day_while_there_is_time_for_others(
    database: Database,
) -> None:
    world = await _asked(database)
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        friday = NEXT_DAY + timedelta(hours=9)
        # Monday is a holiday. From Thursday on fewer than five working days are left.
        assert await looks_for_others_at(conn, round_, friday) == NEXT_DAY + timedelta(days=4)
        assert await looks_for_others_at(conn, round_, friday + timedelta(days=5)) is None


async def test_a_replacement_who_stood_on_the_list_is_refused_as_any_other_on_it(
    database: Database,
) -> None:
    world = await _asked(database)
    await _decline(database, world, world.team[1])
    me = Actor(world.subject, "person")
    messages = set()
    for person in (world.team[1], world.team[2]):
        async with database.begin() as conn:
            with pytest.raises(Invalid) as refused:
                await name_replacement(conn, world.collect, me, Named(person, PEERS), now=NEXT_DAY)
            messages.add(str(refused.value.problems[0]["message"]))
    assert len(messages) == 1


async def test_too_late_for_somebody_else_nobody_is_asked_for(database: Database) -> None:
    world = await _asked(database)
    await _decline(database, world, world.team[1], at=LATE)
    await _settle(database, world, LATE + timedelta(days=1))
    told = await rows(
        database, "SELECT count(*) FROM notifications WHERE event = 'replacement_wanted'"
    )
    assert told == [(0,)]


async def test_declining_needs_a_reason_and_is_not_for_others_nor_after_submitting(
    database: Database,
) -> None:
    world = await _asked(database)
    task = await rate(database, world, world.team[1], {"overall": 3})
    open_task = await task_of(database, world, world.team[2])
    async with database.begin() as conn:
        with pytest.raises(IllegalState):
            await decline_request(conn, task, Actor(world.team[1], "person"), "No.", now=EARLY)
        with pytest.raises(Invalid):
            await decline_request(conn, open_task, Actor(world.team[2], "person"), " ", now=EARLY)
        with pytest.raises(NotFound):
            await decline_request(
                conn, open_task, Actor(world.subject, "person"), "Not them.", now=EARLY
            )


async def test_a_rater_who_leaves_is_replaced_and_what_was_submitted_stays(
    database: Database,
) -> None:
    world = await _asked(database)
    leaver, answered = world.team[1], world.team[2]
    await rate(database, world, answered, {"overall": 3})
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET status = 'left', left_on = '2027-01-14' WHERE id = ANY(:p)"),
            {"p": [leaver, answered]},
        )
    for _ in range(2):
        await _settle(database, world)
    states = await rows(
        database,
        "SELECT person_id, state, replace FROM raters WHERE person_id = ANY(:p) ORDER BY 1",
        p=[leaver, answered],
    )
    assert states == [(leaver, "withdrawn", True), (answered, "asked", False)]
    told = await rows(
        database, "SELECT person_id FROM notifications WHERE event = 'replacement_wanted'"
    )
    assert told == [(world.subject,)]
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(1,)]


async def test_nobody_is_asked_about_a_subject_who_has_left(database: Database) -> None:
    world = await _asked(database)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE participants SET state = 'removed'"))
    await _settle(database, world)
    assert await rows(database, "SELECT count(*) FROM raters WHERE state = 'asked'") == [(0,)]


async def test_the_new_manager_is_asked_where_the_old_one_has_not_answered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(database)

    def with_manager(cycle: CycleFacts, stage: StageFacts) -> Round:
        return replace(round_of(cycle, stage), ask_manager=True)

    monkeypatch.setattr("store.kinds.feedback_round.asking.round_of", with_manager)
    monkeypatch.setattr("store.kinds.feedback_round.leaving.round_of", with_manager)
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:5]]})
    new = world.team[7]
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :new WHERE person_id = :s"),
            {"new": new, "s": world.subject},
        )
    for _ in range(2):
        await _settle(database, world, EARLY + timedelta(days=1))
    found = await rows(
        database,
        "SELECT r.person_id, r.state, t.state FROM raters r JOIN tasks t"
        " ON t.assignee_id = r.person_id AND t.role = 'rater'"
        " WHERE r.relationship = 'manager' ORDER BY 1",
    )
    assert [(p, s) for p, s, _ in found] == [(world.lead, "withdrawn"), (new, "asked")]
    assert found[0][2] == "cancelled"
