"""Every route says who may call it; whoever does not belong is refused. The default is nobody."""

import re
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient

from api.authentication import GuardedRoute, allow, declared_action, guarded_routes
from domain.access import ROLES_FOR, AccessRole, Action
from domain.clock import SetClock
from store.base.session import Database
from store.people.outside import External, enter
from tests.api.conftest import SignIn
from tests.store.people_rows import ADMIN, HR, LEAD, WORKER

UUID = "0198b6a0-0000-7000-8000-000000000000"


def _paths(app: FastAPI) -> list[tuple[str, str, Action]]:
    found = []
    for route in guarded_routes(app.router.routes):
        action = declared_action(route.dependant)
        assert action is not None, f"{route.path} does not say who may call it"
        found += [(method, route.path, action) for method in sorted(route.methods or ())]
    return found


def _address(path: str) -> str:
    path = path.replace("{session_id}", "0" * 16).replace("{person_id}", "5")
    return re.sub(r"\{[a-z_]+\}", UUID, path)


async def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    paths = _paths(app)
    assert len(paths) > 40
    assert {path for _, path, action in paths if action is Action.PUBLIC and "/api" in path} == {
        "/api/session",
        "/api/session/link",
    }


async def test_a_route_that_does_not_say_cannot_be_registered() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(RuntimeError, match="who may call it"):

        @router.get("/open")
        async def open_door() -> None: ...

    @router.get("/guarded")
    async def guarded(_: Annotated[object, allow(Action.READ_CYCLE)]) -> None: ...


async def test_a_stranger_is_asked_to_sign_in_everywhere(
    app: FastAPI, stranger: AsyncClient
) -> None:
    for method, path, action in _paths(app):
        if action is Action.PUBLIC or not path.startswith("/api"):
            continue
        answer = await stranger.request(method, _address(path))
        assert answer.status_code in (401, 422), (method, path, answer.text)
        if answer.status_code == 422:  # a body that is malformed is refused before anybody is known
            answer = await stranger.request(method, _address(path), json=None, content=b"")
            assert answer.headers["content-type"] == "application/problem+json"


OUTSIDE = 8
"""Somebody from outside the company: the next after its people."""

ROLES = {
    WORKER: frozenset({AccessRole.PARTICIPANT}),
    LEAD: frozenset({AccessRole.PARTICIPANT, AccessRole.MANAGER}),
    HR: frozenset({AccessRole.PARTICIPANT, AccessRole.HR}),
    ADMIN: frozenset({AccessRole.PARTICIPANT, AccessRole.ADMINISTRATOR}),
    OUTSIDE: frozenset({AccessRole.OUTSIDE}),
}


@pytest.mark.parametrize("person", ROLES)
async def test_each_role_reaches_exactly_what_is_for_it(
    app: FastAPI, sign_in: SignIn, database: Database, clock: SetClock, person: int
) -> None:
    async with database.begin() as conn:
        await enter(conn, [External("gina@client.example", "Gina", "Guest")], clock.now())
    client = await sign_in(person)
    for method, path, action in _paths(app):
        if method != "GET" or not path.startswith(("/api", "/metrics")):
            continue
        answer = await client.get(_address(path))
        if ROLES_FOR[action] & ROLES[person]:
            assert answer.status_code in (200, 404), (path, answer.text)
        else:
            assert answer.status_code == 403, (path, answer.text)
