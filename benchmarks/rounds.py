"""360 rounds: raters asked, silence accepted, reports made; beside bare statements, same rows.

Everybody is in one office, so that all is due at one instant. The counterparts write into the same
tables with all their indexes and foreign keys, right after a checkpoint.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

from sqlalchemy import text

from benchmarks.company import NOW, check_laid_out, open_stages, populate, turn_round
from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from store.base.session import Database
from store.kinds.feedback_round.seals import Written, seal, seals_of
from store.people.company import company
from store.people.times import refresh_profiles

RATERS = 5
ROUND = f"""
definition: round
title: 360 feedback
purpose: To see how fast a round is.
period: previous year
stages:
  - id: feedback
    kind: feedback_round
    form: feedback
    raters:
      peers: {{ask: {RATERS}}}
      reports: {{ask: 0}}
      others: {{ask: 0}}
      external: {{ask: 0}}
forms:
  feedback:
    - section: Working together
      questions:
        - {{id: keep, ask: What should stay?}}
        - {{id: overall, type: rating, ask: All in all?}}
        - {{id: skills, type: competencies}}
"""
ANSWERS = {"keep": "What they do well. " * 20, "overall": 4, "skills": {"Clarity": 3}}

LATER = timedelta(hours=1)

ASKED = ("round_seals", "raters", "tasks", "notifications", "task_events")
"""Tables in which something is written when raters are asked, in the order of their keys."""

REPORTED = ("feedback_answers", "feedback_reports")

KEYS = {"round_seals": "stage_id, subject_id"}
"""Of tables whose key is not `id`."""

NAMED = text(
    """
    INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, position,
        created_at)
    SELECT :stage, p.ids[n], p.ids[(n + k - 1) % p.size + 1], 'peers', 'proposed', 'subject', k,
        :now
    FROM (SELECT array_agg(person_id ORDER BY person_id) AS ids, count(*)::int AS size
            FROM participants WHERE cycle_id = :cycle AND state = 'in') p,
        generate_series(1, p.size) n, generate_series(1, :raters) k
    """
)
"""Everybody is asked about by the next ones in the row, so nobody has too many requests."""

ENDED = text(
    "UPDATE tasks SET state = 'done', ended_at = :at, ended_by_id = assignee_id, "
    "ended_reason = 'submitted', revision = 1, next_rung = NULL, next_rung_at = NULL "
    "WHERE stage_id = :stage"
)

SEALED = text(
    "INSERT INTO sealed_answers (task_id, sealed, submitted, saved_on) "
    "VALUES (:id, :sealed, true, '2027-01-14')"
)
AT_ONCE = 2_000
"""Sealed answers sent in one go: each takes 4 KB."""


class Rounds:
    """Repetitions of all figures about a round of `people` subjects, each on a cycle of its own."""

    def __init__(self, database: Database, version: UUID, people: int) -> None:
        self._database = database
        self._version = version
        self._people = people
        self._pairs: dict[str, list[Pair]] = {}

    async def round(self) -> None:
        """From lists that wait for approval to reports; afterwards the cycle is gone."""
        cycle = await check_laid_out(self._database, self._version)
        await open_stages(self._database, cycle)
        stages = await self._stages(cycle)
        await self._named(cycle, stages)
        await self._silent(cycle, stages)
        await self._approved(cycle, stages)
        await self._closed(cycle, stages)
        await self._run("TRUNCATE cycles, processes, bells CASCADE")

    def figures(self) -> list[Figure]:
        """The lines of the table, after some repetitions."""
        made: dict[str, tuple[float | None, str]] = {
            "round, raters asked": (3.0, f"{RATERS} and self each; bare: the same rows"),
            "round, silence approves": (3.0, "approvals expire, raters are asked"),
            "round, reports": (None, "bare: the same rows, nothing unsealed or computed"),
        }
        return [
            Figure(name, self._people, "s", self._pairs[name], most=most, note=note)
            for name, (most, note) in made.items()
        ]

    async def _stages(self, cycle: UUID) -> dict[str, UUID]:
        async with self._database.begin() as conn:
            rows = await conn.execute(
                text("SELECT key, id FROM stages WHERE cycle_id = :cycle"), {"cycle": cycle}
            )
            return {key.rpartition(".")[2]: stage for key, stage in rows.all()}

    async def _named(self, cycle: UUID, stages: dict[str, UUID]) -> None:
        """Everybody has named raters; every manager was asked to approve them."""
        await self._turn(cycle, stages, NOW)
        async with self._database.begin() as conn:
            values = {"stage": stages["collect"], "cycle": cycle, "now": NOW, "raters": RATERS}
            await conn.execute(NAMED, values)
            await conn.execute(ENDED, {"stage": stages["nominate"], "at": NOW})
        await self._turn(cycle, stages, NOW + LATER)

    async def _silent(self, cycle: UUID, stages: dict[str, UUID]) -> None:
        """No manager answered: when the step closes, the lists are asked as they stand."""
        async with self._database.begin() as conn:
            closes: datetime | None = await conn.scalar(
                text("SELECT max(closes_at) FROM tasks WHERE stage_id = :stage"),
                {"stage": stages["approve"]},
            )
        assert closes is not None, "nobody was asked to approve"
        await self._keep("before", ASKED)
        took = await self._turn(cycle, stages, closes + timedelta(minutes=1))
        await self._all_asked(stages)
        bare = await self._bare_asked(
            "UPDATE tasks SET state = k.state, ended_at = k.ended_at, "
            "ended_reason = k.ended_reason, next_rung = k.next_rung, "
            "next_rung_at = k.next_rung_at, version = k.version "
            "FROM tasks_kept k WHERE k.id = tasks.id",
            "UPDATE raters SET state = k.state FROM raters_kept k WHERE k.id = raters.id",
        )
        self._note("round, silence approves", took, bare)

    async def _approved(self, cycle: UUID, stages: dict[str, UUID]) -> None:
        """Every manager has approved, within working hours: raters are asked at once."""
        at = NOW + 2 * LATER
        await self._restore("before", ASKED)
        async with self._database.begin() as conn:
            await conn.execute(ENDED, {"stage": stages["approve"], "at": at})
            await conn.execute(text("UPDATE raters SET state = 'asked'"))
        await self._keep("before", ASKED)
        took = await self._turn(cycle, stages, at)
        await self._all_asked(stages, mailed=True)
        self._note("round, raters asked", took, await self._bare_asked())

    async def _closed(self, cycle: UUID, stages: dict[str, UUID]) -> None:
        """Everybody has answered: the round closes and each subject has a report."""
        await self._answered(stages["collect"])
        await self._keep("kept", ("tasks", "round_seals", "sealed_answers"))
        took = await self._turn(cycle, stages, NOW + 3 * LATER)
        assert await self._count("feedback_reports") >= self._people * 0.95
        assert await self._count("round_seals") == 0
        await self._keep("kept", REPORTED)
        await self._run(f"TRUNCATE {', '.join(REPORTED)} CASCADE")
        await self._restore("kept", ("round_seals", "sealed_answers"))
        await self._settle()
        begun = perf_counter()
        async with self._database.begin() as conn:
            for table in REPORTED:
                await conn.execute(text(_copy(table, "kept")))
            for table in ("sealed_answers", "round_seals"):
                await conn.execute(text(f"DELETE FROM {table}"))
        self._note("round, reports", took, perf_counter() - begun)

    async def _answered(self, collect: UUID) -> None:
        async with self._database.begin() as conn:
            keys = (await seals_of(conn, collect)).keys
            asked = await conn.execute(
                text("SELECT id, subject_id FROM tasks WHERE stage_id = :stage"),
                {"stage": collect},
            )
            tasks = asked.all()
            await conn.execute(ENDED, {"stage": collect, "at": NOW + 2 * LATER})
        for first in range(0, len(tasks), AT_ONCE):
            values = [
                {"id": row.id, "sealed": seal(keys[row.subject_id], row.id, Written(ANSWERS))}
                for row in tasks[first : first + AT_ONCE]
            ]
            async with self._database.begin() as conn:
                await conn.execute(SEALED, values)

    async def _turn(self, cycle: UUID, stages: dict[str, UUID], as_of: datetime) -> float:
        await self._settle()
        begun = perf_counter()
        await turn_round(self._database, cycle, stages["collect"], as_of)
        return perf_counter() - begun

    async def _all_asked(self, stages: dict[str, UUID], *, mailed: bool = False) -> None:
        wanted = self._people * (RATERS + 1) * 0.95  # who has no manager is not asked about
        ours = f"WHERE stage_id = '{stages['collect']}'"
        assert await self._count(f"tasks {ours}") >= wanted
        assert not mailed or await self._count(f"notifications {ours}") >= wanted

    async def _bare_asked(self, *updates: str) -> float:
        """The rows that are new since `before` into the tables as they were, and these updates."""
        await self._keep("kept", ASKED)
        for table in ASKED:
            key = KEYS.get(table, "id")
            await self._run(f"DROP TABLE IF EXISTS {table}_new")
            await self._run(
                f"CREATE TABLE {table}_new AS SELECT * FROM {table} "
                f"WHERE ({key}) NOT IN (SELECT {key} FROM {table}_before)"
            )
        await self._restore("before", ASKED)
        await self._settle()
        begun = perf_counter()
        async with self._database.begin() as conn:
            for update in updates:
                await conn.execute(text(update))
            for table in ASKED:
                await conn.execute(text(_copy(table, "new")))
        return perf_counter() - begun

    async def _keep(self, suffix: str, tables: Sequence[str]) -> None:
        for table in tables:
            await self._run(f"DROP TABLE IF EXISTS {table}_{suffix}")
            await self._run(f"CREATE TABLE {table}_{suffix} AS SELECT * FROM {table}")

    async def _restore(self, suffix: str, tables: Sequence[str]) -> None:
        await self._run(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in tables:
            await self._run(_copy(table, suffix))

    async def _settle(self) -> None:
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            await self._run(statement)

    async def _run(self, statement: str) -> None:
        async with self._database.engine.connect() as conn:
            await conn.execution_options(isolation_level="AUTOCOMMIT")
            await conn.execute(text(statement))

    async def _count(self, what: str) -> int:
        async with self._database.begin() as conn:
            return int(await conn.scalar(text(f"SELECT count(*) FROM {what}")) or 0)

    def _note(self, name: str, measured: float, bare: float) -> None:
        self._pairs.setdefault(name, []).append(Pair(measured, bare))


async def round_figures(machine: Machine, people: int, rounds: int) -> list[Figure]:
    """What a round of so many subjects takes, measured so often."""
    async with machine.database() as database:
        version = await populate(database, people, ROUND)
        async with database.begin() as conn:
            await conn.execute(
                text(
                    "UPDATE people SET office = 'Seattle', country = 'US', "
                    "time_zone = 'America/Los_Angeles'"
                )
            )
            await refresh_profiles(conn, await company(conn), on=NOW.date())
        measured = Rounds(database, version, people)
        for _ in range(rounds):
            await measured.round()
        return measured.figures()


def _copy(table: str, suffix: str) -> str:
    return f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}_{suffix}"
