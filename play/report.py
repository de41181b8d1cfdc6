"""What happened in a play, read from the facts: every mail, every suppressed one, every task."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """A play as facts. All instants are UTC; people are named by employee id."""

    scenario: str
    cycles: tuple[Row, ...]
    mails: tuple[Row, ...]
    suppressed: tuple[Row, ...]
    tasks: tuple[Row, ...]
    refusals: tuple[Row, ...]
    held: tuple[Row, ...]
    failures: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        """The report with instants as ISO texts; equal plays give equal reports."""
        return {
            "scenario": self.scenario,
            "cycles": _plain(self.cycles),
            "mails": _plain(self.mails),
            "suppressed": _plain(self.suppressed),
            "tasks": _plain(self.tasks),
            "refusals": _plain(self.refusals),
            "held": _plain(self.held),
            "failures": _plain(self.failures),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


ITEM = """
    jsonb_build_object('event', n.event, 'stage', s.key, 'rung', n.rung, 'about', b.employee_id,
        'held_by', coalesce(a.employee_id, t.desk), 'cycle', c.definition)
"""
JOINS = """
    LEFT JOIN stages s ON s.id = n.stage_id LEFT JOIN cycles c ON c.id = n.cycle_id
    LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN people a ON a.id = t.assignee_id
    LEFT JOIN people b ON b.id = n.subject_id
"""

MAILS = f"""
    SELECT coalesce(m.sent_at, m.created_at) AS at, r.employee_id AS "to", m.address, m.subject,
        m.kind, m.state, m.smtp_code, i.employee_id AS instead_of,
        (SELECT jsonb_agg({ITEM} ORDER BY n.at, n.key) FROM notifications n {JOINS}
         WHERE n.mail_id = m.id AND n.state <> 'suppressed') AS items
    FROM mails m LEFT JOIN people r ON r.id = m.person_id
    LEFT JOIN people i ON i.id = m.instead_of_id
    ORDER BY at, "to", m.subject
"""

SUPPRESSED = f"""
    SELECT n.settled_at AS at, n.send_at, r.employee_id AS "to", n.reason, {ITEM} AS item
    FROM notifications n JOIN people r ON r.id = n.person_id {JOINS}
    WHERE n.state IN ('suppressed', 'failed') ORDER BY n.settled_at, "to", n.event, n.rung
"""

TASKS = """
    SELECT c.definition AS cycle, s.key AS stage, b.employee_id AS about,
        coalesce(a.employee_id, t.desk) AS held_by, t.state, t.opens_at, t.due_on, t.due_at,
        t.closes_at, t.announced_on, t.due_revision, t.revision, t.ended_at, t.ended_reason,
        coalesce((SELECT jsonb_agg(jsonb_build_object('at', to_char(e.at AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'event', e.event, 'detail', e.detail) ORDER BY e.id)
         FROM task_events e WHERE e.task_id = t.id), '[]') AS changes
    FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
    LEFT JOIN people a ON a.id = t.assignee_id LEFT JOIN people b ON b.id = t.subject_id
    ORDER BY c.definition, s.position, about, held_by, t.created_at, t.id
"""

CYCLES = """
    SELECT c.definition, c.title, c.state, c.launch_on, c.opened_at, c.ends_at, c.closed_at,
        c.ended_reason, c.participants,
        (SELECT jsonb_agg(jsonb_build_object('stage', s.key, 'state', s.state,
            'planned_opens_on', s.planned_opens_on, 'planned_due_on', s.planned_due_on,
            'opened_at', s.opened_at, 'closed_at', s.closed_at) ORDER BY s.position)
         FROM stages s WHERE s.cycle_id = c.id) AS stages
    FROM cycles c ORDER BY c.created_at, c.id
"""

HELD = """
    SELECT h.at, s.key AS stage, p.employee_id AS person, h.code, h.mended_by
    FROM held_rows h LEFT JOIN stages s ON s.id = h.stage_id LEFT JOIN people p ON p.id = h.person_id
    WHERE h.cleared_at IS NULL ORDER BY h.id
"""

FAILURES = "SELECT id, kind, failure, failed_at FROM processes WHERE failures > 0 ORDER BY id"


async def read_report(
    conn: AsyncConnection, scenario: str, refusals: tuple[Row, ...]
) -> Report:
    """Read everything that happened, in the order of instants."""

    async def rows(query: str) -> tuple[Row, ...]:
        return tuple(dict(r._mapping) for r in await conn.execute(text(query)))

    return Report(
        scenario=scenario,
        cycles=await rows(CYCLES),
        mails=await rows(MAILS),
        suppressed=await rows(SUPPRESSED),
        tasks=await rows(TASKS),
        refusals=refusals,
        held=await rows(HELD),
        failures=await rows(FAILURES),
    )
