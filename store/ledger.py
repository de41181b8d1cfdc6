"""Why something was sent or not: every item of the outbox with the fate of its mail.

The rows hold codes; words are made of them where they are shown. Newest first, by keyset: `before`
is the id of the last row that was seen.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event

PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """An item and its mail. Instants are UTC.

    `cause`: the rule or act that wrote it. `reason`: why it was suppressed or failed.
    `unanswered`: how often its mail was handed over without an answer, so may have arrived.
    """

    id: int
    event: Event
    person_id: int
    cycle_id: UUID | None
    task_id: UUID | None
    rung: str | None
    due_revision: int | None
    cause: str
    at: datetime
    send_at: datetime
    state: str
    reason: str | None
    settled_at: datetime | None
    received_by_id: int | None
    message_id: str | None
    mail_state: str | None
    attempts: int | None
    unanswered: int | None
    smtp_code: int | None
    sent_at: datetime | None

    @property
    def why(self) -> str:
        """The one code that answers "why was this sent, or not (yet)?"."""
        if self.state == "queued":
            return "waits"
        if self.state == "sending":
            return "being_tried" if self.attempts else "about_to_go"
        return self.reason or self.state


_ENTRIES = """
SELECT n.id, n.event, n.person_id, n.cycle_id, n.task_id, n.rung, n.due_revision, n.cause, n.at,
    n.send_at, n.state, n.reason, n.settled_at, m.person_id, m.message_id, m.state, m.attempts,
    m.unanswered, m.smtp_code, m.sent_at
FROM notifications n LEFT JOIN mails m ON m.id = n.mail_id
WHERE {of} AND n.id < coalesce(CAST(:before AS bigint), 9223372036854775807)
ORDER BY n.id DESC LIMIT :limit
"""
_OF_PERSON = _ENTRIES.replace("{of}", "n.person_id = :id")
_OF_TASK = _ENTRIES.replace("{of}", "n.task_id = :id")
_OF_CYCLE = _ENTRIES.replace("{of}", "n.cycle_id = :id")


async def of_person(
    conn: AsyncConnection, person_id: int, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """What a person was told, will be told, or was not told."""
    return await _read(conn, _OF_PERSON, person_id, before, limit)


async def of_task(
    conn: AsyncConnection, task_id: UUID, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """What was said about a task, to whomever."""
    return await _read(conn, _OF_TASK, task_id, before, limit)


async def of_cycle(
    conn: AsyncConnection, cycle_id: UUID, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """What was said in a cycle. Who may see what of it is the caller's matter."""
    return await _read(conn, _OF_CYCLE, cycle_id, before, limit)


async def _read(
    conn: AsyncConnection, statement: str, key: int | UUID, before: int | None, limit: int
) -> list[Entry]:
    rows = await conn.execute(
        text(statement), {"id": key, "before": before, "limit": min(limit, 1000)}
    )
    return [Entry(row[0], Event(row[1]), *row[2:]) for row in rows]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a cycle are in a state, for one reason."""

    state: str
    reason: str | None
    items: int


async def tally(conn: AsyncConnection, cycle_id: UUID) -> list[Tally]:
    """A cycle's outbox in numbers, the largest first."""
    rows = await conn.execute(
        text(
            "SELECT state, reason, count(*) FROM notifications WHERE cycle_id = :id "
            "GROUP BY state, reason ORDER BY 3 DESC, 1, 2"
        ),
        {"id": cycle_id},
    )
    return [Tally(*row) for row in rows]
