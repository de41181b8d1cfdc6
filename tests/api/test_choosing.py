"""A cycle for people chosen by name, over the API."""

from typing import Any

import pytest
from sqlalchemy import text

from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import SMALL, World
from tests.store.people_rows import BOSS, LEAD, SECOND_HR, TOP, WORKER

FREE = SMALL.replace("small", "free").replace("audience:", "launch: {overlap: allow}\naudience:", 1)
DAY = "2027-02-02"


async def test_only_the_chosen_take_part_and_the_check_says_so(
    world: World, sign_in: SignIn, database: Database
) -> None:
    hr = await sign_in(SECOND_HR)
    assert (await hr.post("/api/definitions", json={"text": FREE})).status_code == 201
    asked = {"definition": "free", "launch_on": DAY, "people": [WORKER, TOP, LEAD, WORKER]}
    key = {"Idempotency-Key": "only-once"}
    made = [await hr.post("/api/cycles", json=asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json(), "a second time the same"
    assert made[0].json()["participants"] == 2, "the top reports to nobody"
    check: dict[str, Any] = (await hr.get(f"/api/cycles/{made[0].json()['id']}/check")).json()
    assert (check["chosen"], check["people_in"]) == (3, 2)
    [chosen] = [point for point in check["findings"] if point["code"] == "chosen"]
    assert chosen["text"] == "3 people were chosen by name; 4 others take no part."
    assert (chosen["mood"], chosen["names"]) == ("look", ["Top Example"])
    other = {**asked, "people": [BOSS]}
    assert (await hr.post("/api/cycles", json=other, headers=key)).json()["code"] == "key-reused"
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM chosen_people")) == 3


@pytest.mark.parametrize(
    "people", [[], ["5"], [0], [-1], [5.5], [2**63], "5", {"5": 5}, [None], [True]], ids=str
)
async def test_what_is_no_list_of_people_is_refused(
    world: World, sign_in: SignIn, people: object
) -> None:
    hr = await sign_in(SECOND_HR)
    body = {"definition": "small", "launch_on": DAY, "people": people}
    answer = await hr.post("/api/cycles", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_all_who_are_unknown_are_named_at_once(world: World, sign_in: SignIn) -> None:
    hr = await sign_in(SECOND_HR)
    assert (await hr.post("/api/definitions", json={"text": FREE})).status_code == 201
    body = {"definition": "free", "launch_on": DAY, "people": [77, WORKER, 2**63 - 1]}
    answer = (await hr.post("/api/cycles", json=body)).json()
    assert answer["detail"] == f"There is no person 77, {2**63 - 1}."
    [problem] = answer["problems"]
    assert (problem["field"], problem["code"]) == ("people", "unknown")


async def test_others_do_not_choose(world: World, sign_in: SignIn) -> None:
    lead = await sign_in(LEAD)
    body = {"definition": "small", "launch_on": DAY, "people": [WORKER]}
    assert (await lead.post("/api/cycles", json=body)).status_code == 403
