"""Signing in by mailed link, and what an error looks like."""

from datetime import timedelta
from uuid import UUID

from httpx2 import AsyncClient
from sqlalchemy import text

from domain.clock import SetClock
from store.access import links
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, hidden, plain, post
from tests.store.people_rows import LEAD, WORKER


async def test_page_without_a_session_leads_to_the_door_and_back(stranger: AsyncClient) -> None:
    answer = await get(stranger, "/tasks?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Ftasks%3Fx%3D1"
    door = await get(stranger, answer.headers["location"])
    assert hidden(door, "next") == "/tasks?x=1"


async def test_door_does_not_lead_to_another_site(stranger: AsyncClient) -> None:
    door = await get(stranger, "/sign-in?next=//evil.example/")
    assert hidden(door, "next") == "/"


async def test_asking_for_a_link_says_the_same_for_unknown_addresses(
    stranger: AsyncClient, database: Database, world: World
) -> None:
    known = await post(stranger, "/sign-in", email="worker@example.com", next="/tasks")
    unknown = await post(stranger, "/sign-in", email="nobody@example.com", next="/tasks")
    assert known.status_code == unknown.status_code == 200
    assert plain(known).replace("worker@", "") == plain(unknown).replace("nobody@", "")
    async with database.begin() as conn:
        asked = await conn.scalar(text("SELECT count(*) FROM notifications WHERE event='sign_in'"))
    assert asked == 1


async def test_bad_address_is_kept_and_explained(stranger: AsyncClient) -> None:
    page = await post(stranger, "/sign-in", email="worker at example", next="/")
    assert page.status_code == 422
    assert 'value="worker at example"' in page.text
    assert "Enter an address like name@company.com" in page.text


async def make_link(
    database: Database, clock: SetClock, person: int, target: str, task_id: UUID | None = None
) -> str:
    async with database.begin() as conn:
        return await links.create_link(
            conn,
            person_id=person,
            purpose="task",
            task_id=task_id,
            target=target,
            now=clock.now(),
            lifetime=timedelta(days=1),
        )


async def test_opening_a_link_changes_nothing_and_the_button_signs_in(
    stranger: AsyncClient, database: Database, clock: SetClock, world: World
) -> None:
    target = f"/tasks/{world.self_task}"
    token = await make_link(database, clock, WORKER, target, world.self_task)
    page = await get(stranger, f"/l/{token}")
    assert "Hello Worker" in page.text
    assert (await get(stranger, "/tasks")).status_code == 303
    entered = await post(stranger, f"/l/{token}")
    assert (entered.status_code, entered.headers["location"]) == (303, target)
    assert (await get(stranger, target)).status_code == 200
    again = await get(stranger, f"/l/{token}")
    assert (again.status_code, again.headers["location"]) == (303, target)


async def test_link_of_somebody_else_opens_nothing(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    token = await make_link(database, clock, WORKER, "/tasks")
    lead = await sign_in(LEAD)
    page = await get(lead, f"/l/{token}")
    assert page.status_code == 200
    assert "You are signed in as" in page.text
    assert "Worker" not in page.text
    again = await post(lead, f"/l/{token}")
    assert "You are signed in as" in again.text
    assert "set-cookie" not in again.headers


async def test_link_of_another_is_followed_by_who_asks_to_be_signed_out(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    token = await make_link(database, clock, WORKER, "/reviews")
    lead = await sign_in(LEAD)
    before = lead.cookies["almanac"]
    field = hidden(await get(lead, f"/l/{token}"), "instead")
    answer = await post(lead, f"/l/{token}", instead=field)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reviews")
    assert "Worker" in (await get(lead, "/tasks")).text
    lead.cookies.clear()
    lead.cookies.set("almanac", before)
    assert (await get(lead, "/tasks")).headers["location"].startswith("/sign-in"), "it has ended"


async def test_link_that_ran_out_or_was_revoked_offers_a_new_one(
    stranger: AsyncClient, database: Database, clock: SetClock, world: World
) -> None:
    expired = await make_link(database, clock, WORKER, "/tasks")
    clock.advance(timedelta(days=2))
    revoked = await make_link(database, clock, WORKER, "/tasks")
    async with database.begin() as conn:
        await links.revoke_for_person(conn, WORKER, clock.now())
    for token, words in ((expired, "run out"), (revoked, "no longer works")):
        for page in (await get(stranger, f"/l/{token}"), await post(stranger, f"/l/{token}")):
            assert page.status_code == 410
            assert words in page.text
            assert "Send me a new link" in page.text
    assert (await get(stranger, "/l/of-nothing-at-all")).status_code == 404
