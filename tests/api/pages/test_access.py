"""Who sees what: by role, in their own case, and in somebody else's."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.tasks.submitting import submit
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, plain
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, TOP, WORKER


@pytest.mark.parametrize(
    "path",
    [
        "/cycles",
        "/cycles/new",
        "/definitions",
        "/definitions/publish",
        "/people",
        "/people/import",
        "/company",
        "/notifications",
        "/audit",
        "/workflows",
        "/team",
    ],
)
async def test_participant_does_not_see_the_office(
    sign_in: SignIn, world: World, path: str
) -> None:
    page = await get(await sign_in(WORKER), path)
    assert page.status_code == 403
    assert "This is not for you to do" in page.text


async def test_missing_and_hidden_are_not_told_apart(sign_in: SignIn, world: World) -> None:
    worker = await sign_in(WORKER)
    hidden_task = await get(worker, f"/tasks/{world.manager_task}")
    missing = await get(worker, "/tasks/01890000-0000-7000-8000-000000000000")
    assert hidden_task.status_code == missing.status_code == 404
    assert plain(hidden_task).split(" reference ")[0] == plain(missing).split(" reference ")[0]


async def test_hr_is_a_participant_in_its_own_case(sign_in: SignIn, world: World) -> None:
    hr = await sign_in(HR)
    cycle = f"/cycles/{world.cycle_id}"
    assert (await get(hr, f"{cycle}/people/{HR}")).status_code == 404
    assert (await get(hr, f"{cycle}/people/{BOSS}")).status_code == 404
    assert (await get(hr, f"/reviews/{world.cycle_id}/{HR}")).status_code == 404
    assert (await get(hr, f"/tasks/{world.boss_self_task}/steer/excuse")).status_code in (403, 404)
    people = plain(await get(hr, f"{cycle}/people"))
    assert "HR's rights end here" in people
    tasks = await get(hr, f"{cycle}/tasks")
    assert f"/tasks/{world.boss_self_task}" not in tasks.text
    assert f"/tasks/{world.self_task}" in tasks.text


async def test_administrator_reads_no_answers(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    secret = "A sentence that only the line may read."
    async with database.begin() as conn:
        await submit(
            conn, world.self_task, Actor(WORKER, "person"), {"going": secret}, now=clock.now()
        )
    admin = await sign_in(ADMIN)
    for path in (
        f"/tasks/{world.self_task}",
        f"/tasks/{world.self_task}/explain",
        f"/cycles/{world.cycle_id}",
        f"/cycles/{world.cycle_id}/people/{WORKER}",
        "/workflows",
        "/audit",
        "/notifications",
    ):
        page = await get(admin, path)
        assert page.status_code == 200, path
        assert secret not in page.text
    assert (await get(admin, f"/reviews/{world.cycle_id}/{WORKER}")).status_code == 404
    lead = await get(await sign_in(LEAD), f"/tasks/{world.self_task}")
    assert secret in lead.text


async def test_manager_is_not_told_of_lateness_unless_it_was_brought_to_them(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    lead = await sign_in(LEAD)
    before = plain(await get(lead, "/team"))
    assert "Your view" in before
    assert "in 14 days" in before
    clock.advance(timedelta(days=20))
    lead = await sign_in(LEAD)
    unaware = await get(lead, "/team")
    assert "late" not in plain(unaware).lower().replace("latest", "")
    assert "Was due" not in (await get(lead, f"/tasks/{world.self_task}")).text
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET told_to = :told WHERE id = :id"),
            {"told": [LEAD], "id": world.self_task},
        )
    aware = plain(await get(lead, "/team"))
    assert "6 days late" in aware or "7 days late" in aware
    assert "Was due" in (await get(lead, f"/tasks/{world.self_task}")).text


async def test_the_team_list_of_an_hr_member_says_what_is_late(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE reporting_lines SET manager_id = :boss WHERE person_id IN (:a, :b)"),
            {"boss": SECOND_HR, "a": WORKER, "b": HR},
        )
    clock.advance(timedelta(days=20))
    page = plain(await get(await sign_in(SECOND_HR), "/team"))
    assert "6 days late" in page or "7 days late" in page
    unaware = plain(await get(await sign_in(TOP), "/team?who=all"))
    assert "days late" not in unaware
