"""A refusal never loses what was typed: the form is shown again, or the texts below it."""

import re
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from api.authentication import guarded_routes
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, hidden, plain, post
from tests.store.people_rows import HR, WORKER
from tests.walk.routes import NO_PAGES

WORDS = "What took me a quarter of an hour & more <to> write"
ESCAPED = "What took me a quarter of an hour &amp; more &lt;to&gt; write"


def _forms(app: FastAPI) -> list[str]:
    return [
        route.path
        for route in guarded_routes(app.router.routes)
        if "POST" in (route.methods or ())
        and not route.path.startswith(NO_PAGES)
        and not route.path.endswith("/draft")  # sent by the script, which keeps the page
    ]


def _address(path: str) -> str:
    known = {"person_id": "1", "change_id": "1", "name": "extend", "process_id": "none"}
    return re.sub(r"{([a-z_]+)(?::\w+)?}", lambda part: known.get(part[1], str(uuid4())), path)


@pytest.mark.parametrize("person", [HR, WORKER, None])
async def test_whatever_refuses_a_form_shows_what_was_typed_into_it(
    app: FastAPI, sign_in: SignIn, world: World, stranger: AsyncClient, person: int | None
) -> None:
    """About things that do not exist, and by people who may not: whichever comes first."""
    refused = set()
    for path in _forms(app):
        if path == "/sign-out":
            continue
        client = await sign_in(person) if person is not None else stranger
        answer = await post(client, _address(path), reason=WORDS, source=WORDS)
        if answer.status_code >= 400:
            refused.add(path)
            assert answer.text.count(ESCAPED) == 1, (path, answer.status_code)
    assert len(refused) > 15, refused


async def test_what_is_typed_into_a_task_that_has_closed_meanwhile_is_shown(
    sign_in: SignIn, database: Database, world: World
) -> None:
    worker = await sign_in(WORKER)
    form = await get(worker, f"/tasks/{world.self_task}")
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'expired', ended_at = now() WHERE id = :id"),
            {"id": world.self_task},
        )
    fields = {"version": hidden(form, "version"), "step": "1", "a.going": WORDS, "go": "preview"}
    late = await worker.post(
        f"/tasks/{world.self_task}", data=fields, headers={"accept": "text/html"}
    )
    assert late.status_code == 409
    assert ESCAPED in late.text
    assert "What you typed" in plain(late)


async def test_hr_who_names_somebody_of_her_own_line_sees_why_beside_what_she_typed(
    sign_in: SignIn, world: World
) -> None:
    hr = await sign_in(HR)
    steer = f"/cycles/{world.cycle_id}/steer/add"
    for go in ("look", ""):
        page = await post(
            hr, steer, person="top@example.com", reason="She wants to take part.", go=go
        )
        assert page.status_code == 403
        assert "This person is you, or somebody above you." in plain(page)
        assert 'value="top@example.com"' in page.text
        assert "She wants to take part." in page.text
        assert "What you typed" not in page.text, "the form shows it"


async def test_a_page_that_is_refused_without_a_form_shows_no_empty_list(
    sign_in: SignIn, world: World
) -> None:
    worker = await sign_in(WORKER)
    for page in (await get(worker, "/audit"), await post(worker, "/company", source="")):
        assert page.status_code == 403
        assert "What you typed" not in page.text
