"""HR names who takes part in a cycle: nothing that was typed is lost, and numbers are shown."""

import re

import pytest_asyncio
from httpx2 import AsyncClient, Response
from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.definitions.versions import publish
from tests.api.conftest import SignIn
from tests.api.pages.browsing import get, hidden, plain, post
from tests.api.pages.talk import MEETING
from tests.store.people_rows import HR, LEAD, WORKER


@pytest_asyncio.fixture
async def form(sign_in: SignIn, app: object, database: Database, clock: SetClock) -> dict[str, str]:
    """What HR sends: a definition and a day, for people chosen by name."""
    async with database.begin() as conn:
        parsed = parse_definition(MEETING, "talk.yaml")
        version = await publish(
            conn, parsed, source=MEETING, actor=Actor(HR, "hr"), now=clock.now()
        )
    return {"version": str(version.id), "launch_on": "2027-01-14", "whom": "chosen", "key": "k"}


def box(page: Response) -> str:
    """What stands in the box."""
    found = re.search(r'<textarea id="f-people"[^>]*>\n(.*?)</textarea>', page.text, re.S)
    assert found
    return found[1]


async def chosen(database: Database) -> list[int]:
    async with database.begin() as conn:
        rows = await conn.execute(text("SELECT person_id FROM chosen_people ORDER BY 1"))
        return list(rows.scalars())


async def sent(client: AsyncClient, form: dict[str, str], **more: str) -> Response:
    return await post(client, "/cycles", **{**form, **more})


async def test_three_ways_to_name_people_make_a_launch_check_for_them(
    sign_in: SignIn, form: dict[str, str], database: Database
) -> None:
    hr = await sign_in(HR)
    typed = {"people": "worker\nLEAD@example.com\r\n\nWorker Example"}
    looked = await sent(hr, form, go="look", **typed)
    said = plain(looked)
    assert looked.status_code == 200
    assert "2 people take part" not in said
    assert "people take part 2" in said
    assert "out: not among those chosen by name 5" in said
    assert "1 line named somebody again; they count once." in said
    assert await chosen(database) == []
    key = hidden(looked, "key")
    places = {
        (await sent(hr, form, go="check", key=key, **typed)).headers["location"] for _ in range(2)
    }
    assert len(places) == 1, "pressed twice, prepared once"
    assert await chosen(database) == [LEAD, WORKER]
    check = plain(await get(hr, places.pop()))
    assert "2 people were chosen by name; 5 others take no part." in check
    assert "Launch for 2 people" in check


async def test_lines_that_name_nobody_are_answered_together_and_stay_as_typed(
    sign_in: SignIn, form: dict[str, str], database: Database
) -> None:
    async with database.begin() as conn:
        await conn.execute(text("UPDATE people SET first_name = 'Lead' WHERE id = :id"), {"id": HR})
        await conn.execute(
            text("UPDATE people SET status = 'left' WHERE employee_id = 'boss'"),
        )
    hr = await sign_in(HR)
    typed = "nobody <b>at all</b>\nworker\n\nLead Example\nboss"
    answer = await sent(hr, form, go="check", people=typed)
    assert answer.status_code == 422
    said = plain(answer)
    assert "We could not match lines 1, 4 and 5." in said
    for words in ("Line 1", "Line 4", "Line 5", "may be several people", "“boss” has left"):
        assert words in said
    assert "<b>at all" not in answer.text
    assert box(answer) == "nobody &lt;b&gt;at all&lt;/b&gt;\nworker\n\nLead Example\nboss"
    assert 'value="take:4:lead"' in answer.text
    taken = await sent(hr, form, go="take:4:lead", people=typed)
    assert (taken.status_code, box(taken).split("\n")[3]) == (200, "lead, Lead Example")
    assert await chosen(database) == []


async def test_a_department_or_a_team_is_named_with_one_button(
    sign_in: SignIn, form: dict[str, str]
) -> None:
    hr = await sign_in(HR)
    page = await get(hr, "/cycles/new")
    assert "Sales (7)" in plain(page)
    team = await sent(hr, {**form, "whom": "all"}, go="direct", manager="top", people="odd")
    lines = box(team).split("\n")
    assert lines[0] == "odd", "what was typed stays"
    assert {line.partition(",")[0] for line in lines[1:] if line} == {"boss", "lead", "secondhr"}
    assert 'value="chosen" checked' in team.text, "naming somebody means: only these"
    below = await sent(hr, form, go="below", manager="top", people="boss")
    assert len(box(below).split()) == 1 + 5 * 3, "nobody twice"
    whole = await sent(hr, form, go="department", department="Sales", people="")
    assert box(whole).count("Example") == 7


async def test_everybody_is_still_what_a_form_means_that_names_nobody(
    sign_in: SignIn, form: dict[str, str], database: Database
) -> None:
    hr = await sign_in(HR)
    nobody = await sent(hr, form, go="check", people=" \n ")
    assert nobody.status_code == 422
    assert "Name at least one person" in plain(nobody)
    everybody = {**form, "whom": "all"}
    looked = plain(await sent(hr, everybody, go="look", people="worker"))
    assert "people take part 6" in looked
    assert (await sent(hr, everybody, people="worker")).status_code == 303
    assert await chosen(database) == []


async def test_odd_input_is_answered_with_the_form(sign_in: SignIn, form: dict[str, str]) -> None:
    hr = await sign_in(HR)
    for act in ("take:", "take:x:y", "take:99:worker", "take:1", "direct", "department"):
        answer = await sent(hr, form, go=act, people="worker\x00", manager="\u00b2", department="?")
        assert (answer.status_code, box(answer).strip()) == (200, "worker"), act
    worker = await sign_in(WORKER)
    assert (await sent(worker, form, go="look", people="boss")).status_code == 403
