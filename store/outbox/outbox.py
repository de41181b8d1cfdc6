"""The outbox: what people are to be told, written with its cause in the cause's own transaction.

A row says who, why and not before when. The sender (`store/mail/delivery.py`) makes mails of the
rows; it decides as late as possible whether something is still worth saying.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.processes.mail import MAIL
from store.base.arrays import literal
from store.people.times import Horizon

NEVER_ALONE = tuple(event.value for event in Event if event.ride_along)
"""Events that wait, for ever if need be, for a daily mail that something else causes."""

MOOT_WHEN_ENDED = (
    *(event.value for event in Event if event.while_open),
    Event.NEEDS_ASSIGNEE.value,
    Event.EXTENDED_NOTICE.value,
)
"""Events that nobody needs to hear of once their task has ended."""


@dataclass(frozen=True, slots=True)
class NewNotification:
    """Something to tell one person.

    `key` is business identity: the same key is told once, whoever queues it how often. `at` is the
    business instant of the cause, `send_at` the earliest one for the mail (both UTC). `data` holds
    ids, codes, counts and instants that the mail needs and no row keeps; never a sentence of
    anybody's but HR's reason. `at_once`: it does not wait for the daily mail, although its event
    does; of the events that never do it need not be said.
    """

    key: str
    event: Event
    person_id: int
    at: datetime
    send_at: datetime
    cause: str
    cycle_id: UUID | None = None
    stage_id: UUID | None = None
    task_id: UUID | None = None
    subject_id: int | None = None
    desk: str | None = None
    rung: str | None = None
    due_revision: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    ride_along: bool = False
    at_once: bool = False


_INSERT = text(
    """
    INSERT INTO notifications (key, event, person_id, at, send_at, cause, cycle_id, stage_id,
        task_id, subject_id, desk, rung, due_revision, data, ride_along, at_once)
    SELECT n.key, n.event, n.person_id, n.at, n.send_at, n.cause, n.cycle_id, n.stage_id,
        n.task_id, n.subject_id, n.desk, n.rung, n.due_revision, CAST(n.data AS jsonb),
        n.ride_along, n.at_once
    FROM unnest(CAST(:key AS text[]), CAST(:event AS text[]), CAST(:person_id AS bigint[]),
        CAST(:at AS timestamptz[]), CAST(:send_at AS timestamptz[]), CAST(:cause AS text[]),
        CAST(:cycle_id AS uuid[]), CAST(:stage_id AS uuid[]), CAST(:task_id AS uuid[]),
        CAST(:subject_id AS bigint[]), CAST(:desk AS text[]), CAST(:rung AS text[]),
        CAST(:due_revision AS int[]), CAST(:data AS text[]), CAST(:ride_along AS boolean[]),
        CAST(:at_once AS boolean[]))
      AS n(key, event, person_id, at, send_at, cause, cycle_id, stage_id, task_id, subject_id,
        desk, rung, due_revision, data, ride_along, at_once)
    ON CONFLICT (key) DO NOTHING
    """
)

_COLUMNS = (
    *("key", "event", "person_id", "at", "send_at", "cause", "cycle_id", "stage_id", "task_id"),
    *("subject_id", "desk", "rung", "due_revision", "ride_along", "at_once"),
)


async def queue(conn: AsyncConnection, items: Sequence[NewNotification]) -> int:
    """Write notifications into the outbox, in one statement; returns how many were new.

    Idempotent by `key`. The mail process is rung only if it would otherwise look too late.
    """
    if not items:
        return 0
    values = {name: literal(map(attrgetter(name), items)) for name in _COLUMNS}
    values["data"] = literal(_as_json(items))
    added = (await conn.execute(_INSERT, values)).rowcount
    causing = [item.send_at for item in items if not item.event.ride_along]
    if added and causing:
        await wake_sender(conn, min(causing))
    return added


def _as_json(items: Iterable[NewNotification]) -> Iterator[str]:
    previous: Mapping[str, Any] = {}
    written = "{}"
    for item in items:
        if item.data is not previous:
            previous, written = item.data, json.dumps(dict(item.data)) if item.data else "{}"
        yield written


async def wake_sender(conn: AsyncConnection, instant: datetime) -> None:
    """Ring the mail process if it is not armed, or only after `instant`.

    The shared lock keeps it from arming itself anew before this transaction's rows can be seen:
    without it an item written while the sender falls asleep would wait for the next morning.
    """
    await conn.execute(
        text(
            """
            WITH sender AS (
                SELECT id, armed_until FROM processes WHERE id = :id AND state = 'open' FOR SHARE
            )
            INSERT INTO bells (process_id, urgent)
            SELECT id, true FROM sender WHERE armed_until IS NULL OR armed_until > :instant
            """
        ),
        {"id": MAIL.id, "instant": instant},
    )


_SUPPRESS = (
    "UPDATE notifications SET state = 'suppressed', reason = :reason, settled_at = :now "
    "WHERE task_id = ANY(CAST(:ids AS uuid[])) AND state = 'queued'"
)
_OF_EVENTS = " AND event = ANY(CAST(:events AS text[]))"


async def suppress_for_tasks(
    conn: AsyncConnection,
    task_ids: Sequence[UUID],
    reason: str,
    now: datetime,
    *,
    rungs: bool = False,
) -> int:
    """Take back what is still queued about tasks, with the reason code; returns how many rows.

    What only concerns a task that is still to be done goes; that it was taken away, cancelled or
    done is still said. With `rungs`, only what rungs of the ladder had queued goes (the due date
    changed).
    """
    if not task_ids:
        return 0
    values: dict[str, Any] = {"ids": literal(task_ids), "reason": reason, "now": now}
    if rungs:
        result = await conn.execute(text(_SUPPRESS + " AND rung IS NOT NULL"), values)
    else:
        events = {"events": list(MOOT_WHEN_ENDED)}
        result = await conn.execute(text(_SUPPRESS + _OF_EVENTS), values | events)
    return result.rowcount


def horizon(at: datetime) -> Horizon:
    """The days whose leave can matter to a mail: nobody is away for longer in one piece."""
    return (at - timedelta(days=2)).date(), (at + timedelta(days=380)).date()
