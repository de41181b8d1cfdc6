"""The delivery ledger: what was sent, what was not, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.visible import COMPANY


@dataclass(frozen=True, slots=True)
class NotificationItem:
    """An item of the outbox with the fate of its mail. Instants are UTC.

    `cause`: the rule or act that wrote it. `reason`: why it was suppressed or failed. `smtp_code`
    and `smtp_answer` are the mail server's words. The mail's text is not part of the ledger.
    """

    id: int
    event: str
    person_id: int
    desk: str | None
    cycle_id: UUID | None
    stage_id: UUID | None
    task_id: UUID | None
    rung: str | None
    due_revision: int | None
    cause: str
    at: datetime
    send_at: datetime
    state: str
    reason: str | None
    settled_at: datetime | None
    mail_id: UUID | None
    message_id: str | None
    mail_state: str | None
    attempts: int | None
    smtp_code: int | None
    smtp_answer: str | None
    sent_at: datetime | None


_NOTIFICATION = """
    n.id, n.event, n.person_id, n.desk, n.cycle_id, n.stage_id, n.task_id, n.rung, n.due_revision,
    n.cause, n.at, n.send_at, n.state, n.reason, n.settled_at, n.mail_id, m.message_id, m.state,
    m.attempts, m.smtp_code, m.smtp_answer, m.sent_at
    FROM notifications n LEFT JOIN mails m ON m.id = n.mail_id
    LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN stages s ON s.id = t.stage_id
"""


async def list_notifications(
    conn: AsyncConnection,
    *,
    filters: dict[str, Any],
    hidden: list[int],
    before: int | None,
    limit: int,
) -> list[NotificationItem]:
    """The ledger, the newest first; ids below `before`.

    `filters`: cycle_id, task_id, person_id, state. Left out: cases of `hidden` subjects, and what
    raters are told.
    """
    rows = await conn.execute(
        text(
            f"""
            SELECT {_NOTIFICATION}
            WHERE (CAST(:before AS bigint) IS NULL OR n.id < :before)
              AND (CAST(:cycle_id AS uuid) IS NULL OR n.cycle_id = :cycle_id)
              AND (CAST(:task_id AS uuid) IS NULL OR n.task_id = :task_id)
              AND (CAST(:person_id AS bigint) IS NULL OR n.person_id = :person_id)
              AND (CAST(:state AS text) IS NULL OR n.state = :state)
              AND (n.subject_id IS NULL OR n.subject_id <> ALL(CAST(:hidden AS bigint[])))
              AND t.role IS DISTINCT FROM 'rater' AND {COMPANY}
            ORDER BY n.id DESC LIMIT :limit
            """
        ),
        {
            "cycle_id": None,
            "task_id": None,
            "person_id": None,
            "state": None,
            **filters,
            "hidden": hidden,
            "before": before,
            "limit": limit,
        },
    )
    return [NotificationItem(*row) for row in rows]


async def notifications_of_task(conn: AsyncConnection, task_id: UUID) -> list[NotificationItem]:
    """Everything that was or will be said about a task, in the order in which it came up."""
    rows = await conn.execute(
        text(f"SELECT {_NOTIFICATION} WHERE n.task_id = :task ORDER BY n.at, n.id LIMIT 1000"),
        {"task": task_id},
    )
    return [NotificationItem(*row) for row in rows]
