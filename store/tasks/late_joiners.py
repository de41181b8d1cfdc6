"""People who enter a cycle after it was launched: late joiners, and everybody in a rolling cycle.

(Language reference §2: late_joiners, `every: hire`; §4: late joiner.)
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.timeline import Plan, late_joiners_until, passed_before, plan_person
from domain.errors import AlmanacError
from domain.states import ParticipantState
from store.base.halving import failure_code
from store.cycles.audience import Audience, Reason, Subject, Verdict, read_subjects
from store.cycles.chosen_people import is_by_name
from store.cycles.facts import CycleFacts
from store.cycles.participants import (
    count_participants,
    skip_missing_stages,
    write_personal_plans,
    write_skips,
    write_verdicts,
)
from store.engine.processes import hold, ring_cycle
from store.people.times import EVERYWHERE, person_times
from store.tasks.opening import current_plan

ENTERED_LATE = "entered_late"
"""Why a stage does not exist for somebody: it was over before they entered."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Who entered in one turn, and when somebody else could."""

    person_ids: tuple[int, ...]
    next_at: datetime | None


async def entry_until(conn: AsyncConnection, cycle: CycleFacts) -> datetime | None:
    """Return the last instant at which somebody may still enter; none: nobody may.

    A rolling cycle is open until its calendar year of hire dates has ended. Where HR chose people
    by name nobody else enters by rule: HR adds them.
    """
    if cycle.rolling:
        return cycle.company.end_of(cycle.period.end)
    if await is_by_name(conn, cycle.id):
        return None
    until = late_joiners_until(
        cycle.definition, current_plan(cycle), cycle.anchors(), cycle.company
    )
    return None if until is None else cycle.company.end_of(until)


async def enter(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime) -> Entered:
    """Let in whoever may enter by now. Idempotent; wakes the cycle if somebody did."""
    if cycle.rolling:
        entered = await enter_participants(conn, cycle, as_of)
    else:
        entered = await enter_late_joiners(conn, cycle, as_of)
    if entered.person_ids:
        await count_participants(conn, cycle.id)
        await ring_cycle(conn, cycle.id)
    return entered


async def enter_late_joiners(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime) -> Entered:
    """Let those in who became eligible since the launch, until the definition's instant.

    Days count where each person lives. Stages that are over are skipped for them with that
    reason; from then on they are like everybody. Somebody who comes after the launch was
    confirmed and before its date is like everybody from the start. Who is new in the company and
    not eligible appears as out, with the reason.
    """
    until = await entry_until(conn, cycle)
    if until is None or as_of > until or cycle.opened_at is None:
        return Entered((), None)
    launched = as_of >= cycle.opened_at
    people = await _candidates(conn, cycle.id)
    times = await person_times(conn, cycle.calendars, people, leave="keep")
    groups: dict[date, list[int]] = defaultdict(list)
    for person in people:
        there = times.get(person, cycle.company).local_date(as_of)
        groups[there if launched else cycle.launch_on].append(person)
    joined: list[int] = []
    later: list[datetime] = [] if launched else [cycle.opened_at]
    for on, some in sorted(groups.items()):
        entered, out = await _enter_on(conn, cycle, on, some, as_of, late=launched)
        joined += entered
        if launched:
            later += _next_eligible(cycle, out, on, times)
        else:
            await _open_by(conn, cycle, [times.get(p, cycle.company) for p in entered], as_of)
    today = cycle.company.local_date(as_of)
    over = [stage.key for stage in cycle.stages.values() if _is_over(cycle, stage.key, today)]
    await write_skips(conn, cycle.id, [(k, p, ENTERED_LATE) for k in over for p in joined], as_of)
    return Entered(tuple(joined), min((at for at in later if at <= until), default=None))


async def _open_by(
    conn: AsyncConnection, cycle: CycleFacts, times: Sequence[PersonTime], as_of: datetime
) -> None:
    """The cycle opens with the first morning of its people: those who have just come included."""
    mornings = [time.opening(time.calendar.on_or_after(cycle.launch_on)) for time in times]
    if mornings and cycle.opened_at is not None and min(mornings) < cycle.opened_at:
        await conn.execute(
            text("UPDATE cycles SET opened_at = :at WHERE id = :id AND opened_at > :at"),
            {"id": cycle.id, "at": max(as_of, min(mornings))},
        )


async def _enter_on(
    conn: AsyncConnection,
    cycle: CycleFacts,
    on: date,
    people: Sequence[int],
    as_of: datetime,
    *,
    late: bool,
) -> tuple[list[int], list[Subject]]:
    """Judge people as of a day, and write it down. Returns who is in, and the others."""
    subjects = await read_subjects(conn, on, people)
    audience = Audience(cycle.definition, on)
    verdicts = [audience.judge(subject) for subject in subjects]
    if late:
        verdicts = [_as_late(verdict) for verdict in verdicts]
    await write_verdicts(conn, cycle.id, verdicts, on, late=late)
    joined = [verdict.person_id for verdict in verdicts if verdict.is_in]
    if joined:
        await skip_missing_stages(conn, cycle.id, cycle.definition, on, as_of, joined)
    return joined, [s for s, v in zip(subjects, verdicts, strict=True) if not v.is_in]


async def enter_participants(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime) -> Entered:
    """Let people into a rolling cycle on their hire date, each with a plan of their own.

    Whoever was hired before the definition was first switched on does not enter. What was due
    before somebody entered (their record came late) is skipped with that reason. Somebody whose
    plan cannot be computed is held alone.
    """
    today = (as_of + EVERYWHERE).date()
    since = await switched_on(conn, cycle.definition.definition)
    people = await _candidates(conn, cycle.id, of_year=cycle.period.start.year)
    subjects = await read_subjects(conn, today, people) if people else []
    verdicts = [
        _verdict_on_hire_date(cycle, subject, since)
        for subject in subjects
        if subject.hire_date <= today
    ]
    entering = {verdict.person_id for verdict in verdicts if verdict.is_in}
    plans = await _plans(conn, cycle, [s for s in subjects if s.person_id in entering], as_of)
    await write_verdicts(
        conn,
        cycle.id,
        [v for v in verdicts if not v.is_in or v.person_id in plans],
        cycle.company.local_date(as_of),
    )
    await write_personal_plans(conn, cycle.id, plans)
    entered = sorted(plans)
    if entered:
        on = cycle.company.local_date(as_of)
        skips = [
            (key, person, ENTERED_LATE)
            for person, plan in plans.items()
            for key in passed_before(plan, on)
        ]
        await write_skips(conn, cycle.id, skips, as_of)
        await skip_missing_stages(conn, cycle.id, cycle.definition, on, as_of, entered)
    return Entered(tuple(entered), await _next_hire(conn, cycle, today))


async def switched_on(conn: AsyncConnection, definition: str) -> date:
    """Return the day on which a definition was first published as rolling (UTC)."""
    at: datetime | None = await conn.scalar(
        text(
            "SELECT min(published_at) FROM definition_versions WHERE definition = :definition"
            " AND content -> 'launch' ->> 'every' = 'hire'"
        ),
        {"definition": definition},
    )
    return date.max if at is None else at.date()


def _verdict_on_hire_date(cycle: CycleFacts, subject: Subject, since: date) -> Verdict:
    verdict = Audience(cycle.definition, subject.hire_date, without_tenure=True).judge(subject)
    if subject.hire_date < max(since, cycle.period.start):
        return replace(verdict, state=ParticipantState.OUT, reason=Reason.HIRED_BEFORE)
    return verdict


async def _candidates(
    conn: AsyncConnection, cycle_id: UUID, of_year: int | None = None
) -> list[int]:
    """People who are not in, and were not decided about by HR."""
    rows = await conn.execute(
        text(
            "SELECT p.id FROM people p LEFT JOIN participants i"
            " ON i.cycle_id = :cycle AND i.person_id = p.id"
            " WHERE p.status = 'active' AND (i.person_id IS NULL OR (i.state = 'out'"
            " AND i.reason <> ALL(:settled)))"
            " AND (CAST(:year AS int) IS NULL OR extract(year FROM p.hire_date) = :year)"
        ),
        {
            "cycle": cycle_id,
            "year": of_year,
            # What no later day can change.
            "settled": [Reason.HIRED_BEFORE.value, Reason.REMOVED.value, Reason.LEFT.value],
        },
    )
    return list(rows.scalars())


def _as_late(verdict: Verdict) -> Verdict:
    plain = verdict.is_in and verdict.reason is Reason.AUDIENCE
    return replace(verdict, reason=Reason.LATE) if plain else verdict


def _is_over(cycle: CycleFacts, key: str, today: date) -> bool:
    """Whether a stage accepts nothing any more: closed, or its planned close has passed."""
    stage = cycle.by_key(key)
    if stage.state == "closed":
        return True
    return stage.planned is not None and (stage.planned.closes or date.max) < today


def _next_eligible(
    cycle: CycleFacts, out: Sequence[Subject], today: date, times: Mapping[int, PersonTime]
) -> list[datetime]:
    """When each of those who are out has been here long enough: the morning of that day there."""
    tenure = cycle.definition.audience.tenure
    found = []
    for subject in out:
        day = max(tenure.after(subject.hire_date), subject.hire_date)
        if day > today:
            found.append(times.get(subject.person_id, cycle.company).opening(day))
    return found


async def _plans(
    conn: AsyncConnection, cycle: CycleFacts, subjects: Sequence[Subject], as_of: datetime
) -> dict[int, Plan]:
    people = [subject.person_id for subject in subjects]
    # A personal plan is made of dates; leave moves the tasks, not the plan.
    times = await person_times(conn, cycle.calendars, people, leave="keep")
    plans = {}
    for subject in subjects:
        try:
            subject_time = times[subject.person_id]
            plans[subject.person_id] = plan_person(
                cycle.definition, subject.hire_date, subject_time
            )
        except (AlmanacError, LookupError, ValueError) as error:
            await hold(
                conn,
                cycle.process,
                code=f"cannot-enter: {failure_code(error)}",
                as_of=as_of,
                mended_by="hr",
                cycle_id=cycle.id,
                person_id=subject.person_id,
            )
    return plans


async def _next_hire(conn: AsyncConnection, cycle: CycleFacts, today: date) -> datetime | None:
    day: date | None = await conn.scalar(
        text(
            "SELECT min(hire_date) FROM people WHERE status = 'active' AND hire_date > :today"
            " AND hire_date <= :last"
        ),
        {"today": today, "last": cycle.period.end},
    )
    return None if day is None else datetime.combine(day, time(), UTC) - EVERYWHERE
