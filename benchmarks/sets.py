"""Launch, storm, status: each against a bare counterpart that writes or reads the same rows.

The counterpart writes into the same tables, with all their indexes and foreign keys, emptied
before and right after a checkpoint, as they are for the launch itself. So the ratio is what
Almanac adds: deciding who, when and by which calendar, reading, and further round trips.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from time import perf_counter
from uuid import UUID

from sqlalchemy import text

from benchmarks.company import NOW, check_laid_out, open_stages, turn_all
from benchmarks.figures import Figure, Pair
from definitions.ladders import rungs
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.views.lists.cycles import list_stages
from store.views.progress import shares

WRITTEN = ("participants", "tasks", "notifications")
CLIMBED = ("tasks", "notifications", "task_events")
STATUS_READS = 7
DUE = date(2027, 1, 26)

BARE_STATUS = text(
    "SELECT stage_id, state, count(*) FROM tasks WHERE cycle_id = :c GROUP BY stage_id, state"
)
BARE_CLIMB = text(
    "UPDATE tasks SET next_rung = k.next_rung, next_rung_at = k.next_rung_at, "
    "last_rung = k.last_rung, last_rung_on = k.last_rung_on, rung_out = k.rung_out, "
    "told_to = k.told_to FROM tasks_kept k WHERE k.id = tasks.id"
)


def _copy(table: str, suffix: str, which: str) -> str:
    return (
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}_{suffix} WHERE {which}"
    )


class Sets:
    """Rounds of all figures about sets, on one company of `people`."""

    def __init__(self, database: Database, version: UUID, people: int) -> None:
        self._database = database
        self._version = version
        self._people = people
        self._pairs: dict[str, list[Pair]] = {}

    async def round(self) -> None:
        """Launch a cycle and measure everything on it; afterwards it is gone."""
        cycle = await self._launch()
        await self._status(cycle)
        await self._storm(cycle, "remind")
        await self._storm(cycle, "escalate")
        await self._forget("cycles", "processes", "bells")

    def figures(self) -> list[Figure]:
        """The lines of the table, after some rounds."""
        made = {
            "launch": (3.0, "who is in, tasks and mails committed; bare: the same rows"),
            "deadline storm, reminders": (3.0, "bare: one UPDATE and one INSERT of the same rows"),
            "deadline storm, escalations": (3.0, "each tells a manager and the assignee"),
            "cycle status": (2.0, "counts by stage; bare: count by stage and state"),
            "cycle status, departments": (2.0, "counts by department and stage"),
        }
        return [
            Figure(
                name,
                self._people,
                "ms" if name.startswith("cycle") else "s",
                self._pairs[name],
                most=most,
                note=note,
            )
            for name, (most, note) in made.items()
        ]

    def _note(self, name: str, measured: float, bare: float) -> None:
        self._pairs.setdefault(name, []).append(Pair(measured, bare))

    async def _launch(self) -> UUID:
        await self._settle()
        begun = perf_counter()
        cycle = await check_laid_out(self._database, self._version)
        await open_stages(self._database, cycle)
        took = perf_counter() - begun
        await self._keep(WRITTEN)
        await self._forget(*WRITTEN)
        await self._settle()
        begun = perf_counter()
        await self._write_kept(WRITTEN)
        self._note("launch", took, perf_counter() - begun)
        return cycle

    async def _status(self, cycle: UUID) -> None:
        await self._settle()
        for _ in range(STATUS_READS):
            async with self._database.begin() as conn:
                begun = perf_counter()
                rows = await conn.execute(BARE_STATUS, {"c": cycle})
                rows.all()
                bare = perf_counter() - begun
                begun = perf_counter()
                await list_stages(conn, cycle, NOW, hidden=[])
                stages = perf_counter() - begun
                begun = perf_counter()
                await shares(conn, cycle, NOW, hidden=[])
                departments = perf_counter() - begun
            self._note("cycle status", stages * 1000, bare * 1000)
            self._note("cycle status, departments", departments * 1000, bare * 1000)

    async def _storm(self, cycle: UUID, kind: str) -> None:
        """Everybody overdue at one instant: every rung fired, every mail queued."""
        at = await self._make_overdue(cycle, kind)
        await self._keep(("tasks", "notifications"), suffix="before")
        latest = await self._latest_notification()
        await self._settle()
        begun = perf_counter()
        await turn_all(self._database, cycle, at)
        took = perf_counter() - begun
        fired = await self._count(f"notifications WHERE id > {latest}")
        assert fired >= self._people * 0.9, f"only {fired} mails were queued"
        await self._keep(CLIMBED)
        await self._forget("tasks", "notifications")
        await self._write_kept(("tasks", "notifications"), suffix="before")
        await self._settle()
        begun = perf_counter()
        async with self._database.begin() as conn:
            await conn.execute(BARE_CLIMB)
            await conn.execute(text(_copy("notifications", "kept", f"id > {latest}")))
            await conn.execute(text(_copy("task_events", "kept", "true")))
        bare = perf_counter() - begun
        name = "reminders" if kind == "remind" else "escalations"
        self._note(f"deadline storm, {name}", took, bare)

    async def _make_overdue(self, cycle: UUID, kind: str) -> datetime:
        """Let everybody's next rung be of this kind, at one instant, all before it long sent.

        That of the first stage; whom to ask in a 360 round is due for nobody then.
        """
        async with self._database.begin() as conn:
            facts = await load_cycle(conn, cycle)
            stage = min(facts.stages.values(), key=lambda s: s.position)
            climbed = rungs(
                stage.ladder,
                due_on=DUE,
                assignee=facts.company,
                announced_on=None,
                closes_at=None,
            )
            here = next(i for i, r in enumerate(climbed) if r.kind == kind and r.level > 0)
            rung, before = climbed[here], climbed[here - 1]
            await conn.execute(text("UPDATE notifications SET state = 'sent'"))
            await conn.execute(
                text(
                    "UPDATE tasks SET state = 'open', announced_on = '2027-01-12', "
                    "due_on = :due, due_at = :due_at, closes_at = :closes, last_rung = :last, "
                    "last_rung_on = :last_on, rung_out = true, told_to = NULL, "
                    "next_rung = CASE stage_id WHEN :first THEN :next END, "
                    "next_rung_at = CASE stage_id WHEN :first THEN CAST(:at AS timestamptz) END"
                ),
                {
                    "first": stage.id,
                    "due": DUE,
                    "due_at": facts.company.end_of(DUE),
                    "closes": facts.company.end_of(DUE + timedelta(days=60)),
                    "last": before.key,
                    "last_on": before.on,
                    "next": rung.key,
                    "at": rung.at,
                },
            )
            await conn.execute(text("TRUNCATE task_events"))
        return rung.at + timedelta(minutes=1)

    async def _settle(self) -> None:
        async with self._database.engine.connect() as conn:
            await conn.execution_options(isolation_level="AUTOCOMMIT")
            await conn.execute(text("VACUUM ANALYZE participants, tasks, notifications"))
            await conn.execute(text("CHECKPOINT"))

    async def _keep(self, tables: Sequence[str], suffix: str = "kept") -> None:
        async with self._database.begin() as conn:
            for table in tables:
                await conn.execute(text(f"DROP TABLE IF EXISTS {table}_{suffix}"))
                await conn.execute(text(f"CREATE TABLE {table}_{suffix} AS SELECT * FROM {table}"))
                await conn.execute(text(f"ANALYZE {table}_{suffix}"))

    async def _write_kept(self, tables: Sequence[str], suffix: str = "kept") -> None:
        """One INSERT ... SELECT a table, committed together."""
        async with self._database.begin() as conn:
            for table in tables:
                await conn.execute(text(_copy(table, suffix, "true")))

    async def _forget(self, *tables: str) -> None:
        async with self._database.begin() as conn:
            await conn.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))

    async def _latest_notification(self) -> int:
        async with self._database.begin() as conn:
            return int(await conn.scalar(text("SELECT max(id) FROM notifications")) or 0)

    async def _count(self, what: str) -> int:
        async with self._database.begin() as conn:
            return int(await conn.scalar(text(f"SELECT count(*) FROM {what}")) or 0)
