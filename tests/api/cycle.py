"""A launched cycle with open tasks, as the engine would have made them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from store.base.session import Database
from store.definitions.versions import publish
from store.launch import launching
from tests.store.people_rows import BOSS, HR, LEAD, SECOND_HR, WORKER

SMALL = """
definition: small
title: Small review {period}
purpose: To see how it goes. You and your manager read it.
period: previous year
audience:
  tenure: 0 days
stages:
  - id: self
    title: Your view
    due: 10 working days
  - id: manager
    title: Your manager's view
    assignee: manager
    due: 10 working days
    beside: [self]
  - id: release
    kind: release
    due: 5 working days
forms:
  self:
    - section: You
      questions:
        - id: going
          ask: How is it going?
        - id: mood
          ask: How do you feel?
          type: rating
          required: false
  manager:
    - section: Them
      questions:
        - id: text
          ask: How did it go?
        - id: quiet
          ask: What should only managers and HR know?
          visible: manager
          required: false
        - id: secret
          ask: What should only HR know?
          visible: hr
          required: false
"""

ANSWERS = {"going": "Well enough."}


@dataclass(frozen=True, slots=True)
class World:
    """Ids of what was made. `self_task` and `manager_task` are about WORKER."""

    version_id: UUID
    cycle_id: UUID
    self_task: UUID
    manager_task: UUID
    hr_self_task: UUID
    boss_self_task: UUID
    release_task: UUID


async def launch_small(database: Database, now: datetime) -> World:
    """Publish, prepare, confirm, and open five tasks."""
    actor = Actor(SECOND_HR, "hr")
    async with database.begin() as conn:
        parsed = parse_definition(SMALL, "small.yaml")
        version = await publish(conn, parsed, source=SMALL, actor=actor, now=now)
        cycle = await launching.prepare(conn, version.id, now.date(), "button", actor, now)
        await launching.confirm(conn, cycle, actor, now)
        stages = dict(
            (
                await conn.execute(
                    text("SELECT key, id FROM stages WHERE cycle_id = :id"), {"id": cycle}
                )
            ).all()  # type: ignore[arg-type]
        )

        async def task(
            stage: str,
            subject: int | None,
            role: str,
            assignee: int | None,
            desk: str | None = None,
        ) -> UUID:
            found = await conn.scalar(
                text(
                    "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, desk,"
                    " state, cause, begun_at, opens_at, announce_at, announced_on, due_on, due_at,"
                    " next_rung, next_rung_at, created_at) VALUES (:cycle, :stage, :subject, :role,"
                    " :assignee, :desk, 'open', 'launch', :now, :now, :now, :today, :due_on, :due,"
                    " 'remind:-5', :rung, :now) RETURNING id"
                ),
                {
                    "cycle": cycle,
                    "stage": stages[stage],
                    "subject": subject,
                    "role": role,
                    "assignee": assignee,
                    "desk": desk,
                    "now": now,
                    "today": now.date(),
                    "due_on": (now + timedelta(days=14)).date(),
                    "due": now + timedelta(days=14),
                    "rung": now + timedelta(days=7),
                },
            )
            assert isinstance(found, UUID)
            return found

        return World(
            version_id=version.id,
            cycle_id=cycle,
            self_task=await task("self", WORKER, "subject", WORKER),
            manager_task=await task("manager", WORKER, "manager", LEAD),
            hr_self_task=await task("self", HR, "subject", HR),
            boss_self_task=await task("self", BOSS, "subject", BOSS),
            release_task=await task("release", None, "hr", None, "hr"),
        )
