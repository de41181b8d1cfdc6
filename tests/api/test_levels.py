"""What the link of a mailed task opens: the task and the own list, by pages and API. Else nothing.

A mail is forwarded, lies in a shared mailbox, is kept for years: whoever holds it must not hold an
account.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from api.authentication import declared_action, declared_level, guarded_routes
from domain.access import Action, Level
from domain.clock import SetClock
from store.access.links import LinkPurpose, create_link
from store.base.session import Database
from tests.api.cycle import World
from tests.api.pages.browsing import HTML, get, hidden, post
from tests.store.people_rows import ADMIN, HR, LEAD, SECOND_HR, WORKER

OPENED = {
    "GET /api/me",
    "DELETE /api/session",
    "GET /api/my/tasks",
    "GET /api/tasks/{task_id}",
    "GET /api/tasks/{task_id}/explain",
    "PUT /api/tasks/{task_id}/draft",
    "POST /api/tasks/{task_id}/submit",
    "POST /api/tasks/{task_id}/withdraw",
    "POST /api/tasks/{task_id}/draft/send-on",
    "DELETE /api/tasks/{task_id}/draft",
    "GET /api/tasks/{task_id}/raters",
    "GET /api/tasks/{task_id}/raters/colleagues",
    "PUT /api/tasks/{task_id}/raters",
    "POST /api/tasks/{task_id}/raters/submit",
    "POST /api/tasks/{task_id}/raters/approve",
    "POST /api/tasks/{task_id}/raters/replacement",
    "GET /api/my/feedback-requests",
    "GET /api/feedback-requests/{task_id}",
    "PUT /api/feedback-requests/{task_id}/draft",
    "POST /api/feedback-requests/{task_id}/submit",
    "POST /api/feedback-requests/{task_id}/withdraw",
    "POST /api/feedback-requests/{task_id}/decline",
    "GET /tasks",
    "GET /tasks/{task_id}",
    "GET /tasks/{task_id}/preview",
    "GET /tasks/{task_id}/explain",
    "POST /tasks/{task_id}",
    "POST /tasks/{task_id}/draft",
    "POST /tasks/{task_id}/submit",
    "POST /tasks/{task_id}/withdraw",
    "POST /tasks/{task_id}/draft/send-on",
    "POST /tasks/{task_id}/draft/discard",
    "GET /tasks/{task_id}/steer/{name}",
    "POST /tasks/{task_id}/steer/{name}",
    "POST /api/tasks/{task_id}/extend",
    "POST /api/tasks/{task_id}/reassign",
    "POST /api/tasks/{task_id}/excuse",
    "POST /api/tasks/{task_id}/nudge",
    "POST /tasks/{task_id}/raters",
    "POST /tasks/{task_id}/raters/draft",
    "GET /rounds/{round_id}/raters",
    "POST /rounds/{round_id}/raters",
    "GET /feedback",
    "GET /feedback/thank-you",
    "POST /feedback/stranger",
    "GET /feedback/{task_id}",
    "POST /feedback/{task_id}",
    "POST /feedback/{task_id}/draft",
    "POST /feedback/{task_id}/withdraw",
    "GET /feedback/{task_id}/decline",
    "POST /feedback/{task_id}/decline",
}
"""What a session of level `task` may call at all. Everything new is closed to it."""

ByLink = Callable[[int, UUID], Awaitable[AsyncClient]]


@pytest_asyncio.fixture
async def by_link(
    open_client: Callable[[], AsyncClient], database: Database, clock: SetClock
) -> ByLink:
    """A client in which somebody has come by the mailed link of a task."""

    async def enter(person: int, task_id: UUID) -> AsyncClient:
        client = open_client()
        token = await _link(database, clock, person, task_id)
        assert (await post(client, f"/l/{token}")).status_code == 303
        return client

    return enter


async def _link(
    database: Database,
    clock: SetClock,
    person: int,
    task_id: UUID | None,
    purpose: LinkPurpose = LinkPurpose.TASK,
) -> str:
    async with database.begin() as conn:
        return await create_link(
            conn,
            person_id=person,
            purpose=purpose,
            task_id=task_id,
            target=f"/tasks/{task_id}" if task_id else "/",
            now=clock.now(),
            lifetime=timedelta(days=60),
        )


def _address(path: str, task_id: UUID) -> str:
    known = {
        "task_id": str(task_id),
        "name": "nothing",
        "session_id": "0" * 16,
        "person_id": str(WORKER),
    }
    return re.sub(r"{([a-z_]+)}", lambda part: known.get(part[1], str(task_id)), path)


@pytest.mark.parametrize("person", [WORKER, HR, ADMIN, LEAD])
async def test_the_link_of_a_task_answers_on_the_listed_routes_and_on_no_other(
    app: FastAPI, by_link: ByLink, database: Database, world: World, person: int
) -> None:
    task = {WORKER: world.self_task, HR: world.hr_self_task, LEAD: world.manager_task}.get(person)
    if task is None:
        async with database.begin() as conn:
            task = await conn.scalar(
                text("UPDATE tasks SET assignee_id = :me WHERE id = :id RETURNING id"),
                {"me": person, "id": world.boss_self_task},
            )
    assert task is not None
    client = await by_link(person, task)
    reached = set()
    for route in guarded_routes(app.router.routes):
        if declared_action(route.dependant) is Action.PUBLIC:
            continue
        for method in sorted(route.methods or ()):
            name = f"{method} {route.path}"
            opens = name in OPENED
            assert (declared_level(route.dependant) is Level.TASK) == opens, name
            if opens and method != "GET":
                continue  # it would act; the declaration is what counts
            answer = await client.request(method, _address(route.path, task))
            if opens and "{round_id}" not in route.path:
                assert answer.status_code in (200, 303, 404, 422), (name, answer.text[:200])
                reached.add(name)
            else:
                assert answer.status_code in (401, 403, 422), (name, answer.status_code)
    assert {"GET /tasks", "GET /api/my/tasks", "GET /tasks/{task_id}"} <= reached


async def test_a_task_of_another_kind_needs_a_fresh_sign_in_and_leads_back(
    by_link: ByLink,
    open_client: Callable[[], AsyncClient],
    database: Database,
    clock: SetClock,
    world: World,
) -> None:
    client = await by_link(LEAD, world.manager_task)
    async with database.begin() as conn:
        other = await conn.scalar(
            text(
                "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state,"
                " cause, begun_at, opens_at, announce_at, due_on, due_at, created_at)"
                " SELECT cycle_id, stage_id,"
                " :lead, 'subject', :lead, 'open', cause, begun_at, opens_at, announce_at, due_on,"
                " due_at, created_at FROM tasks WHERE id = :id RETURNING id"
            ),
            {"id": world.self_task, "lead": LEAD},
        )
    assert (await get(client, f"/tasks/{world.manager_task}")).status_code == 200
    assert str(other) in (await get(client, "/tasks")).text
    refused = await client.get(f"/api/tasks/{other}")
    assert (refused.status_code, refused.json()["code"]) == (401, "fresh-sign-in-needed")
    away = await get(client, f"/tasks/{other}")
    assert (away.status_code, away.headers["location"]) == (
        303,
        f"/sign-in?next=%2Ftasks%2F{other}",
    )
    door = await get(client, away.headers["location"])
    assert "Mail me a link" in door.text
    sent = await post(client, "/sign-in", next=hidden(door, "next"), key=hidden(door, "key"))
    assert sent.status_code == 200
    async with database.begin() as conn:
        row = (
            await conn.execute(
                text("SELECT person_id, data FROM notifications WHERE event = 'sign_in'")
            )
        ).one()
    assert tuple(row) == (LEAD, {"target": f"/tasks/{other}"})
    # Confirmed, it replaces the narrow session in the same browser.
    token = await _link(database, clock, LEAD, None, LinkPurpose.SIGN_IN)
    narrow = client.cookies["almanac"]
    assert (await post(client, f"/l/{token}")).status_code == 303
    assert (await client.get(f"/api/tasks/{other}")).status_code == 200
    old = open_client()
    old.cookies.set("almanac", narrow)
    assert (await old.get("/api/me")).status_code == 401


async def test_what_one_person_does_in_one_sitting_is_opened_by_one_link(
    by_link: ByLink, database: Database, world: World
) -> None:
    """A manager's reviews of one stage; never somebody else's task of it."""
    async with database.begin() as conn:
        second = await conn.scalar(
            text(
                "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state,"
                " cause, begun_at, opens_at, announce_at, due_on, due_at, created_at)"
                " SELECT cycle_id, stage_id,"
                " :subject, role, assignee_id, 'open', cause, begun_at, opens_at, announce_at,"
                " due_on,"
                " due_at, created_at FROM tasks WHERE id = :id RETURNING id"
            ),
            {"id": world.manager_task, "subject": ADMIN},
        )
    lead = await by_link(LEAD, world.manager_task)
    assert (await lead.get(f"/api/tasks/{second}")).status_code == 200
    assert (await lead.get(f"/api/tasks/{world.self_task}")).status_code == 401


async def test_two_links_in_one_browser_open_both_tasks(
    by_link: ByLink, database: Database, clock: SetClock, world: World
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = :lead WHERE id = :id"),
            {"lead": LEAD, "id": world.boss_self_task},
        )
    client = await by_link(LEAD, world.manager_task)
    assert (await client.get(f"/api/tasks/{world.boss_self_task}")).status_code == 401
    token = await _link(database, clock, LEAD, world.boss_self_task)
    page = await get(client, f"/l/{token}")
    assert "One press opens your task" in page.text  # opening it has changed nothing
    assert (await client.get(f"/api/tasks/{world.boss_self_task}")).status_code == 401
    assert (await post(client, f"/l/{token}")).status_code == 303
    for task in (world.boss_self_task, world.manager_task):
        assert (await client.get(f"/api/tasks/{task}")).status_code == 200


@pytest.mark.parametrize("person", [HR, SECOND_HR])
async def test_the_link_of_a_task_brings_no_rights_of_a_desk(
    by_link: ByLink, world: World, person: int
) -> None:
    client = await by_link(person, world.hr_self_task)
    assert (await client.get("/api/me")).json()["roles"] == ["participant"]
    for task in (world.self_task, world.release_task):
        assert (await client.get(f"/api/tasks/{task}")).status_code == 401
    listed = (await client.get("/api/my/tasks")).json()["items"]
    assert str(world.release_task) not in {one["id"] for one in listed}
    page = await get(client, "/tasks")
    assert '"/cycles"' not in page.text
    assert "More of Almanac" in page.text


async def test_even_the_mailed_link_of_a_desks_task_needs_a_fresh_sign_in(
    by_link: ByLink, world: World
) -> None:
    client = await by_link(HR, world.release_task)
    assert (await client.get(f"/api/tasks/{world.release_task}")).status_code == 401
    sent = await client.post(f"/tasks/{world.release_task}/release", headers=HTML)
    assert (sent.status_code, "sign in once more" in sent.text) == (401, True)


async def test_a_link_about_somebody_elses_task_shows_that_it_is_open_and_not_what_was_written(
    by_link: ByLink, database: Database, world: World
) -> None:
    """To whom it was brought as overdue reads where it stands; what was written, signed in."""
    client = await by_link(LEAD, world.self_task)
    assert (await client.get(f"/api/tasks/{world.self_task}")).status_code == 200
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'done' WHERE id = :id"), {"id": world.self_task}
        )
    assert (await client.get(f"/api/tasks/{world.self_task}")).status_code == 401
