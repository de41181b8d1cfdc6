"""Every route against every role, compared with a table that is written by hand.

The table says what the rules of trust mean, not what the code declares: a route that is new must be
put into it, and one whose declaration is loosened fails here.
"""

import re
from collections.abc import Mapping

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from api.authentication import declared_level, guarded_routes
from domain.access import Level
from domain.clock import SetClock
from store.base.session import Database
from store.people.outside import External, enter
from tests.api.conftest import SignIn
from tests.store.people_rows import ADMIN, HR, LEAD, WORKER

ANYBODY = "stranger outside participant manager hr administrator script"
COLLEAGUES = "participant manager hr administrator"
ALSO_OUTSIDE = f"outside {COLLEAGUES}"
WITH_SCRIPTS = f"{COLLEAGUES} script"
OFFICE = "hr administrator script"
HR_DESK = "hr script"
ADMINISTRATION = "administrator script"

WHO: Mapping[str, str] = {
    # Nobody is known yet, and what is shown is nobody's.
    "GET / /sign-in /l/{token} /static/{name} /favicon.ico /livez /readyz /healthz": ANYBODY,
    "GET /problems /problems/{code} /address/{token}": ANYBODY,
    "POST /sign-in /l/{token} /l/{token}/stranger /sign-out /address/{token}": ANYBODY,
    "POST /api/session /api/session/link": ANYBODY,
    # One's own account. A script has none.
    "GET /api/me /api/sessions": ALSO_OUTSIDE,
    "DELETE /api/session /api/sessions /api/sessions/{session_id}": ALSO_OUTSIDE,
    # What raters are asked for is theirs alone: no script, and nobody by a right.
    "GET /feedback /feedback/thank-you /feedback/{task_id} /feedback/{task_id}/decline": (
        ALSO_OUTSIDE
    ),
    "POST /feedback/{task_id} /feedback/{task_id}/draft /feedback/{task_id}/withdraw": ALSO_OUTSIDE,
    "POST /feedback/{task_id}/decline /feedback/stranger": ALSO_OUTSIDE,
    "GET /api/my/feedback-requests /api/feedback-requests/{task_id}": ALSO_OUTSIDE,
    "PUT /api/feedback-requests/{task_id}/draft": ALSO_OUTSIDE,
    "POST /api/feedback-requests/{task_id}/submit": ALSO_OUTSIDE,
    "POST /api/feedback-requests/{task_id}/withdraw": ALSO_OUTSIDE,
    "POST /api/feedback-requests/{task_id}/decline": ALSO_OUTSIDE,
    # One's own tasks; writing in somebody's name is never a script's.
    "GET /api/my/tasks /tasks /tasks/{task_id}/preview /rounds/{round_id}/raters": COLLEAGUES,
    "POST /rounds/{round_id}/raters /tasks/{task_id} /tasks/{task_id}/draft": COLLEAGUES,
    "POST /tasks/{task_id}/draft/send-on /tasks/{task_id}/draft/discard": COLLEAGUES,
    "POST /tasks/{task_id}/submit /tasks/{task_id}/withdraw /tasks/{task_id}/release": COLLEAGUES,
    "POST /tasks/{task_id}/raters /tasks/{task_id}/raters/draft": COLLEAGUES,
    "PUT /api/tasks/{task_id}/draft /api/tasks/{task_id}/raters": COLLEAGUES,
    "DELETE /api/tasks/{task_id}/draft": COLLEAGUES,
    "POST /api/tasks/{task_id}/submit /api/tasks/{task_id}/withdraw": COLLEAGUES,
    "POST /api/tasks/{task_id}/draft/send-on": COLLEAGUES,
    "POST /api/tasks/{task_id}/raters/submit /api/tasks/{task_id}/raters/approve": COLLEAGUES,
    "POST /api/tasks/{task_id}/raters/replacement": COLLEAGUES,
    # Answers are read by people.
    "GET /reviews /reviews/{cycle_id}/{person_id} /api/cycles/{cycle_id}/feedback/{person_id}": (
        COLLEAGUES
    ),
    "GET /reviews/{cycle_id}/{person_id}/feedback /reviews/{cycle_id}/{person_id}/feedback.pdf": (
        COLLEAGUES
    ),
    # That a task exists, and what can be done about it: the task decides.
    "GET /tasks/{task_id} /tasks/{task_id}/explain /tasks/{task_id}/steer/{name}": WITH_SCRIPTS,
    "POST /tasks/{task_id}/steer/{name}": WITH_SCRIPTS,
    "GET /api/tasks/{task_id} /api/tasks/{task_id}/explain /api/openapi.json": WITH_SCRIPTS,
    "GET /api/tasks/{task_id}/raters /api/tasks/{task_id}/raters/colleagues": WITH_SCRIPTS,
    "POST /api/tasks/{task_id}/extend /api/tasks/{task_id}/reassign": WITH_SCRIPTS,
    "POST /api/tasks/{task_id}/excuse /api/tasks/{task_id}/nudge": WITH_SCRIPTS,
    "GET /team": "manager",
    "POST /tasks/{task_id}/nudge": "manager script",
    # HR decides about cycles and cases; an administrator does not.
    "POST /api/tasks/{task_id}/reopen /api/tasks/{task_id}/release": HR_DESK,
    "POST /api/cycles /api/cycles/{cycle_id}/confirm /api/cycles/{cycle_id}/stop": HR_DESK,
    "POST /api/cycles/{cycle_id}/extend /api/cycles/{cycle_id}/participants": HR_DESK,
    "POST /api/cycles/{cycle_id}/stages/{stage_id}/extend": HR_DESK,
    "POST /api/cycles/{cycle_id}/stages/{stage_id}/close": HR_DESK,
    "POST /api/cycles/{cycle_id}/participants/{person_id}/remove /api/definitions": HR_DESK,
    "GET /cycles/new /cycles/{cycle_id}/stop /cycles/{cycle_id}/reviewer": HR_DESK,
    "GET /definitions/publish": HR_DESK,
    "POST /cycles /cycles/{cycle_id}/confirm": HR_DESK,
    "POST /cycles/{cycle_id}/stop /cycles/{cycle_id}/reviewer /definitions/publish": HR_DESK,
    # Comments of a report are read by people at the HR desk.
    "GET /comment-reviews /comment-reviews/{round_id}/{person_id} /api/comment-reviews": "hr",
    "GET /api/comment-reviews/{round_id}/{person_id}": "hr",
    "POST /comment-reviews/{round_id}/{person_id}": "hr",
    "POST /api/comment-reviews/{round_id}/{person_id}/finish": "hr",
    "POST /api/comment-reviews/{round_id}/{person_id}/comments/{comment_id}": "hr",
    # That things run: both desks.
    "GET /cycles /cycles/{cycle_id} /cycles/{cycle_id}/check /cycles/{cycle_id}/people": OFFICE,
    "GET /cycles/{cycle_id}/people/{person_id} /cycles/{cycle_id}/tasks": OFFICE,
    "GET /cycles/{cycle_id}/first-minutes /cycles/{cycle_id}/steer/{name}": OFFICE,
    "POST /cycles/{cycle_id}/steer/{name} /api/cycles/{cycle_id}/pause": OFFICE,
    "POST /api/cycles/{cycle_id}/resume /api/cycles/{cycle_id}/cancel": OFFICE,
    "GET /api/cycles /api/cycles/{cycle_id} /api/cycles/{cycle_id}/stages": OFFICE,
    "GET /api/cycles/{cycle_id}/check /api/cycles/{cycle_id}/participants": OFFICE,
    "GET /api/cycles/{cycle_id}/tasks /definitions /definitions/{definition}/{number}": OFFICE,
    "GET /api/definitions /api/definitions/versions/{version_id}": OFFICE,
    "GET /api/definitions/{definition}/versions": OFFICE,
    "POST /api/definitions/validate": OFFICE,
    "GET /people /people/import /people/addresses /people/{person_id}/address /company": OFFICE,
    "GET /api/people /api/people/{person_id} /api/address-changes /api/desk-changes": OFFICE,
    "POST /people/import /people/addresses /people/addresses/try-again": OFFICE,
    "POST /people/{person_id}/address /company": OFFICE,
    # Two people decide who sits at a desk; a script is none, and gets no test mail.
    "POST /company/desks/{change_id}": "hr administrator",
    "POST /api/desk-changes/{change_id}/confirm": OFFICE,  # once there is one, a script is refused
    "POST /api/desk-changes/{change_id}/withdraw": "hr administrator",
    "POST /cycles/{cycle_id}/first-mail": "hr",
    "POST /api/people/import /api/people/addresses/try-again": OFFICE,
    "POST /api/people/{person_id}/address /api/address-changes/{change_id}/vouch": OFFICE,
    "PUT /api/company": OFFICE,
    "GET /notifications /audit /workflows /api/notifications /api/workflows": OFFICE,
    "GET /api/workflows/{process_id}": OFFICE,
    # Who runs the system.
    "GET /metrics": ADMINISTRATION,
    "POST /workflows/{process_id}/ring /workflows/{process_id}/retry": ADMINISTRATION,
    "POST /workflows/held/{held_id}/clear": ADMINISTRATION,
    "POST /api/workflows/{process_id}/ring /api/workflows/{process_id}/retry": ADMINISTRATION,
}

BY_A_TASKS_LINK = (
    *("/tasks", "/tasks/{task_id}", "/feedback", "/rounds/", "/l/", "/sign-in", "/sign-out"),
    *("/address/", "/static/", "/favicon.ico", "/livez", "/readyz", "/healthz", "/problems"),
    *("/api/session", "/api/session/link", "/api/me", "/api/my/", "/api/feedback-requests/"),
    "/api/tasks/{task_id}",
)
"""How the path of a route begins, or is, that a session reaches which began with a task's link."""

NEVER_BY_A_TASKS_LINK = (
    *("/tasks/{task_id}/release", "/tasks/{task_id}/nudge"),
    "/api/tasks/{task_id}/reopen",
    *("/api/tasks/{task_id}/release", "/api/sessions", "/api/sessions/{session_id}"),
)

NOTHING = "0198b6a0-0000-7000-8000-000000000000"
OUTSIDE = 8
"""Somebody from outside the company: the next after its people."""

PEOPLE = {"outside": OUTSIDE, "participant": WORKER, "manager": LEAD, "hr": HR}
PEOPLE |= {"administrator": ADMIN}
ENDS_THE_SESSION = {("POST", "/sign-out"), ("DELETE", "/api/session"), ("DELETE", "/api/sessions")}


def _table() -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for places, who in WHO.items():
        method, *paths = places.split()
        for path in paths:
            assert (method, path) not in found, path
            found[method, path] = frozenset(who.split())
    return found


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in guarded_routes(app.router.routes)
        for method in route.methods or ()
    }


def test_every_route_stands_in_the_table(app: FastAPI) -> None:
    assert _routes(app) == _table().keys()


def _address(path: str) -> str:
    path = path.replace("{session_id}", "0" * 16).replace("{name}", "pause")
    path = path.replace("{number}", "1").replace("{held_id}", "1").replace("{change_id}", "1")
    return re.sub(r"\{[a-z_]+\}", NOTHING, path.replace("{person_id}", "5"))


REFUSED = "refused"
PASSED = "passed"


async def _tried(client: AsyncClient, method: str, path: str) -> str:
    """Whether somebody is let in at all; what they find there is another matter."""
    address = _address(path)
    accept = "application/json" if path.startswith("/api") else "text/html"
    answer = await client.request(
        method, address, headers={"accept": accept}, content=b"", follow_redirects=False
    )
    assert answer.status_code < 500, (method, path, answer.text)
    if answer.status_code in (401, 403):
        return REFUSED
    if path != "/" and answer.is_redirect and answer.headers["location"].startswith("/sign-in"):
        return REFUSED
    return PASSED


@pytest.mark.parametrize(
    "role", ["stranger", "outside", "participant", "manager", "hr", "administrator", "script"]
)
async def test_each_role_is_let_in_where_the_table_says_and_nowhere_else(
    app: FastAPI,
    sign_in: SignIn,
    stranger: AsyncClient,
    script: AsyncClient,
    database: Database,
    clock: SetClock,
    role: str,
) -> None:
    async with database.begin() as conn:
        await enter(conn, [External("gina@client.example", "Gina", "Guest")], clock.now())
    clients = {"stranger": stranger, "script": script}
    wrong = []
    for (method, path), who in sorted(_table().items()):
        if (method, path) in ENDS_THE_SESSION:
            continue
        client = clients.get(role) or await sign_in(PEOPLE[role])
        found = await _tried(client, method, path)
        if found != (PASSED if role in who else REFUSED):
            wrong.append((role, method, path, found))
    assert "\n".join(map(str, wrong)) == ""


def test_a_tasks_link_reaches_tasks_and_requests_and_nothing_of_a_desk(app: FastAPI) -> None:
    for route in guarded_routes(app.router.routes):
        path = route.path
        reached = declared_level(route.dependant) is Level.TASK
        named = path == "/" or any(path.startswith(begin) for begin in BY_A_TASKS_LINK)
        assert reached is (named and path not in NEVER_BY_A_TASKS_LINK), path
