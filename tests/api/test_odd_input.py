"""Odd input gets a clear refusal, never a mistake of ours, and nothing is lost."""

import pytest

from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import SECOND_HR, WORKER

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
    fields = {"step": digits, "version": "1.0", "a.going": "Well."}
    saved = await worker.post(task, data=fields, headers=HTML)
    assert saved.status_code == 303, "an odd step is the first one; what was typed is kept"
    read = await worker.get(f"/api{task}")
    assert read.json()["draft"]["answers"] == {"going": "Well."}
    days = {"days": digits, "key": "k"}
    steered = await hr.post(f"{task}/steer/extend", data=days, headers=HTML)
    looked = await hr.get(f"{task}/steer/extend?go=look&days={digits}", headers=HTML)
    assert (steered.status_code, looked.status_code) == (422, 422)
    file = {"go": "read", "content": "\u00b2=", "name": "x"}
    people = await hr.post("/people/import", data=file, headers=HTML)
    assert people.status_code == 422
