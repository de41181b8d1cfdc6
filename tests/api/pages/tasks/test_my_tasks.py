"""The own list: what a mail led to, and all that has ended, a part at a time."""

import re
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import text

from api.pages.tasks.my_tasks import SHOWN
from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.tasks.submitting import submit
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.pages.browsing import get, plain
from tests.store.people_rows import LEAD, WORKER

COPY = """
INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state, cause, begun_at,
    opens_at, announce_at, due_on, due_at, ended_at, ended_by_id, ended_reason, created_at)
SELECT cycle_id, stage_id, subject_id, :role, :me, :state, cause, begun_at, opens_at, announce_at,
    due_on, due_at, :at + n * interval '1 minute', :me, 'submitted', created_at
FROM tasks, generate_series(1, :number) n WHERE id = :id
"""


async def _ended(database: Database, world: World, number: int, role: str, at: object) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(COPY),
            {"me": WORKER, "id": world.self_task, "number": number, "role": role, "at": at}
            | {"state": "done"},
        )


async def test_everything_that_has_ended_is_reached_a_part_at_a_time(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    many = 2 * SHOWN + 3
    await _ended(database, world, many, "subject", clock.now())
    # Requests for feedback have a list of their own, and take no place in this one.
    await _ended(database, world, SHOWN, "rater", clock.now() + timedelta(days=1))
    client = await sign_in(WORKER)
    path, seen, parts = "/tasks", [], 0
    while path:
        page = await get(client, path)
        assert page.status_code == 200
        ended = page.text.partition('id="ended"')[2]
        seen += re.findall(r'href="/tasks/([0-9a-f-]{36})"', ended)
        parts += 1
        assert f"{many} tasks in all" in plain(page)
        following = re.search(r'href="(/tasks\?cursor=[^"#]+)', ended)
        path = following[1] if following else ""
    assert parts == 3
    assert len(seen) == len(set(seen)) == many


async def test_a_mail_leads_to_the_tasks_of_its_stage_alone(
    sign_in: SignIn, database: Database, world: World
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET assignee_id = :lead WHERE id = :id"),
            {"lead": LEAD, "id": world.self_task},
        )
    client = await sign_in(LEAD)
    everything = await get(client, "/tasks")
    narrowed = await get(client, f"/tasks?cycle={world.cycle_id}&stage=manager")
    for page, own in ((everything, True), (narrowed, False)):
        assert f"/tasks/{world.manager_task}" in page.text
        assert (f"/tasks/{world.self_task}" in page.text) == own
    assert "Show all my tasks" in plain(narrowed)
    assert "Show all my tasks" not in plain(everything)
    unknown = await get(client, f"/tasks?cycle={world.cycle_id}&stage=nothing")
    assert f"/tasks/{world.self_task}" in unknown.text, "a list of none would hide what waits"


async def test_the_day_of_the_release_is_never_one_that_has_passed(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    """It is planned for the day on which it can open now, not for that of the launch."""
    async with database.begin() as conn:
        await submit(
            conn, world.manager_task, Actor(LEAD, "person"), {"text": "Well."}, now=clock.now()
        )
        # As it is while a self review is late: nothing is released.
        await conn.execute(text("DELETE FROM tasks WHERE role = 'hr'"))
        await conn.execute(
            text("UPDATE stages SET state = 'waiting', opened_at = NULL WHERE kind = 'release'")
        )
        planned = await conn.scalar(
            text("SELECT planned_due_on FROM stages WHERE kind = 'release'")
        )
    clock.instant = datetime.combine(planned, time(12), UTC) + timedelta(days=21)
    page = plain(await get(await sign_in(LEAD), "/tasks"))
    said = re.search(r"when results are released, planned for (\w{3} \d+ \w{3})", page)
    assert said is not None
    day = (
        datetime.strptime(f"{said[1]} {clock.now().year}", "%a %d %b %Y").replace(tzinfo=UTC).date()
    )
    assert day > clock.now().date() > planned
