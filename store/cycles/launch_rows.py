"""The rows of a launch: a cycle as locked for it, and what is frozen when it is confirmed."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars
from definitions.models import Definition
from definitions.timeline import Period, Plan
from definitions.unfolding import running
from domain.errors import NotFound
from domain.ids import CycleId
from domain.states import CycleState

LaunchedBy = Literal["button", "schedule", "rolling"]


@dataclass(frozen=True, slots=True)
class Launched:
    """What confirming answers; the second time the same as the first."""

    cycle_id: CycleId
    launch_on: date
    opens_at: datetime
    ends_at: datetime | None
    participants: int


@dataclass(frozen=True, slots=True)
class CheckedCycle:
    """A cycle's row as locked, with its definition."""

    id: CycleId
    state: CycleState
    launched_by: LaunchedBy
    launch_on: date
    opened_at: datetime | None
    ends_at: datetime | None
    participants: int
    definition: Definition
    period: Period


async def lock_checked(conn: AsyncConnection, cycle_id: UUID) -> CheckedCycle:
    """Lock a cycle's row for launching. Raises NotFound."""
    row = (
        await conn.execute(
            text(
                "SELECT c.*, v.content AS definition_content FROM cycles c"
                " JOIN definition_versions v ON v.id = c.version_id"
                " WHERE c.id = :id FOR UPDATE OF c"
            ),
            {"id": cycle_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no cycle {cycle_id}")
    return checked(row)


def checked(row: Row[Any]) -> CheckedCycle:
    """Read a row of `cycles`, joined with the content of its version."""
    return CheckedCycle(
        id=CycleId(row.id),
        state=CycleState(row.state),
        launched_by=row.launched_by,
        launch_on=row.launch_on,
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        participants=row.participants,
        definition=running(row.definition_content),
        period=Period.model_validate(row.period),
    )


def title_of(definition: Definition, period: Period) -> str:
    """The title of a cycle, its period filled in."""
    return definition.title.replace("{period}", period.title).strip()


async def freeze(
    conn: AsyncConnection,
    cycle: CheckedCycle,
    launched: Launched,
    launched_by: str,
    calendars: Calendars,
    plan: Plan | None,
    period: Period,
    now: datetime,
) -> None:
    """Open a cycle: calendars, plan and stages as they are from now on.

    `plan` is none in a rolling cycle: each person has one.
    """
    await conn.execute(
        text(
            "UPDATE cycles SET state = 'open', launched_by = :by, launch_on = :on,"
            " title = :title, period = CAST(:period AS jsonb), confirmed_at = :now,"
            " opened_at = :opens, ends_at = :ends, calendars = CAST(:calendars AS jsonb),"
            " plan = CAST(:plan AS jsonb), participants = :participants, version = version + 1"
            " WHERE id = :id"
        ),
        {
            "by": launched_by,
            "on": launched.launch_on,
            "title": title_of(cycle.definition, period),
            "period": period.model_dump_json(),
            "now": now,
            "opens": launched.opens_at,
            "ends": launched.ends_at,
            "calendars": calendars.model_dump_json(),
            "plan": None if plan is None else plan.model_dump_json(),
            "participants": launched.participants,
            "id": cycle.id,
        },
    )
    await _insert_stages(conn, cycle, plan, period)
    await conn.execute(
        text("UPDATE recurrences SET state = 'launched' WHERE cycle_id = :id"), {"id": cycle.id}
    )


async def _insert_stages(
    conn: AsyncConnection, cycle: CheckedCycle, plan: Plan | None, period: Period
) -> None:
    rows = []
    for position, stage in enumerate(cycle.definition.stages):
        planned = plan.stages[stage.id] if plan else None
        rows.append(
            {
                "key": stage.id,
                "position": position,
                "kind": stage.kind,
                "title": stage.title.replace("{period}", period.title),
                "opens": planned and planned.opens.isoformat(),
                "due": planned and planned.due.isoformat(),
                "closes": planned and planned.closes and planned.closes.isoformat(),
            }
        )
    await conn.execute(
        text(
            "INSERT INTO stages (cycle_id, key, position, kind, title, planned_opens_on,"
            " planned_due_on, planned_closes_on) SELECT :cycle, s.key, s.position, s.kind,"
            " s.title, s.opens, s.due, s.closes FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
            " AS s(key text, position int, kind text, title text, opens date, due date,"
            " closes date)"
        ),
        {"cycle": cycle.id, "rows": json.dumps(rows)},
    )
