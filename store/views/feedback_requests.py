"""Whom somebody is asked to write feedback about: their own requests, and nobody else's.

What was written is read with the seal, for its author alone. Nothing here counts, names or orders
other raters.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from domain.relationships import Relationship
from domain.states import TaskState
from store.base.seal_keys import KeysUnavailable
from store.kinds.feedback_round.seals import Written, seals_of, unseal

Standing = Literal["new", "draft", "done", "closed", "declined", "gone"]

KEPT = timedelta(days=60)
"""How long somebody still finds a request that is over."""

MOST = 300


@dataclass(frozen=True, slots=True)
class FeedbackRequest:
    """A request to write about somebody.

    `standing`: `new`, `draft` (something is typed), `done` (submitted; it may still be changed if
    `open`), `closed` (the round closed without it), `declined`, `gone` (asked no more for another
    reason). `written` is empty once the round has closed. `done_on` is the company's day on
    which it ended: the time of day is nobody's business. `open`: it may be written or changed.
    `shut`: submitted under an address that has changed since, so that it counts as it is.
    """

    task_id: UUID
    cycle_id: UUID
    cycle: str
    cycle_state: str
    version_id: UUID
    stage: str
    relationship: Relationship
    subject_id: int
    subject: str
    subject_first: str
    department: str
    state: TaskState
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    done_on: date | None
    ended_reason: str | None
    version: int
    open: bool
    shut: bool
    written: Written

    @property
    def standing(self) -> Standing:
        """How far it is, as its rater may know it."""
        match self.state:
            case TaskState.DONE:
                return "done"
            case TaskState.OPEN if not self.open:
                return "closed"
            case TaskState.OPEN:
                return "new" if self.written.draft is None else "draft"
            case TaskState.EXPIRED:
                return "closed"
            case _:
                return "declined" if self.ended_reason == "declined" else "gone"

    @property
    def waits(self) -> bool:
        """Is it still to be written?"""
        return self.open and self.state is TaskState.OPEN

    @property
    def paused(self) -> bool:
        """Does its cycle stand still?"""
        return self.cycle_state == "paused"

    @property
    def about_me(self) -> bool:
        """Is it the reader's own view of themselves?"""
        return self.relationship is Relationship.SELF


async def feedback_requests(
    conn: AsyncConnection, person_id: int, now: datetime
) -> list[FeedbackRequest]:
    """All requests of somebody over all rounds and cycles: by deadline, then by name.

    Those that are over are left out after `KEPT`; what was declined or is asked no more at once.
    A list goes on without the keys to what was written: then every text in it is empty.
    """
    found = await conn.execute(
        text(
            f"{_REQUESTS} AND t.state IN ('open', 'done', 'expired') AND (r.stage_id IS NOT NULL"
            " AND c.state IN ('open', 'paused') OR t.ended_at > :since)"
            " ORDER BY t.due_at, t.id LIMIT :most"
        ),
        {"person": person_id, "since": now - KEPT, "most": MOST},
    )
    rows = found.all()
    try:
        keys = await _keys(conn, rows)
    except KeysUnavailable:
        keys = {}
    return sorted((_request(row, keys, now) for row in rows), key=order_of)


def order_of(request: FeedbackRequest) -> tuple[datetime, str, str]:
    """By deadline, then by name."""
    return request.due_at, request.subject.casefold(), str(request.task_id)


async def feedback_request(
    conn: AsyncConnection, task_id: UUID, person_id: int, now: datetime
) -> FeedbackRequest:
    """One request of the reader's, whatever became of it.

    Raises NotFound for everybody else, and KeysUnavailable rather than show an empty form for
    something that was written.
    """
    row = (
        await conn.execute(
            text(f"{_REQUESTS} AND t.id = :id AND t.state <> 'planned'"),
            {"person": person_id, "id": task_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no request {task_id}.")
    keys = await _keys(conn, [row])
    if row.collecting and row.task_id not in keys:
        raise KeysUnavailable(f"the key to the request {task_id} is lost")
    return _request(row, keys, now)


async def is_asked(conn: AsyncConnection, person_id: int) -> bool:
    """Is there a round, still open, in which somebody is asked for feedback or has given it?"""
    found: bool | None = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM tasks t JOIN cycles c ON c.id = t.cycle_id"
            " JOIN round_seals r ON r.stage_id = t.stage_id AND r.subject_id = t.subject_id"
            " WHERE t.assignee_id = :person AND t.role = 'rater'"
            " AND t.state IN ('planned', 'open', 'done') AND c.state IN ('open', 'paused'))"
        ),
        {"person": person_id},
    )
    return bool(found)


async def _keys(
    conn: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]
) -> dict[UUID, bytes]:
    """The key to each request of a round that is open for its subject, by task."""
    subjects: dict[UUID, set[int]] = defaultdict(set)
    for row in rows:
        if row.collecting:
            subjects[row.stage_id].add(row.subject_id)
    seals = {stage: await seals_of(conn, stage, some) for stage, some in subjects.items()}
    return {
        row.task_id: seals[row.stage_id].keys[row.subject_id]
        for row in rows
        if row.collecting and row.subject_id in seals[row.stage_id].keys
    }


def _request(
    row: Row[tuple[object, ...]], keys: Mapping[UUID, bytes], now: datetime
) -> FeedbackRequest:
    values = row._asdict()
    collecting, sealed, last, _ = (
        values.pop(name) for name in ("collecting", "sealed", "last_close", "stage_id")
    )
    key = keys.get(row.task_id)
    values["state"] = TaskState(row.state)
    values["relationship"] = Relationship(row.relationship)
    # What is submitted may be changed until the last rater's close; nobody is told when that is.
    closes = last if values["state"] is TaskState.DONE else row.closes_at
    paused = row.cycle_state == "paused"
    values["open"] = (
        collecting
        and values["state"] in (TaskState.OPEN, TaskState.DONE)
        and row.cycle_state in ("open", "paused")
        and not row.shut
        and (closes is None or paused or now <= closes)
    )
    written = Written() if key is None or sealed is None else unseal(key, row.task_id, sealed)
    return FeedbackRequest(**values, written=written if values["open"] else Written())


_REQUESTS = """
    SELECT t.id AS task_id, t.cycle_id, c.title AS cycle, c.state AS cycle_state, c.version_id,
      s.key AS stage, coalesce(a.relationship, 'others') AS relationship, t.subject_id,
      b.first_name || ' ' || b.last_name AS subject, b.first_name AS subject_first,
      coalesce(b.department, '') AS department, t.state, t.due_on, t.due_at,
      least(t.closes_at, c.ends_at) AS closes_at,
      CAST(t.ended_at AT TIME ZONE (SELECT m.content ->> 'zone' FROM company_settings m
        ORDER BY m.id DESC LIMIT 1) AS date) AS done_on, t.ended_reason, t.version,
      t.stage_id, r.subject_id IS NOT NULL AS collecting, w.sealed,
      t.state = 'done' AND EXISTS (SELECT FROM sealed_answers o
        WHERE o.task_id = t.id AND o.shut) AS shut,
      CASE WHEN t.state = 'done' THEN least(c.ends_at,
        (SELECT max(x.closes_at) FROM tasks x
         WHERE x.stage_id = t.stage_id AND x.subject_id = t.subject_id)) END AS last_close
    FROM tasks t JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
    JOIN people b ON b.id = t.subject_id
    LEFT JOIN round_seals r ON r.stage_id = t.stage_id AND r.subject_id = t.subject_id
    LEFT JOIN sealed_answers w ON w.task_id = t.id AND NOT w.shut
    LEFT JOIN LATERAL (SELECT n.relationship FROM raters n WHERE n.stage_id = t.stage_id
      AND n.subject_id = t.subject_id AND n.person_id = t.assignee_id
      ORDER BY n.state = 'asked' DESC, n.id DESC LIMIT 1) a ON true
    WHERE t.assignee_id = :person AND t.role = 'rater'
"""
