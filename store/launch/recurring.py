"""The watcher of dates: recurring launches, rolling cycles, and what people's lives mean for both.

One process an installation. Everything is found from facts: run twice, or after days of downtime,
it comes to the same (language reference §2, launch).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonTime
from definitions.launch_dates import check_at, launches_between, next_launch
from definitions.models import Definition
from definitions.unfolding import running
from domain.access import ENGINE
from domain.errors import AlmanacError, IllegalState
from domain.notifications import Event
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from domain.states import CycleState, Desk
from store.base.halving import failure_code, is_systemic
from store.changes.people_bells import open_cycles
from store.changes.people_events import follow_people, settle_people
from store.cycles.launch_rows import lock_checked
from store.engine.processes import hold, unhold
from store.launch.launching import confirm, first_opening, prepare
from store.outbox.notices import tell_desk
from store.people.company import company_calendars
from store.steering.giving_up import give_up_launch
from store.tasks.late_joiners import switched_on

LOOK_AT = time(5)
"""Company time of the daily look at people: before anybody's morning mail there."""

PUNCTUAL = timedelta(minutes=10)
"""Within this a launch is on time, and stamped with its planned instant."""


@dataclass(frozen=True, slots=True)
class _Recurring:
    name: str
    version_id: UUID
    content: dict[str, Any]
    since: date  # when a version of it first recurred


@dataclass(frozen=True, slots=True)
class _Planned:
    id: int
    definition: str
    launch_on: date
    check_at: datetime
    launch_at: datetime
    state: str
    cycle_id: UUID | None


async def advance_launch_calendar(
    conn: AsyncConnection, as_of: datetime, *, by_hand: Collection[str] = ()
) -> datetime | None:
    """Do everything that has come due, and return when to look again.

    The definitions named in `by_hand` are launched by nobody but HR, whatever they say.

    People first (who has left, whose calendar changed), then the launches, then what changes of
    people mean for open cycles. Idempotent.
    """
    # The advance of one installation follows another; a second worker waits here.
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 2))"),
        {"name": LAUNCH_CALENDAR.id},
    )
    try:
        calendars = await company_calendars(conn, as_of.year - 1, as_of.year + 2)
    except IllegalState:
        return None  # no company file yet: saving one rings
    instants: list[datetime | None] = [await settle_people(conn, as_of)]
    company = calendars.company()
    for recurring in await _recurring(conn):
        if recurring.name not in by_hand:
            await _plan(conn, recurring, calendars, as_of)
    for planned in await _due(conn, as_of):
        await _act(conn, planned, company, as_of)
    for cycle_id in await open_cycles(conn):
        instants.append(await _follow(conn, cycle_id, as_of))
    instants += [await _next_launch(conn, as_of), _next_look(company, as_of)]
    return min(instant for instant in instants if instant is not None)


async def _recurring(conn: AsyncConnection) -> list[_Recurring]:
    rows = await conn.execute(
        text(
            "SELECT v.definition, v.id, v.content,"
            " (SELECT min(f.published_at) FROM definition_versions f"
            "  WHERE f.definition = v.definition AND f.content -> 'launch' ->> 'every' IS NOT NULL)"
            " AS since FROM (SELECT DISTINCT ON (definition) id, definition, content"
            "  FROM definition_versions ORDER BY definition, version DESC) v"
            " WHERE v.content -> 'launch' ->> 'every' IS NOT NULL ORDER BY v.definition"
        )
    )
    return [_Recurring(row.definition, row.id, row.content, row.since.date()) for row in rows]


async def _plan(
    conn: AsyncConnection, recurring: _Recurring, calendars: Calendars, as_of: datetime
) -> None:
    """Plan the launches of one definition; one that cannot be planned is held and stops no other.

    It is tried again with every turn, and no longer held once it goes well: a newer version may
    say something else.
    """
    try:
        async with conn.begin_nested():
            definition = running(recurring.content)
            if definition.launch.every == "hire":
                await _ensure_rolling(conn, recurring, definition, calendars.company(), as_of)
            else:
                await _plan_launches(conn, recurring, definition, calendars, as_of)
    except Exception as error:
        if is_systemic(error):
            raise
        await hold(
            conn,
            LAUNCH_CALENDAR.id,
            code=f"cannot-plan-launches: {failure_code(error)}",
            as_of=as_of,
            mended_by="hr",
            what=recurring.name,
        )
    else:
        await unhold(conn, LAUNCH_CALENDAR.id, as_of, what=recurring.name)


# --- Launches on dates --------------------------------------------------------------------------


async def _plan_launches(
    conn: AsyncConnection,
    recurring: _Recurring,
    definition: Definition,
    calendars: Calendars,
    as_of: datetime,
) -> None:
    """Write down the launches since the last one that is known, and the next one to come."""
    company = calendars.company()
    today = company.local_date(as_of)
    name = recurring.name
    last: date | None = await conn.scalar(
        text(
            "SELECT max(launch_on) FROM recurrences WHERE definition = :name"
            " AND (state <> 'planned' OR launch_on <= :today)"
        ),
        {"name": name, "today": today},
    )
    known = last or recurring.since
    dates = launches_between(definition, known + timedelta(days=1), today, company)
    upcoming = next_launch(definition, max(today, known), company)
    dates += [] if upcoming is None else [upcoming]
    # A newer version may have other dates: what it does not say any more is not to come.
    await conn.execute(
        text(
            "DELETE FROM recurrences WHERE definition = :name AND state = 'planned'"
            " AND launch_on > :today AND launch_on <> ALL(CAST(:dates AS date[]))"
        ),
        {"name": name, "today": today, "dates": dates},
    )
    for day in dates:
        await conn.execute(
            text(
                "INSERT INTO recurrences (definition, launch_on, check_at, launch_at, state)"
                " VALUES (:name, :day, :check, :launch, 'planned')"
                " ON CONFLICT (definition, launch_on) DO NOTHING"
            ),
            {
                "name": name,
                "day": day,
                "check": check_at(definition, day, company),
                "launch": await first_opening(conn, calendars, day, None),
            },
        )


async def _due(conn: AsyncConnection, as_of: datetime) -> list[_Planned]:
    rows = await conn.execute(
        text(
            "SELECT id, definition, launch_on, check_at, launch_at, state, cycle_id"
            " FROM recurrences WHERE (state = 'planned' AND check_at <= :as_of)"
            " OR (state = 'checked' AND launch_at <= :as_of) ORDER BY launch_on, id FOR UPDATE"
        ),
        {"as_of": as_of},
    )
    return [_Planned(*row) for row in rows]


async def _act(
    conn: AsyncConnection, planned: _Planned, company: PersonTime, as_of: datetime
) -> None:
    """Check, launch or ask: one planned launch alone, so that a refusal stops no other."""
    try:
        async with conn.begin_nested():
            cycle_id = planned.cycle_id
            if planned.state == "planned":
                cycle_id = await _check(conn, planned, as_of)
            if cycle_id is not None and planned.launch_at <= as_of:
                await _launch(conn, planned, cycle_id, company, as_of)
    except Exception as error:
        if is_systemic(error):
            raise
        code = error.code if isinstance(error, AlmanacError) else failure_code(error)
        await _set(conn, planned.id, "refused", code)
        await tell_desk(
            conn,
            Desk.HR,
            Event.LAUNCH_WAITING,
            key=f"recurrence:{planned.id}:refused",
            cause="launch_refused",
            now=as_of,
            cycle_id=planned.cycle_id,
            data={"definition": planned.definition, "code": code},
        )


async def _check(conn: AsyncConnection, planned: _Planned, as_of: datetime) -> UUID | None:
    version = await conn.scalar(
        text(
            "SELECT id FROM definition_versions WHERE definition = :name"
            " ORDER BY version DESC LIMIT 1"
        ),
        {"name": planned.definition},
    )
    if version is None:
        return None
    cycle_id = await prepare(conn, version, planned.launch_on, "schedule", ENGINE, as_of)
    await _set(conn, planned.id, "checked", None, cycle_id)
    await tell_desk(
        conn,
        Desk.HR,
        Event.LAUNCH_CHECK,
        key=f"launch-check:{cycle_id}",
        cause="launch_check",
        now=as_of,
        cycle_id=cycle_id,
        data={"launch_on": planned.launch_on.isoformat()},
    )
    return cycle_id


async def _launch(
    conn: AsyncConnection,
    planned: _Planned,
    cycle_id: UUID,
    company: PersonTime,
    as_of: datetime,
) -> None:
    """The first instant at which something would open has come."""
    cycle = await lock_checked(conn, cycle_id)
    if cycle.state is not CycleState.CHECK:
        return
    launch = cycle.definition.launch
    missed = company.local_date(as_of) > planned.launch_on
    if launch.approve == "hr":
        await _wait(conn, planned, cycle_id, "unconfirmed", as_of)
    elif not missed:
        punctual = as_of - planned.launch_at < PUNCTUAL
        await confirm(conn, cycle_id, ENGINE, planned.launch_at if punctual else as_of)
    elif launch.missed == "run":
        await confirm(conn, cycle_id, ENGINE, as_of)
    elif launch.missed == "skip":
        await give_up_launch(conn, cycle_id, ENGINE, as_of, "missed")
        await _set(conn, planned.id, "skipped", "missed", cycle_id)
    else:
        await _wait(conn, planned, cycle_id, "missed", as_of)


async def _wait(
    conn: AsyncConnection, planned: _Planned, cycle_id: UUID, reason: str, as_of: datetime
) -> None:
    """Nothing opens; HR and the administrators are told, and the cycle waits for approval."""
    await conn.execute(
        text("UPDATE cycles SET state = :state, version = version + 1 WHERE id = :id"),
        {"state": CycleState.WAITING, "id": cycle_id},
    )
    await _set(conn, planned.id, "asked", reason, cycle_id)
    for desk in Desk:
        await tell_desk(
            conn,
            desk,
            Event.LAUNCH_WAITING,
            key=f"launch-waiting:{cycle_id}",
            cause=reason,
            now=as_of,
            cycle_id=cycle_id,
            data={"launch_on": planned.launch_on.isoformat(), "reason": reason},
        )


async def _set(
    conn: AsyncConnection, row: int, state: str, reason: str | None, cycle_id: UUID | None = None
) -> None:
    await conn.execute(
        text(
            "UPDATE recurrences SET state = :state, reason = :reason,"
            " cycle_id = coalesce(CAST(:cycle AS uuid), cycle_id) WHERE id = :id"
        ),
        {"state": state, "reason": reason, "cycle": cycle_id, "id": row},
    )


# --- Rolling cycles -----------------------------------------------------------------------------


async def _ensure_rolling(
    conn: AsyncConnection,
    recurring: _Recurring,
    definition: Definition,
    company: PersonTime,
    as_of: datetime,
) -> None:
    """One cycle a calendar year of hire dates, from 1 January or when first switched on."""
    year = company.local_date(as_of).year
    name = recurring.name
    exists = await conn.scalar(
        text(
            "SELECT 1 FROM cycles WHERE definition = :name AND launched_by = 'rolling'"
            " AND extract(year FROM launch_on) = :year LIMIT 1"
        ),
        {"name": name, "year": year},
    )
    if exists:
        return
    opens_on = max(date(year, 1, 1), await switched_on(conn, name))
    cycle_id = await prepare(conn, recurring.version_id, opens_on, "rolling", ENGINE, as_of)
    if definition.launch.approve == "nobody":
        await confirm(conn, cycle_id, ENGINE, as_of)
        return
    await tell_desk(
        conn,
        Desk.HR,
        Event.LAUNCH_CHECK,
        key=f"launch-check:{cycle_id}",
        cause="launch_check",
        now=as_of,
        cycle_id=cycle_id,
        data={"launch_on": opens_on.isoformat()},
    )


# --- When to look again -------------------------------------------------------------------------


async def _follow(conn: AsyncConnection, cycle_id: UUID, as_of: datetime) -> datetime | None:
    """What changes of people mean for one cycle; one that cannot be followed stops no other."""
    try:
        async with conn.begin_nested():
            looks_at = await follow_people(conn, cycle_id, as_of)
    except Exception as error:
        if is_systemic(error):
            raise
        await hold(
            conn,
            LAUNCH_CALENDAR.id,
            code=f"cannot-follow: {failure_code(error)}",
            as_of=as_of,
            mended_by="administrators",
            cycle_id=cycle_id,
        )
        return None
    await unhold(conn, LAUNCH_CALENDAR.id, as_of, cycle_id=cycle_id)
    return looks_at


async def _next_launch(conn: AsyncConnection, as_of: datetime) -> datetime | None:
    instant: datetime | None = await conn.scalar(
        text(
            "SELECT min(CASE state WHEN 'planned' THEN check_at ELSE launch_at END)"
            " FROM recurrences WHERE state IN ('planned', 'checked')"
            " AND CASE state WHEN 'planned' THEN check_at ELSE launch_at END > :as_of"
        ),
        {"as_of": as_of},
    )
    return instant


def _next_look(company: PersonTime, as_of: datetime) -> datetime:
    today = company.local_date(as_of)
    look = company.at(today, LOOK_AT)
    return look if look > as_of else company.at(today + timedelta(days=1), LOOK_AT)
