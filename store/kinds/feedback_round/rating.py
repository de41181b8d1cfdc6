"""Raters write about a subject: drafts, submissions and changes, all sealed until the close.

The task says only that it is done, and since which day. Nothing else is written when a rater acts:
no response, no draft, no revision, no exact instant, and no row that gets a number, such as an
event or an audit entry: its neighbours' instants would tell its own. Locks are taken in the order
of everywhere: cycle, task, seal. So a submission and the close of the round follow one another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.answers import check, kept
from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.states import CycleState, Role, TaskState
from store.cycles.facts import CycleFacts, StageFacts
from store.kinds.feedback_round.quiet import ring_if_last
from store.kinds.feedback_round.rules import to_the_day
from store.kinds.feedback_round.seals import Written, seal, seal_of, unseal
from store.outbox.outbox import suppress_for_tasks
from store.tasks.deadlines import restart_ladder
from store.tasks.rows import TaskFacts, lock_task
from store.tasks.submitting import must_match

SHUT = (
    "You submitted this before your mail address changed. It counts as it is: nobody who comes by "
    "the new address reads or changes it, unless the change is confirmed from the former one."
)
FINISHED = "This round has closed; nothing can be written or changed any more."


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a rater's saving or submitting. `on` is the company's day."""

    task_id: UUID
    version: int
    submitted: bool
    on: date


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What a rater sees of their own: until the close what they wrote, afterwards "done"."""

    task_id: UUID
    version: int
    submitted: bool
    finished: bool
    written: Written


async def save_rating(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    *,
    now: datetime,
    expected_version: int | None = None,
    agrees: bool = False,
) -> Kept:
    """Keep what was typed so far, sealed. What was submitted before stays submitted beside it.

    Raises NotFound for everybody but the rater, IllegalState once the round has closed,
    EditConflict if `expected_version` is not the task's, Invalid for wrong shapes. Repeating it
    with the same answers is harmless.
    """
    cycle, stage, task, key = await _mine(conn, task_id, actor, now)
    _refuse(cycle, stage, answers, complete=False)
    before = await _written(conn, key, task.id)
    _must_match(task, expected_version, before, answers, agrees=agrees)
    written = Written(before.answers, dict(answers), agrees)
    version = await _keep(conn, cycle, key, task, written, now)
    return Kept(task.id, version, task.state is TaskState.DONE, cycle.company.local_date(now))


async def submit_rating(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    *,
    now: datetime,
    expected_version: int | None = None,
    agrees: bool = False,
) -> Kept:
    """Submit, or change what was submitted: as often as the rater likes until the round closes.

    From the first time on they are not reminded any more; changing it leaves no trace. Submitting
    the same twice is one submission. Raises as `save_rating`, and Invalid if something is missing.
    """
    cycle, stage, task, key = await _mine(conn, task_id, actor, now)
    _refuse(cycle, stage, answers, complete=True)
    before = await _written(conn, key, task.id)
    _must_match(task, expected_version, before, answers, agrees=agrees)
    final = kept(cycle.definition, stage.spec, answers)
    version = await _keep(conn, cycle, key, task, Written(final, None, agrees), now)
    if task.state is TaskState.OPEN:
        await _note_done(conn, cycle, stage, task, actor, now)
    return Kept(task.id, version, True, cycle.company.local_date(now))


async def withdraw_rating(
    conn: AsyncConnection, task_id: UUID, actor: Actor, *, now: datetime
) -> Kept:
    """The rater takes a submission back; what they wrote becomes their draft. Until the close.

    Raises as `save_rating`, and IllegalState if nothing was submitted.
    """
    cycle, stage, task, key = await _mine(conn, task_id, actor, now)
    if task.state is not TaskState.DONE:
        raise IllegalState("You have not submitted this yet.")
    before = await _written(conn, key, task.id)
    draft = before.draft if before.draft is not None else before.answers
    version = await _keep(conn, cycle, key, task, Written(None, draft, before.agrees), now)
    await conn.execute(
        text(
            "UPDATE tasks SET state = 'open', ended_at = NULL, ended_by_id = NULL, "
            "ended_reason = NULL WHERE id = :id"
        ),
        {"id": task.id},
    )
    await restart_ladder(conn, cycle, stage, task, now)
    return Kept(task.id, version, False, cycle.company.local_date(now))


async def own_rating(conn: AsyncConnection, task_id: UUID, actor: Actor) -> OwnAnswer:
    """What the rater may read of their own task. Raises NotFound for everybody else. Reads only."""
    row = (
        await conn.execute(
            text(
                "SELECT t.version, t.state, t.stage_id, t.subject_id, s.sealed FROM tasks t "
                "LEFT JOIN sealed_answers s ON s.task_id = t.id AND NOT s.shut "
                "WHERE t.id = :id AND t.role = :rater AND t.assignee_id = :me"
            ),
            {"id": task_id, "rater": Role.RATER, "me": actor.person_id},
        )
    ).one_or_none()
    if row is None:
        raise _hidden(task_id)
    key = await seal_of(conn, row.stage_id, row.subject_id)
    written = Written() if row.sealed is None or key is None else unseal(key, task_id, row.sealed)
    return OwnAnswer(task_id, row.version, row.state == TaskState.DONE, key is None, written)


async def _mine(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    now: datetime,
) -> tuple[CycleFacts, StageFacts, TaskFacts, bytes]:
    """Lock the rater's own task, open or done, together with the seal of a round still open.

    Nobody acts for a rater: a delegate's eye would be one that the rater was not told of.
    """
    cycle, stage, task = await lock_task(conn, task_id)
    if task.role != Role.RATER or actor.person_id is None or actor.person_id != task.assignee_id:
        raise _hidden(task_id)
    _must_be_writable(cycle, task, await _closes(conn, cycle, task), now)
    key = await seal_of(conn, stage.id, task.subject_id or 0)
    if key is None:
        raise IllegalState(FINISHED)
    if task.state is TaskState.DONE and await _shut(conn, task.id):
        raise IllegalState(SHUT)
    return cycle, stage, task, key


async def _shut(conn: AsyncConnection, task_id: UUID) -> bool:
    """Was it submitted under an address that has changed since? A draft is begun anew instead."""
    found = await conn.scalar(
        text("SELECT shut FROM sealed_answers WHERE task_id = :id"), {"id": task_id}
    )
    return bool(found)


def _must_match(
    task: TaskFacts,
    expected_version: int | None,
    kept: Written,
    answers: Mapping[str, Any],
    *,
    agrees: bool,
) -> None:
    """Raises EditConflict if another version is kept, unless it says the same."""
    last = kept.draft if kept.draft is not None else kept.answers
    same = last is not None and (dict(last), kept.agrees) == (dict(answers), agrees)
    must_match(task, expected_version, same=same)


async def _closes(conn: AsyncConnection, cycle: CycleFacts, task: TaskFacts) -> datetime | None:
    """Until when may it be written? What is submitted may be changed until the last rater's close.

    A later close of the others (an extension, a pause) moves only tasks that are still open.
    """
    last = task.closes_at
    if task.state is TaskState.DONE:
        last = await conn.scalar(
            text(
                "SELECT max(closes_at) FROM tasks WHERE stage_id = :stage AND subject_id = :subject"
            ),
            {"stage": task.stage_id, "subject": task.subject_id},
        )
    return min((i for i in (last, cycle.ends_at) if i is not None), default=None)


def _must_be_writable(
    cycle: CycleFacts, task: TaskFacts, closes: datetime | None, now: datetime
) -> None:
    if cycle.state is CycleState.CANCELLED:
        raise IllegalState("The cycle was cancelled; nothing is asked any more.")
    match task.state:
        case TaskState.OPEN | TaskState.DONE:
            pass
        case TaskState.PLANNED:
            raise IllegalState(f"This opens on {task.opens_at:%Y-%m-%d %H:%M} UTC.")
        case TaskState.EXPIRED:
            raise IllegalState(FINISHED)
        case TaskState.EXCUSED | TaskState.CANCELLED:
            raise IllegalState("This is not asked of you any more.")
    # A hard close holds even where the engine has not come round to it yet.
    if closes is not None and now > closes and cycle.state is not CycleState.PAUSED:
        raise IllegalState(FINISHED)


def _refuse(
    cycle: CycleFacts, stage: StageFacts, answers: Mapping[str, Any], *, complete: bool
) -> None:
    problems = check(cycle.definition, stage.spec, answers, complete=complete)
    if problems:
        raise Invalid(
            "Please look at the marked answers.",
            tuple({"question": p.question, "code": p.code, "message": p.message} for p in problems),
        )


async def _written(conn: AsyncConnection, key: bytes, task_id: UUID) -> Written:
    sealed = await conn.scalar(
        text("SELECT sealed FROM sealed_answers WHERE task_id = :id AND NOT shut"),
        {"id": task_id},
    )
    return Written() if sealed is None else unseal(key, task_id, sealed)


async def _keep(
    conn: AsyncConnection,
    cycle: CycleFacts,
    key: bytes,
    task: TaskFacts,
    written: Written,
    now: datetime,
) -> int:
    version = await conn.scalar(
        text(
            """
            WITH kept AS (
                INSERT INTO sealed_answers (task_id, sealed, submitted, saved_on)
                VALUES (:task, :sealed, :submitted, :day)
                ON CONFLICT (task_id) DO UPDATE SET sealed = excluded.sealed,
                    submitted = excluded.submitted, saved_on = excluded.saved_on, shut = false
            )
            UPDATE tasks SET version = version + 1 WHERE id = :task RETURNING version
            """
        ),
        {
            "task": task.id,
            "sealed": seal(key, task.id, written),
            "submitted": written.answers is not None,
            "day": cycle.company.local_date(now),
        },
    )
    return int(version or 0)


async def _note_done(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    task: TaskFacts,
    actor: Actor,
    now: datetime,
) -> None:
    """Done, since that day. The round hears of it where it may be through with the subject."""
    day = to_the_day(cycle, now)
    await conn.execute(
        text(
            "UPDATE tasks SET state = 'done', ended_at = :day, ended_by_id = :me, "
            "ended_reason = 'submitted', next_rung = NULL, next_rung_at = NULL WHERE id = :id"
        ),
        {"id": task.id, "day": day, "me": actor.person_id},
    )
    await suppress_for_tasks(conn, [task.id], "done", day)
    await ring_if_last(conn, stage, task.subject_id)


def _hidden(task_id: UUID) -> NotFound:
    return NotFound(f"there is no task {task_id}")
