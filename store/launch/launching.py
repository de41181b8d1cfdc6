"""Launch a cycle: prepare the check, and confirm it.

Nothing opens before HR has confirmed (unless the definition says `approve: nobody`). Confirming
freezes what must not move any more: the calendars, the plan, who is in and out.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonTime
from definitions.models import Definition
from definitions.timeline import Period, Unplannable, period_of, plan_cycle
from definitions.timeline import ends_at as cycle_ends_at
from definitions.unfolding import running
from domain.access import NOT_ONESELF, Actor, opens_to_oneself
from domain.errors import IllegalState, Invalid, NotFound
from domain.ids import CycleId
from domain.notifications import Event
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.states import CycleState, Desk
from store.base.audit import record
from store.cycles.chosen_people import choose_people
from store.cycles.launch_rows import (
    CheckedCycle,
    Launched,
    LaunchedBy,
    freeze,
    lock_checked,
    title_of,
)
from store.cycles.participants import enrol, named_reviewers, skip_missing_stages
from store.engine.processes import start, window_for
from store.outbox.notices import tell_desk
from store.people.company import company_calendars, desk_members, kept_from_answers
from store.people.times import person_times

FIRST_LOOK = timedelta(minutes=10)
"""After so long HR is told what happened to the first mails."""

YEARS_AHEAD = 4
"""Holiday tables are frozen for the launch year and so many after it: cycles, pauses, plans."""


async def prepare(
    conn: AsyncConnection,
    version_id: UUID,
    launch_on: date,
    launched_by: LaunchedBy,
    actor: Actor,
    now: datetime,
    *,
    reviewers: Mapping[int, int] | None = None,
    only: Sequence[int] | None = None,
) -> CycleId:
    """Lay a launch check before HR: everybody in or out with a reason, and nothing open.

    `launch_on` is a date of the company calendar; `reviewers` are named by HR for people with
    nobody up the line; `only` are the person ids of those who alone may take part, whatever the
    audience says. Raises NotFound for an unknown version, Invalid for reviewers who cannot be one
    and for people who are unknown or have left (all at once), IllegalState if another cycle of the
    definition is under way and `launch.overlap` refuses that, Unplannable if its dates are
    counted from those of persons, who enter such a cycle one by one.
    """
    version = (
        await conn.execute(
            text("SELECT definition, content FROM definition_versions WHERE id = :id FOR SHARE"),
            {"id": version_id},
        )
    ).one_or_none()
    if version is None:
        raise NotFound(f"there is no definition version {version_id}")
    definition = running(version.content)
    if launched_by != "rolling":
        await _refuse_overlap(conn, definition, None)
    await _may_review(conn, reviewers or {}, definition, actor, now.date())
    period = period_of(definition, launch_on)
    if launched_by != "rolling":
        await _must_be_plannable(conn, definition, launch_on, period, now)
    cycle_id = CycleId(
        await conn.scalar(
            text(
                "INSERT INTO cycles (version_id, definition, title, period, state, launched_by,"
                " launch_on, check_at, created_at) VALUES (:version, :definition, :title,"
                " CAST(:period AS jsonb), :state, :by, :on, :now, :now) RETURNING id"
            ),
            {
                "version": version_id,
                "definition": definition.definition,
                "title": title_of(definition, period),
                "period": period.model_dump_json(),
                "state": CycleState.CHECK,
                "by": launched_by,
                "on": launch_on,
                "now": now,
            },
        )
    )
    chosen = None if only is None else await choose_people(conn, cycle_id, only)
    if launched_by != "rolling":
        await enrol(conn, cycle_id, definition, launch_on, reviewers=reviewers)
    await record(
        conn,
        at=now,
        actor=actor,
        action="launch_prepared",
        object_type="cycle",
        object_id=cycle_id,
        cycle_id=cycle_id,
        after={
            "version_id": version_id,
            "launch_on": launch_on.isoformat(),
            **({} if chosen is None else {"chosen": chosen}),
        },
    )
    return cycle_id


async def _must_be_plannable(
    conn: AsyncConnection, definition: Definition, launch_on: date, period: Period, now: datetime
) -> None:
    """Refuse a launch whose dates cannot be computed: its cycle could never open."""
    try:
        calendars = await company_calendars(conn, now.year - 1, launch_on.year + YEARS_AHEAD)
    except IllegalState:
        return  # no company file yet: confirming says so
    try:
        plan_cycle(definition, launch_on, calendars.company(), period)
    except Unplannable as error:
        if definition.launch.every != "hire":
            raise
        raise Unplannable(
            f"{definition.title} counts its dates from the hire date of each person",
            hint="People enter it on their hire date by themselves; to take somebody in who was "
            "hired before, add them to the running cycle.",
        ) from error


async def confirm(conn: AsyncConnection, cycle_id: UUID, actor: Actor, now: datetime) -> Launched:
    """Launch: freeze calendars and plan, write the stages, wake the engine.

    Confirmed after something would have opened already, today (company zone) becomes the launch
    date, as by button (language reference §2, approve). Idempotent: a second confirmation
    answers the same. Raises NotFound, and IllegalState with a hint for a stopped cycle, a cycle
    without participants or without an HR desk, and for an overlap.
    """
    cycle = await lock_checked(conn, cycle_id)
    if cycle.state not in (CycleState.CHECK, CycleState.WAITING):
        return _already(cycle)
    launched = await open_checked(conn, cycle, now)
    await _wake(conn, cycle, launched, now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="launch_confirmed",
        object_type="cycle",
        object_id=cycle_id,
        cycle_id=cycle.id,
        before={"state": cycle.state},
        after={"launch_on": launched.launch_on.isoformat(), "participants": launched.participants},
    )
    await conn.execute(
        text("UPDATE cycles SET confirmed_by_id = CAST(:by AS bigint) WHERE id = :id"),
        {"by": actor.person_id, "id": cycle_id},
    )
    return launched


async def open_checked(conn: AsyncConnection, cycle: CheckedCycle, now: datetime) -> Launched:
    """Open a cycle that is locked: calendars, plan, people and stages as they are from now on.

    No process is started, and nobody is told. Raises what `confirm` raises.
    """
    await _refuse_overlap(conn, cycle.definition, cycle.id)
    if not await desk_members(conn, Desk.HR, now.date()):
        raise IllegalState(
            f"the cycle {cycle.id} cannot start: the HR desk is empty",
            hint="Name at least one person of the company in `hr` of the company settings.",
        )
    first, last = now.year - 1, max(now.year, cycle.launch_on.year) + YEARS_AHEAD
    calendars = await company_calendars(conn, first, last)
    if cycle.launched_by == "rolling":
        return await _open_rolling(conn, cycle, calendars, now)
    return await _open(conn, cycle, calendars, now)


async def name_reviewer(
    conn: AsyncConnection,
    cycle_id: UUID,
    person_id: int,
    reviewer_id: int,
    actor: Actor,
    now: datetime,
) -> None:
    """HR names who reviews somebody with nobody up the line; the person takes part then.

    Repeatable. Raises NotFound, IllegalState after the launch, Invalid for people who review
    themselves or have left.
    """
    cycle = await lock_checked(conn, cycle_id)
    if cycle.state not in (CycleState.CHECK, CycleState.WAITING):
        raise IllegalState(f"the cycle {cycle_id} is {cycle.state}: reassign the tasks instead")
    await _may_review(conn, {person_id: reviewer_id}, cycle.definition, actor, now.date())
    named = await named_reviewers(conn, cycle_id)
    await enrol(
        conn,
        cycle_id,
        cycle.definition,
        cycle.launch_on,
        reviewers={**named, person_id: reviewer_id},
    )
    await record(
        conn,
        at=now,
        actor=actor,
        action="reviewer_named",
        object_type="person",
        object_id=person_id,
        cycle_id=cycle.id,
        after={"reviewer_id": reviewer_id},
    )


async def _may_review(
    conn: AsyncConnection,
    reviewers: Mapping[int, int],
    definition: Definition,
    actor: Actor,
    on: date,
) -> None:
    """Refuse reviewers, by reviewed person, who are not there or would review themselves.

    Nor those from whom answers are kept, by their own act or by a script.
    """
    kept_from = await kept_from_answers(conn, definition.policies.hr_reads, on)
    if any(opens_to_oneself(actor, reviewer, kept_from) for reviewer in reviewers.values()):
        raise Invalid(NOT_ONESELF)
    if any(person == reviewer for person, reviewer in reviewers.items()):
        raise Invalid("Nobody reviews themselves.")
    rows = await conn.execute(
        text("SELECT id, status = 'active' FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": sorted(set(reviewers.values()))},
    )
    active = {row[0]: row[1] for row in rows}
    for reviewer in reviewers.values():
        if reviewer not in active:
            raise NotFound(f"There is no person {reviewer}.")
        if not active[reviewer]:
            raise Invalid("That person has left.")


def launch_day(cycle: CheckedCycle, opens_at: datetime, company: PersonTime, now: datetime) -> date:
    """The launch date that holds if the cycle is confirmed now.

    The one that was planned, as long as nothing would have opened yet; else today.
    """
    today = company.local_date(now)
    if cycle.launched_by == "button":
        return max(cycle.launch_on, today)
    return cycle.launch_on if now <= opens_at else today


async def first_opening(
    conn: AsyncConnection, calendars: Calendars, launch_on: date, cycle_id: UUID | None
) -> datetime:
    """The first instant at which something opens: the earliest morning among the participants.

    Without a cycle: among everybody in the company.
    """
    rows = await conn.execute(
        text(
            "SELECT min(p.id) FROM people p LEFT JOIN participants i ON i.person_id = p.id"
            " AND i.cycle_id = CAST(:cycle AS uuid) AND i.state = 'in'"
            " WHERE CASE WHEN CAST(:cycle AS uuid) IS NULL THEN p.status = 'active'"
            " ELSE i.person_id IS NOT NULL END GROUP BY p.profile_id"
        ),
        {"cycle": cycle_id},
    )
    times = await person_times(conn, calendars, list(rows.scalars()), leave="keep")
    everybody = [*times.values()] or [calendars.company()]
    return min(time.opening(time.calendar.on_or_after(launch_on)) for time in everybody)


async def _open(
    conn: AsyncConnection, cycle: CheckedCycle, calendars: Calendars, now: datetime
) -> Launched:
    planned = await first_opening(conn, calendars, cycle.launch_on, cycle.id)
    launch_on = launch_day(cycle, planned, calendars.company(), now)
    # Whoever joined or left since the check was laid out is judged by the day that holds.
    members = await enrol(conn, cycle.id, cycle.definition, launch_on, reviewers=None)
    if not members:
        raise IllegalState(
            f"nobody takes part in the cycle {cycle.id}",
            hint="The audience excludes everybody; see the reasons in the launch check.",
        )
    period = period_of(cycle.definition, launch_on)
    plan = plan_cycle(cycle.definition, launch_on, calendars.company(), period)
    launched_by = "button" if launch_on != cycle.launch_on else cycle.launched_by
    opens_at = now
    if launched_by == "schedule" or launch_on > calendars.company().local_date(now):
        opens_at = max(now, await first_opening(conn, calendars, launch_on, cycle.id))
    ends_at = cycle_ends_at(plan, calendars.company())
    launched = Launched(cycle.id, launch_on, opens_at, ends_at, members)
    await freeze(conn, cycle, launched, launched_by, calendars, plan, period, now)
    await skip_missing_stages(conn, cycle.id, cycle.definition, launch_on, now)
    return launched


async def _open_rolling(
    conn: AsyncConnection, cycle: CheckedCycle, calendars: Calendars, now: datetime
) -> Launched:
    """A rolling cycle opens empty: people enter on their hire date, with plans of their own."""
    launched = Launched(cycle.id, cycle.launch_on, now, None, 0)
    await freeze(conn, cycle, launched, "rolling", calendars, None, cycle.period, now)
    return launched


async def _wake(
    conn: AsyncConnection, cycle: CheckedCycle, launched: Launched, now: datetime
) -> None:
    await start(
        conn,
        REVIEW_CYCLE.id_of(cycle.id),
        REVIEW_CYCLE,
        cycle_id=cycle.id,
        now=now,
        window_seconds=window_for(launched.participants),
    )
    if cycle.launched_by != "rolling":
        await tell_desk(
            conn,
            Desk.HR,
            Event.LAUNCHED_REPORT,
            key=f"launched:{cycle.id}",
            cause="launch",
            now=max(now, launched.opens_at) + FIRST_LOOK,
            cycle_id=cycle.id,
            data={"participants": launched.participants},
        )


async def _refuse_overlap(
    conn: AsyncConnection, definition: Definition, own: CycleId | None
) -> None:
    """Raise IllegalState if another cycle of the definition is under way and must not be."""
    if definition.launch.overlap == "allow":
        return
    # Two launches at once: the second waits here for the first, and then sees it.
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"launch {definition.definition}"},
    )
    under_way = [CycleState.OPEN, CycleState.PAUSED]
    if own is None:
        under_way += [CycleState.CHECK, CycleState.WAITING]
    other = (
        await conn.execute(
            text(
                "SELECT id, title FROM cycles WHERE definition = :definition"
                " AND state = ANY(:states)"
                " AND launched_by <> 'rolling' AND id IS DISTINCT FROM CAST(:own AS uuid)"
                " ORDER BY created_at LIMIT 1"
            ),
            {"definition": definition.definition, "states": list(under_way), "own": own},
        )
    ).one_or_none()
    if other is not None:
        raise IllegalState(
            f"The cycle “{other.title}” of the same definition is under way.",
            hint=f"Close or cancel “{other.title}” first, or write `overlap: allow` in the "
            "definition.",
            cycle_id=str(other.id),
        )


def _already(cycle: CheckedCycle) -> Launched:
    if cycle.opened_at is None or cycle.state is CycleState.CANCELLED:
        raise IllegalState(f"the cycle {cycle.id} was stopped", hint="Prepare a new launch.")
    return Launched(cycle.id, cycle.launch_on, cycle.opened_at, cycle.ends_at, cycle.participants)
