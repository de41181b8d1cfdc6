"""A round in rows: a manager, a team, and whoever else is wanted, with the lists given."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.company import Company
from definitions.loader import parse_definition
from definitions.models import Definition, Stage
from domain.access import Actor
from domain.relationships import Relationship
from store.base.session import Database
from store.cycles import facts as cycle_facts
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.lists import Named, write_list
from store.kinds.feedback_round.rating import submit_rating
from store.kinds.feedback_round.rules import Round, round_of
from store.people.company import company_calendars

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)  # nine in the morning in Seattle
DUE = date(2027, 1, 26)
AFTER_CLOSE = datetime(2027, 2, 2, 12, tzinfo=UTC)
PEERS, OTHERS = Relationship.PEERS, Relationship.OTHERS

SOURCE = """
definition: rounds
title: Feedback
purpose: To learn. The manager and you read it.
period: previous year
stages:
  - id: feedback
    kind: feedback_round
    form: feedback
    {raters}
forms:
  feedback:
    - section: Working together
      questions:
        - id: keep
          ask: What should stay?
          required: false
        - id: overall
          type: rating
          ask: All in all?
          required: false
        - id: skills
          type: competencies
          options: [Clarity]
          required: false
"""


@dataclass(frozen=True, slots=True)
class World:
    """Ids. `lead` manages `subject` and the `team`."""

    cycle: UUID
    nominate: UUID
    approve: UUID
    collect: UUID
    lead: int
    subject: int
    team: tuple[int, ...]
    hr: int

    async def facts(self, conn: AsyncConnection) -> tuple[CycleFacts, StageFacts, Round]:
        """The cycle under its lock, the step that collects, the round."""
        cycle = await load_cycle(conn, self.cycle, lock="share")
        return cycle, cycle.stages[self.collect], round_of(cycle, cycle.stages[self.collect])


def unfolded(*, raters: str = "", **collect: object) -> Definition:
    """The definition as a cycle has it at run time: each step of the round is a stage."""
    base = parse_definition(SOURCE.replace("{raters}", raters)).definition
    whole = base.stages[0]

    def step(name: str, assignee: str, after: tuple[str, ...], **more: object) -> Stage:
        written = getattr(whole, name)
        update: dict[str, object] = {
            "id": f"feedback.{name}",
            "kind": name,
            "assignee": assignee,
            "after": after,
            "due": written.due,
            "closes": written.closes,
            "ladder": written.ladder,
            "at_least": written.at_least,
        }
        return whole.model_copy(update={**update, **more})

    stages = (
        step("nominate", "subject", ()),
        step("approve", "manager", ("feedback.nominate",)),
        step("collect", "rater", ("feedback.approve",), **collect),
    )
    return base.model_copy(update={"stages": stages})


async def make_world(
    database: Database,
    *,
    team: int = 8,
    definition: Definition | None = None,
    subjects: int = 1,
) -> World:
    """Everybody below one manager; the first `subjects` of the team take part."""
    async with database.begin() as conn:
        await _company(conn)
        people = await _people(conn, team + 2)
        lead, hr, *rest = people
        ids = await _cycle(conn, definition or unfolded(), rest[:subjects])
    return World(*ids, lead, rest[0], tuple(rest), hr)


async def _company(conn: AsyncConnection) -> None:
    settings = Company.model_validate(
        {
            "zone": "America/Los_Angeles",
            "calendar": "us",
            "hr": ["p2@example.com"],
            "administrators": ["p1@example.com"],
            "calendars": {"us": {"holidays": "US"}},
        }
    )
    await conn.execute(
        text(
            "INSERT INTO company_settings (content, source, hash, saved_at) "
            "VALUES (CAST(:content AS jsonb), '', 'h', :now)"
        ),
        {"content": settings.model_dump_json(), "now": NOW},
    )
    await conn.execute(
        text("INSERT INTO profiles (calendar, zone) VALUES ('us', 'America/Los_Angeles')")
    )


async def _people(conn: AsyncConnection, count: int) -> list[int]:
    rows = await conn.execute(
        text(
            "INSERT INTO people (employee_id, first_name, last_name, email, hire_date, department,"
            " office, profile_id, created_at, updated_at) SELECT 'p' || n, 'P' || n, 'Example',"
            " 'p' || n || '@example.com', '2020-01-01', 'Sales', 'Seattle',"
            " (SELECT min(id) FROM profiles), :now, :now"
            " FROM generate_series(1, :count) n ORDER BY n RETURNING id"
        ),
        {"count": count, "now": NOW},
    )
    people = sorted(rows.scalars())
    await conn.execute(
        text(
            "INSERT INTO reporting_lines (person_id, manager_id, valid_from) "
            "SELECT unnest(CAST(:people AS bigint[])), :lead, '2020-01-01'"
        ),
        {"people": people[1:], "lead": people[0]},
    )
    return people


async def _cycle(
    conn: AsyncConnection, definition: Definition, subjects: Sequence[int]
) -> tuple[UUID, UUID, UUID, UUID]:
    calendars = await company_calendars(conn, 2026, 2028)
    version = await conn.scalar(
        text(
            "INSERT INTO definition_versions (definition, version, hash, title, content, source,"
            " published_at) VALUES ('rounds', (SELECT count(*) + 1 FROM definition_versions), 'h',"
            " 'Feedback', '{}', '', :now) RETURNING id"
        ),
        {"now": NOW},
    )
    dates = {
        "feedback.nominate": ("2027-01-04", "2027-01-07", "2027-01-07"),
        "feedback.approve": ("2027-01-08", "2027-01-11", "2027-01-11"),
        "feedback.collect": ("2027-01-12", "2027-01-26", "2027-01-29"),
    }
    plan = {
        "stages": {key: {"opens": a, "due": b, "closes": c} for key, (a, b, c) in dates.items()},
        "ends": "2027-03-31",
    }
    cycle = await conn.scalar(
        text(
            "INSERT INTO cycles (version_id, definition, title, period, state, launched_by,"
            " launch_on, opened_at, ends_at, calendars, plan, participants, created_at) VALUES"
            " (:version, 'rounds', 'Feedback', CAST(:period AS jsonb), 'open', 'schedule',"
            " '2027-01-04', :opened, :ends, CAST(:calendars AS jsonb), CAST(:plan AS jsonb), :n,"
            " :now) RETURNING id"
        ),
        {
            "version": version,
            "period": json.dumps({"start": "2026-01-01", "end": "2026-12-31", "title": "2026"}),
            "opened": NOW - timedelta(days=8),
            "ends": datetime(2027, 4, 1, tzinfo=UTC),
            "calendars": calendars.model_dump_json(),
            "plan": json.dumps(plan),
            "n": len(subjects),
            "now": NOW - timedelta(days=8),
        },
    )
    stages = {}
    for position, (key, (opens, due, closes)) in enumerate(dates.items()):
        stages[key] = await conn.scalar(
            text(
                "INSERT INTO stages (cycle_id, key, position, kind, title, state,"
                " planned_opens_on, planned_due_on, planned_closes_on) VALUES (:cycle, :key, :n,"
                " :kind, :kind, 'open', CAST(CAST(:opens AS text) AS date),"
                " CAST(CAST(:due AS text) AS date), CAST(CAST(:closes AS text) AS date))"
                " RETURNING id"
            ),
            {
                "cycle": cycle,
                "key": key,
                "n": position,
                "kind": key.rpartition(".")[2],
                "opens": opens,
                "due": due,
                "closes": closes,
            },
        )
    await conn.execute(
        text(
            "INSERT INTO participants (cycle_id, person_id, state, reason, entered_on) "
            "SELECT :cycle, unnest(CAST(:people AS bigint[])), 'in', 'audience', '2027-01-04'"
        ),
        {"cycle": cycle, "people": list(subjects)},
    )
    await conn.execute(
        text(
            "INSERT INTO processes (id, kind, cycle_id, created_at) "
            "VALUES (:id, 'feedback_round', :cycle, :now)"
        ),
        {"id": f"round-{stages['feedback.collect']}", "cycle": cycle, "now": NOW},
    )
    assert isinstance(cycle, UUID)
    cycle_facts._frozen.put(cycle, definition, calendars)
    return cycle, *(stages[key] for key in dates)


async def skip_lists(database: Database, world: World) -> None:
    """Nobody names or approves raters: both steps do not exist for anybody."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO skips (stage_id, subject_id, reason, at) SELECT s.id, p.person_id,"
                " 'by_rule', :at FROM stages s JOIN participants p ON p.cycle_id = s.cycle_id"
                " WHERE s.id IN (:nominate, :approve) ON CONFLICT DO NOTHING"
            ),
            {"nominate": world.nominate, "approve": world.approve, "at": NOW},
        )


async def ask(
    database: Database,
    world: World,
    lists: Mapping[int, Sequence[tuple[int, Relationship]]],
    now: datetime = NOW,
) -> None:
    """Let these raters be asked about these subjects, and open their tasks."""
    await skip_lists(database, world)
    async with database.begin() as conn:
        cycle, stage, round_ = await world.facts(conn)
        for subject, raters in lists.items():
            named = [Named(person, relationship) for person, relationship in raters]
            await write_list(conn, round_, subject, named, asked=True, source="subject", now=now)
        await open_raters(conn, cycle, stage, now)


async def task_of(database: Database, world: World, rater: int, subject: int | None = None) -> UUID:
    """The request of a rater about a subject."""
    async with database.begin() as conn:
        found = await conn.scalar(
            text(
                "SELECT id FROM tasks WHERE stage_id = :stage AND subject_id = :subject "
                "AND assignee_id = :rater ORDER BY created_at DESC LIMIT 1"
            ),
            {"stage": world.collect, "subject": subject or world.subject, "rater": rater},
        )
    assert isinstance(found, UUID)
    return found


async def rate(
    database: Database,
    world: World,
    rater: int,
    answers: dict[str, Any],
    *,
    now: datetime = NOW,
    subject: int | None = None,
    agrees: bool = False,
) -> UUID:
    """A rater submits."""
    task = await task_of(database, world, rater, subject)
    async with database.begin() as conn:
        await submit_rating(conn, task, Actor(rater, "person"), answers, now=now, agrees=agrees)
    return task


async def rows(database: Database, sql: str, **values: object) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    async with database.begin() as conn:
        return [tuple(row) for row in await conn.execute(text(sql), values)]
