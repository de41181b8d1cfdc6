"""Cycles for HR: the list, the people in them, their tasks, and the first minutes."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.counts import Counts
from store.access.visible import COUNTED, TOLD
from store.base.search_patterns import patterns
from store.cycles.counted_tasks import STATUS, SUMS, counts_of, tasks_of
from store.launch.first_minutes import OF_THE_LAUNCH


@dataclass(frozen=True, slots=True)
class CycleRow:
    """A cycle with its counts. `stage` is open now.

    `stage_due_on`: when most of what is still open in it is due; else when most of it was.
    """

    id: UUID
    title: str
    state: str
    definition: str
    version: int
    launch_on: date
    ends_at: datetime | None
    participants: int
    stage: str | None
    stage_due_on: date | None
    counts: Counts


async def cycle_rows(
    conn: AsyncConnection, now: datetime, *, hidden: list[int], limit: int = 100
) -> list[CycleRow]:
    """The latest cycles, newest first, counted in one statement without `hidden` cases."""
    rows = await conn.execute(
        text(
            f"""
            WITH listed AS (SELECT * FROM cycles ORDER BY id DESC LIMIT :limit)
            SELECT c.id, c.title, c.state, c.definition, v.version, c.launch_on, c.ends_at,
              c.participants, o.title, o.due_on, n.*
            FROM listed c JOIN definition_versions v ON v.id = c.version_id
            LEFT JOIN (SELECT k.cycle_id, {SUMS} FROM ({tasks_of("SELECT id FROM listed")}) k
              GROUP BY 1) n ON n.cycle_id = c.id
            LEFT JOIN LATERAL (
              SELECT s.title, (SELECT coalesce(
                  mode() WITHIN GROUP (ORDER BY t.due_on DESC)
                    FILTER (WHERE t.state IN ('open', 'planned')),
                  mode() WITHIN GROUP (ORDER BY t.due_on DESC), s.planned_due_on)
                FROM tasks t WHERE t.stage_id = s.id AND {COUNTED}) AS due_on FROM stages s
              WHERE s.cycle_id = c.id AND s.state = 'open' ORDER BY s.position LIMIT 1) o ON true
            ORDER BY c.id DESC
            """
        ),
        {"now": now, "hidden": hidden, "limit": limit},
    )
    return [CycleRow(*(*tuple(row)[:10], counts_of(row))) for row in rows]


@dataclass(frozen=True, slots=True)
class PlannedLaunch:
    """A launch that the calendar plans."""

    title: str
    definition: str
    launch_on: date
    check_at: datetime
    state: str


async def planned_launches(conn: AsyncConnection, on: date) -> list[PlannedLaunch]:
    """The next launches of recurring definitions."""
    rows = await conn.execute(
        text(
            """
            SELECT v.title, r.definition, r.launch_on, r.check_at, r.state
            FROM recurrences r JOIN LATERAL (SELECT title FROM definition_versions d
              WHERE d.definition = r.definition ORDER BY d.version DESC LIMIT 1) v ON true
            WHERE r.state IN ('planned', 'asked') AND r.launch_on >= :on AND r.cycle_id IS NULL
            ORDER BY r.launch_on LIMIT 20
            """
        ),
        {"on": on},
    )
    return [PlannedLaunch(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """Somebody with regard to a cycle, with the tasks about them. `hidden`: not for the reader."""

    person_id: int
    name: str
    first_name: str
    department: str | None
    state: str
    reason: str
    because: str | None
    entered_on: date | None
    late: bool
    manager: str | None
    done: int
    open: int
    overdue: int
    hidden: bool
    sort_name: str
    email: str


async def participant_rows(
    conn: AsyncConnection,
    cycle_id: UUID,
    *,
    now: datetime,
    hidden: list[int],
    state: str = "",
    department: str = "",
    search: str = "",
    not_chosen: bool = True,
    person_id: int | None = None,
    after: tuple[str, int] = ("", 0),
    limit: int = 100,
) -> list[ParticipantRow]:
    """Everybody of the company by name; of `hidden` cases neither counts nor HR's words."""
    rows = await conn.execute(
        text(
            f"""
            SELECT p.person_id, w.first_name || ' ' || w.last_name, w.first_name,
              coalesce(p.department, w.department), p.state, p.reason,
              CASE WHEN p.person_id <> ALL(CAST(:hidden AS bigint[])) THEN p.because END,
              p.entered_on, p.late, m.first_name || ' ' || m.last_name, n.done,
              n.in_time + n.late, n.late,
              p.person_id = ANY(CAST(:hidden AS bigint[])), w.last_name || ' ' || w.first_name,
              w.email
            FROM participants p JOIN people w ON w.id = p.person_id
            LEFT JOIN reporting_lines l ON l.person_id = w.id AND l.valid_from <= :on
              AND (l.valid_to IS NULL OR l.valid_to > :on)
            LEFT JOIN people m ON m.id = l.manager_id
            LEFT JOIN LATERAL (
              SELECT {SUMS} FROM (SELECT {STATUS} AS status FROM tasks t
                JOIN stages s ON s.id = t.stage_id AND {COUNTED}
                WHERE t.cycle_id = p.cycle_id AND t.subject_id = p.person_id) k) n ON true
            WHERE p.cycle_id = :cycle
              AND (:state = '' OR p.state = :state)
              AND (:not_chosen OR p.reason <> 'not_chosen')
              AND (:department = '' OR coalesce(p.department, w.department) = :department)
              AND concat_ws(' ', w.first_name, w.last_name, w.department, w.email)
                ILIKE ALL (CAST(:words AS text[]))
              AND (CAST(:person AS bigint) IS NULL OR p.person_id = :person)
              AND (w.last_name || ' ' || w.first_name, p.person_id) > (:name, :id)
            ORDER BY w.last_name || ' ' || w.first_name, p.person_id LIMIT :limit
            """
        ),
        {
            "cycle": cycle_id,
            "on": now.date(),
            "now": now,
            "hidden": hidden,
            "state": state,
            "department": department,
            "not_chosen": not_chosen,
            "words": patterns(search),
            "person": person_id,
            "name": after[0],
            "id": after[1],
            "limit": limit,
        },
    )
    return [ParticipantRow(*row) for row in rows]


async def not_chosen(conn: AsyncConnection, cycle_id: UUID) -> int:
    """How many people take no part because HR chose others by name."""
    found = await conn.scalar(
        text("SELECT count(*) FROM participants WHERE cycle_id = :cycle AND reason = 'not_chosen'"),
        {"cycle": cycle_id},
    )
    return int(found or 0)


async def departments_of(conn: AsyncConnection, cycle_id: UUID) -> list[str]:
    """The departments in a cycle, by name."""
    rows = await conn.execute(
        text(
            "SELECT DISTINCT department FROM participants"
            " WHERE cycle_id = :cycle AND department IS NOT NULL ORDER BY 1"
        ),
        {"cycle": cycle_id},
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class HeldTaskRow:
    """A task for those who oversee the cycle."""

    id: UUID
    holder_id: int | None
    holder: str | None
    department: str | None
    desk: str | None
    stage: str
    title: str
    kind: str
    role: str
    subject_id: int | None
    subject: str | None
    subject_first: str | None
    state: str
    due_on: date
    due_at: datetime
    late: bool
    ended_at: datetime | None
    ended_reason: str | None


async def task_rows(
    conn: AsyncConnection,
    cycle_id: UUID,
    *,
    now: datetime,
    hidden: list[int],
    open_only: bool,
    stage: str = "",
    department: str = "",
    what: str = "",
    search: str = "",
    subject_id: int | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> list[HeldTaskRow]:
    """Tasks by deadline. Left out: `hidden` cases, and raters' tasks.

    `what`: late, nobody (needs an assignee), or nothing in particular.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT t.id, t.assignee_id, a.first_name || ' ' || a.last_name, a.department, t.desk,
              s.key, s.title, s.kind, t.role, t.subject_id, b.first_name || ' ' || b.last_name,
              b.first_name, t.state, t.due_on, t.due_at, t.state = 'open' AND t.due_at < :now,
              t.ended_at, t.ended_reason
            FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
            LEFT JOIN people a ON a.id = t.assignee_id LEFT JOIN people b ON b.id = t.subject_id
            WHERE t.cycle_id = :cycle AND (NOT :open OR t.state = 'open')
              AND (:stage = '' OR s.key = :stage)
              AND (:department = '' OR a.department = :department)
              AND (:what <> 'late' OR t.due_at < :now)
              AND (:what <> 'nobody' OR (t.assignee_id IS NULL AND t.desk IS NULL))
              AND concat_ws(' ', a.first_name, a.last_name, b.first_name, b.last_name)
                ILIKE ALL (CAST(:words AS text[]))
              AND (CAST(:subject AS bigint) IS NULL OR t.subject_id = :subject)
              AND (CAST(:due AS timestamptz) IS NULL OR (t.due_at, t.id) > (:due, :id))
            ORDER BY t.due_at, t.id LIMIT :limit
            """
        ),
        {
            "cycle": cycle_id,
            "now": now,
            "hidden": hidden,
            "open": open_only,
            "stage": stage,
            "department": department,
            "what": what,
            "words": patterns(search),
            "subject": subject_id,
            "due": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [HeldTaskRow(*row) for row in rows]


async def skipped_stages(
    conn: AsyncConnection, cycle_id: UUID, person_id: int
) -> list[tuple[str, str]]:
    """Stages that do not exist for somebody, with the reason code."""
    rows = await conn.execute(
        text(
            "SELECT s.title, k.reason FROM skips k JOIN stages s ON s.id = k.stage_id"
            " WHERE s.cycle_id = :cycle AND k.subject_id = :person ORDER BY s.position"
        ),
        {"cycle": cycle_id, "person": person_id},
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class Refused:
    """A mail of a cycle that a server refused for good. `refused`: the address still is."""

    person_id: int
    refused: bool
    name: str
    address: str
    code: int | None
    answer: str | None
    at: datetime


async def refused_mails(conn: AsyncConnection, cycle_id: UUID) -> list[Refused]:
    """Refused mails of a cycle, as many as its first minutes count: none to raters."""
    rows = await conn.execute(
        text(
            f"""
            SELECT DISTINCT ON (m.id) w.id, w.address_refused_at IS NOT NULL,
              w.first_name || ' ' || w.last_name, m.address, m.smtp_code, m.smtp_answer,
              coalesce(n.settled_at, m.created_at) AS at
            FROM notifications n JOIN mails m ON m.id = n.mail_id
            JOIN people w ON w.id = n.person_id
            WHERE n.cycle_id = :cycle AND m.state = 'failed' AND {OF_THE_LAUNCH} AND {TOLD}
            ORDER BY m.id LIMIT 200
            """
        ),
        {"cycle": cycle_id},
    )
    return [Refused(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class TabCounts:
    """How many people a cycle judged, and how many tasks are open."""

    people: int
    open: int


async def tab_counts(conn: AsyncConnection, cycle_id: UUID, *, hidden: list[int]) -> TabCounts:
    """Count for the tabs of a cycle, without `hidden` cases."""
    row = (
        await conn.execute(
            text(
                "SELECT (SELECT count(*) FROM participants WHERE cycle_id = :cycle),"
                " (SELECT count(*) FROM tasks t JOIN stages s ON s.id = t.stage_id"
                f" AND {COUNTED} WHERE t.cycle_id = :cycle AND t.state = 'open')"
            ),
            {"cycle": cycle_id, "hidden": hidden},
        )
    ).one()
    return TabCounts(*row)
