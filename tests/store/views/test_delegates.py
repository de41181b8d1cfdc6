"""A delegate sees and does tasks from the morning on which the sender mails them."""

from datetime import UTC, date, datetime

from sqlalchemy import text

from domain.access import Actor, Reader
from domain.errors import NotFound
from store.access.facts import task_facts
from store.base.session import Database
from store.people.leaves import add_leave
from store.people.times import company, refresh_profiles
from store.tasks.rows import lock_task, may_act
from store.views.frame import header
from store.views.lists.tasks import list_my_tasks
from store.views.my_tasks import open_tasks
from tests.store.running import advance, launched, person, published, utc

AWAY = date(2027, 1, 20)
EVENING = datetime(2027, 1, 19, 10, tzinfo=UTC)
"""In Apia it is still the day before."""

MORNING = datetime(2027, 1, 19, 20, tzinfo=UTC)
"""Nine in the morning of the first day of leave there; the day before in Greenwich."""


async def test_what_a_delegate_is_mailed_they_may_do_at_once(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await advance(demo, cycle, utc(1, 13))
    holder, delegate = await person(demo, "104"), await person(demo, "204")
    async with demo.begin() as conn:
        await conn.execute(
            text("UPDATE people SET time_zone = 'Pacific/Apia' WHERE id = :id"), {"id": holder}
        )
        await refresh_profiles(conn, await company(conn), on=AWAY)
        await add_leave(conn, holder, AWAY, AWAY, delegate_id=delegate, now=EVENING)
        task_id = await conn.scalar(
            text("SELECT id FROM tasks WHERE assignee_id = :id AND state = 'open' LIMIT 1"),
            {"id": holder},
        )
    reader = Reader(delegate)
    seen = {}
    for at in (EVENING, MORNING):
        async with demo.begin() as conn:
            facts = await task_facts(conn, task_id, at)
            listed = await list_my_tasks(
                conn, delegate, now=at, desk_hr=False, hidden=[], after=None, limit=50
            )
            mine = await open_tasks(conn, reader, at)
            _, _, task = await lock_task(conn, task_id)
            try:
                acts: int | None = await may_act(conn, task, Actor(delegate, "person"), at)
            except NotFound:
                acts = None
            seen[at] = (
                facts is not None and facts.access.acting_id == delegate,
                task_id in {item.id for item in listed},
                task_id in {item.id for item in mine},
                acts == holder,
                (await header(conn, reader, at)).waiting,
            )
    assert seen[EVENING][:4] == (False,) * 4
    assert seen[MORNING][:4] == (True,) * 4
    assert seen[MORNING][4] == seen[EVENING][4] + 1
