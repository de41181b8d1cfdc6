"""Changed addresses and changes of desks, as pages and by API, for each role."""

from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from domain.clock import SetClock
from store.access.links import LinkPurpose, create_link
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, plain, post
from tests.store.changes.test_desk_changes import WITH_WORKER, _file
from tests.store.people_rows import ADMIN, HR, LEAD, SECOND_HR, WORKER

CSV = "employee_id,first_name,last_name,email,hire_date\nworker,Worker,Example,{},2020-01-01"


async def _steal(client: AsyncClient, address: str = "thief@example.com") -> int:
    answer = await client.post("/api/people/import", content=CSV.format(address))
    return int(answer.status_code)


async def _signed_in_before(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(text("UPDATE people SET signed_in = true"))


async def _link(database: Database, clock: SetClock, person: int, purpose: LinkPurpose) -> str:
    async with database.begin() as conn:
        change = await conn.scalar(text("SELECT max(id) FROM address_changes"))
        return await create_link(
            conn,
            person_id=person,
            purpose=purpose,
            task_id=None,
            target=f"/address/{change}" if purpose is LinkPurpose.ADDRESS else "/",
            now=clock.now(),
            lifetime=timedelta(days=30),
        )


@pytest.mark.parametrize("thief", [HR, ADMIN, None], ids=["hr", "administrator", "service key"])
async def test_whoever_changes_an_address_does_not_become_its_owner(
    sign_in: SignIn,
    script: AsyncClient,
    stranger: AsyncClient,
    database: Database,
    clock: SetClock,
    world: World,
    thief: int | None,
) -> None:
    await _signed_in_before(database)
    client = script if thief is None else await sign_in(thief)
    victim = await sign_in(WORKER)
    assert await _steal(client) == 200
    assert (await victim.get("/api/me")).status_code == 401
    token = await _link(database, clock, WORKER, LinkPurpose.SIGN_IN)
    page = await get(stranger, f"/l/{token}")
    assert (page.status_code, "Not yet" in page.text) == (410, True)
    assert (await post(stranger, f"/l/{token}")).status_code == 410
    refused = await stranger.post("/api/session", json={"token": token})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal-state")
    assert (await stranger.get("/api/me")).status_code == 401


async def test_the_old_address_decides_by_a_button_and_never_by_opening_the_page(
    sign_in: SignIn, stranger: AsyncClient, database: Database, clock: SetClock
) -> None:
    await _signed_in_before(database)
    assert await _steal(await sign_in(HR)) == 200
    token = await _link(database, clock, WORKER, LinkPurpose.ADDRESS)
    page = await get(stranger, f"/address/{token}")
    assert "thief@example.com" in page.text
    assert (await get(stranger, f"/l/{token}")).headers["location"] == f"/address/{token}"
    assert (await stranger.post("/api/session", json={"token": token})).status_code == 401
    done = await post(stranger, f"/address/{token}", go="object")
    assert "Taken back" in done.text
    assert (await post(stranger, f"/address/{token}", go="confirm")).status_code == 410
    async with database.begin() as conn:
        email = await conn.scalar(text("SELECT email FROM people WHERE id = :id"), {"id": WORKER})
    assert email == "worker@example.com"


async def test_a_second_member_stands_for_a_changed_address_on_the_page_and_by_api(
    sign_in: SignIn, script: AsyncClient, database: Database, world: World
) -> None:
    await _signed_in_before(database)
    hr, second, lead = await sign_in(HR), await sign_in(SECOND_HR), await sign_in(LEAD)
    assert await _steal(hr) == 200
    waiting = (await hr.get("/api/address-changes")).json()
    change = waiting[0]["id"]
    assert "1 changed address" in plain(await get(hr, "/people"))
    for client in (hr, script, lead):
        assert (await client.post(f"/api/address-changes/{change}/vouch")).status_code == 403
    assert f'value="{change}"' not in (await get(hr, "/people/addresses")).text
    assert f'value="{change}"' in (await get(second, "/people/addresses")).text
    assert (await post(second, "/people/addresses", change=str(change))).status_code == 303
    assert (await second.get("/api/address-changes")).json() == []
    assert (await second.post(f"/api/address-changes/{change}/vouch")).status_code == 404


async def test_a_change_of_a_desk_by_page_and_api_waits_for_a_second_member(
    sign_in: SignIn, script: AsyncClient, database: Database
) -> None:
    admin, hr, worker = await sign_in(ADMIN), await sign_in(HR), await sign_in(WORKER)
    wanted = _file(WITH_WORKER)
    assert (await worker.put("/api/company", json={"source": wanted})).status_code == 403
    assert (await script.put("/api/company", json={"source": wanted})).status_code == 403
    saved = await post(admin, "/company", source=wanted)
    assert saved.headers["location"] == "/company?said=desk-waits"
    change = (await admin.get("/api/desk-changes")).json()[0]["id"]
    assert "Confirm it" not in (await get(admin, "/company")).text
    assert "Confirm it" in (await get(hr, "/company")).text
    for client in (admin, script, worker):
        answer = await client.post(f"/api/desk-changes/{change}/confirm")
        assert answer.status_code == 403, answer.text
    assert "hr" not in (await worker.get("/api/me")).json()["roles"]
    assert (await post(hr, f"/company/desks/{change}", go="confirm")).status_code == 303
    assert "hr" in (await worker.get("/api/me")).json()["roles"]


async def test_nobody_writes_themselves_into_a_desk(
    sign_in: SignIn, database: Database, now: datetime
) -> None:
    admin = await sign_in(ADMIN)
    wanted = _file(("hr@example.com", "secondhr@example.com", "admin@example.com"))
    page = await post(admin, "/company", source=wanted)
    assert (page.status_code, "Nobody puts themselves at a desk" in plain(page)) == (422, True)
    answer = await admin.put("/api/company", json={"source": wanted})
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (422, "own_desk")
    assert (await admin.get("/api/me")).json()["roles"] == ["administrator", "participant"]
    assert (await admin.get("/api/desk-changes")).json() == []
