"""Drafts of former tasks, over the API and on the page: sent on or thrown away by their author."""

from datetime import datetime

import pytest_asyncio
from httpx2 import AsyncClient

from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.steering.task import reassign
from store.tasks.submitting import save_draft
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import LEAD, SECOND_HR, TOP, WORKER

WORDS = {"text": "Half of a sentence."}


@pytest_asyncio.fixture
async def left(world: World, database: Database, clock: SetClock) -> World:
    """LEAD had begun the review of WORKER when HR gave it to TOP."""
    now: datetime = clock.now()
    async with database.begin() as conn:
        await save_draft(conn, world.manager_task, Actor(LEAD, "person"), WORDS, now=now)
        await reassign(conn, world.manager_task, TOP, Actor(SECOND_HR, "hr"), now)
    return world


async def _draft(client: AsyncClient, world: World) -> object:
    return (await client.get(f"/api/tasks/{world.manager_task}")).json()["draft"]


async def test_the_former_author_sends_a_draft_on_once(left: World, sign_in: SignIn) -> None:
    author, holder, other = await sign_in(LEAD), await sign_in(TOP), await sign_in(WORKER)
    address = f"/api/tasks/{left.manager_task}/draft/send-on"
    assert (await _draft(holder, left)) is None
    assert (await other.post(address)).status_code == 404
    headers = {"Idempotency-Key": "once"}
    answers = [await author.post(address, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    draft = await _draft(holder, left)
    assert isinstance(draft, dict)
    assert draft["answers"] == WORDS
    assert (await author.post(address)).status_code == 404


async def test_the_former_author_throws_a_draft_away(left: World, sign_in: SignIn) -> None:
    author, holder = await sign_in(LEAD), await sign_in(TOP)
    address = f"/api/tasks/{left.manager_task}/draft"
    assert (await holder.delete(address)).status_code == 404
    assert (await author.delete(address)).status_code == 200
    assert (await author.delete(address)).status_code == 404


async def test_the_page_offers_both_without_a_script(left: World, sign_in: SignIn) -> None:
    author, holder = await sign_in(LEAD), await sign_in(TOP)
    page = (await author.get("/tasks")).text
    assert "Drafts that you may send on" in page
    assert f'action="/tasks/{left.manager_task}/draft/send-on"' in page
    assert f'action="/tasks/{left.manager_task}/draft/discard"' in page
    assert "Drafts that you may send on" not in (await holder.get("/tasks")).text
    # The mail leads to the task, which is not the author's any more: to the draft, then.
    led = await author.get(f"/tasks/{left.manager_task}")
    assert (led.status_code, led.headers["location"]) == (303, "/tasks#drafts")
    origin = {"Origin": "http://127.0.0.1:8000"}
    sent = await author.post(f"/tasks/{left.manager_task}/draft/send-on", headers=origin)
    assert (sent.status_code, sent.headers["location"]) == (303, "/tasks?said=sent-on")
    after = (await author.get("/tasks?said=sent-on")).text
    assert "Drafts that you may send on" not in after
    assert "Sent on." in after
