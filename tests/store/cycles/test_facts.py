"""Cycles read together are those that are read one by one, in as many statements as one."""

from uuid import uuid4

from sqlalchemy import event, text

from store.base.session import Database
from store.cycles.facts import forget, load_cycle, load_cycles
from store.launch.launching import prepare
from tests.store.running import HR, LAUNCHED, launched, published

NAMES = ("annual", "mid_year", "quarterly")


async def test_many_are_read_as_one_by_one(demo: Database) -> None:
    cycles = [await launched(demo, await published(demo, name)) for name in NAMES]
    async with demo.begin() as conn:
        version = await conn.scalar(text("SELECT version_id FROM cycles LIMIT 1"))
        await conn.execute(text("UPDATE cycles SET state = 'cancelled'"))
        checked = await prepare(conn, version, LAUNCHED.date(), "button", HR, LAUNCHED)
        found = await load_cycles(conn, [*cycles, checked, uuid4()])
        assert found == {one: await load_cycle(conn, one) for one in cycles}


async def test_it_takes_three_statements_however_many(demo: Database) -> None:
    cycles = [await launched(demo, await published(demo, name)) for name in NAMES]
    said: list[str] = []
    event.listen(
        demo.engine.sync_engine, "before_cursor_execute", lambda *found: said.append(found[2])
    )
    for some in (cycles[:1], cycles):
        for one in cycles:
            forget(one)
        said.clear()
        async with demo.begin() as conn:
            await load_cycles(conn, some)
        assert len(said) == 3
