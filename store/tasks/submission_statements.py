"""The short path of a submission: one statement that locks and reads, one that writes.

Everybody submits in the last hour before a due date, so each round trip counts. What happens is
what `store/tasks/submitting.py` decides; this module only says it to PostgreSQL in few words.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import NotFound
from domain.states import TaskState
from store.base.arrays import literal
from store.base.audit_signing import audit_key, sign
from store.base.raw_statements import fetch_one
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.cycles.readiness import FEW
from store.outbox.outbox import MOOT_WHEN_ENDED
from store.tasks.rows import TaskFacts

_TASK = (
    *("id", "cycle_id", "stage_id", "subject_id", "role", "assignee_id", "desk", "state"),
    *("opens_at", "due_on", "due_at", "closes_at", "due_revision", "announced_on", "next_rung"),
    *("next_rung_at", "last_rung", "told_to", "revision", "version", "ended_by_id"),
)


class _Assembled:
    """Cycles as they were last read, with a stamp that changes whenever one of their rows does."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[UUID, tuple[str, CycleFacts]] = OrderedDict()

    def get(self, cycle_id: UUID, stamp: str) -> CycleFacts | None:
        kept = self._kept.get(cycle_id)
        return kept[1] if kept is not None and kept[0] == stamp else None

    def put(self, cycle_id: UUID, stamp: str, cycle: CycleFacts) -> None:
        self._kept[cycle_id] = (stamp, cycle)
        self._kept.move_to_end(cycle_id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


_assembled = _Assembled(most=64)


async def lock_for_acting(
    conn: AsyncConnection, task_id: UUID
) -> tuple[CycleFacts, StageFacts, TaskFacts]:
    """Lock a task's cycle (shared), then the task, and read both as they are under the locks.

    The same as `lock_task`, in one round trip: the task is only looked for once the cycle's row is
    locked, and a row that somebody changed while we waited is read anew. The cycle and its stages
    come from memory unless one of their rows has changed. Raises NotFound if there is no such task.
    """
    values = await fetch_one(conn, _LOCK, {"id": task_id})
    if values is None:
        raise NotFound(f"there is no task {task_id}")
    task, stamp = _task(values[:-1]), values[-1]
    cycle = _assembled.get(task.cycle_id, stamp)
    if cycle is None:
        # A stage may have changed since the stamp was read: then the next reader's differs again.
        cycle = await load_cycle(conn, task.cycle_id)
        _assembled.put(task.cycle_id, stamp, cycle)
    return cycle, cycle.stages[task.stage_id], task


def _task(values: tuple[Any, ...]) -> TaskFacts:
    named: dict[str, Any] = dict(zip(_TASK, values, strict=True))
    named |= {"state": TaskState(named["state"]), "told_to": tuple(named["told_to"] or ())}
    return TaskFacts(**named)


_LOCK = f"""
WITH c AS MATERIALIZED (
  SELECT id, concat_ws(' ', xmin, ctid) AS stamp FROM cycles
  WHERE id = (SELECT cycle_id FROM tasks WHERE id = %(id)s) FOR SHARE
), t AS MATERIALIZED (
  SELECT {", ".join(_TASK)} FROM tasks
  WHERE id = %(id)s AND cycle_id = (SELECT id FROM c) FOR UPDATE
)
SELECT t.*, c.stamp || (
  SELECT string_agg(concat_ws(' ', '', s.xmin, s.ctid), '' ORDER BY s.position)
  FROM stages s WHERE s.cycle_id = c.id)
FROM t, c
""".encode()


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What is submitted, by whom, on whose behalf; `held_on` is the day of a meeting."""

    revision: int
    answers: Mapping[str, Any]
    actor: Actor
    on_behalf_of_id: int | None
    held_on: date | None


async def write_submission(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    task_id: UUID,
    submission: NewSubmission,
    now: datetime,
) -> int:
    """Write a submission and all that belongs to it; returns the task's new version.

    The response, the end of the task and of its drafts, the event, the audit entry, what need not
    be said any more, and the bells: successors that open person by person are rung each time
    (their windows gather the bells), the stage and the cycle only when few tasks are left.
    """
    personal = [s.process for i in stage.successors if not (s := cycle.stages[i]).barrier]
    row = await fetch_one(
        conn,
        _WRITE,
        {
            "task": task_id,
            "stage": stage.id,
            "cycle": cycle.id,
            "revision": submission.revision,
            "author": submission.actor.person_id,
            "kind": submission.actor.kind,
            "behalf": submission.on_behalf_of_id,
            "answers": json.dumps(submission.answers),
            "held_on": submission.held_on,
            "now": now,
            "mac": sign(
                audit_key(conn),
                {
                    "at": now,
                    "actor_id": submission.actor.person_id,
                    "actor_kind": submission.actor.kind,
                    "on_behalf_of_id": submission.on_behalf_of_id,
                    "action": "submit",
                    "object_type": "task",
                    "object_id": str(task_id),
                    "cycle_id": cycle.id,
                    "before": None,
                    "after": {"revision": submission.revision},
                },
            ),
            "personal": literal(personal),
            "whole": literal([stage.process, cycle.process]),
        },
    )
    if row is None:
        raise NotFound(f"there is no task {task_id}")
    return int(row[0])


_MOOT = ", ".join(f"'{event}'" for event in MOOT_WHEN_ENDED)

# The task's lock has given the transaction its number: the audit entry's id comes after it, which
# sealing relies on.
_WRITE = f"""
WITH written AS (
  INSERT INTO responses (task_id, revision, author_id, on_behalf_of_id, answers, submitted_at)
  VALUES (%(task)s, %(revision)s, %(author)s, CAST(%(behalf)s AS bigint),
          CAST(%(answers)s AS jsonb), %(now)s)
), gone AS (
  DELETE FROM drafts WHERE task_id = %(task)s
), event AS (
  INSERT INTO task_events (task_id, at, event, actor_id, detail)
  VALUES (%(task)s, %(now)s, 'submitted', %(author)s, jsonb_build_object('revision', %(revision)s))
), quiet AS (
  UPDATE notifications SET state = 'suppressed', reason = 'done', settled_at = %(now)s
  WHERE task_id = %(task)s AND state = 'queued' AND event IN ({_MOOT})
), log AS (
  INSERT INTO audit (at, actor_id, actor_kind, on_behalf_of_id, action, object_type, object_id,
                     cycle_id, after, mac)
  VALUES (%(now)s, %(author)s, %(kind)s, CAST(%(behalf)s AS bigint), 'submit', 'task',
          CAST(CAST(%(task)s AS uuid) AS text), %(cycle)s,
          jsonb_build_object('revision', %(revision)s), CAST(%(mac)s AS bytea))
), live AS (
  SELECT count(*) AS others FROM (
    SELECT FROM tasks WHERE stage_id = %(stage)s AND id <> %(task)s
    AND state IN ('planned', 'open') LIMIT {FEW} + 1) AS l
), rung AS (
  INSERT INTO bells (process_id)
  SELECT unnest(CAST(%(personal)s AS text[]))
  UNION ALL
  SELECT unnest(CAST(%(whole)s AS text[])) WHERE (SELECT others FROM live) <= {FEW}
)
UPDATE tasks SET state = 'done', revision = %(revision)s, version = version + 1,
  ended_at = %(now)s, ended_by_id = %(author)s, ended_reason = 'submitted',
  held_on = CAST(%(held_on)s AS date), next_rung = NULL, next_rung_at = NULL,
  seen_at = coalesce(seen_at, %(now)s)
WHERE id = %(task)s RETURNING version
""".encode()
