"""Launch, storm, status: each against a bare counterpart writing or reading the same rows."""

from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

from sqlalchemy import text

from benchmarks.company import NOW, check_laid_out, launch, turn_all
from benchmarks.figures import Figure
from store.session import Database
from store.views.progress import shares

COPIED = (
    "cycle_id, stage_id, subject_id, role, assignee_id, desk, state, cause, begun_at, opens_at, "
    "announce_at, due_on, due_at, closes_at, next_rung, next_rung_at, created_at"
)
TOLD = (
    "event, person_id, cycle_id, stage_id, subject_id, due_revision, data, cause, at, send_at, "
    "ride_along"
)


async def launch_figure(database: Database, version: UUID, people: int) -> tuple[Figure, UUID]:
    """Launch: participants, tasks and notifications committed, against the same bare rows."""
    cycle = await check_laid_out(database, version)
    begun = perf_counter()
    await launch(database, cycle)
    took = perf_counter() - begun
    bare = await _bare_launch(database, cycle)
    return Figure("launch", people, took, bare, "s", most=3.0), cycle


async def _bare_launch(database: Database, cycle: UUID) -> float:
    """The same participants, tasks and notifications again, by one INSERT ... SELECT each."""
    async with database.begin() as conn:
        await conn.execute(text("CREATE TABLE bare_p (LIKE participants INCLUDING ALL)"))
        await conn.execute(text("CREATE TABLE bare_t (LIKE tasks INCLUDING ALL)"))
        await conn.execute(text("CREATE TABLE bare_n (LIKE notifications INCLUDING ALL)"))
    begun = perf_counter()
    async with database.begin() as conn:
        await conn.execute(
            text("INSERT INTO bare_p SELECT * FROM participants WHERE cycle_id = :c"), {"c": cycle}
        )
        await conn.execute(
            text(f"INSERT INTO bare_t ({COPIED}) SELECT {COPIED} FROM tasks WHERE cycle_id = :c"),
            {"c": cycle},
        )
        await conn.execute(
            text(
                f"INSERT INTO bare_n (key, {TOLD}) SELECT key, {TOLD} FROM notifications "
                "WHERE cycle_id = :c"
            ),
            {"c": cycle},
        )
    took = perf_counter() - begun
    async with database.begin() as conn:
        await conn.execute(text("DROP TABLE bare_p, bare_t, bare_n"))
    return took


async def storm_figure(database: Database, cycle: UUID, people: int) -> Figure:
    """Everybody's first reminder at one instant: fired and queued."""
    await turn_all(database, cycle, NOW + timedelta(days=1))  # everybody's morning has come
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE notifications SET state = 'sent' WHERE cycle_id = :c"), {"c": cycle}
        )
        storm: datetime = await conn.scalar(
            text("SELECT max(next_rung_at) FROM tasks WHERE cycle_id = :c"), {"c": cycle}
        )
        await conn.execute(
            text(
                "UPDATE tasks SET announced_on = '2027-01-12', next_rung_at = :at "
                "WHERE cycle_id = :c AND next_rung_at IS NOT NULL"
            ),
            {"c": cycle, "at": storm},
        )
    await _settle(database)
    begun = perf_counter()
    await turn_all(database, cycle, storm + timedelta(seconds=1))
    took = perf_counter() - begun
    bare = await _bare_storm(database, cycle)
    return Figure("storm", people, took, bare, "s", most=3.0)


async def _bare_storm(database: Database, cycle: UUID) -> float:
    async with database.begin() as conn:
        await conn.execute(text("CREATE TABLE bare_n (LIKE notifications INCLUDING ALL)"))
    await _settle(database)
    begun = perf_counter()
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE tasks SET next_rung = 'remind:0', next_rung_at = next_rung_at + "
                "interval '1 day' WHERE cycle_id = :c AND state = 'open'"
            ),
            {"c": cycle},
        )
        await conn.execute(
            text(
                f"INSERT INTO bare_n (key, {TOLD}) SELECT key, {TOLD} FROM notifications "
                "WHERE cycle_id = :c AND event = 'reminder'"
            ),
            {"c": cycle},
        )
    took = perf_counter() - begun
    async with database.begin() as conn:
        await conn.execute(text("DROP TABLE bare_n"))
    return took


async def status_figure(database: Database, cycle: UUID, people: int) -> Figure:
    """The numbers of a cycle's page, against the bare count."""
    bare = took = float("inf")
    for _ in range(5):
        async with database.begin() as conn:
            begun = perf_counter()
            await conn.execute(
                text(
                    "SELECT stage_id, state, count(*) FROM tasks WHERE cycle_id = :c GROUP BY 1, 2"
                ),
                {"c": cycle},
            )
            bare = min(bare, perf_counter() - begun)
            begun = perf_counter()
            await shares(conn, cycle, NOW)
            took = min(took, perf_counter() - begun)
    return Figure("status", people, took * 1000, bare * 1000, "ms", most=2.0)


async def _settle(database: Database) -> None:
    async with database.engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("VACUUM ANALYZE tasks"))
        await conn.execute(text("CHECKPOINT"))
