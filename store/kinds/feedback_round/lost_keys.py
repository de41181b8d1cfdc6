"""A key was lost while its round is open: what lay under it is gone, and raters are asked again.

Their answers cannot be read any more, by anybody. All raters of the subject are told alike, so
that the mail tells nobody who had answered; all get the time to write again, and HR hears of it.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.access import ENGINE
from domain.notifications import Event
from domain.states import Desk
from store.base.arrays import literal
from store.base.audit import record
from store.base.seal_keys import keys_of
from store.cycles.facts import CycleFacts, StageFacts
from store.kinds.feedback_round.rules import Round, round_of
from store.kinds.feedback_round.seals import make_seals, right_folder
from store.outbox.notices import Notice, tell_all, tell_desk
from store.tasks.deadlines import Moved, assignee_times, close_of, move_due
from store.tasks.rows import COLUMNS, TaskFacts, from_row

DAYS = 5
"""Working days that each rater has at least, from the day on which the loss was found."""


async def ask_again(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Ask the raters of subjects whose key is lost again. Returns 0: it is one set.

    Repeated, it finds a new key. Raises KeysUnavailable if not the keys but their folder is
    missing: that may be mended, and what is sealed is readable then.
    """
    subjects = await _lost(conn, cycle, stage)
    if not subjects:
        return 0
    await right_folder(conn)
    tasks = await _lock(conn, stage, subjects)
    await conn.execute(
        text("DELETE FROM sealed_answers WHERE task_id = ANY(CAST(:tasks AS uuid[]))"),
        {"tasks": literal(task.id for task in tasks)},
    )
    await make_seals(conn, stage.id, subjects)
    await _tell(
        conn, round_of(cycle, stage), await _reopen(conn, cycle, stage, tasks, as_of), as_of
    )
    await record(
        conn,
        at=as_of,
        actor=ENGINE,
        action="seal_keys_lost",
        object_type="stage",
        object_id=stage.id,
        cycle_id=cycle.id,
        after={"people": len(subjects)},
    )
    for desk in (Desk.HR, Desk.ADMINISTRATORS):
        await tell_desk(
            conn,
            desk,
            Event.SEALS_LOST,
            key=f"round:{stage.id}:lost:{as_of.isoformat()}",
            cause="seal_keys_lost",
            now=as_of,
            cycle_id=cycle.id,
            data={"people": len(subjects)},
        )
    return 0


async def _lost(conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts) -> list[int]:
    """Of subjects who are in the cycle: of all others what is sealed is destroyed unread."""
    rows = await conn.execute(
        text(
            "SELECT s.subject_id FROM round_seals s JOIN participants p ON p.cycle_id = :cycle "
            "AND p.person_id = s.subject_id AND p.state = 'in' "
            "WHERE s.stage_id = :stage AND s.key IS NULL ORDER BY 1"
        ),
        {"cycle": cycle.id, "stage": stage.id},
    )
    sealed = list(rows.scalars())
    if not sealed:
        return []
    kept = await keys_of(conn).kept(stage.id)
    return [subject for subject in sealed if subject not in kept]


async def _lock(
    conn: AsyncConnection, stage: StageFacts, subjects: Sequence[int]
) -> list[TaskFacts]:
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.stage_id = :stage "
            "AND t.subject_id = ANY(CAST(:subjects AS bigint[])) "
            "AND t.state IN ('planned', 'open', 'done') ORDER BY t.id FOR UPDATE"
        ),
        {"stage": stage.id, "subjects": literal(subjects)},
    )
    return [from_row(row) for row in rows]


async def _reopen(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[TaskFacts],
    as_of: datetime,
) -> list[Moved]:
    """What was submitted is open again; nobody has fewer than `DAYS` to write it."""
    await conn.execute(
        text(
            "UPDATE tasks SET state = 'open', ended_at = NULL, ended_by_id = NULL, "
            "ended_reason = NULL WHERE state = 'done' AND id = ANY(CAST(:tasks AS uuid[]))"
        ),
        {"tasks": literal(task.id for task in tasks)},
    )

    def dates(task: TaskFacts, time: PersonTime) -> tuple[date, datetime | None, datetime]:
        due_on = max(task.due_on, time.calendar.after(time.local_date(as_of), DAYS))
        return due_on, close_of(cycle, stage, due_on, time), task.opens_at

    return await move_due(
        conn,
        cycle,
        stage,
        tasks,
        dates,
        now=as_of,
        event="extended",
        actor_id=None,
        tell=None,
    )


async def _tell(
    conn: AsyncConnection, round_: Round, moved: Sequence[Moved], as_of: datetime
) -> None:
    """Everybody who knows of their request, whether they had answered or not."""
    times = await assignee_times(conn, round_.cycle, [m.task for m in moved], as_of)
    await tell_all(
        conn,
        [
            Notice(
                m.task.assignee_id,
                Event.FEEDBACK_EXTENDED,
                f"round:{round_.id}:{m.task.subject_id}:lost:{as_of.isoformat()}",
                "seal_keys_lost",
                task=m.task,
                data={
                    "until": times[m.task.id].local_date(m.closes_at or m.due_at).isoformat(),
                    "lost": True,
                },
            )
            for m in moved
            if m.task.assignee_id is not None and m.task.announced_on is not None
        ],
        as_of,
    )
