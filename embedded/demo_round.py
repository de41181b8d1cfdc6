"""A 360 round of the demo company that began some weeks ago and is nearly over.

Whoever looks at Almanac for the first time should find requests to answer, a list that was made,
and a report to read. It is lived through like the first morning: the same activities, at the
instants of their days, and people who act between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config import Settings
from definitions.calendar import PersonTime
from definitions.forms import Form
from definitions.models import Definition
from domain.access import SERVICE, Actor
from domain.relationships import Relationship
from domain.states import TaskState
from embedded.demo_morning import live_through
from embedded.demo_team import Team
from embedded.demo_words import ABOUT_WORK, WISHES
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.definitions.versions import latest
from store.kinds.feedback_round.lists import Named, rater_list
from store.kinds.feedback_round.nominating import approve_nominations, save_nominations
from store.kinds.feedback_round.rating import submit_rating
from store.kinds.feedback_round.rules import CHOSEN, round_of
from store.launch.launching import confirm, prepare
from store.people.company import company_calendars

DEFINITION = "feedback"
AGO = 15
"""Working days since its launch: the requests are due in the days to come."""

SIDE = timedelta(minutes=30)


async def seed_round(database: Database, settings: Settings, team: Team, now: datetime) -> UUID:
    """Live a round from its launch to the days before its close. Returns the cycle.

    Answers about the first member are complete: that report is there to be read. The first member
    has still to write about all others. For an empty database, before any worker runs.
    """
    company = await _company(database, now)
    day = company.calendar.before(company.calendar.on_or_before(company.local_date(now)), AGO)
    opens = company.opening(day)
    cycle = await _launch(database, team, opens)
    await live_through(database, settings, opens - SIDE, _evening(company, opens), only=cycle)
    steps = ("nominate", "approve", "collect")
    for number, step in enumerate(steps, start=1):
        at = company.opening(company.calendar.after(day, number)) + timedelta(hours=1)
        async with database.begin() as conn:
            for task in await _open(conn, cycle, step):
                await _act(conn, task, team, at)
        until = now if step == "collect" else _evening(company, at)
        await live_through(database, settings, at, until, only=cycle)
    return cycle


async def _company(database: Database, now: datetime) -> PersonTime:
    async with database.begin() as conn:
        calendars = await company_calendars(conn, now.year - 1, now.year + 2)
    return calendars.company()


def _evening(company: PersonTime, at: datetime) -> datetime:
    return company.at(company.local_date(at), time(22))


async def _launch(database: Database, team: Team, at: datetime) -> UUID:
    async with database.begin() as conn:
        version = await latest(conn, DEFINITION)
        if version is None:
            raise LookupError(f"the definition {DEFINITION} is not shipped")
        cycle = await prepare(conn, version.id, at.date(), "button", SERVICE, at, only=team.members)
        await confirm(conn, cycle, SERVICE, at)
    return cycle


@dataclass(frozen=True, slots=True)
class _Task:
    id: UUID
    cycle_id: UUID
    stage_id: UUID
    step: str
    subject_id: int
    assignee_id: int


async def _open(conn: AsyncConnection, cycle: UUID, step: str) -> list[_Task]:
    rows = await conn.execute(
        text(
            "SELECT t.id, t.cycle_id, t.stage_id, s.kind, t.subject_id, t.assignee_id FROM tasks t "
            "JOIN stages s ON s.id = t.stage_id WHERE t.cycle_id = :cycle AND s.kind = :step "
            "AND t.state = :open AND t.assignee_id IS NOT NULL ORDER BY t.subject_id, t.assignee_id"
        ),
        {"cycle": cycle, "step": step, "open": TaskState.OPEN},
    )
    return [_Task(*row) for row in rows]


async def _act(conn: AsyncConnection, task: _Task, team: Team, at: datetime) -> None:
    actor = Actor(task.assignee_id, "person")
    if task.step == "nominate":
        named = [Named(m, Relationship.PEERS) for m in team.members if m != task.subject_id]
        most = await _most(conn, task)
        await save_nominations(conn, task.id, actor, _some(named, most, team.first), now=at)
    elif task.step == "approve":
        cycle = await load_cycle(conn, task.cycle_id)
        round_ = round_of(cycle, cycle.stages[task.stage_id])
        listed = await rater_list(conn, round_, task.subject_id)
        named = [
            Named(one.person_id, one.relationship)
            for one in listed.raters
            if one.relationship in CHOSEN
        ]
        await approve_nominations(conn, task.id, actor, named, now=at)
    elif _answers_by_now(task, team):
        cycle = await load_cycle(conn, task.cycle_id)
        round_ = round_of(cycle, cycle.stages[task.stage_id])
        answers = _answers(cycle.definition, round_.form, task, team)
        await submit_rating(conn, task.id, actor, answers, now=at)


async def _most(conn: AsyncConnection, task: _Task) -> int | None:
    """How many peers may be named; none: as many as one likes."""
    cycle = await load_cycle(conn, task.cycle_id)
    quota = round_of(cycle, cycle.stages[task.stage_id]).quotas[Relationship.PEERS]
    return quota.at_most or quota.most


def _some(named: Sequence[Named], most: int | None, first: int) -> list[Named]:
    """As many as may be named, the first member among them."""
    ordered = sorted(named, key=lambda one: (one.person_id != first, one.person_id))
    return ordered[:most]


def _answers_by_now(task: _Task, team: Team) -> bool:
    """All about the first member; most others have written about every second of the rest."""
    if task.subject_id == team.first:
        return True
    if task.assignee_id == team.first:
        return False
    return (task.subject_id + task.assignee_id) % 2 == 0


def _answers(definition: Definition, form: Form, task: _Task, team: Team) -> Mapping[str, Any]:
    """What a colleague might write: the same at each start for the same people."""
    chance = Random(task.subject_id * 1_000 + task.assignee_id)  # noqa: S311
    points = [point.value for point in definition.scale]
    own = task.subject_id == task.assignee_id
    answers: dict[str, Any] = {}
    for question in (question for section in form for question in section.questions):
        match question.type:
            case "text":
                words = ABOUT_WORK if question.required else WISHES
                # Nobody writes what another has written about the same person.
                place = team.members.index(task.assignee_id) + 2 * task.subject_id
                answers[question.id] = words[place % len(words)]
            case "rating":
                answers[question.id] = _point(points, chance, own, 0)
            case "competencies":
                answers[question.id] = {
                    name: _point(points, chance, own, place)
                    for place, name in enumerate(question.competencies)
                }
    return answers


def _point(points: Sequence[int], chance: Random, own: bool, place: int) -> int:
    """Others see some things differently from the subject: more here, less there."""
    middle = len(points) // 2
    if own:
        seen = middle + (place + 1) % 2
    else:
        seen = middle + (1, 0, -1, 1)[place % 4] + chance.choice((-1, 0, 0, 1))
    return points[max(0, min(len(points) - 1, seen))]
