"""Whose cases are not a desk member's: the same answer for pages, mails, escalations and acts."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from definitions.ladders import Rung
from domain.access import SERVICE, AccessRole, Actor, is_own_case
from domain.errors import NotFound
from domain.notifications import Event
from store.access.facts import reader_of
from store.base.session import Database
from store.changes.people_events import change_manager
from store.cycles.facts import load_cycle
from store.outbox.notices import tell_desk
from store.people.own_lines import closed_cases, left_to
from store.tasks.announcing import Opened, announce
from store.tasks.recipients import Told, who_is_told
from store.tasks.rows import lock_task, may_act
from tests.api.cycle import World, launch_small
from tests.store.people_rows import BOSS, HR, SECOND_HR, TOP, WORKER, insert_people

AFTER = timedelta(days=20)


async def _world(database: Database, now: datetime) -> World:
    """A cycle that saw HR under BOSS; some days later HR reports to TOP directly."""
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        on = (now + timedelta(days=2)).date()
        later = now + timedelta(days=2)
        await change_manager(conn, HR, TOP, on, actor=SERVICE, now=later)
    return world


@pytest.mark.parametrize("subject", [TOP, BOSS, HR, SECOND_HR, WORKER])
async def test_the_set_wise_form_says_what_the_rule_says(
    database: Database, now: datetime, subject: int
) -> None:
    world = await _world(database, now)
    on = (now + AFTER).date()
    async with database.begin() as conn:
        closed = await closed_cases(conn, [HR, SECOND_HR], on, world.cycle_id)
        for member in (HR, SECOND_HR):
            reader = await reader_of(conn, member, frozenset({AccessRole.HR}), on)
            assert (subject in closed[member]) is is_own_case(reader, subject, world.cycle_id)


async def test_a_line_that_ended_on_the_day_of_the_launch_counts(
    database: Database, now: datetime
) -> None:
    """Launched in the morning, moved away from the boss at noon."""
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        launched = await conn.scalar(text("SELECT launch_on FROM cycles"))
        await change_manager(conn, HR, TOP, launched, actor=SERVICE, now=now)
        closed = await closed_cases(conn, [HR], (now + AFTER).date(), world.cycle_id)
        assert BOSS in closed[HR]
        reader = await reader_of(conn, HR, frozenset({AccessRole.HR}), (now + AFTER).date())
        assert is_own_case(reader, BOSS, world.cycle_id)


class _Overdue:
    def __init__(self, task: UUID, subject: int, desk: str | None = None) -> None:
        self.id = task
        self.subject_id = subject
        self.assignee_id = None if desk else subject
        self.desk = desk
        self.told_to: tuple[int, ...] = ()


async def test_an_escalation_to_the_desk_passes_over_those_whose_line_it_is_about(
    database: Database, now: datetime
) -> None:
    """Whoever is told may read the task and act on it: it would open a boss's case."""
    world = await _world(database, now)
    on = now + AFTER
    rung = Rung("escalate:6", "escalate", on.date(), on, 6, "hr")

    async def told(subject: int, kind: str = "escalate", desk: str | None = None) -> Told:
        task = _Overdue(world.boss_self_task, subject, desk)
        fired = Rung(rung.key, kind, rung.on, rung.at, rung.level, rung.to)
        async with database.begin() as conn:
            cycle = await load_cycle(conn, world.cycle_id)
            stage = next(s for s in cycle.stages.values() if s.key == "self")
            found = await who_is_told(conn, cycle, stage, [task], {task.id: (fired, on.date())})
        return found[task.id]

    assert (await told(WORKER)).people == (HR, SECOND_HR)
    assert (await told(BOSS)).people == (SECOND_HR,)  # above HR at the launch
    assert (await told(BOSS)).skipped == (f"{HR}:is_concerned",)
    assert (await told(BOSS, "remind", "hr")).people == (SECOND_HR,)  # what the desk holds
    # TOP is above both: somebody must hear of it, and the ladder knows nobody else.
    assert (await told(TOP)).people == (HR, SECOND_HR)


async def test_what_is_told_to_a_desk_is_left_to_the_others(
    database: Database, now: datetime
) -> None:
    world = await _world(database, now)
    later = now + AFTER
    async with database.begin() as conn:
        await tell_desk(
            conn,
            "hr",
            Event.NOT_HELD,
            key="case",
            cause="closed",
            now=later,
            cycle_id=world.cycle_id,
            subject_id=BOSS,
        )
        cycle = await load_cycle(conn, world.cycle_id)
        stage = next(s for s in cycle.stages.values() if s.key == "manager")
        opened = Opened(world.manager_task, BOSS, None, None, later, later, 1)
        await announce(conn, cycle, stage, [opened], later)
        rows = await conn.execute(
            text(
                "SELECT event, person_id FROM notifications WHERE desk = 'hr'"
                " AND event IN ('not_held', 'needs_assignee') ORDER BY 1"
            )
        )
        assert [tuple(row) for row in rows] == [
            ("needs_assignee", SECOND_HR),
            ("not_held", SECOND_HR),
        ]


def test_a_case_that_is_nobodys_is_left_to_all_but_the_subject() -> None:
    closed = {1: frozenset({1, 9}), 2: frozenset({2, 9})}
    assert left_to([1, 2], closed, 9) == [1, 2]
    assert left_to([1, 2], closed, 1) == [2]
    assert left_to([1], {1: frozenset({1})}, 1) == []


async def test_a_desks_task_about_a_former_manager_is_not_done_by_that_member(
    database: Database, now: datetime
) -> None:
    world = await _world(database, now)
    later = now + AFTER
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = NULL, desk = 'hr' WHERE id = :id"),
            {"id": world.boss_self_task},
        )
        _, _, task = await lock_task(conn, world.boss_self_task)
        await may_act(conn, task, Actor(SECOND_HR, "hr"), later)
        with pytest.raises(NotFound):
            await may_act(conn, task, Actor(HR, "hr"), later)
