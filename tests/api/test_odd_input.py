"""Odd input gets a clear refusal, never a mistake of ours, and nothing is lost."""

import pytest
from httpx2 import AsyncClient

from tests.api.conftest import SignIn
from tests.api.cycle import SMALL, World
from tests.api.pages.browsing import hidden
from tests.store.people_rows import SECOND_HR, TOP, WORKER

HTML = {"accept": "text/html"}
LONG = "9" * 5000  # more digits than an integer is read from


@pytest.fixture(params=["\u00b2", "\u0661", LONG], ids=["superscript", "arabic", "long"])
def digits(request: pytest.FixtureRequest) -> str:
    """What looks like digits to `str.isdigit`, and is no number to us."""
    return str(request.param)


async def test_digits_that_are_no_number_are_refused_in_forms(
    world: World, sign_in: SignIn, digits: str
) -> None:
    worker, hr = await sign_in(WORKER), await sign_in(SECOND_HR)
    task = f"/tasks/{world.self_task}"
    seen = hidden(await worker.get(task, headers=HTML), "version")
    fields = {"step": digits, "version": seen, "a.going": "Well."}
    saved = await worker.post(task, data=fields, headers=HTML)
    assert saved.status_code == 303, "an odd step is the first one; what was typed is kept"
    read = await worker.get(f"/api{task}")
    assert read.json()["draft"]["answers"] == {"going": "Well."}
    days = {"days": digits, "key": "k"}
    steered = await hr.post(f"{task}/steer/extend", data=days, headers=HTML)
    looked = await hr.post(f"{task}/steer/extend", data=days | {"go": "look"}, headers=HTML)
    assert (steered.status_code, looked.status_code) == (422, 422)
    file = {"go": "read", "content": "\u00b2=", "name": "x"}
    people = await hr.post("/people/import", data=file, headers=HTML)
    assert people.status_code == 422


async def _prepare(client: AsyncClient, **body: object) -> tuple[int, str]:
    answer = await client.post("/api/cycles", json={"definition": "free", **body})
    return answer.status_code, answer.json().get("code", "")


async def test_launches_that_cannot_be_are_refused_when_they_are_prepared(
    world: World, sign_in: SignIn
) -> None:
    hr = await sign_in(SECOND_HR)
    free = SMALL.replace("small", "free").replace(
        "audience:", "launch: {overlap: allow}\naudience:", 1
    )
    assert (await hr.post("/api/definitions", json={"text": free})).status_code == 201
    for day in ("0001-01-01", "1900-01-01", "2400-01-01", "9999-12-31"):
        assert await _prepare(hr, launch_on=day) == (422, "invalid"), day
    on = "2027-02-02"
    for key in ("abc", "-1", "0", "\u00b2", "\x00", LONG):
        assert await _prepare(hr, launch_on=on, reviewers={key: WORKER}) == (422, "invalid"), key
    assert await _prepare(hr, launch_on=on, reviewers={str(TOP): TOP}) == (422, "invalid")
    nobody = {str(TOP): 2**63 - 1}
    assert await _prepare(hr, launch_on=on, reviewers=nobody) == (404, "not-found")
    assert (await _prepare(hr, launch_on=on, reviewers={str(TOP): WORKER}))[0] == 201
