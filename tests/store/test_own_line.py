"""Nobody is told up the line about themselves, or by HR's mail about their own manager line."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from definitions.ladders import Rung
from domain.notifications import Event
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.outbox.notices import tell_desk
from store.people.leaves import add_leave
from store.tasks.recipients import Told, who_is_told
from tests.api.cycle import launch_small
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, WORKER, insert_people


@dataclass(frozen=True)
class _Overdue:
    id: UUID
    subject_id: int | None
    assignee_id: int | None
    desk: str | None = None
    told_to: tuple[int, ...] = ()


async def test_an_escalation_passes_over_whom_it_is_about(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)

    async def told(subject: int, assignee: int, to: str) -> Told:
        task = _Overdue(world.manager_task, subject, assignee)
        on = now + timedelta(days=20)
        rung = Rung("escalate:3", "escalate", on.date(), on, 3, to)
        async with database.begin() as conn:
            cycle = await load_cycle(conn, world.cycle_id)
            stage = next(s for s in cycle.stages.values() if s.key == "manager")
            found = await who_is_told(conn, cycle, stage, [task], {task.id: (rung, on.date())})
            return found[task.id]

    assert (await told(WORKER, LEAD, "hr")).people == (HR, SECOND_HR)
    assert (await told(HR, BOSS, "hr")).people == (SECOND_HR,)
    # WORKER writes about LEAD, their own manager: not LEAD is told that it is late.
    about_lead = await told(LEAD, WORKER, "manager")
    assert f"{LEAD}:is_concerned" in about_lead.skipped
    assert LEAD not in about_lead.people


async def test_a_delegate_stands_in_for_nobody_about_themselves(
    database: Database, now: datetime
) -> None:
    """WORKER acts for LEAD, their manager, and is late: HR is told in LEAD's place."""
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    on = now + timedelta(days=20)
    rung = Rung("escalate:3", "escalate", on.date(), on, 3, "manager")
    async with database.begin() as conn:
        last = on.date() + timedelta(days=10)
        await add_leave(conn, LEAD, on.date(), last, delegate_id=WORKER, now=now)
        cycle = await load_cycle(conn, world.cycle_id)
        stage = next(s for s in cycle.stages.values() if s.key == "self")
        for holder, people in ((WORKER, (HR, SECOND_HR)), (ADMIN, (LEAD,))):
            task = _Overdue(world.self_task, holder, holder)
            found = await who_is_told(conn, cycle, stage, [task], {task.id: (rung, on.date())})
            assert found[task.id].people == people


async def test_the_desk_leaves_a_case_of_ones_own_line_to_the_others(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)

    async def told(subject: int) -> set[int]:
        async with database.begin() as conn:
            await tell_desk(
                conn,
                "hr",
                Event.NOT_HELD,
                key=f"case:{subject}",
                cause="closed",
                now=now,
                cycle_id=world.cycle_id,
                subject_id=subject,
            )
            rows = await conn.execute(
                text("SELECT person_id FROM notifications WHERE subject_id = :id"), {"id": subject}
            )
            return set(rows.scalars())

    assert await told(WORKER) == {HR, SECOND_HR}
    assert await told(BOSS) == {SECOND_HR}
    assert await told(HR) == {SECOND_HR}
