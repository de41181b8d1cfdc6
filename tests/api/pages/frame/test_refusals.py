"""A page of error says what is so: what happened, what was changed, and where one can go."""

from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Request
from httpx2 import AsyncClient
from sqlalchemy import text

from api.authentication import Call, GuardedRoute, allow
from api.errors import CATALOGUE, what_changed
from api.pages.frame.refusals import PLAIN
from api.transaction import Outcome, Transaction
from domain.access import Action
from domain.errors import NotFound
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.pages.browsing import get, plain, post
from tests.store.people_rows import ADMIN, HR, WORKER

NOT_CHANGED = "Nothing was changed."
Anyone = Annotated[Call, allow(Action.PUBLIC)]


@pytest.fixture
def broken(app: FastAPI, database: Database) -> None:
    """Addresses that go wrong, each at another moment."""
    router = APIRouter(route_class=GuardedRoute)

    @router.api_route("/broken/bug", methods=["GET", "POST"])
    async def bug(call: Anyone) -> None:
        await call.conn.execute(text("UPDATE people SET first_name = 'Changed'"))
        raise RuntimeError("a bug")

    @router.post("/broken/gone")
    async def gone(call: Anyone) -> None:
        raise NotFound("There is no such thing.")

    @router.post("/broken/end")
    async def end(call: Anyone) -> dict[str, str]:
        mine = await call.conn.scalar(text("SELECT pg_backend_pid()"))
        async with database.begin() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        return {}

    app.include_router(router)


async def test_what_is_refused_on_the_way_was_not_changed(
    broken: None, stranger: AsyncClient, database: Database
) -> None:
    for path, status in (("/broken/bug", 500), ("/broken/gone", 404), ("/no/such/page", 404)):
        answer = await post(stranger, path)
        assert answer.status_code == status
        assert NOT_CHANGED in plain(answer)
    async with database.begin() as conn:
        changed = await conn.scalar(
            text("SELECT count(*) FROM people WHERE first_name = 'Changed'")
        )
    assert changed == 0


async def test_of_a_page_that_is_only_looked_at_nothing_is_said(
    broken: None, stranger: AsyncClient
) -> None:
    for path in ("/broken/bug", "/no/such/page", "/cycles/nothing"):
        assert "changed" not in plain(await get(stranger, path))


async def test_after_a_change_that_was_made_the_page_says_that_it_was(
    broken: None, stranger: AsyncClient
) -> None:
    seen = plain(await get(stranger, "/broken/bug?said=submitted"))
    assert "What you did before was kept; only the page after it cannot be shown." in seen
    assert NOT_CHANGED not in seen
    assert "kept" not in plain(await get(stranger, "/broken/bug?said=nonsense"))


async def test_a_connection_that_broke_at_the_end_leaves_it_open(
    broken: None, stranger: AsyncClient
) -> None:
    answer = await post(stranger, "/broken/end")
    assert answer.status_code == 503
    assert "Whether it was kept is not known" in plain(answer)
    assert NOT_CHANGED not in plain(answer)
    problem = (await stranger.post("/broken/end")).json()
    assert "Whether it was kept is not known" in problem["detail"]


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_its_own_sentence(database: Database, outcome: Outcome) -> None:
    transaction = Transaction(database)
    transaction.outcome = outcome
    scope = {"type": "http", "method": "POST", "state": {"transaction": transaction}}
    assert (what_changed(Request(scope)) == NOT_CHANGED) is (outcome is Outcome.NOTHING)
    assert what_changed(Request(scope | {"method": "GET"})) == ""


def test_every_error_has_a_page_and_no_page_claims_what_it_cannot_know() -> None:
    statuses = {int(error.status) for error in CATALOGUE.values()} - {401, 500}
    assert statuses == PLAIN.keys(), "401 leads to the door; 500 is our mistake"
    assert not [said for said in PLAIN.values() if "hanged." in said[1] or "lost" in said[1]]


async def test_a_form_address_that_is_opened_is_no_mistake_of_ours(stranger: AsyncClient) -> None:
    answer = await get(stranger, "/sign-out")
    assert answer.status_code == 405
    assert "This address shows nothing" in plain(answer)


@pytest.mark.parametrize("person", [WORKER, HR, ADMIN])
async def test_whoever_is_signed_in_keeps_the_navigation(sign_in: SignIn, person: int) -> None:
    client = await sign_in(person)
    good = await get(client, "/tasks")
    for path in ("/no/such/page", "/tasks/nothing", "/cycles/nothing"):
        answer = await get(client, path)
        assert answer.status_code >= 400
        assert 'aria-label="Parts of Almanac"' in answer.text
        name = good.text.partition('class="who"><span>')[2].partition("<")[0]
        assert name
        assert f"<span>{name}</span>" in answer.text
