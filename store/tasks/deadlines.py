"""Due dates that move: extension, reopening, resumption, leave. A new due revision each time.

Rungs that lie ahead of the new date may come again, past ones do not; whoever had been escalated
to hears "extended to ..." (language reference §5.8).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung, next_rung
from definitions.timeline import resolve
from domain.notifications import Event
from domain.states import TaskState
from store.cycles.facts import CycleFacts, StageFacts
from store.engine.processes import ring_before
from store.outbox.notices import Notice, tell_all
from store.outbox.outbox import suppress_for_tasks
from store.tasks.events import record_events
from store.tasks.holders import clocks, cycle_times
from store.tasks.recipients import really_told
from store.tasks.rows import TaskFacts


@dataclass(frozen=True, slots=True)
class Moved:
    """The new dates of a task."""

    task: TaskFacts
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    opens_at: datetime
    rung: Rung | None
    holders: tuple[int, ...] = ()


def rung_ahead(
    stage: StageFacts,
    due_on: date,
    closes: datetime | None,
    announced_on: date | None,
    assignee: PersonTime,
    now: datetime,
) -> Rung | None:
    """The first rung of the ladder that lies ahead of `now`."""
    key: str | None = None
    while True:
        rung = next_rung(
            stage.ladder,
            key,
            due_on=due_on,
            assignee=assignee,
            announced_on=announced_on,
            closes_at=closes,
        )
        if rung is None or rung.at > now:
            return rung
        key = rung.key


async def assignee_times(
    conn: AsyncConnection, cycle: CycleFacts, tasks: Sequence[TaskFacts], now: datetime
) -> dict[UUID, PersonTime]:
    """The calendar that counts for each task."""
    clock = await clocks(conn, {t.id: (t.assignee_id, t.desk, t.subject_id) for t in tasks}, now)
    times = await cycle_times(conn, cycle, clock.values())
    return {task: times[person] for task, person in clock.items()}


async def restart_ladder(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, task: TaskFacts, now: datetime
) -> None:
    """A task is open again with its old dates: its ladder goes on with what lies ahead."""
    time = (await assignee_times(conn, cycle, [task], now))[task.id]
    rung = rung_ahead(stage, task.due_on, task.closes_at, task.announced_on, time, now)
    await conn.execute(
        text(
            "UPDATE tasks SET next_rung = :rung, next_rung_at = :at, rung_out = true WHERE id = :id"
        ),
        {"id": task.id, "rung": rung.key if rung else None, "at": rung.at if rung else None},
    )
    if rung is not None:
        await ring_before(conn, stage.process, rung.at)


def close_of(
    cycle: CycleFacts, stage: StageFacts, due_on: date, time: PersonTime
) -> datetime | None:
    """When a task of this stage closes that is due on a day, on its holder's calendar (§3.8)."""
    closes = stage.spec.closes
    if closes is None:
        return None
    own = {"opens": stage.planned.opens if stage.planned else due_on, "due": due_on}
    stages = {s.key: s.planned for s in cycle.stages.values() if s.planned is not None}
    day = resolve(closes, cycle.anchors(), stages, time.calendar, own)
    return time.end_of(max(due_on, time.calendar.on_or_after(day)))


NewDates = Callable[[TaskFacts, PersonTime], tuple[date, datetime | None, datetime]]
"""From a task and its assignee's time: due date, close (none: when done), opening instant."""


async def move_due(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[TaskFacts],
    dates: NewDates,
    *,
    now: datetime,
    event: str,
    actor_id: int | None,
    tell: Event | None,
    detail: dict[str, object] | None = None,
    words: str | None = None,
    steered: int | None = None,
    unmoved: bool = False,
) -> list[Moved]:
    """Give these live tasks new dates and a new due revision, in one statement.

    Nothing moves earlier: a computed date before the present one is not taken. `tell` is what the
    holder is told at once, if they know of the task already (else its opening mail says the new
    date); whoever had been told that it is overdue gets one line. Where no date moves nothing is
    said or recorded, unless `unmoved`: reopening is an event of its own.
    """
    if not tasks:
        return []
    times = await assignee_times(conn, cycle, tasks, now)
    told = await really_told(conn, [t.id for t in tasks if t.told_to])
    moved: list[Moved] = []
    for task in tasks:
        time = times[task.id]
        due_on, closes, opens = dates(task, time)
        due_on = max(due_on, task.due_on)
        rung = rung_ahead(stage, due_on, closes, task.announced_on, time, now)
        moved.append(Moved(task, due_on, time.end_of(due_on), closes, opens, rung))
    await _write(conn, moved, steered)
    changed = [
        m for m in moved if unmoved or m.due_on > m.task.due_on or m.closes_at != m.task.closes_at
    ]
    await record_events(
        conn,
        [
            (
                m.task.id,
                now,
                event,
                {
                    "from": m.task.due_on.isoformat(),
                    "to": m.due_on.isoformat(),
                    "due_revision": m.task.due_revision + 1,
                    **(detail or {}),
                },
            )
            for m in changed
        ],
        actor_id,
        words=words,
    )
    await suppress_for_tasks(conn, [m.task.id for m in changed], "due_changed", now, rungs=True)
    await _tell(conn, changed, tell, event, told, now)
    return moved


async def _write(conn: AsyncConnection, moved: Sequence[Moved], steered: int | None) -> None:
    await conn.execute(
        text(
            """
            UPDATE tasks t SET due_on = n.due_on, due_at = n.due_at, closes_at = n.closes_at,
                opens_at = CASE WHEN t.state = 'planned' THEN n.opens_at ELSE t.opens_at END,
                announce_at = CASE WHEN t.state = 'planned'
                    THEN greatest(t.announce_at, n.opens_at) ELSE t.announce_at END,
                due_revision = t.due_revision + 1, next_rung = n.rung, next_rung_at = n.rung_at,
                last_rung = NULL, last_rung_on = NULL, rung_out = true, told_to = NULL,
                steered = coalesce(:steered, t.steered), version = t.version + 1
            FROM unnest(CAST(:ids AS uuid[]), CAST(:due_on AS date[]),
                CAST(:due AS timestamptz[]), CAST(:closes AS timestamptz[]),
                CAST(:opens AS timestamptz[]), CAST(:rungs AS text[]),
                CAST(:rungs_at AS timestamptz[]))
              AS n(id, due_on, due_at, closes_at, opens_at, rung, rung_at)
            WHERE t.id = n.id
            """
        ),
        {
            "steered": steered,
            "ids": [m.task.id for m in moved],
            "due_on": [m.due_on for m in moved],
            "due": [m.due_at for m in moved],
            "closes": [m.closes_at for m in moved],
            "opens": [m.opens_at for m in moved],
            "rungs": [m.rung.key if m.rung else None for m in moved],
            "rungs_at": [m.rung.at if m.rung else None for m in moved],
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
    moved: Sequence[Moved],
    tell: Event | None,
    cause: str,
    told: Mapping[UUID, Sequence[int]],
    now: datetime,
) -> None:
    notices: list[Notice] = []
    for one in moved:
        task = one.task
        renewed = _Renewed(
            task.id, task.cycle_id, task.stage_id, task.subject_id, task.due_revision + 1
        )
        key = f"task:{task.id}:{renewed.due_revision}"
        data = {"due_on": one.due_on.isoformat(), "was_due_on": task.due_on.isoformat()}
        known = task.state is TaskState.OPEN and task.announced_on is not None
        if tell is not None and task.assignee_id is not None and known:
            notices.append(Notice(task.assignee_id, tell, key, cause, task=renewed, data=data))
        notices += [
            Notice(p, Event.EXTENDED_NOTICE, key, cause, task=renewed, data=data)
            for p in told.get(task.id, ())
            if p != task.assignee_id
        ]
    await tell_all(conn, notices, now)


def extension(cycle: CycleFacts, stage: StageFacts, days: int) -> NewDates:
    """`days` working days more, from the present due date; the close moves with it (§7)."""

    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        due_on = time.calendar.after(task.due_on, days)
        return due_on, close_of(cycle, stage, due_on, time), task.opens_at

    return dates


def until(cycle: CycleFacts, stage: StageFacts, day: date) -> NewDates:
    """Due on a certain day, or the present one if that is later."""

    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        due_on = max(task.due_on, day)
        return due_on, close_of(cycle, stage, due_on, time), task.opens_at

    return dates
