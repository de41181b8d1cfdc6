"""Once, five working days more, where a protected group could otherwise not be shown.

(`too_few: extend_once`.) Done before what has closed expires. All raters of the subject are told
alike, whoever of them has answered, and all may change what they wrote until the new close.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.anonymity import TooFew, wants_extension
from domain.notifications import Event
from domain.states import TaskState
from store.base.arrays import literal
from store.base.halving import CHUNK
from store.cycles.facts import CycleFacts, StageFacts
from store.kinds.feedback_round.finishing import MOST_AT_ONCE, collect
from store.kinds.feedback_round.rules import Round, round_of
from store.kinds.feedback_round.seals import seals_of
from store.outbox.notices import Notice, tell_all
from store.tasks.deadlines import assignee_times, extension, move_due
from store.tasks.rows import COLUMNS, TaskFacts, from_row

DAYS = 5
"""Working days of each rater."""


async def extend_thin(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Extend the collecting for subjects about to close with a group too small: one chunk.

    Each subject is asked about once, at the first close of one of its raters. Returns CHUNK if
    more may be left, else 0. Idempotent.
    """
    round_ = round_of(cycle, stage)
    if round_.rules.too_few is not TooFew.EXTEND_ONCE:
        return 0
    subjects = await _closing(conn, stage, as_of)
    if not subjects:
        return 0
    tasks = await _lock(conn, stage, subjects)
    keys = (await seals_of(conn, stage.id, subjects, lock="UPDATE")).keys
    thin = {
        one.subject_id
        for one in await collect(conn, round_, sorted(keys), keys)
        if wants_extension(one.answers, round_.rules, extended=False)
    }
    await _extend(conn, round_, [t for t in tasks if t.subject_id in thin], as_of)
    await conn.execute(
        text(
            "UPDATE round_seals SET extended = true WHERE stage_id = :stage "
            "AND subject_id = ANY(CAST(:subjects AS bigint[]))"
        ),
        {"stage": stage.id, "subjects": literal(subjects)},
    )
    return CHUNK if len(subjects) == MOST_AT_ONCE else 0


async def _closing(conn: AsyncConnection, stage: StageFacts, as_of: datetime) -> list[int]:
    rows = await conn.execute(
        text(
            "SELECT DISTINCT s.subject_id FROM round_seals s "
            "JOIN tasks t ON t.stage_id = s.stage_id"
            " AND t.subject_id = s.subject_id AND t.state IN ('planned', 'open') "
            "AND t.closes_at < :as_of WHERE s.stage_id = :stage AND NOT s.extended "
            "ORDER BY 1 LIMIT :limit"
        ),
        {"stage": stage.id, "as_of": as_of, "limit": MOST_AT_ONCE},
    )
    return list(rows.scalars())


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


async def _extend(
    conn: AsyncConnection, round_: Round, tasks: Sequence[TaskFacts], as_of: datetime
) -> None:
    if not tasks:
        return
    stage = round_.collect
    moved = await move_due(
        conn,
        round_.cycle,
        stage,
        [t for t in tasks if t.state is not TaskState.DONE],
        extension(round_.cycle, stage, DAYS),
        now=as_of,
        event="extended",
        actor_id=None,
        tell=None,
    )
    own: dict[UUID, datetime] = {}
    last: dict[int, datetime] = {}
    for one in moved:
        if one.closes_at is not None and one.task.subject_id is not None:
            known = last.get(one.task.subject_id, one.closes_at)
            last[one.task.subject_id] = max(known, one.closes_at)
            own[one.task.id] = one.closes_at
    raters = await assignee_times(conn, round_.cycle, tasks, as_of)

    def until(task: TaskFacts) -> str:
        """Who is open has until their own close; what is submitted may be changed to the last."""
        closes = own.get(task.id, last[task.subject_id or 0])
        return raters[task.id].local_date(closes).isoformat()

    await tell_all(
        conn,
        [
            Notice(
                task.assignee_id,
                Event.FEEDBACK_EXTENDED,
                f"round:{round_.id}:{task.subject_id}:extended",
                "too_few",
                task=task,
                data={"until": until(task)},
            )
            for task in tasks
            if task.assignee_id is not None and task.subject_id in last
        ],
        as_of,
    )
