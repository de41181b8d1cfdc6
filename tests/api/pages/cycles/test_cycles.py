"""The list of cycles promises no day that has passed, and the same end as a cycle's own page."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from api.pages.cycles.cycles import stage_now
from domain.clock import SetClock
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, plain
from tests.store.people_rows import HR

TODAY = date(2027, 2, 1)


@pytest.mark.parametrize(
    ("due_on", "words"),
    [
        (date(2027, 2, 3), "Self review, due Wed 3 Feb"),
        (TODAY, "Self review, due Mon 1 Feb"),
        (date(2027, 1, 29), "Self review, was due Fri 29 Jan"),
        (None, "Self review"),
    ],
)
def test_open_stage_is_due_or_was_due(due_on: date | None, words: str) -> None:
    assert stage_now("Self review", due_on, TODAY) == words


async def ends(client: AsyncClient, cycle: UUID) -> tuple[str, str]:
    """The last day of a cycle in the list, and on its own page."""
    listed = re.search(r'data-label="Ends">([^<]*)<', (await get(client, "/cycles")).text)
    own = re.search(r"ends (.*?) at the latest", plain(await get(client, f"/cycles/{cycle}")))
    assert listed
    assert own
    return listed[1].strip(), own[1].strip()


async def test_list_says_the_same_end_as_the_page_when_stages_are_late(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    planned = (await ends(await sign_in(HR), world.cycle_id))[0]
    clock.advance(timedelta(days=90))
    listed, own = await ends(await sign_in(HR), world.cycle_id)
    assert listed == own
    assert listed != planned, "the release has not opened: its planned day has passed"


async def test_open_stage_shows_when_its_tasks_are_due_not_the_planned_day(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    moved = clock.now().date() + timedelta(days=40)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE stages SET state = 'open', opened_at = :now"
                " WHERE cycle_id = :cycle AND key = 'self'"
            ),
            {"now": clock.now(), "cycle": world.cycle_id},
        )
        await conn.execute(
            text("UPDATE tasks SET due_on = :moved WHERE cycle_id = :cycle"),
            {"moved": moved, "cycle": world.cycle_id},
        )
        await conn.execute(
            text("UPDATE tasks SET state = 'done', ended_at = :now WHERE cycle_id = :cycle"),
            {"now": clock.now(), "cycle": world.cycle_id},
        )
    page = plain(await get(await sign_in(HR), "/cycles"))
    assert f"Your view, due {moved:%a} {moved.day} {moved:%b}" in page
