"""Somebody who was told that a task is overdue: what they can do, how far, and what it leaves."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import text

from domain.access import Level, Move
from domain.clock import SetClock
from store.access.sessions import create_session
from store.base.session import Database
from store.steering.moves import moves_of
from tests.api.conftest import SignIn
from tests.api.cycle import ANSWERS, World
from tests.api.pages.browsing import get, hidden, plain, post
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, TOP, WORKER

HELP = {Move.NUDGE, Move.EXTEND, Move.REASSIGN, Move.EXCUSE}


async def bring_up(
    database: Database, task: UUID, told: int, clock: SetClock, *, closes: int | None = None
) -> None:
    """The task was due three days ago, and somebody was told. `closes`: in so many days."""
    now = clock.now()
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE tasks SET due_at = :due, due_on = :day, told_to = ARRAY[:told]::bigint[],"
                " closes_at = :closes WHERE id = :id"
            ),
            {
                "id": task,
                "told": told,
                "due": now - timedelta(days=3),
                "day": (now - timedelta(days=3)).date(),
                "closes": None if closes is None else now + timedelta(days=closes),
            },
        )


async def offered(database: Database, person: int, task: UUID, clock: SetClock) -> set[Move]:
    """What a mail to this person offers."""
    async with database.begin() as conn:
        found = await moves_of(conn, [(person, task)], clock.now())
    return set(found[person, task])


async def act(client: AsyncClient, task: UUID, name: str, **fields: str) -> Response:
    """Ask, look, and press the button, as a browser without scripts does."""
    address = f"/tasks/{task}/steer/{name}"
    asked = await get(client, address)
    assert asked.status_code == 200, asked.text
    look = asked if not fields else await post(client, address, go="look", **fields)
    if look.status_code != 200:
        return look
    return await post(client, address, key=hidden(look, "key"), **fields)


async def audit(database: Database, action: str) -> list[tuple[object, ...]]:
    async with database.begin() as conn:
        rows = await conn.execute(
            text("SELECT actor_id, actor_kind FROM audit WHERE action = :action"),
            {"action": action},
        )
        return [tuple(row) for row in rows]


async def test_the_page_offers_what_the_mail_offers_and_does_it(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    task = world.manager_task
    await bring_up(database, task, TOP, clock)
    assert await offered(database, TOP, task, clock) == HELP
    client = await sign_in(TOP)
    page = await get(client, f"/tasks/{task}")
    for move in HELP:
        assert f'href="/tasks/{task}/steer/{move}"' in page.text
    nudged = await act(client, task, "nudge")
    assert (nudged.status_code, nudged.headers["location"]) == (303, "/tasks?said=nudge")
    refused = await act(client, task, "extend", days="60")
    assert refused.status_code == 422
    assert "HR can give more" in refused.text
    given = await act(client, task, "extend", days="4")
    assert given.status_code == 303
    assert (await get(client, given.headers["location"])).status_code == 200
    assert await audit(database, "nudge") == await audit(database, "extend") == [(TOP, "person")]
    # More time begins anew: whoever was told has nothing to help with until they are told again.
    assert await offered(database, TOP, task, clock) == set()


async def test_a_task_is_handed_to_somebody_below_and_to_nobody_else(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    await bring_up(database, world.manager_task, LEAD, clock)
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = :admin WHERE id = :id"),
            {"admin": ADMIN, "id": world.manager_task},
        )
    client = await sign_in(LEAD)
    for stranger in ("boss@example.com", "worker@example.com", "nobody@example.com"):
        refused = await act(client, world.manager_task, "reassign", person=stranger)
        assert refused.status_code == 422, stranger
    taken = await act(client, world.manager_task, "reassign", person="lead@example.com")
    assert taken.status_code == 303
    assert await audit(database, "reassign") == [(LEAD, "person")]


async def test_an_excuse_keeps_its_reason_for_whoever_reads_the_task(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    await bring_up(database, world.self_task, LEAD, clock)
    assert await offered(database, LEAD, world.self_task, clock) == HELP - {Move.REASSIGN}
    client = await sign_in(LEAD)
    assert (await act(client, world.self_task, "excuse", reason=" ")).status_code == 422
    done = await act(client, world.self_task, "excuse", reason="Is moving house this month.")
    assert done.status_code == 303
    page = plain(await get(await sign_in(WORKER), f"/tasks/{world.self_task}"))
    assert "Lead Example excused this task" in page
    assert "Is moving house this month." in page
    assert await audit(database, "excuse") == [(LEAD, "person")]


async def test_a_form_that_was_opened_again_says_by_whom_and_why(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    worker, hr, administrator = (
        await sign_in(WORKER),
        await sign_in(SECOND_HR),
        await sign_in(ADMIN),
    )
    place = f"/tasks/{world.self_task}"
    await worker.post(f"/api{place}/submit", json={"answers": ANSWERS})
    opened = await act(hr, world.self_task, "reopen", reason="The second half is missing.")
    assert opened.status_code == 303
    page = plain(await get(worker, place))
    assert "by Secondhr Example. The reason given: The second half is missing." in page
    assert "The second half is missing." in plain(await get(worker, f"{place}/explain"))
    for path in (place, f"{place}/explain"):
        assert "The second half is missing." not in plain(await get(administrator, path))
    form = await get(worker, place)
    await post(worker, place, version=hidden(form, "version"), step="1", **{"a.going": "Both."})
    preview = await get(worker, f"{place}/preview")
    await post(worker, f"{place}/submit", version=hidden(preview, "version"))
    assert "opened again" not in plain(await get(worker, place))


async def test_a_task_is_not_extended_past_its_close(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    await bring_up(database, world.self_task, LEAD, clock, closes=0)
    async with database.begin() as conn:
        closes = text("SELECT closes_at FROM tasks WHERE id = :id")
        before = await conn.scalar(closes, {"id": world.self_task})
    client = await sign_in(LEAD)
    refused = await act(client, world.self_task, "extend", days="5")
    assert refused.status_code == 422
    allowed = await offered(database, LEAD, world.self_task, clock)
    address = f"/api/tasks/{world.self_task}/extend"
    answers = [
        (await client.post(address, json={"days": days})).status_code for days in range(1, 6)
    ]
    assert (200 in answers) == (Move.EXTEND in allowed)
    async with database.begin() as conn:
        assert await conn.scalar(closes, {"id": world.self_task}) == before


@pytest.mark.parametrize("reader", [WORKER, BOSS, HR, ADMIN])
async def test_nobody_else_and_nobody_in_their_own_case_moves_a_task(
    world: World, sign_in: SignIn, database: Database, clock: SetClock, reader: int
) -> None:
    # The one who is told is the subject, reports to the subject, or was told of nothing at all.
    await bring_up(database, world.manager_task, WORKER, clock)
    await bring_up(database, world.boss_self_task, HR, clock)
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = :other, role = 'manager' WHERE id = :id"),
            {"other": SECOND_HR, "id": world.boss_self_task},
        )
    client = await sign_in(reader)
    for task in (world.manager_task, world.boss_self_task):
        assert await offered(database, reader, task, clock) == (
            HELP if (reader, task) == (HR, world.manager_task) else set()
        )
        for name, body in (("nudge", {}), ("extend", {"days": 1}), ("excuse", {"reason": "So."})):
            if (reader, task) == (HR, world.manager_task):
                continue
            answer = await client.post(f"/api/tasks/{task}/{name}", json=body)
            assert answer.status_code in (403, 404), (reader, name)
            page = await get(client, f"/tasks/{task}/steer/{name}")
            assert page.status_code in (403, 404), (reader, name)


async def by_mail(
    database: Database,
    clock: SetClock,
    open_client: Callable[[], AsyncClient],
    who: int,
    task: UUID,
) -> AsyncClient:
    """A client in which somebody has come by the button of a mail about a task."""
    async with database.begin() as conn:
        token = await create_session(
            conn, who, clock.now(), level=Level.TASK, opens=(str(task), f"/tasks/{task}")
        )
    client = open_client()
    client.cookies.set("almanac", token)
    return client


async def test_the_mails_button_is_enough_and_brings_no_desks_rights(
    world: World, open_client: Callable[[], AsyncClient], database: Database, clock: SetClock
) -> None:
    await bring_up(database, world.manager_task, TOP, clock)
    boss = await by_mail(database, clock, open_client, TOP, world.manager_task)
    assert "What you can do" in (await get(boss, f"/tasks/{world.manager_task}")).text
    done = await act(boss, world.manager_task, "nudge")
    assert (await get(boss, done.headers["location"])).status_code == 200
    hr = await by_mail(database, clock, open_client, SECOND_HR, world.manager_task)
    refused = await hr.post(f"/api/tasks/{world.manager_task}/nudge", json={})
    assert refused.status_code in (403, 404)


async def test_whoever_reads_the_mail_of_an_absent_manager_can_do_what_it_offers(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    await bring_up(database, world.self_task, LEAD, clock)
    today = clock.now().date()
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO leaves (person_id, first_day, last_day, delegate_id, recorded_at)"
                " VALUES (:lead, :first, :last, :boss, :now)"
            ),
            {
                "lead": LEAD,
                "boss": BOSS,
                "first": today - timedelta(days=1),
                "last": today + timedelta(days=5),
                "now": clock.now(),
            },
        )
    assert await offered(database, BOSS, world.self_task, clock) == HELP - {Move.REASSIGN}
    client = await sign_in(BOSS)
    assert (await get(client, f"/tasks/{world.self_task}")).status_code == 200
    assert (await act(client, world.self_task, "nudge")).status_code == 303
