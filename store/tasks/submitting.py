"""What people do with their tasks: save a draft, submit, take it back.

One transaction each, never waiting for the engine. The cycle's row is locked before the task's, as
everywhere, so that pausing or cancelling and submitting follow one another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.answers import check, kept
from domain.access import Actor
from domain.errors import EditConflict, IllegalState, Invalid
from domain.notifications import Event
from domain.states import CycleState, Role, TaskState
from store.base.audit import record
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.readiness import few_left
from store.cycles.results import after_submission, tell_downstream
from store.engine.processes import ring
from store.outbox.notices import tell
from store.tasks.deadlines import restart_ladder
from store.tasks.recipients import really_told
from store.tasks.rows import TaskFacts, lock_task, may_act
from store.tasks.submission_statements import NewSubmission, lock_for_acting, write_submission


def _must_be_open(cycle: CycleFacts, task: TaskFacts, now: datetime) -> None:
    if cycle.state is CycleState.CANCELLED:
        raise IllegalState("The cycle was cancelled; nothing is asked any more.")
    match task.state:
        case TaskState.OPEN:
            pass
        case TaskState.PLANNED:
            raise IllegalState(f"This task opens on {task.opens_at:%Y-%m-%d %H:%M} UTC.")
        case TaskState.DONE:
            raise IllegalState("This was submitted already.")
        case TaskState.EXPIRED | TaskState.EXCUSED | TaskState.CANCELLED:
            raise IllegalState(f"This task is {task.state}; HR can reopen it.")
    # A hard close holds even where the engine has not come round to it yet.
    closes = min((i for i in (task.closes_at, cycle.ends_at) if i is not None), default=None)
    if closes is not None and now > closes and cycle.state is not CycleState.PAUSED:
        raise IllegalState("This closed; HR can reopen it.", closed_at=closes.isoformat())


def _not_a_raters(task: TaskFacts) -> None:
    """What raters write is sealed (`store.kinds.feedback_round.rating`) and stands in no response
    or draft.
    """
    if task.role == Role.RATER:
        raise IllegalState("What a rater writes is sealed; it is not submitted like a form.")


def _not_a_list(stage: StageFacts) -> None:
    """A list of raters (`store.kinds.feedback_round.nominating`) is no form with answers."""
    if stage.traits.chooses:
        raise IllegalState("This task is a list of people who are asked; it has no form.")


def must_match(task: TaskFacts, expected_version: int | None, *, same: bool = False) -> None:
    """Raises EditConflict if somebody has seen another version than there is.

    `same`: what is to be kept is what is kept already. That is never a conflict.
    """
    if expected_version is not None and expected_version != task.version and not same:
        raise EditConflict(
            "This was saved in another window meanwhile. Nothing was overwritten.",
            hint="Compare both and choose.",
            version=task.version,
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer to a saved draft or a submission."""

    task_id: UUID
    version: int
    at: datetime
    revision: int = 0


async def save_draft(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    *,
    now: datetime,
    expected_version: int | None = None,
    held_on: date | None = None,
) -> Saved:
    """Keep what was typed so far. Incomplete answers are fine; a wrong shape is not.

    In a meeting `held_on` is the day, as far as it was said. Repeating it with the same answers
    changes nothing, whatever version it is based on. Raises EditConflict if `expected_version` is
    not the task's version, IllegalState if the task is not open, Invalid for wrong shapes.
    """
    cycle, stage, task = await lock_task(conn, task_id)
    await may_act(conn, task, actor, now)
    _not_a_raters(task)
    _not_a_list(stage)
    _must_be_open(cycle, task, now)
    if expected_version not in (None, task.version):
        same = await _is_the_draft(conn, task, actor, answers, held_on)
        must_match(task, expected_version, same=same)
        return Saved(task_id, task.version, now)
    _refuse(cycle, stage, answers, complete=False)
    version = await conn.scalar(
        text(
            """
            WITH kept AS (
                INSERT INTO drafts (task_id, author_id, answers, held_on, saved_at)
                VALUES (:task, :author, CAST(:answers AS jsonb), :held_on, :now)
                ON CONFLICT (task_id, author_id) DO UPDATE SET answers = excluded.answers,
                    held_on = excluded.held_on, saved_at = excluded.saved_at,
                    version = drafts.version + 1
            )
            UPDATE tasks SET version = version + 1, seen_at = coalesce(seen_at, :now)
            WHERE id = :task RETURNING version
            """
        ),
        {
            "task": task_id,
            "author": actor.person_id,
            "answers": json.dumps(dict(answers)),
            "held_on": held_on if stage.traits.held else None,
            "now": now,
        },
    )
    return Saved(task_id, int(version or 0), now)


async def _is_the_draft(
    conn: AsyncConnection,
    task: TaskFacts,
    actor: Actor,
    answers: Mapping[str, Any],
    held_on: date | None,
) -> bool:
    """Are these the answers, and the day, that the actor's draft of the task holds?"""
    row = (
        await conn.execute(
            text("SELECT answers, held_on FROM drafts WHERE task_id = :task AND author_id = :me"),
            {"task": task.id, "me": actor.person_id},
        )
    ).one_or_none()
    return row is not None and (row.answers, row.held_on) == (dict(answers), held_on)


def _refuse(
    cycle: CycleFacts, stage: StageFacts, answers: Mapping[str, Any], *, complete: bool
) -> None:
    problems = check(cycle.definition, stage.spec, answers, complete=complete)
    if problems:
        raise Invalid(
            "Please look at the marked answers.",
            tuple({"question": p.question, "code": p.code, "message": p.message} for p in problems),
        )


async def submit(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    *,
    now: datetime,
    expected_version: int | None = None,
    held_on: date | None = None,
) -> Saved:
    """Submit a form; from this commit on nobody is reminded or told about it any more.

    What was submitted is immutable; after reopening the next submission is a new revision. In a
    meeting `held_on` says on which day it was held. While the cycle is paused it is accepted and
    unlocks nothing.

    Raises NotFound (hidden or missing), IllegalState (not open, closed), EditConflict, Invalid; all
    of them before anything is written. Submitting what the own draft holds is no EditConflict.
    """
    cycle, stage, task = await lock_for_acting(conn, task_id)
    behalf = await may_act(conn, task, actor, now)
    _not_a_raters(task)
    _not_a_list(stage)
    _must_be_open(cycle, task, now)
    if expected_version not in (None, task.version):
        same = await _is_the_draft(conn, task, actor, answers, held_on)
        must_match(task, expected_version, same=same)
    if stage.traits.opens_results:
        raise IllegalState("Results are released, not submitted.")
    _refuse(cycle, stage, answers, complete=True)
    revision = task.revision + 1
    written = NewSubmission(
        revision=revision,
        answers=kept(cycle.definition, stage.spec, answers),
        actor=actor,
        on_behalf_of_id=behalf,
        held_on=_held(stage, held_on, now),
    )
    version = await write_submission(conn, cycle, stage, task.id, written, now)
    await _tell_it_is_done(conn, task, now)
    await after_submission(conn, cycle, stage, task.subject_id, now)
    if revision > 1:
        await tell_downstream(conn, cycle, stage, task.subject_id, revision, now)
    return Saved(task_id, version, now, revision)


def _held(stage: StageFacts, held_on: date | None, now: datetime) -> date | None:
    if not stage.traits.held:
        return None
    if held_on is None:
        raise Invalid(
            "Please say on which day it was held.",
            ({"question": "held_on", "code": "required", "message": "On which day was it held?"},),
        )
    # A day ahead of UTC's is still today somewhere; the day after that is nowhere.
    if (held_on - now.date()).days > 1:
        raise Invalid(
            "The day on which it was held lies ahead.",
            ({"question": "held_on", "code": "future", "message": "This day lies ahead."},),
        )
    return held_on


async def _tell_it_is_done(conn: AsyncConnection, task: TaskFacts, now: datetime) -> None:
    """Whoever was told that it is overdue hears that it is done."""
    if not task.told_to:
        return
    await tell(
        conn,
        (await really_told(conn, [task.id])).get(task.id, ()),
        Event.DONE_NOTICE,
        key=f"task:{task.id}:{task.due_revision}:done",
        task=task,
        cause="submitted",
        now=now,
    )


async def ring_after_end(conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts) -> None:
    """Ring what may go on because a task of this stage ended, and nothing else.

    Successors that open person by person are rung each time (their windows gather the bells);
    the stage itself, and barriers behind it, only when few are left.
    """
    personal = [s.process for i in stage.successors if not (s := cycle.stages[i]).barrier]
    if await few_left(conn, stage.id):
        await ring(conn, stage.process, cycle.process, *personal)
    else:
        await ring(conn, *personal)


async def withdraw(conn: AsyncConnection, task_id: UUID, actor: Actor, *, now: datetime) -> Saved:
    """The author takes a submission back, until the next stage opened for that subject.

    The task is open again with its old dates; the answers become the draft. Raises IllegalState
    once something that builds on it has opened.
    """
    cycle, stage, task = await lock_task(conn, task_id)
    if task.state is not TaskState.DONE or actor.person_id != task.ended_by_id:
        await may_act(conn, task, actor, now)
        raise IllegalState("Only what you have submitted yourself can be taken back.")
    _not_a_raters(task)
    _not_a_list(stage)
    if not cycle.moving and cycle.state is not CycleState.PAUSED:
        raise IllegalState("The cycle has ended; nothing can be taken back any more.")
    if task.closes_at is not None and now > task.closes_at:
        raise IllegalState("This stage has closed; HR can reopen the task.")
    if not await _forget_planned(conn, stage, task):
        raise IllegalState("The next stage has opened; HR can reopen this task.")
    await conn.execute(
        text(
            """
            WITH taken AS (
                UPDATE responses SET withdrawn_at = :now
                WHERE task_id = :task AND revision = :revision
                RETURNING author_id, answers
            ), back AS (
                INSERT INTO drafts (task_id, author_id, answers, saved_at)
                SELECT :task, author_id, answers, :now FROM taken
                ON CONFLICT (task_id, author_id) DO UPDATE SET answers = excluded.answers,
                    saved_at = excluded.saved_at, version = drafts.version + 1
            ), event AS (
                INSERT INTO task_events (task_id, at, event, actor_id, detail)
                VALUES (:task, :now, 'withdrawn', :actor, '{}')
            )
            UPDATE tasks SET state = 'open', version = version + 1, ended_at = NULL,
                ended_by_id = NULL, ended_reason = NULL, held_on = NULL WHERE id = :task
            """
        ),
        {"task": task_id, "revision": task.revision, "now": now, "actor": actor.person_id},
    )
    await restart_ladder(conn, cycle, stage, task, now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="withdraw",
        object_type="task",
        object_id=str(task_id),
        cycle_id=cycle.id,
        before={"revision": task.revision},
    )
    return Saved(task_id, task.version + 1, now, task.revision)


async def _forget_planned(conn: AsyncConnection, stage: StageFacts, task: TaskFacts) -> bool:
    """Take back what is planned behind this task; false if something has opened already."""
    if not stage.successors:
        return not (stage.traits.on_record or stage.traits.held)
    opened = await conn.scalar(
        text(
            "SELECT count(*) FROM tasks WHERE stage_id = ANY(:stages) AND state <> 'planned' "
            "AND subject_id IS NOT DISTINCT FROM CAST(:subject AS bigint)"
        ),
        {"stages": list(stage.successors), "subject": task.subject_id},
    )
    if opened or stage.traits.held:
        return False
    await conn.execute(
        text(
            "DELETE FROM tasks WHERE stage_id = ANY(:stages) AND state = 'planned' "
            "AND subject_id IS NOT DISTINCT FROM CAST(:subject AS bigint)"
        ),
        {"stages": list(stage.successors), "subject": task.subject_id},
    )
    return True


async def seen(conn: AsyncConnection, task_id: UUID, now: datetime) -> None:
    """The form was opened for the first time. Only ever shown as a count; of raters never noted."""
    await conn.execute(
        text(
            "UPDATE tasks SET seen_at = :now WHERE id = :id AND seen_at IS NULL AND role <> :rater"
        ),
        {"id": task_id, "now": now, "rater": Role.RATER},
    )
