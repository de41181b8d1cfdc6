"""A definition with a conversation and an acknowledgement, and one open task of it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.definitions.versions import publish
from store.launch import launching
from tests.store.people_rows import SECOND_HR, WORKER

MEETING = """
definition: talk
title: Talk {period}
purpose: To see whether a talk took place.
period: previous year
audience: {tenure: 0 days}
stages:
  - {id: talk, title: Check-in, kind: meeting, opens: launch, due: 10 working days}
  - {id: answer, title: Answer, kind: acknowledgement, due: 5 working days}
"""


async def open_task(
    database: Database, clock: SetClock, stage: str, role: str, assignee: int
) -> UUID:
    actor = Actor(SECOND_HR, "hr")
    now = clock.now()
    async with database.begin() as conn:
        parsed = parse_definition(MEETING, "talk.yaml")
        version = await publish(conn, parsed, source=MEETING, actor=actor, now=now)
        cycle = await launching.prepare(conn, version.id, now.date(), "button", actor, now)
        await launching.confirm(conn, cycle, actor, now)
        found = await conn.scalar(
            text(
                "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state,"
                " cause, begun_at, opens_at, announce_at, due_on, due_at, created_at)"
                " SELECT :cycle, id,"
                " :subject, :role, :assignee, 'open', 'launch', :now, :now, :now, :on, :due, :now"
                " FROM stages WHERE cycle_id = :cycle AND key = :stage RETURNING id"
            ),
            {
                "cycle": cycle,
                "stage": stage,
                "subject": WORKER,
                "role": role,
                "assignee": assignee,
                "now": now,
                "on": now.date() + timedelta(days=14),
                "due": now + timedelta(days=14),
            },
        )
        assert isinstance(found, UUID)
        return found
