"""Where a definition keeps answers from HR, nobody of HR makes themselves a reviewer."""

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from domain.access import Actor
from domain.clock import SetClock
from domain.errors import Invalid
from store.base.session import Database
from store.launch import launching
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import ADMIN, BOSS, HR, SECOND_HR, TOP


async def _keep_from_hr(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE definition_versions SET content = jsonb_set(content, '{policies}',"
                " coalesce(content -> 'policies', '{}') || '{\"hr_reads\": \"completion only\"}')"
            )
        )


@pytest.mark.parametrize(("person", "status"), [(HR, 422), (SECOND_HR, 200)])
async def test_nobody_of_hr_takes_a_review_over_to_read_what_hr_does_not(
    sign_in: SignIn, database: Database, world: World, person: int, status: int
) -> None:
    await _keep_from_hr(database)
    client = await sign_in(HR)
    address = f"/api/tasks/{world.manager_task}/reassign"
    answer = await client.post(address, json={"person_id": person, "reason": "x"})
    if answer.status_code == 422 and status == 200:
        answer = await client.post(address, json={"person_id": person})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("person", "kept", "status"),
    [(ADMIN, False, 422), (HR, True, 422), (HR, False, 200), (BOSS, True, 200)],
    ids=["an administrator", "HR that reads nothing", "HR that reads all", "nobody at a desk"],
)
async def test_nor_is_made_one_by_a_script_whose_key_may_be_theirs(
    script: AsyncClient, database: Database, world: World, person: int, kept: bool, status: int
) -> None:
    if kept:
        await _keep_from_hr(database)
    answer = await script.post(
        f"/api/tasks/{world.manager_task}/reassign", json={"person_id": person}
    )
    assert answer.status_code == status, answer.text


async def test_nor_names_themselves_for_somebody_with_nobody_up_the_line(
    database: Database, world: World, clock: SetClock
) -> None:
    await _keep_from_hr(database)
    by = Actor(HR, "hr")
    async with database.begin() as conn:
        await conn.execute(text("UPDATE cycles SET state = 'closed'"))
    with pytest.raises(Invalid, match="kept from this member"):
        async with database.begin() as conn:
            await launching.prepare(
                conn,
                world.version_id,
                clock.now().date(),
                "button",
                by,
                clock.now(),
                reviewers={TOP: HR},
            )
