"""The opening mail of tasks that have just opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.notifications import Event
from domain.states import Desk
from store.cycles.facts import CycleFacts, StageFacts
from store.outbox.outbox import NewNotification, queue
from store.people.own_lines import closed_cases, left_to
from store.people.times import desk_members, person_times

LATE = timedelta(minutes=10)
"""The engine counts as punctual within this; beyond, instants are those of the real act."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A task that has just opened and is to be announced."""

    id: UUID
    subject_id: int | None
    assignee_id: int | None
    desk: str | None
    opens_at: datetime
    announce_at: datetime
    due_revision: int


def opens_at_once(cycle: CycleFacts, stage: StageFacts) -> bool:
    """Does the opening mail of this stage not wait for the daily one (language reference §6.3)?"""
    return cycle.launched_by == "button" and not stage.predecessors


async def announce(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    opened: Sequence[Opened],
    as_of: datetime,
) -> None:
    """Queue the opening mail of tasks that have just opened; HR hears of those without assignee."""
    if not opened:
        return
    desks = {
        d: await desk_members(conn, d, as_of.date())
        for d in {o.desk or Desk.HR.value for o in opened if o.assignee_id is None}
    }
    members = sorted({member for some in desks.values() for member in some})
    closed = await closed_cases(conn, members, as_of.date(), cycle.id)
    told: list[tuple[Opened, int, str | None, Event]] = []
    for one in opened:
        if one.assignee_id is not None:
            told.append((one, one.assignee_id, None, Event.TASK_OPENED))
        else:
            event = Event.TASK_OPENED if one.desk else Event.NEEDS_ASSIGNEE
            told_as = one.desk or Desk.HR.value
            theirs = left_to(desks[told_as], closed, one.subject_id)
            told += [(one, member, told_as, event) for member in theirs]
    times = await person_times(
        conn,
        cycle.calendars,
        [*({*members} | {p for o, p, _, _ in told if as_of - o.announce_at > LATE})],
    )
    await queue(conn, [_opening(cycle, stage, *item, times, as_of) for item in told])


def _opening(
    cycle: CycleFacts,
    stage: StageFacts,
    one: Opened,
    person: int,
    desk: str | None,
    event: Event,
    times: Mapping[int, PersonTime],
    as_of: datetime,
) -> NewNotification:
    send_at = one.announce_at
    if as_of - send_at > LATE:  # the engine was away: now if it is a decent hour, else tomorrow
        send_at = times[person].at_once(as_of)
    elif desk is not None:
        send_at = times[person].morning(one.announce_at)
    early = one.announce_at - one.opens_at > timedelta(days=1) and desk is None
    return NewNotification(
        key=f"task:{one.id}:{one.due_revision}:{event}:{person}",
        event=event,
        person_id=person,
        desk=desk,
        at=one.opens_at,
        send_at=send_at,
        cause=f"stage:{stage.key}",
        cycle_id=cycle.id,
        stage_id=stage.id,
        task_id=one.id,
        subject_id=one.subject_id,
        due_revision=one.due_revision,
        ride_along=early,
        at_once=opens_at_once(cycle, stage) and one.announce_at == one.opens_at,
    )
