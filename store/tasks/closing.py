"""Tasks that end without anybody's doing, and stages that are through."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.states import Desk, StageState
from store.base.halving import CHUNK
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.readiness import open_subjects
from store.cycles.results import open_results, with_something_to_read
from store.engine.processes import ring
from store.outbox.notices import tell_desk
from store.outbox.outbox import suppress_for_tasks
from store.tasks.late_joiners import entry_until


async def expire_due(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Close up to one chunk of tasks whose closing instant has passed.

    They end at that instant, whenever the engine comes round to it. Returns how many.
    """
    rows = (
        await conn.execute(
            text(
                """
                WITH due AS (
                    SELECT id FROM tasks WHERE id IN (
                        SELECT id FROM tasks WHERE stage_id = :stage
                        AND state IN ('planned', 'open') AND closes_at < :as_of
                        ORDER BY closes_at LIMIT :limit)
                    AND state IN ('planned', 'open') AND closes_at < :as_of
                    ORDER BY id FOR UPDATE
                ), ended AS (
                    UPDATE tasks t SET state = 'expired', ended_at = t.closes_at,
                        ended_reason = 'closed', next_rung = NULL, next_rung_at = NULL,
                        version = t.version + 1
                    FROM due WHERE t.id = due.id
                    RETURNING t.id, t.subject_id, t.ended_at
                ), event AS (
                    INSERT INTO task_events (task_id, at, event, detail)
                    SELECT id, ended_at, 'expired', '{"reason": "closed"}' FROM ended
                )
                SELECT id, subject_id FROM ended
                """
            ),
            {"stage": stage.id, "as_of": as_of, "limit": CHUNK},
        )
    ).all()
    if not rows:
        return 0
    await after_expiry(
        conn,
        cycle,
        stage,
        [r.id for r in rows],
        [r.subject_id for r in rows if r.subject_id],
        as_of,
    )
    return len(rows)


async def after_expiry(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[UUID],
    subjects: Sequence[int],
    as_of: datetime,
) -> None:
    """What follows when tasks ended unanswered: quiet, a result opened, HR told, successors rung.

    A conversation that closes without having been held opens the result at that instant.
    """
    await suppress_for_tasks(conn, list(tasks), "expired", as_of)
    if stage.traits.held:
        releases = bool(cycle.releases)
        opened = await open_results(conn, cycle, subjects, as_of, needs_release=releases)
        readable = await with_something_to_read(conn, cycle, opened)
        for subject in subjects:
            await tell_desk(
                conn,
                Desk.HR,
                Event.NOT_HELD,
                key=f"stage:{stage.id}:{subject}:not_held",
                cause="closed",
                now=as_of,
                cycle_id=cycle.id,
                subject_id=subject,
                data={"readable": subject in readable},
            )
    await ring(
        conn, cycle.process, *(cycle.stages[i].process for i in stage.successors), urgent=True
    )


async def close_if_through(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> bool:
    """Close the stage when everybody is through with it and with all before it.

    A first stage stays open as long as people may enter, unless HR has closed it. Its drafts go
    with it. Idempotent.
    """
    if stage.state is StageState.CLOSED:
        return True
    before = [cycle.stages[i] for i in stage.predecessors]
    if any(s.state is not StageState.CLOSED for s in before):
        return False
    awaited = not before and await entry_is_open(conn, cycle, as_of)
    if awaited and not await _closed_by_hr(conn, stage):
        return False
    held = await conn.scalar(
        text("SELECT 1 FROM held_rows WHERE stage_id = :id AND cleared_at IS NULL LIMIT 1"),
        {"id": stage.id},
    )
    if held or await open_subjects(conn, cycle, [stage]):
        return False
    closed_at = await conn.scalar(
        text("SELECT max(ended_at) FROM tasks WHERE stage_id = :id"), {"id": stage.id}
    )
    await conn.execute(
        text(
            "UPDATE stages SET state = 'closed', closed_at = CASE "
            # Raters' acts are known to the day, which may have begun before the stage opened.
            "WHEN CAST(:at AS timestamptz) IS NULL THEN :as_of ELSE greatest(:at, opened_at) END "
            "WHERE id = :id AND state <> 'closed'"
        ),
        {"id": stage.id, "at": closed_at, "as_of": as_of},
    )
    await conn.execute(
        text(
            "DELETE FROM drafts d USING tasks t WHERE t.id = d.task_id AND t.stage_id = :id "
            "AND t.state NOT IN ('planned', 'open')"
        ),
        {"id": stage.id},
    )
    await ring(
        conn, cycle.process, *(cycle.stages[i].process for i in stage.successors), urgent=True
    )
    return True


async def _closed_by_hr(conn: AsyncConnection, stage: StageFacts) -> bool:
    ordered = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM steering s WHERE s.stage_id = :id "
            "AND s.order = 'close_stage')"
        ),
        {"id": stage.id},
    )
    return bool(ordered)


async def entry_is_open(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime) -> bool:
    """May somebody still enter the cycle? Until when is the launch's matter."""
    until = await entry_until(conn, cycle)
    return until is not None and as_of <= until
