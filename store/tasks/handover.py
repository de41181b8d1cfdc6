"""Tasks that pass from one person to another because people change: managers, leavers.

In sets: the rows change in one statement, both people are told, and the new assignee has the
stage's `at_least` from today (language reference §4). A draft stays with its author.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung
from definitions.timeline import earliest_due
from domain.notifications import Event
from domain.states import Desk, TaskState
from store.cycles.facts import CycleFacts
from store.engine.processes import ring_before
from store.outbox.notices import Notice, tell_all, tell_desk
from store.outbox.outbox import suppress_for_tasks
from store.tasks.announcing import Opened, announce
from store.tasks.deadlines import close_of, rung_ahead
from store.tasks.drafts import Until, away_data, drafts_left_behind, kept_until
from store.tasks.events import record_events
from store.tasks.holders import cycle_times
from store.tasks.rows import TaskFacts

SPLIT = "split"
"""The cause of a second writer's task."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A task and who holds it from now on; nobody: it needs an assignee, on HR's desk."""

    task: TaskFacts
    to: int | None


@dataclass(frozen=True, slots=True)
class _Dates:
    opens_at: datetime
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    rung: Rung | None


async def hand_over(
    conn: AsyncConnection,
    cycle: CycleFacts,
    handovers: Sequence[Handover],
    *,
    cause: str,
    actor_id: int | None,
    now: datetime,
    tell_old: bool = True,
) -> int:
    """Let these live, locked tasks pass to other people. Returns how many did.

    A new due revision begins, so that the new assignee is warned before anybody is told. HR is
    asked once about what nobody holds now.
    """
    handovers = [each for each in handovers if each.to != each.task.assignee_id]
    if not handovers:
        return 0
    clocks = {each.task.id: each.to or each.task.subject_id or 0 for each in handovers}
    times = await cycle_times(conn, cycle, clocks.values())
    dates = {
        each.task.id: _dates(
            cycle,
            each.task,
            times.get(clocks[each.task.id], cycle.company),
            now,
        )
        for each in handovers
    }
    ids = [each.task.id for each in handovers]
    left = await drafts_left_behind(conn, cycle, [each.task for each in handovers], now)
    await suppress_for_tasks(conn, ids, cause, now)
    await _write(conn, handovers, dates)
    await record_events(
        conn,
        [
            (
                each.task.id,
                now,
                "reassigned",
                {
                    "from": each.task.assignee_id,
                    "to": each.to,
                    "cause": cause,
                    **kept_until(left.get(each.task.id)),
                },
            )
            for each in handovers
        ],
        actor_id,
    )
    await _tell(conn, handovers, dates, left, cause, now, tell_old=tell_old)
    for stage_id in {each.task.stage_id for each in handovers}:
        await ring_before(conn, cycle.stages[stage_id].process, now)
    return len(handovers)


async def add_second_writer(
    conn: AsyncConnection, cycle: CycleFacts, pairs: Sequence[Handover], *, now: datetime
) -> int:
    """`manager_change: split`: the former manager goes on, and the new one writes as well.

    Idempotent: nobody gets a second task about the same subject in the same stage.
    """
    wanted = {
        (pair.task.stage_id, pair.task.subject_id, pair.task.role, pair.to): pair
        for pair in pairs
        if pair.to is not None and pair.to != pair.task.assignee_id
    }
    pairs = list(wanted.values())  # several who write already bring in the same one
    if not pairs:
        return 0
    times = await cycle_times(conn, cycle, [pair.to or 0 for pair in pairs])
    dates = [
        _dates(cycle, pair.task, times.get(pair.to or 0, cycle.company), now, anew=True)
        for pair in pairs
    ]
    rows = await conn.execute(
        text(_SECOND),
        {
            "now": now,
            "split": SPLIT,
            "ids": [pair.task.id for pair in pairs],
            "assignees": [pair.to for pair in pairs],
            "opens": [one.opens_at for one in dates],
            "due_on": [one.due_on for one in dates],
            "due": [one.due_at for one in dates],
            "closes": [one.closes_at for one in dates],
            "rungs": [one.rung.key if one.rung else None for one in dates],
            "rungs_at": [one.rung.at if one.rung else None for one in dates],
        },
    )
    added = rows.all()
    for stage_id in {row.stage_id for row in added}:
        opened = [
            Opened(row.id, row.subject_id, row.assignee_id, None, row.opens_at, row.announce_at, 1)
            for row in added
            if row.stage_id == stage_id and row.state == TaskState.OPEN
        ]
        await announce(conn, cycle, cycle.stages[stage_id], opened, now)
        await ring_before(conn, cycle.stages[stage_id].process, now)
    return len(added)


_SECOND = """
INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state, cause, begun_at,
    opens_at, announce_at, due_on, due_at, closes_at, next_rung, next_rung_at, steered, created_at)
SELECT t.cycle_id, t.stage_id, t.subject_id, t.role, n.assignee,
    CASE WHEN n.opens_at <= :now THEN t.state ELSE 'planned' END, :split, :now,
    n.opens_at, greatest(t.announce_at, n.opens_at), n.due_on, n.due_at, n.closes_at, n.rung,
    n.rung_at, t.steered, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:assignees AS bigint[]), CAST(:opens AS timestamptz[]),
    CAST(:due_on AS date[]), CAST(:due AS timestamptz[]), CAST(:closes AS timestamptz[]),
    CAST(:rungs AS text[]), CAST(:rungs_at AS timestamptz[]))
  AS n(id, assignee, opens_at, due_on, due_at, closes_at, rung, rung_at)
JOIN tasks t ON t.id = n.id
WHERE NOT EXISTS (
  SELECT FROM tasks o WHERE o.stage_id = t.stage_id AND o.subject_id = t.subject_id
    AND o.role = t.role AND o.assignee_id = n.assignee)
RETURNING id, stage_id, subject_id, assignee_id, state, opens_at, announce_at
"""


def _dates(
    cycle: CycleFacts, task: TaskFacts, time: PersonTime, now: datetime, *, anew: bool = False
) -> _Dates:
    """The dates for a new assignee; `anew`: of a second task, which comes into being now."""
    stage = cycle.stages[task.stage_id]
    opens_at = task.opens_at
    if anew:
        opens_at = max(opens_at, time.opens(now))
    elif task.state is TaskState.PLANNED:
        opens_at = max(opens_at, time.opens(opens_at))
    begun = max(time.local_date(now), time.local_date(opens_at))
    due_on = max(task.due_on, earliest_due(stage.spec.at_least, begun, time))
    closes = later_close(task.closes_at, close_of(cycle, stage, due_on, time))
    rung = rung_ahead(stage, due_on, closes, time.local_date(now), time, now)
    return _Dates(opens_at, due_on, time.end_of(due_on), closes, rung)


def later_close(present: datetime | None, computed: datetime | None) -> datetime | None:
    """The close for a new assignee: it never moves earlier than it was for the former one."""
    if present is None or computed is None:
        return computed
    return max(present, computed)


async def _write(
    conn: AsyncConnection, handovers: Sequence[Handover], dates: Mapping[UUID, _Dates]
) -> None:
    new = [dates[each.task.id] for each in handovers]
    await conn.execute(
        text(
            """
            UPDATE tasks t SET assignee_id = n.assignee, desk = NULL, opens_at = n.opens_at,
                announce_at = greatest(t.announce_at, n.opens_at), announced_on = NULL,
                due_on = n.due_on, due_at = n.due_at, closes_at = n.closes_at,
                due_revision = t.due_revision + 1, next_rung = n.rung, next_rung_at = n.rung_at,
                last_rung = NULL, last_rung_on = NULL, rung_out = true, told_to = NULL,
                seen_at = NULL, version = t.version + 1
            FROM unnest(CAST(:ids AS uuid[]), CAST(:assignees AS bigint[]),
                CAST(:opens AS timestamptz[]), CAST(:due_on AS date[]),
                CAST(:due AS timestamptz[]), CAST(:closes AS timestamptz[]),
                CAST(:rungs AS text[]), CAST(:rungs_at AS timestamptz[]))
              AS n(id, assignee, opens_at, due_on, due_at, closes_at, rung, rung_at)
            WHERE t.id = n.id AND t.state IN ('planned', 'open')
            """
        ),
        {
            "ids": [each.task.id for each in handovers],
            "assignees": [each.to for each in handovers],
            "opens": [one.opens_at for one in new],
            "due_on": [one.due_on for one in new],
            "due": [one.due_at for one in new],
            "closes": [one.closes_at for one in new],
            # What nobody holds climbs no ladder: HR was asked.
            "rungs": [
                one.rung.key if one.rung and each.to else None
                for one, each in zip(new, handovers, strict=True)
            ],
            "rungs_at": [
                one.rung.at if one.rung and each.to else None
                for one, each in zip(new, handovers, strict=True)
            ],
        },
    )


@dataclass(frozen=True, slots=True)
class _Renewed:
    """A task with its new due revision, as a notice needs it."""

    id: UUID
    cycle_id: UUID
    stage_id: UUID
    subject_id: int | None
    due_revision: int


async def _tell(
    conn: AsyncConnection,
    handovers: Sequence[Handover],
    dates: Mapping[UUID, _Dates],
    left: Mapping[UUID, Until],
    cause: str,
    now: datetime,
    *,
    tell_old: bool,
) -> None:
    notices = []
    for each in handovers:
        task = each.task
        about = _Renewed(
            task.id, task.cycle_id, task.stage_id, task.subject_id, task.due_revision + 1
        )
        key = f"task:{task.id}:{about.due_revision}"
        is_open = task.state is TaskState.OPEN
        if each.to is not None and is_open:
            to_data: dict[str, object] = {
                "due_on": dates[task.id].due_on.isoformat(),
                "cause": cause,
            }
            if task.assignee_id is not None:
                to_data["from"] = task.assignee_id
            new = Event.REASSIGNED_TO
            notices.append(Notice(each.to, new, key, cause, task=about, data=to_data))
        known = is_open and task.announced_on is not None
        if tell_old and known and task.assignee_id is not None:
            data = away_data(each.to, left.get(task.id))
            away = Event.REASSIGNED_AWAY
            notices.append(Notice(task.assignee_id, away, key, cause, task=about, data=data))
        if each.to is None:
            await tell_desk(
                conn,
                Desk.HR,
                Event.NEEDS_ASSIGNEE,
                key=key,
                cause=cause,
                now=now,
                task=about,
            )
    await tell_all(conn, notices, now)
