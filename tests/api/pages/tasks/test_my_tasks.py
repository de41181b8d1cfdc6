"""The own list: what a mail led to, and all that has ended, a part at a time."""

import re
from datetime import timedelta

from sqlalchemy import text

from api.pages.tasks.my_tasks import SHOWN
from domain.clock import SetClock
from store.base.session import Database
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
