"""What people's lives do to running cycles: managers change, people leave, join and are away.

(Language reference §4.) Acts write a fact down and settle at once what it moves; what takes effect
later is found from the facts by `follow_people`, which the launch calendar calls.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.company import Company
from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from domain.states import CycleState
from store.access.person_changes import follow_changes, stand
from store.base.audit import record
from store.changes.calendars import LEAVE, shift_dates, times_of_holders
from store.changes.leavers import follow_leavers, settle_leavers
from store.changes.long_leave import follow_absences
from store.changes.manager_changes import follow_managers
from store.changes.people_bells import open_cycles, people_changed
from store.cycles.facts import load_cycle
from store.engine.processes import ring_cycle
from store.outbox.notices import bring_forward, tell
from store.people.company import (
    at_desks,
    company,
    desks_differ,
    people_at,
    save_company,
    settings_hash,
)
from store.people.leaves import Absence, add_leave, find_leave, withdraw_leave
from store.people.reporting_lines import set_managers, would_loop
from store.people.times import company_calendars, lock_people, person_times, refresh_profiles
from store.tasks.late_joiners import enter


@dataclass(frozen=True, slots=True)
class LeaveRecorded:
    """A leave, and how many tasks it moved at once."""

    leave: Absence
    moved: int


async def record_leave(
    conn: AsyncConnection,
    person_id: int,
    first_day: date,
    last_day: date,
    *,
    delegate_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> LeaveRecorded:
    """Write a leave down and move what it makes later: due dates, rungs, closes, openings.

    Both days included. Without a delegate, tasks of people away for more than 20 working days
    are excused, or HR is asked. The same leave again changes nothing. Raises Invalid (also if the
    actor would act for somebody else by it), NotFound.
    """
    if delegate_id is not None and delegate_id == actor.person_id:
        raise Invalid("You cannot make yourself somebody's delegate; they or a colleague can.")
    await lock_people(conn)
    before = await times_of_holders(conn, [person_id])
    leave = await add_leave(conn, person_id, first_day, last_day, delegate_id=delegate_id, now=now)
    await _follow_long_leave(conn, now)
    moved = await shift_dates(conn, before, cause=LEAVE, actor_id=actor.person_id, now=now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="leave_recorded",
        object_type="person",
        object_id=person_id,
        after={
            "leave_id": leave.id,
            "first_day": first_day.isoformat(),
            "last_day": last_day.isoformat(),
            "delegate_id": delegate_id,
        },
    )
    await people_changed(conn)
    return LeaveRecorded(leave, moved)


async def take_leave_back(
    conn: AsyncConnection, leave_id: int, *, actor: Actor, now: datetime
) -> None:
    """A leave does not take place. Raises NotFound.

    Dates that it moved later stay there; mails that waited for the return go as if the person were
    there.
    """
    leave = await find_leave(conn, leave_id)
    calendars = await company_calendars(conn, now.year - 1, leave.last_day.year + 1)
    person = leave.person_id
    time = (await person_times(conn, calendars, [person])).get(person, calendars.company())
    back = time.opening(time.calendar.on_or_after(leave.last_day + timedelta(days=1)))
    await withdraw_leave(conn, leave_id, now=now)
    await bring_forward(conn, person, back, now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="leave_withdrawn",
        object_type="leave",
        object_id=leave_id,
    )
    await people_changed(conn)


async def change_manager(
    conn: AsyncConnection,
    person_id: int,
    manager_id: int | None,
    on: date,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Let somebody report to somebody else, or to nobody, from a day on.

    Until the next change that is on record. Open tasks follow at `mail_at` of that day. The same
    change again does nothing. Raises NotFound, and Invalid if the reporting line would run in a
    circle, or is the actor's own.
    """
    await lock_people(conn)
    await _known(conn, [person_id, *([manager_id] if manager_id is not None else [])])
    before = await stand(conn, on)
    if manager_id is not None and await would_loop(conn, person_id, manager_id, on):
        raise Invalid("The reporting line would run in a circle.")
    changes = await set_managers(conn, [(person_id, manager_id)], on)
    if not changes:
        return
    if on <= now.date():
        await _refresh(conn, now, actor.person_id)
    await follow_changes(conn, before, actor=actor, now=now)
    await people_changed(conn)


async def record_leaving(
    conn: AsyncConnection, person_id: int, on: date, *, actor: Actor, now: datetime
) -> None:
    """Somebody leaves: `on` is the first day on which they are gone. Repeatable.

    Raises NotFound.
    """
    await lock_people(conn)
    await _known(conn, [person_id])
    before = await stand(conn, now.date())
    await conn.execute(
        text(
            "UPDATE people SET left_on = :on, updated_at = :now, status = 'active' WHERE id = :id"
        ),
        {"on": on, "now": now, "id": person_id},
    )
    await settle_leavers(conn, now, [person_id])
    await follow_changes(conn, before, actor=actor, now=now)
    await people_changed(conn)


async def set_company(
    conn: AsyncConnection, settings: Company, source: str, *, actor: Actor, now: datetime
) -> bool:
    """Save a company file, resolve everybody's profile anew and move what becomes later.

    Holiday tables of running cycles stay as they were frozen; who has which calendar is a fact
    and acts at once on what lies ahead. If other people sit at a desk from now on, all members are
    told, those before and those after. Whether the actor may do that is asked before
    (`store.changes.desk_changes.offer_company`). False: the settings say this already.
    """
    await lock_people(conn)
    before = await times_of_holders(conn)
    old = await company(conn) if await settings_hash(conn) else None
    told = await at_desks(conn) if old else []
    saved = await save_company(conn, settings, source, now=now, saved_by_id=actor.person_id)
    if not saved:
        return False
    if await refresh_profiles(conn, settings, on=now.date()):
        await shift_dates(conn, before, cause="profile", actor_id=actor.person_id, now=now)
    joining, leaving = desks_differ(old, settings)
    people = {
        "joining": await people_at(conn, joining),
        "leaving": await people_at(conn, leaving),
    }
    await record(
        conn,
        at=now,
        actor=actor,
        action="company_saved",
        object_type="company",
        object_id="settings",
        after={"desks": bool(joining or leaving), **people},
    )
    if old and (joining or leaving):
        await tell(
            conn,
            sorted({*told, *await at_desks(conn)}),
            Event.DESK_CHANGE,
            key=f"desks:{await settings_hash(conn)}:{now.isoformat()}",
            cause="saved",
            now=now,
            data={"by": actor.person_id, "waits": False, **people},
        )
    await people_changed(conn)
    return True


async def follow_people(conn: AsyncConnection, cycle_id: UUID, as_of: datetime) -> datetime | None:
    """Bring an open cycle to where people stand, and return when to look again.

    Entries, leavers, changes of manager and long leave, in this order: whoever has left is
    handed over to whoever manages now. Idempotent; wakes the stages in which something moved.
    """
    cycle = await load_cycle(conn, cycle_id, lock="share")
    if cycle.state is not CycleState.OPEN:
        return None
    entered = await enter(conn, cycle, as_of)
    instants = [entered.next_at]
    moved = 0
    for follow in (follow_leavers, follow_managers, follow_absences):
        concerned, next_at = await follow(conn, cycle, as_of)
        moved += concerned
        instants.append(next_at)
    if moved:
        await ring_cycle(conn, cycle_id)
    return min((instant for instant in instants if instant and instant > as_of), default=None)


async def settle_people(conn: AsyncConnection, as_of: datetime) -> datetime | None:
    """What takes effect by itself: leaving days, and reporting lines that begin or end.

    Profiles are resolved again when a line changed since the launch calendar last looked. Returns
    when the next leaving day begins.
    """
    next_leaving = await settle_leavers(conn, as_of)
    changed = await conn.scalar(
        text(
            "SELECT 1 FROM reporting_lines WHERE (valid_from <= :today AND valid_from >= :since)"
            " OR (valid_to <= :today AND valid_to >= :since) LIMIT 1"
        ),
        {"today": as_of.date(), "since": await _last_look(conn, as_of)},
    )
    if changed:
        await lock_people(conn)
        await _refresh(conn, as_of, None)
    return next_leaving


async def _last_look(conn: AsyncConnection, as_of: datetime) -> date:
    looked: datetime | None = await conn.scalar(
        text("SELECT advanced_at FROM processes WHERE id = :id"), {"id": LAUNCH_CALENDAR.id}
    )
    return (looked or as_of).date()


async def _follow_long_leave(conn: AsyncConnection, now: datetime) -> None:
    for cycle_id in await open_cycles(conn):
        cycle = await load_cycle(conn, cycle_id, lock="share")
        if cycle.state is CycleState.OPEN:
            await follow_absences(conn, cycle, now)


async def _refresh(conn: AsyncConnection, now: datetime, actor_id: int | None) -> None:
    """Resolve profiles again, and move what another calendar makes later."""
    try:
        settings = await company(conn)
    except IllegalState:
        return
    before = await times_of_holders(conn)
    if await refresh_profiles(conn, settings, on=now.date()):
        await shift_dates(conn, before, cause="profile", actor_id=actor_id, now=now)


async def _known(conn: AsyncConnection, people: list[int]) -> None:
    found = await conn.scalar(
        text("SELECT count(*) FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": people},
    )
    if found != len(set(people)):
        raise NotFound("No such person.")
