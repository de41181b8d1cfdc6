"""A 360 round whose raters have been asked, in the company of `people_rows`: no engine needed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.loader import parse_definition
from domain.access import Actor
from domain.relationships import Relationship
from store.base.session import Database
from store.definitions.versions import publish
from store.launch import launching
from tests.store.kinds.feedback_round.world import World, ask
from tests.store.people_rows import HR, LEAD, SECOND_HR, WORKER

ZOE = 8
"""One colleague more, who reports to LEAD."""

SOURCE = """
definition: rounds
title: Feedback {period}
purpose: To learn from each other.
period: previous year
audience:
  tenure: 0 days
stages:
  - id: feedback
    kind: feedback_round
    form: feedback
    {more}
forms:
  feedback:
    - section: Working together
      questions:
        - id: keep
          ask: What should {subject.first_name} keep doing?
        - id: clear
          ask: "{subject.first_name} says clearly what they expect."
          type: rating
          explain: true
        - id: managers
          ask: What should only managers know?
          visible: manager
          required: false
"""

ANSWERS = {"keep": "The Monday notes.", "clear": 4, "clear.why": "Always in writing."}
CANNOT = {"keep": "The Monday notes.", "clear": None}


async def make_round(database: Database, now: datetime, *, more: str = "") -> World:
    """Publish, launch, and let the round's steps be open."""
    actor = Actor(SECOND_HR, "hr")
    source = SOURCE.replace("{more}", more)
    async with database.begin() as conn:
        await _add_colleague(conn, now)
        parsed = parse_definition(source, "rounds.yaml")
        version = await publish(conn, parsed, source=source, actor=actor, now=now)
        cycle = await launching.prepare(conn, version.id, now.date(), "button", actor, now)
        await launching.confirm(conn, cycle, actor, now)
        await conn.execute(
            text("UPDATE stages SET state = 'open' WHERE cycle_id = :id"), {"id": cycle}
        )
        rows = await conn.execute(
            text("SELECT key, id FROM stages WHERE cycle_id = :id"), {"id": cycle}
        )
        stages = {key.rpartition(".")[2]: found for key, found in rows}
    ids = (stages["nominate"], stages["approve"], stages["collect"])
    return World(cycle, *ids, LEAD, WORKER, (), HR)


async def _add_colleague(conn: AsyncConnection, now: datetime) -> None:
    await conn.execute(
        text(
            "INSERT INTO people (employee_id, first_name, last_name, email, hire_date, department,"
            " office, profile_id, created_at, updated_at) VALUES ('zoe', 'Zoe', 'Example',"
            " 'zoe@example.com', '2020-01-01', 'Sales', 'Seattle', 1, :now, :now)"
        ),
        {"now": now},
    )
    await conn.execute(
        text(
            "INSERT INTO reporting_lines (person_id, manager_id, valid_from)"
            " VALUES (:zoe, :lead, '2020-01-01')"
        ),
        {"zoe": ZOE, "lead": LEAD},
    )


async def ask_for(
    database: Database,
    world: World,
    rater: int,
    subjects: Mapping[int, Relationship],
    now: datetime,
    *,
    days_apart: int = 0,
    also: Mapping[int, Sequence[tuple[int, Relationship]]] | None = None,
) -> dict[int, UUID]:
    """Let somebody be asked about these subjects, due one after the other: {subject: task}.

    `also`: further raters of these subjects.
    """
    more = also or {}
    lists = {
        # Nobody is asked about themselves alone.
        subject: [
            (rater, name),
            *[(ZOE, Relationship.PEERS)] * (subject == rater),
            *more.get(subject, ()),
        ]
        for subject, name in subjects.items()
    }
    await ask(database, world, lists, now)
    async with database.begin() as conn:
        for number, subject in enumerate(subjects):
            await conn.execute(
                text(
                    "UPDATE tasks SET due_at = due_at + :later WHERE stage_id = :stage"
                    " AND subject_id = :subject"
                ),
                {
                    "later": timedelta(days=days_apart * number),
                    "stage": world.collect,
                    "subject": subject,
                },
            )
        rows = await conn.execute(
            text(
                "SELECT subject_id, id FROM tasks WHERE stage_id = :stage AND assignee_id = :rater"
            ),
            {"stage": world.collect, "rater": rater},
        )
        return {row.subject_id: row.id for row in rows}


async def close_round(database: Database, world: World, subjects: Sequence[int]) -> None:
    """What raters notice of the close: the seal is gone, and what was open has expired."""
    async with database.begin() as conn:
        found = {"stage": world.collect, "subjects": list(subjects)}
        await conn.execute(
            text(
                "DELETE FROM sealed_answers WHERE task_id IN (SELECT id FROM tasks"
                " WHERE stage_id = :stage AND subject_id = ANY(CAST(:subjects AS bigint[])))"
            ),
            found,
        )
        await conn.execute(
            text(
                "DELETE FROM round_seals WHERE stage_id = :stage"
                " AND subject_id = ANY(CAST(:subjects AS bigint[]))"
            ),
            found,
        )
        await conn.execute(
            text(
                "UPDATE tasks SET state = 'expired', ended_at = due_at, ended_reason = 'closed'"
                " WHERE stage_id = :stage AND state = 'open'"
                " AND subject_id = ANY(CAST(:subjects AS bigint[]))"
            ),
            found,
        )
