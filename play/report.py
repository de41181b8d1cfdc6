"""What happened in a play, read from the facts: every mail, every suppressed one, every task."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
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
    skips: tuple[Row, ...]
    refusals: tuple[Row, ...]
    held: tuple[Row, ...]
    failures: tuple[Row, ...]
    raters: tuple[Row, ...] = ()
    reports: tuple[Row, ...] = ()
    findings: tuple[Row, ...] = ()
    main: str = ""
    """The definition whose stages are named by their ids alone."""

    def as_json(self, *, texts: bool = False) -> dict[str, Any]:
        """The report with instants as ISO texts; equal plays give equal reports.

        `texts`: with the plain text of every mail.
        """
        told = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
        if not texts:
            for mail in told["mails"]:
                del mail["text"]
        return told


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


def _who(alias: str) -> str:
    """Somebody as they are named: by employee id, people outside the company by their address."""
    return f"CASE WHEN {alias}.status = 'external' THEN {alias}.email ELSE {alias}.employee_id END"


ITEM = f"""
    jsonb_build_object('event', n.event, 'stage', s.key, 'rung', n.rung, 'about', b.employee_id,
        'held_by', coalesce({_who("a")}, t.desk), 'cycle', c.definition)
"""
JOINS = """
    LEFT JOIN stages s ON s.id = n.stage_id LEFT JOIN cycles c ON c.id = n.cycle_id
    LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN people a ON a.id = t.assignee_id
    LEFT JOIN people b ON b.id = n.subject_id
"""
SHOWN = "n.event, s.position, b.employee_id, a.employee_id, n.rung, n.key"

# A mail waits a second for what else falls on its instant: it is told to the minute.
MAILS = f"""
    SELECT date_trunc('minute', coalesce(m.sent_at, m.created_at)) AS at, {_who("r")} AS "to",
        m.address, m.subject, m.text, m.kind, m.state, m.smtp_code, i.employee_id AS instead_of,
        (SELECT jsonb_agg({ITEM} ORDER BY {SHOWN}) FROM notifications n {JOINS}
         WHERE n.mail_id = m.id AND n.reason IS DISTINCT FROM 'superseded') AS items
    FROM mails m LEFT JOIN people r ON r.id = m.person_id
    LEFT JOIN people i ON i.id = m.instead_of_id
    WHERE m.state <> 'suppressed'
    ORDER BY at, "to", m.subject, instead_of
"""

SUPPRESSED = f"""
    SELECT date_trunc('minute', n.settled_at) AS at, n.send_at, {_who("r")} AS "to", n.reason,
        {ITEM} AS item
    FROM notifications n JOIN people r ON r.id = n.person_id {JOINS}
    WHERE n.state IN ('suppressed', 'failed') OR n.reason = 'superseded'
    ORDER BY 1, 3, {SHOWN}
"""

# Ids of people in the details are told as employee ids.
TASKS = f"""
    SELECT t.id, c.definition AS cycle, s.key AS stage, b.employee_id AS about,
        coalesce({_who("a")}, t.desk) AS held_by, t.state, t.opens_at, t.due_on, t.due_at,
        t.closes_at, t.announced_on, t.due_revision, t.revision, t.ended_at, t.ended_reason,
        w.employee_id AS submitted_by, o.employee_id AS on_behalf_of
    FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
    LEFT JOIN people a ON a.id = t.assignee_id LEFT JOIN people b ON b.id = t.subject_id
    LEFT JOIN responses r ON r.task_id = t.id AND r.revision = t.revision
    LEFT JOIN people w ON w.id = r.author_id LEFT JOIN people o ON o.id = r.on_behalf_of_id
    ORDER BY c.definition, s.position, about, t.opens_at, held_by, t.due_at
"""

CHANGES = f"""
    SELECT e.task_id, e.at, e.event, {_who("p")} AS by, e.detail
    FROM task_events e LEFT JOIN people p ON p.id = e.actor_id ORDER BY e.at, e.id
"""

SKIPS = """
    SELECT c.definition AS cycle, s.key AS stage, b.employee_id AS about, k.reason, k.at
    FROM skips k JOIN stages s ON s.id = k.stage_id JOIN cycles c ON c.id = s.cycle_id
    JOIN people b ON b.id = k.subject_id ORDER BY c.definition, s.position, about
"""

CYCLES = """
    SELECT c.definition, c.title, c.state, c.launch_on, c.opened_at, c.ends_at, c.closed_at,
        c.ended_reason, c.participants,
        (SELECT jsonb_agg(jsonb_build_object('stage', s.key, 'state', s.state,
            'planned_opens_on', s.planned_opens_on, 'planned_due_on', s.planned_due_on,
            'opened_at', to_char(s.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'closed_at', to_char(s.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            ORDER BY s.position)
         FROM stages s WHERE s.cycle_id = c.id) AS stages,
        (SELECT jsonb_agg(jsonb_build_object('person', p.employee_id, 'state', i.state,
            'reason', i.reason, 'because', i.because) ORDER BY p.employee_id)
         FROM participants i JOIN people p ON p.id = i.person_id
         WHERE i.cycle_id = c.id AND i.state <> 'in') AS out
    FROM cycles c ORDER BY c.created_at, c.launch_on, c.definition
"""

RATERS = f"""
    SELECT c.definition AS cycle, s.key AS stage, b.employee_id AS about, {_who("p")} AS who,
        r.relationship, r.state, r.source
    FROM raters r JOIN stages s ON s.id = r.stage_id JOIN cycles c ON c.id = s.cycle_id
    JOIN people b ON b.id = r.subject_id JOIN people p ON p.id = r.person_id
    ORDER BY c.definition, s.position, about, who, r.state, r.source
"""

# What stands in a report is for its readers; a rehearsal looks at which groups it shows.
REPORTS = """
    SELECT c.definition AS cycle, s.key AS stage, b.employee_id AS about, f.made_at, f.held,
        f.readable_on, (SELECT jsonb_object_agg(g ->> 'relationship', g ->> 'standing')
            FROM jsonb_array_elements(f.content -> 'subject' -> 'groups') AS g) AS groups
    FROM feedback_reports f JOIN stages s ON s.id = f.stage_id JOIN cycles c ON c.id = s.cycle_id
    JOIN people b ON b.id = f.subject_id ORDER BY c.definition, s.position, about
"""

HELD = """
    SELECT h.at, s.key AS stage, p.employee_id AS person, h.code, h.mended_by
    FROM held_rows h LEFT JOIN stages s ON s.id = h.stage_id
    LEFT JOIN people p ON p.id = h.person_id WHERE h.cleared_at IS NULL ORDER BY 1, 2, 3, 4
"""

FAILURES = """
    SELECT p.kind, s.key AS stage, p.failure, p.failed_at FROM processes p
    LEFT JOIN stages s ON s.id = p.stage_id WHERE p.failures > 0 ORDER BY 1, 2
"""

PEOPLE = f"SELECT p.id, {_who('p')} AS employee_id FROM people p"
NAMES_PEOPLE = ("to", "from", "by")


async def read_report(
    conn: AsyncConnection,
    scenario: str,
    refusals: tuple[Row, ...],
    *,
    main: str,
    findings: tuple[Row, ...] = (),
) -> Report:
    """Read everything that happened, in the order of instants."""

    async def rows(query: str) -> tuple[Row, ...]:
        return tuple(dict(r._mapping) for r in await conn.execute(text(query)))

    people = {row["id"]: row["employee_id"] for row in await rows(PEOPLE)}
    changes: dict[UUID, list[Row]] = {}
    for change in await rows(CHANGES):
        told = {"at": change["at"], "event": change["event"], "by": change["by"]}
        detail = _with_names(change["detail"], people)
        changes.setdefault(change["task_id"], []).append({**told, "detail": detail})
    return Report(
        scenario=scenario,
        cycles=await rows(CYCLES),
        mails=await rows(MAILS),
        suppressed=await rows(SUPPRESSED),
        tasks=tuple(
            {**{k: v for k, v in task.items() if k != "id"}, "changes": changes.get(task["id"], [])}
            for task in await rows(TASKS)
        ),
        skips=await rows(SKIPS),
        refusals=refusals,
        held=await rows(HELD),
        failures=await rows(FAILURES),
        raters=await rows(RATERS),
        reports=await rows(REPORTS),
        findings=findings,
        main=main,
    )


def _with_names(detail: Row, people: Mapping[int, str]) -> Row:
    """The detail of a change, with employee ids for people's."""

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(v) for v in value]
        if isinstance(value, int):
            return people.get(value, value)
        who, colon, why = str(value).partition(":")
        return f"{people.get(int(who), who)}:{why}" if colon and who.isdigit() else value

    return {
        key: named(value) if key in (*NAMES_PEOPLE, "skipped") else value
        for key, value in detail.items()
        if key != "order"
    }
