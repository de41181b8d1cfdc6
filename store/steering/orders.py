"""Orders that concern many tasks, applied in chunks: each task once, whoever asks how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.notifications import Event
from domain.states import TaskState
from store.base.halving import CHUNK
from store.cycles.facts import CycleFacts, StageFacts
from store.outbox.notices import Notice, tell_all
from store.outbox.outbox import suppress_for_tasks
from store.steering.pause_news import tell_going_on
from store.tasks.closing import after_expiry
from store.tasks.deadlines import assignee_times, close_of, extension, move_due
from store.tasks.events import record_events
from store.tasks.rows import TaskFacts, live_tasks


@dataclass(frozen=True, slots=True)
class Order:
    """A steering order as it was given."""

    id: int
    order: str
    stage_id: UUID | None
    detail: dict[str, Any]
    given_at: datetime
    given_by_id: int | None


async def apply_orders(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Apply the oldest order that some live task of the stage has not seen, to one chunk of tasks.

    Returns CHUNK as long as anything may be left, so that the caller comes again.
    """
    row = (
        await conn.execute(
            text(
                """
                SELECT s.id, s."order", s.stage_id, s.detail, s.given_at, s.given_by_id
                FROM steering s
                WHERE s.cycle_id = :cycle
                  AND (s.stage_id IS NULL OR s.stage_id = :stage
                       OR s.detail->'stages' ? CAST(:stage AS text))
                  AND EXISTS (SELECT 1 FROM tasks t WHERE t.stage_id = :stage
                      AND t.state IN ('planned', 'open') AND t.steered < s.id)
                ORDER BY s.id LIMIT 1
                """
            ),
            {"cycle": cycle.id, "stage": stage.id},
        )
    ).one_or_none()
    if row is None:
        return 0
    order = Order(*row)
    tasks = await live_tasks(conn, stage.id, steered_before=order.id, limit=CHUNK)
    match order.order:
        case "resume":
            await _resume(conn, cycle, stage, tasks, order)
        case "extend_stage":
            await move_due(
                conn,
                cycle,
                stage,
                tasks,
                extension(cycle, stage, int(order.detail["days"])),
                now=order.given_at,
                event="extended",
                actor_id=order.given_by_id,
                tell=Event.DUE_CHANGED,
                detail={"order": order.id},
                steered=order.id,
            )
        case "close_stage":
            await end_tasks(
                conn, tasks, TaskState.EXPIRED, "closed_by_hr", order.given_at, order.given_by_id
            )
            await after_expiry(
                conn,
                cycle,
                stage,
                [t.id for t in tasks],
                [t.subject_id for t in tasks if t.subject_id is not None],
                order.given_at,
            )
    await conn.execute(
        text("UPDATE tasks SET steered = :order WHERE id = ANY(:ids) AND steered < :order"),
        {"order": order.id, "ids": [t.id for t in tasks]},
    )
    return CHUNK


async def _resume(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[TaskFacts],
    order: Order,
) -> None:
    """Every date ahead moves by the working days lost on the assignee's calendar (§7).

    What was overdue before the pause stays due when it was; its close and its rungs move. Where no
    date moves, whoever was told of the pause is told that it is over.
    """
    paused = datetime.fromisoformat(order.detail["paused_at"])
    resumed = datetime.fromisoformat(order.detail["resumed_at"])
    times = await assignee_times(conn, cycle, tasks, order.given_at)

    def lost(time: PersonTime) -> int:
        return time.calendar.count(time.local_date(paused), time.local_date(resumed))

    ahead = [t for t in tasks if t.due_on >= times[t.id].local_date(paused)]
    late = [t for t in tasks if t.due_on < times[t.id].local_date(paused)]

    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        days = lost(time)
        if days == 0:
            return task.due_on, task.closes_at, task.opens_at
        due_on = time.calendar.after(task.due_on, days)
        opens = task.opens_at
        if opens > paused:
            opens = time.opening(time.calendar.after(time.local_date(opens), days))
            if opens < resumed:  # resumed in the evening, its 09:00 has passed (§3.4)
                opens = time.opens(resumed)
        return due_on, close_of(cycle, stage, due_on, time), opens

    moving = [t for t in ahead if lost(times[t.id])]
    await move_due(
        conn,
        cycle,
        stage,
        moving,
        dates,
        now=order.given_at,
        event="resumed",
        actor_id=order.given_by_id,
        tell=Event.RESUMED,
        detail={"order": order.id},
        steered=order.id,
    )
    await _move_late(conn, late, times, paused, lost)
    staying = [t for t in ahead if not lost(times[t.id])] + late
    await tell_going_on(conn, staying, paused=paused, resumed=order.given_at)


async def _move_late(
    conn: AsyncConnection,
    tasks: Sequence[TaskFacts],
    times: dict[UUID, PersonTime],
    paused: datetime,
    lost: Any,
) -> None:
    """Overdue already: what lies ahead of it moves, the due date stays."""
    rows: list[tuple[UUID, datetime | None, datetime | None]] = []
    for task in tasks:
        time = times[task.id]
        days = lost(time)
        closes = task.closes_at
        if closes is not None and closes > paused:
            closes = time.end_of(time.calendar.after(time.local_date(closes), days))
        rung_at = task.next_rung_at
        if rung_at is not None and rung_at > paused:
            rung_at = time.opening(time.calendar.after(time.local_date(rung_at), days))
        rows.append((task.id, closes, rung_at))
    if not rows:
        return
    await conn.execute(
        text(
            "UPDATE tasks t SET closes_at = n.closes, next_rung_at = n.rung FROM unnest("
            "CAST(:ids AS uuid[]), CAST(:closes AS timestamptz[]), CAST(:rungs AS timestamptz[]))"
            " AS n(id, closes, rung) WHERE t.id = n.id"
        ),
        {
            "ids": [r[0] for r in rows],
            "closes": [r[1] for r in rows],
            "rungs": [r[2] for r in rows],
        },
    )


async def end_tasks(
    conn: AsyncConnection,
    tasks: Sequence[TaskFacts],
    state: TaskState,
    reason: str,
    at: datetime,
    actor_id: int | None,
    words: str | None = None,
) -> None:
    """End live tasks in one statement, with the reason on record. Queued mail about them stops.

    `reason` is a code; `words` are what somebody gave as their reason.
    """
    ids = [t.id for t in tasks]
    await conn.execute(
        text(
            "UPDATE tasks SET state = :state, ended_at = :at, ended_reason = :reason, "
            "ended_by_id = :actor, next_rung = NULL, next_rung_at = NULL, version = version + 1 "
            "WHERE id = ANY(:ids) AND state IN ('planned', 'open')"
        ),
        {"state": state, "at": at, "reason": reason, "actor": actor_id, "ids": ids},
    )
    await suppress_for_tasks(conn, ids, reason, at)
    ended = [(i, at, state.value, {"reason": reason}) for i in ids]
    await record_events(conn, ended, actor_id, words=words)


async def cancel_all(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """The cycle was cancelled or has ended: end one chunk of what is still live in this stage.

    Cancelled: one mail to those who had been told of a task. Ended: what is open is expired.
    Returns how many tasks were handled.
    """
    tasks = await live_tasks(conn, stage.id, steered_before=2**62, limit=CHUNK)
    if not tasks:
        return 0
    cancelled = cycle.state == "cancelled"
    at = cycle.closed_at or as_of
    state = TaskState.CANCELLED if cancelled else TaskState.EXPIRED
    await end_tasks(conn, tasks, state, "cycle_cancelled" if cancelled else "cycle_ended", at, None)
    if cancelled:
        told = {t.assignee_id for t in tasks if t.assignee_id and t.announced_on is not None}
        await tell_all(
            conn,
            [
                Notice(
                    p,
                    Event.CANCELLED,
                    f"cycle:{cycle.id}:cancelled",
                    "cycle_cancelled",
                    cycle_id=cycle.id,
                )
                for p in sorted(told)
            ],
            as_of,
        )
    return len(tasks)
