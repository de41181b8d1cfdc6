"""What the engine costs: real workflows, under skipped time, on real PostgreSQL.

The cost is counted, not timed: the events in the histories of every run of every workflow
of an annual cycle. People answer at all hours; what they do is written for many at once, each with
the bells that a submission rings. Mails are claimed, marked and settled, but not worded.
"""

import heapq
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.processes import MailTurn
from activities.turn import Turn
from benchmarks.company import HR, NOW, check_laid_out, populate
from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from domain.access import Actor
from domain.errors import IllegalState
from domain.kinds.feedback_round import NOMINATE
from domain.processes.mail import MAIL
from domain.progress import Progress
from embedded.temporal import test_server_binary
from play.answers import plausible
from play.people import MIX
from play.processes import CROWD
from play.world import World, begin, open_world
from store.base.session import Database
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.cycles.readiness import few_left
from store.cycles.results import open_results
from store.engine.processes import LARGEST_WINDOW, ring
from store.kinds.feedback_round.rules import to_the_day
from store.kinds.release import release
from store.launch.launching import confirm
from store.mail.claims import claim
from store.mail.delivery import Ready, mark, next_due, others_first, settle
from store.mail.fates import Fate, Result
from store.outbox.outbox import suppress_for_tasks
from store.tasks.submitting import ring_after_end, submit

SLOT = timedelta(seconds=LARGEST_WINDOW)
"""People act this often. More often changes nothing: a busy process hears of it once a window."""

LONGEST = timedelta(days=400)
PEOPLE_A_CLAIM = 2000
PER_PERSON = "a workflow per participant: about 100"

FIND_NEW = "CREATE INDEX ON tasks (id) WHERE state = 'open' AND seen_at IS NULL"
NEW = text(
    "UPDATE tasks SET seen_at = :at WHERE state = 'open' AND seen_at IS NULL "
    "RETURNING id, stage_id, opens_at, due_at"
)
ANSWERED = text(
    """
    WITH done AS (
        UPDATE tasks SET state = 'done', revision = 1, version = version + 1, ended_at = :at,
            ended_by_id = assignee_id, ended_reason = 'submitted', held_on = :held_on,
            next_rung = NULL, next_rung_at = NULL
        WHERE id = ANY(:ids) AND state = 'open' AND assignee_id IS NOT NULL
          AND coalesce(told_to, '{}') = '{}'
        RETURNING id, subject_id, assignee_id
    ), written AS (
        INSERT INTO responses (task_id, revision, author_id, answers, submitted_at)
        SELECT id, 1, assignee_id, '{}', :at FROM done
    ), event AS (
        INSERT INTO task_events (task_id, at, event, actor_id, detail)
        SELECT id, :at, 'submitted', assignee_id, '{"revision": 1}' FROM done
    )
    SELECT id, subject_id FROM done
    """
)


RATED = text(
    """
    UPDATE tasks t SET state = 'done', version = version + 1, ended_at = :day,
        ended_by_id = assignee_id, ended_reason = 'submitted', next_rung = NULL,
        next_rung_at = NULL
    WHERE id = ANY(:ids) AND state = 'open' AND EXISTS (SELECT FROM round_seals k
        WHERE k.stage_id = t.stage_id AND k.subject_id = t.subject_id)
    RETURNING id, subject_id
    """
)
"""What raters write is left out: sealing it costs the engine nothing."""

THROUGH = text(
    "SELECT EXISTS (SELECT FROM unnest(CAST(:subjects AS bigint[])) s(id) WHERE NOT EXISTS ("
    "SELECT FROM tasks WHERE stage_id = :stage AND subject_id = s.id "
    "AND state IN ('planned', 'open')))"
)
NAMED = text(
    """
    INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, position,
        created_at)
    SELECT :collect, t.subject_id, next.ids[(p.place + k - 1) % next.size + 1], 'peers',
        'proposed', 'subject', k, :at
    FROM tasks t
    JOIN (SELECT person_id, row_number() OVER (ORDER BY person_id) AS place
        FROM participants WHERE state = 'in') p ON p.person_id = t.subject_id,
        (SELECT array_agg(person_id ORDER BY person_id) AS ids, count(*) AS size
            FROM participants WHERE state = 'in') next,
        generate_series(1, 5) k
    WHERE t.id = ANY(:ids) ON CONFLICT DO NOTHING
    """
)
"""The next ones in the row: nobody is asked for too much."""


async def engine_figures(machine: Machine, people: int) -> list[Figure]:
    """History events per participant of an annual cycle: its stages, and its 360 round."""
    town = _Town(random.Random(7))
    async with open_world(
        machine.database_url(),
        begins=NOW,
        test_server=test_server_binary(),
        mail=_unworded,
        act=town.act,
    ) as world:
        town.version = await populate(world.database, people)
        town.database = world.database
        async with world.database.begin() as conn:
            await conn.execute(text(FIND_NEW))
        await begin(world)
        await world.run(NOW + LONGEST, town.over)
        events = await _events(world, town.runs)
        taking_part = await town.participants()
    each: dict[str, float] = dict.fromkeys(("mail", "round", "stages"), 0.0)
    for process, count in events.items():
        kind = "mail" if process == MAIL.id else process.partition("-")[0]
        each[kind if kind in each else "stages"] += count / taking_part
    note = f"{PER_PERSON}; the sender's own workflow adds {each['mail']:.2f}"
    return [
        Figure("engine cost", people, "events each", [Pair(each["stages"])], most=5.0, note=note),
        Figure("engine cost, 360 round", people, "events each", [Pair(each["round"])]),
    ]


async def _events(world: World, runs: set[tuple[str, str]]) -> dict[str, int]:
    """Events of every run of every workflow, by workflow."""
    events: dict[str, int] = {}
    for process, run in runs:
        history = await world.client.get_workflow_handle(process, run_id=run).fetch_history()
        events[process] = events.get(process, 0) + len(history.events)
    return events


def _unworded(database: Database) -> MailTurn:
    """The sender's turn with everything that PostgreSQL and the engine see of it."""

    async def advance(turn: Turn, as_of: datetime) -> Progress:
        async with database.begin() as conn:
            wait = await others_first(conn, as_of)
        more = True
        while more:
            async with database.begin() as conn:
                taken = await claim(
                    conn, as_of, people=PEOPLE_A_CLAIM, message_id=_message_id, urgent=wait
                )
                more = taken.more
                ready = [Ready(mail.id, "", "") for mail in taken.mails]
                marked = await mark(conn, ready, lease=taken.lease, as_of=as_of)
                results = [Result(mail, Fate.ACCEPTED, 1, 250, "") for mail in marked]
                await settle(conn, results, lease=taken.lease, as_of=as_of)
        async with database.begin() as conn:
            due = await next_due(conn, as_of)
        soon = as_of + timedelta(seconds=1)
        due = soon if wait and (due is None or soon < due) else due
        return Progress(next_due_at=due, waits_for="mail")

    return advance


def _message_id(key: str) -> str:
    return f"<{key}@example.com>"


@dataclass
class _Town:
    """Everybody in the company: early, late, never, at all hours; HR releases at once."""

    chance: random.Random
    database: Database | None = None
    version: UUID | None = None
    cycle: UUID | None = None
    runs: set[tuple[str, str]] = field(default_factory=set)
    _wanted: list[tuple[datetime, UUID, UUID]] = field(default_factory=list)

    async def act(self, as_of: datetime) -> datetime | None:
        """Do what is wanted by now. Called in every turn of the engine, so it sees every run."""
        info = activity.info()
        if info.workflow_id != CROWD.id and info.workflow_id and info.workflow_run_id:
            self.runs.add((info.workflow_id, info.workflow_run_id))
        if self.database is None or self.version is None:
            return None
        if self.cycle is None:
            self.cycle = await check_laid_out(self.database, self.version)
            async with self.database.begin() as conn:
                await confirm(conn, self.cycle, HR, as_of)
            return as_of + SLOT
        async with self.database.begin() as conn:
            for task in (await conn.execute(NEW, {"at": as_of})).all():
                wanted = self._when(task.opens_at, task.due_at, as_of)
                if wanted is not None:
                    heapq.heappush(self._wanted, (wanted, task.stage_id, task.id))
        while self._wanted and self._wanted[0][0] <= as_of:
            await self._answer(self.database, self._wanted[0][0])
        return self._wanted[0][0] if self._wanted else None

    async def over(self) -> bool:
        """Has the cycle ended?"""
        assert self.database is not None
        async with self.database.begin() as conn:
            state = await conn.scalar(
                text("SELECT state FROM cycles WHERE id = :id"), {"id": self.cycle}
            )
        return bool(state == "closed")

    async def participants(self) -> int:
        """How many took part."""
        assert self.database is not None
        async with self.database.begin() as conn:
            return int(await conn.scalar(text("SELECT participants FROM cycles")) or 0)

    def _when(self, opens: datetime, due: datetime, as_of: datetime) -> datetime | None:
        spot, drawn = 0.0, self.chance.random()
        for portion, first, last in MIX:
            spot += portion
            if drawn < spot:
                if first is None or last is None:
                    return None
                share = self.chance.uniform(first, last)
                wanted = max(opens + share * (due - opens), as_of)
                slots = wanted.timestamp() // SLOT.total_seconds() + 1
                return datetime.fromtimestamp(slots * SLOT.total_seconds(), tz=UTC)
        return None

    async def _answer(self, database: Database, at: datetime) -> None:
        """All who want to answer at this instant, stage by stage."""
        tasks: dict[UUID, list[UUID]] = {}
        while self._wanted and self._wanted[0][0] == at:
            _, stage, task = heapq.heappop(self._wanted)
            tasks.setdefault(stage, []).append(task)
        for stage_id, ids in tasks.items():
            async with database.begin() as conn:
                assert self.cycle is not None
                cycle = await load_cycle(conn, self.cycle, lock="share")
                if cycle.moving:
                    await self._submit(conn, cycle, cycle.stages[stage_id], ids, at)

    async def _submit(
        self,
        conn: AsyncConnection,
        cycle: CycleFacts,
        stage: StageFacts,
        ids: Sequence[UUID],
        at: datetime,
    ) -> None:
        if stage.traits.for_all:
            for task in ids:
                await release(conn, task, HR, at)
            return
        if stage.traits.private:
            await _rate(conn, cycle, stage, ids, at)
            return
        if stage.spec.kind == NOMINATE.name:
            await conn.execute(NAMED, {"collect": stage.round, "ids": list(ids), "at": at})
        meeting = stage.traits.held
        values = {"ids": list(ids), "at": at, "held_on": at.date() if meeting else None}
        done = (await conn.execute(ANSWERED, values)).all()
        await suppress_for_tasks(conn, [row.id for row in done], "done", at)
        if meeting:
            subjects = [row.subject_id for row in done]
            await open_results(conn, cycle, subjects, at, needs_release=True)
        await ring_after_end(conn, cycle, stage)
        if stage.round is None:
            left = set(ids) - {row.id for row in done}
            await _submit_one_by_one(conn, cycle, stage, left, at)


async def _rate(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, ids: Sequence[UUID], at: datetime
) -> None:
    """Raters are done, to the day; the round is rung where it may be through with a subject."""
    day = to_the_day(cycle, at)
    done = (await conn.execute(RATED, {"ids": list(ids), "day": day})).all()
    await suppress_for_tasks(conn, [row.id for row in done], "done", day)
    subjects = {"stage": stage.id, "subjects": [row.subject_id for row in done]}
    if await conn.scalar(THROUGH, subjects) or await few_left(conn, stage.id):
        await ring(conn, stage.process)


async def _submit_one_by_one(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, ids: set[UUID], at: datetime
) -> None:
    """Those about whom somebody was told: there it is said that it is done."""
    rows = await conn.execute(
        text("SELECT id, assignee_id FROM tasks WHERE id = ANY(:ids) AND state = 'open'"),
        {"ids": list(ids)},
    )
    answers = plausible(cycle.definition, stage.spec)
    held_on = at.date() if stage.traits.held else None
    for row in rows.all():
        actor = Actor(row.assignee_id, "person") if row.assignee_id else HR
        with suppress(IllegalState):  # it closed meanwhile
            await submit(conn, row.id, actor, answers, now=at, held_on=held_on)
