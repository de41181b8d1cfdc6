"""A seal is broken: openly, for a stated reason, and told before anything is shown.

For the case in which somebody is threatened, or a court asks. Only while the round is open; what
was destroyed at its close nobody can open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import Forbidden, IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.states import Desk, Role
from store.audit import record
from store.notices import tell_desk
from store.rounds.seals import unseal
from store.session import Database
from store.task_rows import lock_task

LEAST_WORDS = 10
"""Characters of a reason. "ok" is none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What lay sealed in one rater's task. `draft`: typed and not submitted."""

    task_id: UUID
    answers: Mapping[str, Any] | None
    draft: Mapping[str, Any] | None


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
    Each call is told anew. `account` names an administrator who is nobody in the company.

    Raises Forbidden for anybody but an administrator, Invalid without a reason, NotFound if it is
    no rater's task, IllegalState if nothing lies sealed there (any more).
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
        await _tell(conn, task_id, actor, because.strip(), account, now)
    async with database.begin() as conn:
        sealed, key = await _sealed(conn, task_id)
    written = unseal(key, task_id, sealed)
    return Opened(task_id, written.answers, written.draft)


async def _sealed(conn: AsyncConnection, task_id: UUID) -> tuple[bytes, bytes]:
    row = (
        await conn.execute(
            text(
                "SELECT s.sealed, r.key FROM tasks t LEFT JOIN sealed_answers s "
                "ON s.task_id = t.id LEFT JOIN round_seals r ON r.stage_id = t.stage_id "
                "AND r.subject_id = t.subject_id WHERE t.id = :id AND t.role = :rater"
            ),
            {"id": task_id, "rater": Role.RATER},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no rater's task {task_id}")
    if row.key is None:
        raise IllegalState("The seal was destroyed when the round closed. Nobody can open it.")
    if row.sealed is None:
        raise IllegalState("Nothing was written in this task.")
    return row.sealed, row.key


async def _tell(
    conn: AsyncConnection, task_id: UUID, actor: Actor, because: str, account: str, now: datetime
) -> None:
    """The audit says which task; the mail neither that nor about whom: it tells who wrote."""
    cycle, stage, _ = await lock_task(conn, task_id)
    await record(
        conn,
        at=now,
        actor=actor,
        action="seal_broken",
        object_type="task",
        object_id=task_id,
        cycle_id=cycle.id,
        after={"because": because, "account": account},
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
