"""Raters are named by the subject, approved by the manager, and refused in clear words."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.ids import PersonId
from domain.rater_loads import Reason
from domain.relationships import Relationship
from store.base.session import Database
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.lists import Listed, Named, RaterList, rater_list
from store.kinds.feedback_round.nominating import (
    Listing,
    approve_nominations,
    keep_list,
    save_nominations,
    suggestions,
)
from store.people.leaves import add_leave
from store.people.outside import External, colleagues_among, mailbox
from store.steering.task import reassign
from store.tasks.closing import expire_due
from store.tasks.opening import open_planned, open_ready
from tests.store.kinds.feedback_round.world import (
    NOW,
    OTHERS,
    PEERS,
    World,
    make_world,
    rows,
    unfolded,
)

ANNA = External("Anna@Client.example", "Anna", "Outside")


async def _open(database: Database, world: World, step: str) -> None:
    async with database.begin() as conn:
        cycle, _, _ = await world.facts(conn)
        stage = cycle.stages[getattr(world, step)]
        await open_ready(conn, cycle, stage, NOW)
        await open_planned(conn, cycle, stage, NOW)


async def _task(database: Database, world: World, step: str, subject: int = 0) -> UUID:
    [(found,)] = await rows(
        database,
        "SELECT id FROM tasks WHERE stage_id = :stage AND subject_id = :subject",
        stage=getattr(world, step),
        subject=subject or world.subject,
    )
    assert isinstance(found, UUID)
    return found


async def _nominating(database: Database, **how: Any) -> World:
    world = await make_world(database, **how)
    await _open(database, world, "nominate")
    return world


async def _name(
    database: Database, world: World, named: list[Named], *externals: External, **how: Any
) -> Listing:
    task = await _task(database, world, "nominate")
    async with database.begin() as conn:
        return await save_nominations(
            conn, task, Actor(world.subject, "person"), named, externals, now=NOW, **how
        )


async def _codes(
    database: Database, world: World, named: list[Named], *externals: External
) -> list[object]:
    with pytest.raises(Invalid) as refused:
        await _name(database, world, named, *externals)
    return [problem["code"] for problem in refused.value.problems]


def _peers(*people: int) -> list[Named]:
    return [Named(person, PEERS) for person in people]


async def test_the_list_goes_from_the_subject_over_the_manager_to_the_raters(
    database: Database,
) -> None:
    world = await _nominating(database)
    a, b, c, d, e = world.team[1:6]
    listing = await _name(database, world, _peers(a, b, c, d), ANNA)
    assert [one.person_id for one in listing.raters.raters][:4] == [a, b, c, d]
    await _open(database, world, "approve")
    outsider = listing.raters.raters[4].person_id
    task = await _task(database, world, "approve")
    async with database.begin() as conn:
        approved = await approve_nominations(
            conn,
            task,
            Actor(world.lead, "person"),
            [*_peers(a, b, c), Named(e, OTHERS), Named(outsider, Relationship.EXTERNAL)],
            now=NOW,
        )
    assert approved.raters.short == (PEERS,)
    async with database.begin() as conn:
        cycle, stage, round_ = await world.facts(conn)
        await open_raters(conn, cycle, stage, NOW)
        after = await rater_list(conn, round_, world.subject)
    found = await rows(database, "SELECT assignee_id FROM tasks WHERE role = 'rater' ORDER BY 1")
    assert found == sorted([(p,) for p in (world.subject, a, b, c, e, outsider)])
    assert Listed(e, OTHERS, "manager", True, False) in after.raters
    assert Listed(a, PEERS, "subject", True, False) in after.raters
    assert await rows(database, "SELECT person_id FROM raters WHERE state = 'not_asked'") == [(d,)]
    [(status, profile)] = await rows(
        database, "SELECT status, profile_id IS NOT NULL FROM people WHERE id = :p", p=outsider
    )
    assert (status, profile) == ("external", True)


async def test_who_cannot_be_named_is_refused_with_a_reason_each(database: Database) -> None:
    world = await _nominating(database)
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET status = 'left' WHERE id = :p"), {"p": world.team[1]}
        )
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :s WHERE person_id = :p"),
            {"s": world.subject, "p": world.team[2]},
        )
    wrong = [
        *_peers(world.subject, world.team[1], world.lead, world.team[2], 999_999),
        Named(world.team[3], Relationship.REPORTS),
        Named(world.team[4], Relationship.EXTERNAL),
        *_peers(world.team[5], world.team[5]),
    ]
    bad = External("nowhere", "", ""), External("P4@example.com", "P4", "")
    assert await _codes(database, world, wrong, *bad) == [
        "self",
        "left",
        "manager",
        "report",
        "unknown",
        "by_rule",
        "colleague",
        "twice",
        "twice",
        "address",
        "colleague",
        "too_many",
    ]
    assert await rows(database, "SELECT count(*) FROM raters") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM people WHERE status = 'external'") == [(0,)]


async def test_somebody_outside_who_is_on_the_list_is_not_named_once_more(
    database: Database,
) -> None:
    world = await _nominating(database)
    gina = External("Gina@client.example", "Gina", "Guest")
    await _name(database, world, [], gina, submit=False)
    [(known,)] = await rows(database, "SELECT id FROM people WHERE status = 'external'")
    kept = [Named(known, Relationship.EXTERNAL)]
    assert await _codes(database, world, kept, gina) == ["twice"]
    await _name(database, world, kept, submit=False)
    assert await rows(database, "SELECT person_id FROM raters") == [(known,)]


async def test_more_than_at_most_are_refused_and_fewer_than_least_are_only_said(
    database: Database,
) -> None:
    world = await _nominating(database, team=12)
    assert await _codes(database, world, _peers(*world.team[1:10])) == ["too_many"]
    listing = await _name(database, world, _peers(*world.team[1:3]))
    assert listing.raters.short == (PEERS,)


async def test_who_is_full_is_refused_and_shown_as_full(database: Database) -> None:
    world = await _nominating(database, subjects=3, definition=unfolded(load=1))
    popular = world.team[5]
    await _name(database, world, _peers(popular), submit=False)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,"
                " created_at) VALUES (:s, :b, :p, 'peers', 'asked', 'subject', :now)"
            ),
            {"s": world.collect, "b": world.team[1], "p": popular, "now": NOW},
        )
        _, _, round_ = await world.facts(conn)
        listed = await rater_list(conn, round_, world.subject)
    assert [one.full for one in listed.raters] == [True]
    assert await _codes(database, world, _peers(popular)) == ["full"]


async def test_two_managers_who_approve_at_once_cannot_overload_one_rater(
    database: Database,
) -> None:
    world = await _nominating(database, subjects=6, definition=unfolded(load=2))
    popular = world.team[7]
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired', ended_at = :n"), {"n": NOW})
    await _open(database, world, "approve")
    tasks = [await _task(database, world, "approve", s) for s in world.team[:6]]

    async def approve(task: UUID) -> bool:
        async with database.begin() as conn:
            try:
                await approve_nominations(
                    conn, task, Actor(world.lead, "person"), _peers(popular), now=NOW
                )
            except Invalid:
                return False
        return True

    assert sum(await asyncio.gather(*(approve(task) for task in tasks))) == 2


async def test_what_stood_unanswered_is_asked_when_approval_closes(database: Database) -> None:
    world = await _nominating(database)
    await _name(database, world, _peers(*world.team[1:5]), submit=False)
    later = NOW.replace(day=25)
    async with database.begin() as conn:
        cycle, _, _ = await world.facts(conn)
        assert await expire_due(conn, cycle, cycle.stages[world.nominate], later) == 1
    await _open(database, world, "approve")
    with pytest.raises(IllegalState):
        await _name(database, world, [])
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        assert await expire_due(conn, cycle, cycle.stages[world.approve], later) == 1
        await open_raters(conn, cycle, stage, later)
    assert await rows(
        database, "SELECT count(*) FROM raters WHERE state = 'asked' AND relationship = 'peers'"
    ) == [(4,)]


async def test_naming_again_replaces_the_list_and_repeating_it_changes_nothing(
    database: Database,
) -> None:
    world = await _nominating(database)
    await _name(database, world, _peers(*world.team[1:4]), submit=False)
    first = await _name(database, world, _peers(*world.team[2:5]), ANNA, submit=False)
    again = await _name(database, world, _peers(*world.team[2:5]), ANNA, submit=False)
    assert first.raters == again.raters
    assert isinstance(again.raters, RaterList)
    assert await rows(database, "SELECT count(*) FROM people WHERE status = 'external'") == [(1,)]


async def test_only_the_subject_names_and_only_the_manager_approves(database: Database) -> None:
    world = await _nominating(database)
    task = await _task(database, world, "nominate")
    for other in (world.lead, world.team[1], world.hr):
        async with database.begin() as conn:
            with pytest.raises(NotFound):
                await save_nominations(conn, task, Actor(other, "person"), [], now=NOW)


async def test_suggestions_say_why_and_leave_out_who_is_listed(database: Database) -> None:
    world = await _nominating(database)
    await _name(database, world, _peers(world.team[1]), submit=False)
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        found = await suggestions(conn, round_, world.subject, NOW.date())
    assert {one.person_id for one in found} == {*world.team[2:], world.hr}
    assert set(found[0].reasons) == {Reason.SHARED_MANAGER, Reason.SHARED_DEPARTMENT}


async def test_somebody_of_the_same_project_is_suggested_first_wherever_they_sit(
    database: Database,
) -> None:
    world = await _nominating(database, team=10)
    far = world.team[9]
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET projects = '{Atlas,Hermes}' WHERE id = :p"),
            {"p": world.subject},
        )
        await conn.execute(
            text("UPDATE people SET projects = '{Atlas}', department = 'IT' WHERE id = :p"),
            {"p": far},
        )
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :m WHERE person_id = :p"),
            {"m": world.hr, "p": far},
        )
        _, _, round_ = await world.facts(conn)
        found = await suggestions(conn, round_, world.subject, NOW.date())
    assert (found[0].person_id, found[0].reasons) == (far, (Reason.SHARED_PROJECT,))


async def test_suggestions_and_loads_do_not_tell_who_declined(database: Database) -> None:
    world = await _nominating(database, subjects=2, definition=unfolded(load=1))
    declined, before = world.team[5], world.team[6]
    async with database.begin() as conn:
        _, _, round_ = await world.facts(conn)
        other_round = await conn.scalar(
            text(
                "INSERT INTO stages (cycle_id, key, position, kind, title, state)"
                " SELECT cycle_id, 'earlier.collect', 9, kind, title, 'closed' FROM stages"
                " WHERE id = :s RETURNING id"
            ),
            {"s": world.collect},
        )
        await conn.execute(
            text(
                "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,"
                " created_at) VALUES (:s, :b, :p, 'peers', 'declined', 'subject', :now),"
                " (:old, :me, :q, 'peers', 'declined', 'subject', :now)"
            ),
            {
                "s": world.collect,
                "b": world.team[1],
                "p": declined,
                "old": other_round,
                "me": world.subject,
                "q": before,
                "now": NOW,
            },
        )
        found = {
            one.person_id: one for one in await suggestions(conn, round_, world.subject, NOW.date())
        }
    assert found[PersonId(declined)].full
    assert Reason.PAST_RATER in found[PersonId(before)].reasons


async def _delegate(database: Database, person: int, delegate: int) -> None:
    async with database.begin() as conn:
        day = NOW.date()
        await add_leave(conn, person, day, day + timedelta(days=3), delegate_id=delegate, now=NOW)


async def test_who_looks_a_list_over_does_not_put_themselves_on_it(database: Database) -> None:
    """By standing in for the manager a colleague would choose to write about the subject."""
    world = await _nominating(database)
    a, b, c, d, e = world.team[1:6]
    await _name(database, world, _peers(a, b, c, d))
    await _open(database, world, "approve")
    task = await _task(database, world, "approve")
    await _delegate(database, world.lead, e)
    for act in (keep_list, approve_nominations):
        with pytest.raises(Invalid) as refused:
            async with database.begin() as conn:
                await act(conn, task, Actor(e, "person"), _peers(a, b, c, e), now=NOW)
        [problem] = refused.value.problems
        assert (problem["code"], problem["person_id"]) == ("writer", e)


async def test_whom_the_subject_named_stays_also_if_they_look_the_list_over(
    database: Database,
) -> None:
    world = await _nominating(database)
    a, b, c, d = world.team[1:5]
    await _name(database, world, _peers(a, b, c, d))
    await _open(database, world, "approve")
    task = await _task(database, world, "approve")
    await _delegate(database, world.lead, a)
    async with database.begin() as conn:
        listing = await approve_nominations(
            conn, task, Actor(a, "person"), _peers(a, b, c, d), now=NOW
        )
    assert [one.person_id for one in listing.raters.raters][:4] == [a, b, c, d]


async def test_who_names_raters_in_somebodys_place_does_not_name_themselves(
    database: Database,
) -> None:
    world = await _nominating(database)
    a, b, c, d = world.team[1:5]
    await _delegate(database, world.subject, d)
    task = await _task(database, world, "nominate")
    with pytest.raises(Invalid, match="marked names"):
        async with database.begin() as conn:
            await save_nominations(conn, task, Actor(d, "person"), _peers(a, b, c, d), now=NOW)
    async with database.begin() as conn:
        await save_nominations(conn, task, Actor(d, "person"), _peers(a, b, c), now=NOW)


async def test_nobody_approves_their_own_list(database: Database) -> None:
    """Neither as the manager's delegate, nor handed over to them, nor at the desk."""
    world = await _nominating(database)
    await _name(database, world, _peers(*world.team[1:5]))
    await _open(database, world, "approve")
    task = await _task(database, world, "approve")
    mine = Actor(world.subject, "person")
    await _delegate(database, world.lead, world.subject)
    with pytest.raises(NotFound):
        async with database.begin() as conn:
            await approve_nominations(conn, task, mine, _peers(*world.team[1:5]), now=NOW)
    with pytest.raises(Invalid, match="reviews themselves"):
        async with database.begin() as conn:
            await reassign(conn, task, world.subject, Actor(world.hr, "hr"), NOW)
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = NULL, desk = 'hr' WHERE id = :id"), {"id": task}
        )
        await conn.execute(
            text(
                "UPDATE company_settings SET content = jsonb_set(content, '{hr}',"
                " (SELECT jsonb_agg(email) FROM people WHERE id = :id))"
            ),
            {"id": world.subject},
        )
    with pytest.raises(NotFound):
        async with database.begin() as conn:
            await approve_nominations(conn, task, mine, _peers(*world.team[1:5]), now=NOW)


@pytest.mark.parametrize(
    "address",
    ["p4+me@example.com", "P4+@EXAMPLE.com", "former@example.com", "former+x@example.com"],
)
async def test_nobody_is_asked_from_outside_by_another_name_of_a_colleagues_mailbox(
    database: Database, address: str
) -> None:
    """The subject would write about themselves, as somebody outside."""
    world = await _nominating(database)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO address_changes (person_id, old_address, new_address, changed_at,"
                " changed_by_kind, state) VALUES (:id, 'Former@example.com', 'x@y.zz', :now,"
                " 'service', 'confirmed')"
            ),
            {"id": world.subject, "now": NOW},
        )
    me = External(address, "Me", "Myself")
    assert await _codes(database, world, _peers(*world.team[1:5]), me) == ["colleague"]


async def test_one_mailbox_outside_writes_once(database: Database) -> None:
    world = await _nominating(database)
    again = External("anna+2@client.example", "Other", "Anna")
    assert await _codes(database, world, _peers(*world.team[1:5]), ANNA, again) == ["twice"]


@pytest.mark.parametrize(
    "address", ["a+b@x.zz", "+b@x.zz", "a@x+y.zz", "A+b+c@X.zz", "a@x.zz", "a+@x.zz"]
)
async def test_a_mailbox_is_the_same_in_sql(database: Database, address: str) -> None:
    one = External(address, "A", "B")
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO people (employee_id, first_name, last_name, email, hire_date,"
                " created_at, updated_at) VALUES ('x', 'X', 'X', :address, '2020-01-01', :now,"
                " :now)"
            ),
            {"address": address, "now": NOW},
        )
        assert await colleagues_among(conn, [one]) == {mailbox(address)}
