"""Dates that move because somebody's calendar changed: leave was recorded, an office changed.

Due dates, rungs, closes and openings of live tasks move later, never earlier (language reference
§3.10, §4). No new due revision: the rungs are the same ones, on other days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime, WorkCalendar
from definitions.ladders import Rung, next_rung
from definitions.timeline import Plan
from domain.errors import AlmanacError, NotFound
from domain.states import CycleState, TaskState
from store.base.halving import failure_code
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import hold, ring_before
from store.tasks.events import record_events
from store.tasks.holders import cycle_times
from store.tasks.rows import COLUMNS, TaskFacts, from_row

_DAY = timedelta(days=1)

LEAVE = "leave"
"""The cause that counts back to the opening of a task."""

Times = dict[UUID, dict[int, PersonTime]]
"""What counted for whom, by cycle."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """The later dates of a task."""

    task: TaskFacts
    opens_at: datetime
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    rung: Rung | None

    @property
    def later(self) -> bool:
        """True if any date really moved."""
        task = self.task
        return (
            self.due_on != task.due_on
            or self.closes_at != task.closes_at
            or self.opens_at != task.opens_at
            or (self.rung.at if self.rung else None) != task.next_rung_at
        )


async def times_of_holders(conn: AsyncConnection, person_ids: Sequence[int] | None = None) -> Times:
    """Read, before a change, what counts for those who hold live tasks, in each open cycle."""
    rows = await conn.execute(
        text(
            "SELECT t.cycle_id, array_agg(DISTINCT t.assignee_id) FROM tasks t"
            " JOIN cycles c ON c.id = t.cycle_id AND c.state = ANY(:states)"
            " WHERE t.state IN ('planned', 'open') AND t.assignee_id IS NOT NULL"
            " AND (CAST(:ids AS bigint[]) IS NULL OR t.assignee_id = ANY(CAST(:ids AS bigint[])))"
            " GROUP BY 1"
        ),
        {
            "ids": None if person_ids is None else list(person_ids),
            "states": [CycleState.OPEN.value, CycleState.PAUSED.value],
        },
    )
    times: Times = {}
    for cycle_id, people in rows.all():
        cycle = await load_cycle(conn, cycle_id)
        times[cycle_id] = await cycle_times(conn, cycle, people)
    return times


async def shift_dates(
    conn: AsyncConnection, before: Times, *, cause: str, actor_id: int | None, now: datetime
) -> int:
    """Move what a change of calendars makes later. `before` was read before the change.

    Returns how many tasks moved. A task whose dates cannot be computed is held alone. Run again
    with a fresh `before`, it moves nothing.
    """
    moved = 0
    for cycle_id, times in before.items():
        cycle = await load_cycle(conn, cycle_id, lock="share")
        after = await cycle_times(conn, cycle, times)
        changed = [p for p, time in times.items() if p in after and after[p] != time]
        if changed:
            moved += await _shift_cycle(conn, cycle, times, after, changed, cause, actor_id, now)
    return moved


async def _shift_cycle(
    conn: AsyncConnection,
    cycle: CycleFacts,
    before: Mapping[int, PersonTime],
    after: Mapping[int, PersonTime],
    people: Sequence[int],
    cause: str,
    actor_id: int | None,
    now: datetime,
) -> int:
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.cycle_id = :cycle"
            " AND t.assignee_id = ANY(CAST(:people AS bigint[]))"
            " AND t.state IN ('planned', 'open') ORDER BY t.id FOR UPDATE"
        ),
        {"cycle": cycle.id, "people": list(people)},
    )
    shifted = []
    personal = await _personal_plans(conn, cycle) if cycle.rolling else {}
    for task in [from_row(row) for row in rows]:
        stage = cycle.stages[task.stage_id]
        planned = stage.planned
        if task.subject_id in personal:
            planned = personal[task.subject_id].stages.get(stage.key)
        assignee = task.assignee_id or 0
        try:
            shifted.append(
                shifted_task(
                    stage,
                    task,
                    before[assignee],
                    after[assignee],
                    now,
                    planned=planned.opens if planned else None,
                    whole=cause == LEAVE,
                )
            )
        except (AlmanacError, ValueError, LookupError) as error:
            await _hold(conn, cycle, task, error, now)
    later = [one for one in shifted if one.later]
    await write_shifted(conn, later)
    await record_events(
        conn, [(one.task.id, now, "moved", _detail(one, cause)) for one in later], actor_id
    )
    for stage_id in {one.task.stage_id for one in later}:
        instants = [_next(one) for one in later if one.task.stage_id == stage_id]
        await ring_before(conn, cycle.stages[stage_id].process, min(instants))
    return len(later)


async def _personal_plans(conn: AsyncConnection, cycle: CycleFacts) -> dict[int | None, Plan]:
    rows = await conn.execute(
        text("SELECT person_id, plan FROM participants WHERE cycle_id = :id AND plan IS NOT NULL"),
        {"id": cycle.id},
    )
    return {row.person_id: Plan.model_validate(row.plan) for row in rows}


def shifted_task(
    stage: StageFacts,
    task: TaskFacts,
    before: PersonTime,
    after: PersonTime,
    now: datetime,
    *,
    planned: date | None,
    whole: bool,
) -> Shifted:
    """Count the working days that a task had on the old calendar, and give them on the new one.

    `planned` is its stage's planned opening.
    `whole`: all since its opening, the planned one if it opened early (leave that is recorded late
    counts, too); else those that lie ahead (another office's holidays of last week are nobody's
    business). A due date that has passed stays.
    """
    opens_at = task.opens_at
    if task.state is TaskState.PLANNED:
        opens_at = max(opens_at, after.opens(opens_at))
    start, begin = before.local_date(task.opens_at), after.local_date(opens_at)
    if planned is not None:  # opened early, its days count from the planned opening (§3.6)
        start, begin = max(start, planned), max(begin, planned)
    if not whole:
        start, begin = max(start, before.local_date(now)), max(begin, after.local_date(now))
    due_on = task.due_on
    if max(start, before.local_date(now)) <= task.due_on:
        left = _days(before.calendar, start, task.due_on)
        due_on = max(task.due_on, after.calendar.after(begin, left))
    closes_at = _close(task, due_on, before, after)
    rung = None
    if task.next_rung is not None or task.last_rung is not None:
        rung = next_rung(
            stage.ladder,
            task.last_rung,
            due_on=due_on,
            assignee=after,
            announced_on=task.announced_on,
            closes_at=closes_at,
        )
        # A rung that keeps its distance after an outage stays where it was put, or later.
        if rung is not None and task.next_rung == rung.key and task.next_rung_at is not None:
            rung = max(rung, _at(rung, task.next_rung_at), key=lambda each: each.at)
    return Shifted(task, opens_at, due_on, after.end_of(due_on), closes_at, rung)


def _at(rung: Rung, at: datetime) -> Rung:
    return Rung(key=rung.key, kind=rung.kind, on=rung.on, at=at, level=rung.level, to=rung.to)


def _close(task: TaskFacts, due_on: date, before: PersonTime, after: PersonTime) -> datetime | None:
    """The close keeps its working days from the due date; a holiday costs nobody their say."""
    if task.closes_at is None:
        return None
    old = before.local_date(task.closes_at)
    gap = _days(before.calendar, task.due_on, old)
    return max(task.closes_at, after.end_of(after.calendar.after(due_on, gap)))


def _days(calendar: WorkCalendar, after: date, until: date) -> int:
    """How many working days D there are with after < D <= until."""
    return calendar.count(after + _DAY, until + _DAY)


async def write_shifted(conn: AsyncConnection, shifted: Sequence[Shifted]) -> None:
    """Write later dates in one statement."""
    if not shifted:
        return
    await conn.execute(
        text(
            """
            UPDATE tasks t SET opens_at = n.opens_at, due_on = n.due_on, due_at = n.due_at,
                closes_at = n.closes_at, next_rung = n.rung, next_rung_at = n.rung_at,
                announce_at = CASE WHEN t.state = 'planned'
                    THEN greatest(t.announce_at, n.opens_at) ELSE t.announce_at END,
                version = t.version + 1
            FROM unnest(CAST(:ids AS uuid[]), CAST(:opens AS timestamptz[]),
                CAST(:due_on AS date[]), CAST(:due AS timestamptz[]),
                CAST(:closes AS timestamptz[]), CAST(:rungs AS text[]),
                CAST(:rungs_at AS timestamptz[]))
              AS n(id, opens_at, due_on, due_at, closes_at, rung, rung_at)
            WHERE t.id = n.id AND t.state IN ('planned', 'open')
            """
        ),
        {
            "ids": [one.task.id for one in shifted],
            "opens": [one.opens_at for one in shifted],
            "due_on": [one.due_on for one in shifted],
            "due": [one.due_at for one in shifted],
            "closes": [one.closes_at for one in shifted],
            "rungs": [one.rung.key if one.rung else None for one in shifted],
            "rungs_at": [one.rung.at if one.rung else None for one in shifted],
        },
    )


def _detail(one: Shifted, cause: str) -> dict[str, Any]:
    return {
        "cause": cause,
        "from": one.task.due_on.isoformat(),
        "to": one.due_on.isoformat(),
        "closes_at": one.closes_at.isoformat() if one.closes_at else None,
    }


def _next(one: Shifted) -> datetime:
    instants = [one.opens_at if one.task.state is TaskState.PLANNED else None, one.closes_at]
    instants.append(one.rung.at if one.rung else None)
    return min((i for i in instants if i is not None), default=one.due_at)


async def _hold(
    conn: AsyncConnection, cycle: CycleFacts, task: TaskFacts, error: Exception, now: datetime
) -> None:
    if isinstance(error, NotFound):
        raise error
    await hold(
        conn,
        cycle.stages[task.stage_id].process,
        code=f"cannot-move: {failure_code(error)}",
        as_of=now,
        mended_by="hr",
        cycle_id=cycle.id,
        stage_id=task.stage_id,
        task_id=task.id,
    )
