"""Seconds to open and to close a round, beside bare statements writing the same rows.

`python -m tests.store.rounds.measure [subjects] [raters] [rounds]`
"""

import asyncio
import sys
from statistics import median
from time import perf_counter

from sqlalchemy import text

from embedded.postgres import ephemeral_postgres
from store.migrate import upgrade
from store.rounds.asking import MOST_AT_ONCE, open_raters
from store.rounds.finishing import close_subjects
from store.rounds.seals import Written, seal
from store.session import Database
from tests.store.rounds.world import AFTER_CLOSE, NOW, World, make_world, skip_lists

WRITTEN = ("round_seals", "tasks", "notifications")


async def _listed(database: Database, world: World, subjects: int, raters: int) -> None:
    """Everybody is asked about by the next ones in the row."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                """
                INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,
                    position, created_at)
                SELECT :stage, :first + n, :first + (n + k) % :subjects, 'peers', 'asked',
                    'subject', k, :now
                FROM generate_series(0, :subjects - 1) n, generate_series(1, :raters) k
                """
            ),
            {
                "stage": world.collect,
                "first": world.subject,
                "subjects": subjects,
                "raters": raters,
                "now": NOW,
            },
        )
    await skip_lists(database, world)


async def _checkpoint(database: Database) -> None:
    async with database.engine.connect() as conn:
        auto = await conn.execution_options(isolation_level="AUTOCOMMIT")
        await auto.execute(text("CHECKPOINT"))


async def _open(database: Database, world: World) -> float:
    await _checkpoint(database)
    begun = perf_counter()
    more = 1
    while more:
        async with database.begin() as conn:
            cycle, stage, _ = await world.facts(conn)
            more = await open_raters(conn, cycle, stage, NOW)
    return perf_counter() - begun


async def _bare(database: Database, world: World) -> float:
    """The same rows into the same tables, as they were written: by stage, all at once."""
    async with database.begin() as conn:
        for table in WRITTEN:
            await conn.execute(
                text(f"CREATE TABLE IF NOT EXISTS kept_{table} AS SELECT * FROM {table}")
            )
        await conn.execute(text("TRUNCATE round_seals, tasks, notifications CASCADE"))
    await _checkpoint(database)
    begun = perf_counter()
    async with database.begin() as conn:
        for table in ("round_seals", "tasks", "notifications"):
            await conn.execute(
                text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}")
            )
    return perf_counter() - begun


async def _close(database: Database, world: World) -> tuple[float, int]:
    async with database.begin() as conn:
        keys: dict[int, bytes] = dict(
            (await conn.execute(text("SELECT subject_id, key FROM round_seals"))).all()
        )
        tasks = (
            await conn.execute(text("SELECT id, subject_id FROM tasks WHERE role = 'rater'"))
        ).all()
        answers = {"keep": "What they do well. " * 20, "overall": 4, "skills": {"Clarity": 3}}
        await conn.execute(
            text("INSERT INTO sealed_answers VALUES (:id, :sealed, true, '2027-01-14')"),
            [
                {"id": t.id, "sealed": seal(keys[t.subject_id], t.id, Written(answers))}
                for t in tasks
            ],
        )
        await conn.execute(text("UPDATE tasks SET state = 'done', ended_at = now()"))
    begun = perf_counter()
    more = 1
    while more:
        async with database.begin() as conn:
            cycle, stage, _ = await world.facts(conn)
            more = await close_subjects(conn, cycle, stage, AFTER_CLOSE)
    return perf_counter() - begun, len(tasks)


async def measure(url: str, subjects: int, raters: int, times: int) -> None:
    """Say the figures."""
    database = Database(url)
    world = await make_world(database, team=subjects, subjects=subjects)
    await _listed(database, world, subjects, raters)
    pairs = []
    for _ in range(times):
        async with database.begin() as conn:
            await conn.execute(text("TRUNCATE round_seals, tasks, notifications CASCADE"))
            await conn.execute(text("DELETE FROM raters WHERE source = 'rule'"))
        ours = await _open(database, world)
        pairs.append((ours, await _bare(database, world)))
    ratio = median(ours / bare for ours, bare in pairs)
    sys.stdout.write(
        f"open {subjects} x {raters} (and self), {MOST_AT_ONCE} subjects a transaction:" + "\n"
    )
    for ours, bare in pairs:
        sys.stdout.write(f"  {ours:.2f} s, bare {bare:.2f} s, {ours / bare:.2f}x\n")
    sys.stdout.write(f"  median {ratio:.2f}x\n")
    took, tasks = await _close(database, world)
    sys.stdout.write(f"close: {took:.2f} s for {subjects} subjects, {tasks} answers\n")
    await database.close()


def main() -> None:
    """Measure on a server of its own."""
    subjects, raters, times = (int(a) for a in [*sys.argv[1:], "10000", "5", "3"][:3])
    with ephemeral_postgres(fsync=False) as server:
        upgrade(server.dsn)
        asyncio.run(measure(server.dsn, subjects, raters, times))


if __name__ == "__main__":
    main()
