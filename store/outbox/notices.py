"""Telling people something because of an act: when it goes is the event's own matter (§6.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from store.outbox.outbox import NewNotification, queue, wake_sender
from store.people.own_lines import closed_cases, left_to
from store.people.times import company_calendars, desk_members, person_times


class About(Protocol):
    """The task that a notice is about."""

    @property
    def id(self) -> UUID: ...
    @property
    def cycle_id(self) -> UUID: ...
    @property
    def stage_id(self) -> UUID: ...
    @property
    def subject_id(self) -> int | None: ...
    @property
    def due_revision(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said to one person. `key` is business identity without the person."""

    person_id: int
    event: Event
    key: str
    cause: str
    task: About | None = None
    cycle_id: UUID | None = None
    subject_id: int | None = None
    desk: str | None = None
    data: Mapping[str, Any] | None = None


async def bring_forward(
    conn: AsyncConnection, person_id: int, until: datetime, now: datetime
) -> int:
    """Let what waits for somebody's return, at `until` at the latest, go as if they were there.

    By the person's calendar as it is now: their leave has been taken back. What goes at once does
    so within their hours, the rest with their next daily mail; nothing goes later than before.
    Returns how many items. Idempotent.
    """
    calendars = await company_calendars(conn, now.year - 1, now.year + 1)
    times = await person_times(conn, calendars, [person_id])
    time = times.get(person_id, calendars.company())
    moved = await conn.execute(
        text(
            "UPDATE notifications n SET send_at = w.send_at FROM (SELECT id, CASE WHEN"
            " event = ANY(CAST(:prompt AS text[])) THEN CAST(:at_once AS timestamptz)"
            " ELSE CAST(:morning AS timestamptz) END AS send_at FROM notifications"
            " WHERE person_id = :person AND state = 'queued' AND at <= :now AND send_at <= :until)"
            " w WHERE n.id = w.id AND w.send_at < n.send_at"
        ),
        {
            "prompt": [event.value for event in Event if event.at_once],
            "at_once": time.at_once(now),
            "morning": time.morning(now),
            "person": person_id,
            "now": now,
            "until": until,
        },
    )
    if moved.rowcount:
        await wake_sender(conn, min(time.at_once(now), time.morning(now)))
    return moved.rowcount


async def tell_all(
    conn: AsyncConnection,
    notices: Sequence[Notice],
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> int:
    """Queue notices: at once within the recipient's hours, otherwise with their daily mail.

    `not_before`: an instant (UTC) before which none of them goes. One statement for all.
    Idempotent by each notice's key and person. Somebody whose calendar cannot be read is told at
    the company's hour.
    """
    if not notices:
        return 0
    calendars = await company_calendars(conn, now.year - 1, now.year + 1)
    times = await person_times(conn, calendars, sorted({n.person_id for n in notices}))
    first = max(now, not_before or now)
    items = []
    for notice in notices:
        time = times.get(notice.person_id, calendars.company())
        if notice.event.always:
            send_at = first
        elif notice.event.at_once:
            send_at = time.at_once(first)
        else:
            send_at = time.morning(first)
        task = notice.task
        items.append(
            NewNotification(
                key=f"{notice.key}:{notice.event}:{notice.person_id}",
                event=notice.event,
                person_id=notice.person_id,
                desk=notice.desk,
                at=now,
                send_at=send_at,
                cause=notice.cause,
                cycle_id=task.cycle_id if task else notice.cycle_id,
                stage_id=task.stage_id if task else None,
                task_id=task.id if task else None,
                subject_id=task.subject_id if task else notice.subject_id,
                due_revision=task.due_revision if task else None,
                data=dict(notice.data or {}),
                ride_along=notice.event.ride_along,
            )
        )
    return await queue(conn, items)


async def tell(
    conn: AsyncConnection,
    people: Sequence[int],
    event: Event,
    *,
    key: str,
    cause: str,
    now: datetime,
    task: About | None = None,
    cycle_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Tell several people the same. See `tell_all`."""
    return await tell_all(
        conn,
        [Notice(p, event, key, cause, task=task, cycle_id=cycle_id, data=data) for p in people],
        now,
    )


async def tell_desk(
    conn: AsyncConnection,
    desk: str,
    event: Event,
    *,
    key: str,
    cause: str,
    now: datetime,
    task: About | None = None,
    cycle_id: UUID | None = None,
    subject_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Tell all members of a desk, but nobody about themselves.

    A case of somebody's own manager line, of today or of earlier in the cycle, is left to the
    others, as long as there are others.
    """
    about = task.subject_id if task else subject_id
    members = await desk_members(conn, desk, now.date())
    if about is not None and (task is not None or cycle_id is not None):
        cycle = task.cycle_id if task else cycle_id
        closed = await closed_cases(conn, members, now.date(), cycle)
        members = left_to(members, closed, about)
    return await tell_all(
        conn,
        [
            Notice(m, event, key, cause, task, cycle_id, subject_id, desk, data)
            for m in members
            if m != about
        ],
        now,
    )
