"""What the people of a play do: scripted events at their instant, everything else by habit."""

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import AlmanacError, NotFound
from domain.states import Desk, Role
from play.acts import ACTS, submit_task
from play.kinds.feedback_round import name_others, review_waiting
from play.launching import Cycles, Refusal, hr_actor, sentences
from play.moments import instant
from play.scenario import BEHAVIOUR, Happening, Scenario
from store.base.arrays import literal
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.people.leaves import delegates_at
from store.people.times import desk_members

HOUR = timedelta(hours=1)
TOMORROW = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)
A_MOMENT = timedelta(minutes=1)
"""Nobody answers in the second in which a task opens: its mail is read first."""

A_SPELL = timedelta(hours=3)
"""A crowd sits down every three hours: each instant at which somebody acts costs a turn of all."""

SOON = 0.1
"""The share of their time after which those have declined who do."""

MIX = ((0.35, 0.1, 0.5), (0.40, 0.6, 1.0), (0.17, 1.05, 1.6), (0.08, None, None))
"""Shares of people, and between which shares of their time they answer; the last never do."""


@dataclass(slots=True)
class Crowd:
    """Everybody in the play.

    `act` is called by the play's own process; it is deterministic for a scenario and a seed.
    """

    database: Database
    scenario: Scenario
    zone: ZoneInfo
    ids: dict[str, int]  # employee id -> person
    cycles: Cycles
    reviews: bool = False  # whether comments wait for HR in some round
    replacing: dict[tuple[UUID, int], datetime] = field(default_factory=dict)
    """When a subject (by round) will name somebody else in the place of who declined."""
    _events: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _answered: set[tuple[UUID, int]] = field(default_factory=set)
    _planned: dict[tuple[UUID, int], datetime | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        events = [(instant(e.at, self.zone), n, e) for n, e in enumerate(self.scenario.events)]
        self._events = sorted(events, key=lambda event: event[:2])

    @property
    def waiting(self) -> int:
        """How many scripted events are still to come."""
        return len(self._events) + self.cycles.waiting

    async def act(self, as_of: datetime) -> datetime | None:
        """Do what is wanted by now; say when something is wanted next."""
        while (at := self._next_event()) <= as_of:
            if self.cycles.next_at == at:  # a launch comes before what happens at its instant
                await self.cycles.launch_next()
                continue
            await self.cycles.find()
            await self._happen(*self._events.pop(0))
        upcoming = await self._answer(as_of)
        confirming = await self.cycles.confirm_checks(as_of)
        reviewing = await review_waiting(self, as_of) if self.reviews else None
        naming = await name_others(self, as_of)
        upcoming += [at for at in (confirming, reviewing, naming) if at is not None]
        following = self._next_event()
        if following < NEVER:
            upcoming.append(following)
        return min(upcoming, default=None)

    def _next_event(self) -> datetime:
        """When the next scripted event is, the launch being one."""
        launch = self.cycles.next_at
        waiting = [] if launch is None else [launch]
        return min([*waiting, *(event[0] for event in self._events[:1])], default=NEVER)

    async def _happen(self, at: datetime, number: int, event: Happening) -> None:
        try:
            async with self.database.begin() as conn:
                await ACTS[event.what](self, conn, getattr(event, event.what), at)
        except AlmanacError as error:
            self.cycles.refusals.append(Refusal(at, event.what, sentences(error), number))

    async def _answer(self, as_of: datetime) -> list[datetime]:
        """Submit what is wanted by now; return when the others want to."""
        later: list[datetime] = []
        concerned: list[UUID] = []
        async with self.database.begin() as conn:
            for key in await _open_keys(conn):
                wanted = self._planned.get(key, as_of)  # nobody has thought of a new one yet
                if wanted is None:
                    continue
                if wanted > as_of:
                    later.append(wanted)
                else:
                    concerned.append(key[0])
            tasks = await _open_tasks(conn, concerned) if concerned else []
        for task in tasks:
            key = (task["id"], task["due_revision"])
            if key not in self._planned:
                self._planned[key] = self._wanted(task, as_of)
            wanted = self._planned[key]
            if wanted is None:
                continue
            if wanted > as_of:
                later.append(wanted)
                continue
            again = await self._try(task, wanted)
            if again is not None:
                self._planned[key] = again
                later.append(again)
        return later

    async def _try(self, task: Mapping[str, Any], wanted: datetime) -> datetime | None:
        """Submit; if its holder is away or it is refused just now, say when to try again."""
        try:
            async with self.database.begin() as conn:
                actor = await self.actor_for(conn, task, wanted)
                if actor is None:
                    return wanted + TOMORROW
                await submit_task(self, conn, task["id"], actor, wanted)
        except AlmanacError:  # it has closed meanwhile, or is somebody else's
            self._planned[(task["id"], task["due_revision"])] = None
        return None

    async def actor_for(
        self, conn: AsyncConnection, task: Mapping[str, Any], at: datetime
    ) -> Actor | None:
        """Who does this task at that instant; none if its holder is away and nobody acts."""
        holder = task["assignee_id"]
        if holder is None:
            members = await desk_members(conn, task["desk"] or Desk.HR, at.date())
            able = [m for m in members if m != task["subject_id"]]
            return Actor(able[0], "hr") if able else None
        away = await conn.scalar(
            text(
                "SELECT 1 FROM leaves WHERE person_id = :p AND withdrawn_at IS NULL "
                "AND first_day <= :on AND last_day >= :on"
            ),
            {"p": holder, "on": at.date()},
        )
        if not away:
            return Actor(holder, "person")
        acting = (await delegates_at(conn, [holder], at)).get(holder)
        return None if acting is None else Actor(acting, "person", on_behalf_of_id=holder)

    def _wanted(self, task: Mapping[str, Any], as_of: datetime) -> datetime | None:
        share = self._share(task)
        if share is None:
            return None
        if task["role"] == Role.RATER and self.declines(task["subject_id"], task["assignee_id"]):
            share = min(share, SOON)
        begins = max(task["opens_at"], task["reopened_at"] or task["opens_at"])
        wanted = begins + share * max(task["due_at"] - begins, HOUR)
        grid = A_SPELL if self._habit(task) == "mix" else HOUR
        return max(_next(grid, wanted), _next(grid, begins + A_MOMENT))

    def _share(self, task: Mapping[str, Any]) -> float | None:
        """Which share of the time passes before this task is answered; none: for ever."""
        habit = self._habit(task)
        if habit == "never":
            return None
        if habit == "at once":
            return 0.0
        found = BEHAVIOUR.fullmatch(habit)
        if found is not None and found[1] is not None:
            return int(found[1]) / 100
        seed = f"{self.scenario.seed}:{task['stage']}:{task['employee']}:{task['about']}"
        chance = random.Random(hashlib.sha256(seed.encode()).digest())  # noqa: S311
        spot, drawn = 0.0, chance.random()
        for portion, first, last in MIX:
            spot += portion
            if drawn < spot:
                return None if first is None or last is None else chance.uniform(first, last)
        return None

    def _habit(self, task: Mapping[str, Any]) -> str:
        for habit in self.scenario.habits:
            stages = (None, task["stage"], f"{task['cycle']}/{task['stage']}")
            if habit.who == task["employee"] and habit.stage in stages:
                return habit.does
        return self.scenario.everybody

    def declines(self, subject: int, rater: int) -> bool:
        """Does this rater decline to write about that subject? By the seed."""
        seed = f"{self.scenario.seed}:declines:{subject}:{rater}"
        drawn = random.Random(hashlib.sha256(seed.encode()).digest()).random()  # noqa: S311
        return subject != rater and drawn * 100 < self.scenario.declines

    def day(self, at: datetime) -> date:
        """The company's date at an instant."""
        return at.astimezone(self.zone).date()

    def person(self, employee_id: str) -> int:
        """The person with this employee id. Raises NotFound."""
        try:
            return self.ids[employee_id]
        except KeyError:
            raise NotFound(f"nobody has the employee id {employee_id}") from None

    async def hr(self, conn: AsyncConnection, at: datetime) -> Actor:
        """The person who acts for HR."""
        return await hr_actor(conn, at)

    async def task(
        self, conn: AsyncConnection, stage: str, about: str | None, who: str | None
    ) -> UUID:
        """The newest task of that stage, about somebody, held by somebody. Raises NotFound.

        People outside the company are named by their address.
        """
        outside = who is not None and "@" in who
        cycle_id, key = self.cycles.named(stage)
        cycle = await load_cycle(conn, cycle_id)
        found = await conn.scalar(
            text(
                "SELECT id FROM tasks WHERE stage_id = :stage "
                "AND (CAST(:about AS bigint) IS NULL OR subject_id = :about) "
                "AND (CAST(:who AS bigint) IS NULL OR assignee_id = :who) "
                "AND (CAST(:address AS text) IS NULL OR assignee_id IN (SELECT p.id FROM people p"
                " WHERE p.status = 'external' AND p.email = :address)) "
                "ORDER BY id DESC LIMIT 1"
            ),
            {
                "stage": cycle.by_key(key).id,
                "about": None if about is None else self.person(about),
                "who": None if who is None or outside else self.person(who),
                "address": who if outside else None,
            },
        )
        if found is None:
            raise NotFound(f"there is no task in the stage {stage} for these people")
        return UUID(str(found))


def _next(grid: timedelta, at: datetime) -> datetime:
    """People answer at the full hour after they wanted to: fewer instants, same story."""
    step = grid.total_seconds()
    return datetime.fromtimestamp(math.ceil(at.timestamp() / step) * step, tz=UTC)


async def _open_keys(conn: AsyncConnection) -> list[tuple[UUID, int]]:
    """All open tasks: ids and due revisions, and no more, for this is asked after each turn."""
    rows = await conn.execute(
        text(
            "SELECT t.id, t.due_revision FROM tasks t JOIN cycles c ON c.id = t.cycle_id"
            " AND c.state IN ('open', 'paused') WHERE t.state = 'open' ORDER BY t.id"
        )
    )
    return [tuple(row) for row in rows]


async def _open_tasks(conn: AsyncConnection, ids: Sequence[UUID]) -> list[Mapping[str, Any]]:
    rows = await conn.execute(
        text(
            """
            SELECT t.id, t.due_revision, t.assignee_id, t.desk, t.subject_id, t.role, t.opens_at,
                t.due_at,
                s.key AS stage, c.definition AS cycle,
                coalesce(a.employee_id, t.desk, '') AS employee,
                coalesce(b.employee_id, '') AS about,
                (SELECT max(e.at) FROM task_events e WHERE e.task_id = t.id
                    AND e.event IN ('reopened', 'withdrawn', 'reassigned')) AS reopened_at
            FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
            LEFT JOIN people a ON a.id = t.assignee_id LEFT JOIN people b ON b.id = t.subject_id
            WHERE t.id = ANY(CAST(:ids AS uuid[])) ORDER BY t.id
            """
        ),
        {"ids": literal(ids)},
    )
    return [dict(row._mapping) for row in rows]
