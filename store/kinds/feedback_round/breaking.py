"""A seal is broken: openly, for a stated reason, and told before anything is shown.

For the case in which somebody is threatened, or a court asks. Only while the round is open; what
was destroyed at its close nobody can open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import Forbidden, IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.states import Desk, Role
from store.base.audit import record
from store.base.session import Database
from store.kinds.feedback_round.seals import Written, seal_of, unseal
from store.outbox.notices import tell_desk
from store.tasks.rows import lock_task

LEAST_WORDS = 10
"""Characters of a reason. "ok" is none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What lay sealed in one rater's task. `draft`: typed and not submitted.

    `questions`: what was asked, by the id under which an answer stands.
    """

    task_id: UUID
    answers: Mapping[str, Any] | None
    draft: Mapping[str, Any] | None
    questions: Mapping[str, str] = field(default_factory=dict)


async def break_seal(
    database: Database,
    task_id: UUID,
    actor: Actor,
    because: str,
    *,
    now: datetime,
    account: str = "",
) -> Opened:
    """Open one rater's sealed answer. The audit entry and the mail to HR are committed first.

    If that transaction fails nothing is shown; if showing fails, it stands that somebody tried.
    Each call is told anew, also one that finds nothing written: else the answer "nothing" would be
    a way to learn quietly who has written. `account` names an administrator who is nobody in the
    company.

    Raises Forbidden for anybody but an administrator, Invalid without a reason, NotFound if it is
    no rater's task, IllegalState if the seal was destroyed.
    """
    if actor.kind != "administrator":
        raise Forbidden("Only an administrator can break a seal.")
    if len(because.strip()) < LEAST_WORDS:
        raise Invalid(
            "Please say why in a sentence: it is kept, and HR is told.",
            ({"field": "because", "code": "required", "message": "Please say why."},),
        )
    async with database.begin() as conn:
        await _sealed(conn, task_id)
        questions = await _tell(conn, task_id, actor, because.strip(), account, now)
    async with database.begin() as conn:
        sealed, key = await _sealed(conn, task_id)
    written = Written() if sealed is None else unseal(key, task_id, sealed)
    return Opened(task_id, written.answers, written.draft, questions)


async def _sealed(conn: AsyncConnection, task_id: UUID) -> tuple[bytes | None, bytes]:
    row = (
        await conn.execute(
            text(
                "SELECT s.sealed, t.stage_id, t.subject_id FROM tasks t LEFT JOIN sealed_answers s "
                "ON s.task_id = t.id WHERE t.id = :id AND t.role = :rater"
            ),
            {"id": task_id, "rater": Role.RATER},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no rater's task {task_id}")
    key = await seal_of(conn, row.stage_id, row.subject_id)
    if key is None:
        raise IllegalState("The seal was destroyed when the round closed. Nobody can open it.")
    return row.sealed, key


async def _tell(
    conn: AsyncConnection, task_id: UUID, actor: Actor, because: str, account: str, now: datetime
) -> dict[str, str]:
    """The entry is about the round, so that HR can read it now: entries about raters' tasks show
    to nobody. Which task it was stands in the entry and on no page. The mail names neither the task
    nor whom it is about: it would tell who wrote. Returns what was asked.
    """
    cycle, stage, _ = await lock_task(conn, task_id)
    await record(
        conn,
        at=now,
        actor=actor,
        action="seal_broken",
        object_type="stage",
        object_id=stage.id,
        cycle_id=cycle.id,
        after={"because": because, "account": account, "task_id": str(task_id)},
    )
    await tell_desk(
        conn,
        Desk.HR,
        Event.SEAL_BROKEN,
        key=f"round:{stage.id}:seal:{now.isoformat()}",
        cause="seal_broken",
        now=now,
        cycle_id=cycle.id,
        data={"opened_by": actor.person_id or account},
    )
    form = cycle.definition.forms[stage.spec.form or ""]
    return {one.id: one.ask for section in form for one in section.questions if one.ask}
