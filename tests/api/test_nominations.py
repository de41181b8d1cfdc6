"""Lists of raters over the API: read, kept, sent, approved; one more person; never a state."""

import json
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from store.base.session import Database
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.api.round import ask_at_once, decline, listed, make_full, open_step, round_world
from tests.store.kinds.feedback_round.test_nominating import _task
from tests.store.kinds.feedback_round.world import World, rows


@pytest_asyncio.fixture
async def app(database: Database, database_url: str, clock: SetClock) -> FastAPI:
    settings = Settings(
        database_url=database_url, service_key=SERVICE_KEY, public_url="http://127.0.0.1:8000"
    )
    return create_app(settings, clock=clock, database=database)


@pytest_asyncio.fixture
async def world(database: Database) -> World:
    return await round_world(database)


def peers(*people: int) -> dict[str, Any]:
    return {"raters": [{"person_id": person, "relationship": "peers"} for person in people]}


async def test_a_list_says_what_is_asked_for_and_who_could_be_on_it(
    world: World, database: Database, sign_in: SignIn
) -> None:
    await make_full(database, world, world.team[7])
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    answer = await client.get(f"/api/tasks/{task}/raters")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["step"], body["may_change"], body["threshold"]) == ("nominate", True, 3)
    assert body["quotas"][0] == {
        "relationship": "peers",
        "least": 4,
        "most": 6,
        "at_most": 8,
        "named": 0,
    }
    assert body["short"] == ["peers"]
    assert body["by_rule"] == ["self"]
    assert body["suggestions"][0]["reasons"] == ["shared_project", "shared_manager"]
    assert [one["person_id"] for one in body["suggestions"] if one["full"]] == [world.team[7]]
    found = await client.get(f"/api/tasks/{task}/raters/colleagues", params={"q": "anna"})
    assert [one["person_id"] for one in found.json()] == [world.team[6]]
    assert answer.headers["etag"] == '"1"'


async def test_a_list_is_kept_sent_and_approved_with_versions_and_keys(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client, manager = await sign_in(world.subject), await sign_in(world.lead)
    task = await _task(database, world, "nominate")
    place = f"/api/tasks/{task}/raters"
    four = peers(*world.team[3:7])
    assert (await client.put(place, json=four)).status_code == 428
    kept = await client.put(place, json=four, headers={"If-Match": '"1"'})
    assert (kept.status_code, kept.headers["etag"]) == (200, '"2"')
    three = peers(*world.team[3:6])
    assert (await client.put(place, json=three, headers={"If-Match": '"1"'})).status_code == 412
    same = await client.put(place, json=four, headers={"If-Match": '"1"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"3"')
    outside = {"email": "otto@client.example", "first_name": "Otto"}
    headers = {"If-Match": '"3"', "Idempotency-Key": "a-list-of-raters"}
    sent = await client.post(
        f"{place}/submit", json={**four, "outside": [outside]}, headers=headers
    )
    again = await client.post(
        f"{place}/submit", json={**four, "outside": [outside]}, headers=headers
    )
    assert (sent.status_code, again.json()) == (200, sent.json())
    assert sent.json()["raters"][4]["address"] == "otto@client.example"
    assert (await client.post(f"{place}/submit", json=four)).status_code == 409
    await open_step(database, world, "approve")
    step = await _task(database, world, "approve")
    assert (await client.post(f"/api/tasks/{step}/raters/approve", json=four)).status_code == 404
    approved = await manager.post(f"/api/tasks/{step}/raters/approve", json=four)
    assert approved.status_code == 200, approved.text
    assert [state for _, _, state in await listed(database, world)] == ["asked"] * 4


async def test_everything_wrong_is_said_at_once(
    world: World, database: Database, sign_in: SignIn
) -> None:
    await make_full(database, world, world.team[7])
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    body = {
        **peers(world.subject, world.team[7], world.lead),
        "outside": [{"email": "x\r\nBcc: y@z.example", "first_name": "Otto"}],
    }
    refused = await client.post(f"/api/tasks/{task}/raters/submit", json=body)
    assert refused.status_code == 422
    assert [one["code"] for one in refused.json()["problems"]] == [
        "self",
        "full",
        "manager",
        "address",
    ]


@pytest.mark.parametrize(
    ("method", "path"), [("put", "draft"), ("post", "submit"), ("post", "withdraw")]
)
async def test_a_list_is_no_form(
    world: World, database: Database, sign_in: SignIn, method: str, path: str
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    if path == "withdraw":
        sent = await client.post(f"/api/tasks/{task}/raters/submit", json=peers(world.team[3]))
        assert sent.status_code == 200
    body: dict[str, Any] | None = None if path == "withdraw" else {"answers": {}}
    answer = await client.request(
        method, f"/api/tasks/{task}/{path}", json=body, headers={"If-Match": "*"}
    )
    assert answer.status_code == 409
    assert "list of people" in answer.json()["detail"]


async def test_a_list_is_nobody_elses_business(
    world: World, database: Database, sign_in: SignIn
) -> None:
    task = await _task(database, world, "nominate")
    for other in (world.lead, world.hr, world.team[5]):
        client = await sign_in(other)
        assert (await client.get(f"/api/tasks/{task}/raters")).status_code == 404
        assert (await client.get(f"/api/tasks/{task}/raters/colleagues?q=a")).status_code == 404
        body = peers(world.team[3])
        for path in ("submit", "approve"):
            answer = await client.post(f"/api/tasks/{task}/raters/{path}", json=body)
            assert answer.status_code == 404
        one = {"person": {"person_id": world.team[3], "relationship": "peers"}}
        answer = await client.post(f"/api/tasks/{task}/raters/replacement", json=one)
        assert answer.status_code == 404


async def _answers(client: Any, task: UUID) -> str:
    body = (await client.get(f"/api/tasks/{task}/raters")).json()
    return json.dumps({key: body[key] for key in body if key != "wanted"})


async def test_a_decline_changes_nothing_but_that_one_more_is_wanted(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    place = f"/api/tasks/{task}/raters"
    await client.post(f"{place}/submit", json=peers(*world.team[3:7]))
    await ask_at_once(database, world)
    before = await _answers(client, task)
    await decline(database, world, world.team[6])
    assert await _answers(client, task) == before
    assert (await client.get(place)).json()["wanted"] == 1
    refusals = []
    for known in (world.team[5], world.team[6]):
        one = {"person": {"person_id": known, "relationship": "peers"}}
        refused = await client.post(f"{place}/replacement", json=one)
        refusals.append([{**p, "person_id": 0} for p in refused.json()["problems"]])
    assert refusals[0] == refusals[1]
    one = {"person": {"person_id": world.team[8], "relationship": "peers"}}
    named = await client.post(f"{place}/replacement", json=one)
    assert named.status_code == 200, named.text
    assert (await client.post(f"{place}/replacement", json=one)).status_code == 409
    assert await rows(
        database, "SELECT source FROM raters WHERE person_id = :p", p=world.team[8]
    ) == [("replacement",)]


async def test_who_declined_elsewhere_looks_as_full_as_before(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    await make_full(database, world, world.team[6])
    before = await client.get(f"/api/tasks/{task}/raters")
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE raters SET state = 'declined', decline_reason = 'x' WHERE person_id = :p"),
            {"p": world.team[6]},
        )
    assert (await client.get(f"/api/tasks/{task}/raters")).content == before.content
