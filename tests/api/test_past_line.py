"""Whoever was above a member of HR during a cycle stays closed to them in it, by every list."""

from datetime import timedelta

from sqlalchemy import text

from domain.access import SERVICE
from domain.clock import SetClock
from store.base.session import Database
from store.changes.people_events import change_manager
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import BOSS, HR, TOP


async def _away_from_the_boss(database: Database, clock: SetClock) -> None:
    """HR reports to TOP from now on: a colleague, a script, or a real change."""
    async with database.begin() as conn:
        await change_manager(conn, HR, TOP, clock.now().date(), actor=SERVICE, now=clock.now())


async def test_a_change_of_manager_opens_no_case_of_the_former_one_in_a_cycle_that_saw_them(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    cycle = f"/api/cycles/{world.cycle_id}"
    client = await sign_in(HR)
    clock.advance(timedelta(days=2))
    await _away_from_the_boss(database, clock)
    clock.advance(timedelta(hours=1))
    client = await sign_in(HR)
    task = f"/api/tasks/{world.boss_self_task}"
    assert (await client.get(task)).status_code == 404
    assert (await client.get(f"{task}/explain")).status_code == 404
    excuse = await client.post(f"{task}/excuse", json={"reason": "x"})
    assert excuse.status_code in (403, 404)
    listed = (await client.get(f"{cycle}/tasks")).json()["items"]
    assert str(world.boss_self_task) not in {one["id"] for one in listed}
    assert (await client.get(f"/reviews/{world.cycle_id}/{BOSS}")).status_code == 404
    person = (await client.get(f"/cycles/{world.cycle_id}/people/{BOSS}")).status_code
    assert person in (403, 404)
    # Also when the cycle has long been closed.
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE cycles SET state = 'closed', closed_at = :now"), {"now": clock.now()}
        )
    clock.advance(timedelta(days=400))
    client = await sign_in(HR)
    assert (await client.get(task)).status_code == 404


async def test_in_a_cycle_after_it_the_former_manager_is_a_case_like_others(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE reporting_lines SET valid_to = '2026-06-01' WHERE person_id = :hr"),
            {"hr": HR},
        )
        await conn.execute(
            text(
                "INSERT INTO reporting_lines (person_id, manager_id, valid_from)"
                " VALUES (:hr, :top, '2026-06-01')"
            ),
            {"hr": HR, "top": TOP},
        )
    client = await sign_in(HR)
    assert (await client.get(f"/api/tasks/{world.boss_self_task}")).status_code == 200
    listed = (await client.get(f"/api/cycles/{world.cycle_id}/tasks")).json()["items"]
    assert str(world.boss_self_task) in {one["id"] for one in listed}
