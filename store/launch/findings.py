"""What is odd about a launch, in sentences for HR: what must be mended, and what to look at."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonTime
from definitions.company import Company
from definitions.lint import lint
from definitions.models import Definition
from definitions.problems import Severity
from definitions.timeline import Plan
from domain.states import Desk, Role
from store.changes.long_leave import LONGEST_PAUSE
from store.launch.people import Holders, Member
from store.people.company import desk_members
from store.people.times import person_times

MOST_NAMES = 50

Mood = Literal["fine", "look", "stop"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the check looked at. `stop` refuses the launch until it is mended."""

    code: str
    mood: Mood
    text: str
    detail: str = ""
    count: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """How many HR chose by name, how many others there are, and which of the chosen cannot."""

    count: int
    others: int
    cannot: tuple[str, ...]


async def findings(
    conn: AsyncConnection,
    *,
    chosen: Chosen | None,
    rounds: Sequence[Finding],
    asked_about: Collection[int],
    definition: Definition,
    settings: Company,
    plan: Plan | None,
    launch_on: date,
    members: Sequence[Member],
    holders: Holders,
    times: Mapping[int, PersonTime],
    calendars: Calendars,
) -> list[Finding]:
    """Look at everything that goes wrong with launches, most pressing first.

    `chosen` is given for a cycle of people chosen by name; `rounds` is what 360 rounds add, and
    `asked_about` are those about whom they ask somebody.
    """
    gone = await _gone(conn, holders, launch_on)
    found = [
        _nobody(plan, members),
        _by_name(chosen),
        await _hr_desk(conn, members, launch_on),
        _missing_managers(definition, members, holders, gone),
        _without_task(members, holders, asked_about),
        _unusable(members, times),
        _addresses(members),
        _offices(members, settings),
        await _away(conn, members, launch_on),
        await _long_away(conn, definition, calendars, plan, members, launch_on),
        *rounds,
        *_clashes(definition, plan, members, times),
        *_lint(definition, settings, members, launch_on),
    ]
    moods: list[Mood] = ["stop", "look", "fine"]
    return sorted((f for f in found if f is not None), key=lambda f: moods.index(f.mood))


def named_finding(
    code: str, mood: Mood, text: str, names: Iterable[str], detail: str = ""
) -> Finding:
    """A finding about people, the first of whom are named."""
    listed = tuple(names)
    return Finding(code, mood, text, detail, len(listed), listed[:MOST_NAMES])


def _nobody(plan: Plan | None, members: Sequence[Member]) -> Finding | None:
    if members or plan is None:
        return None
    hint = "The reasons are listed below; change the audience, or the launch date."
    return Finding("nobody_in", "stop", "Nobody takes part.", hint)


def _by_name(chosen: Chosen | None) -> Finding | None:
    if chosen is None:
        return None
    people = "person was" if chosen.count == 1 else "people were"
    others = "other takes" if chosen.others == 1 else "others take"
    said = f"{chosen.count} {people} chosen by name; {chosen.others} {others} no part."
    hint = "Nobody joins later by rule; HR can add people while it runs."
    if not chosen.cannot:
        return Finding("chosen", "fine", said, hint, chosen.count)
    hint = f"Of the chosen {len(chosen.cannot)} cannot take part; the reasons are listed below."
    return named_finding("chosen", "look", said, chosen.cannot, hint)


async def _hr_desk(conn: AsyncConnection, members: Sequence[Member], launch_on: date) -> Finding:
    desk = await desk_members(conn, Desk.HR, launch_on)
    if not desk:
        hint = "Name somebody of the company under `hr` in the company settings."
        return Finding("hr_desk_empty", "stop", "Nobody sits at the HR desk.", hint)
    names = [member.name for member in members if member.person_id in desk]
    if len(desk) > 1:
        return Finding("hr_desk", "fine", f"{len(desk)} people sit at the HR desk.")
    hint = "Nobody is told about themselves, and nobody steers their own case. Name a second one."
    return named_finding(
        "desk_of_one", "look", "One person alone sits at the HR desk.", names, hint
    )


async def _gone(conn: AsyncConnection, holders: Holders, on: date) -> set[int]:
    people = {person for held in holders.values() for person in held.values() if person}
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"
            " AND (left_on <= :on OR (status = 'left' AND left_on IS NULL))"
        ),
        {"ids": sorted(people), "on": on},
    )
    return set(rows.scalars())


def _missing_managers(
    definition: Definition,
    members: Sequence[Member],
    holders: Holders,
    gone: set[int],
) -> Finding:
    managed = [s.id for s in definition.stages if s.assignee in (Role.MANAGER, Role.MANAGER_2)]
    missing = {
        subject
        for stage in managed
        for subject, holder in holders[stage].items()
        if holder is None or holder in gone
    }
    if not missing:
        return Finding("managers", "fine", "Everybody has somebody to do what their manager does.")
    listed = [member.name for member in members if member.person_id in missing]
    return named_finding(
        "missing_manager",
        "look",
        f"{len(listed)} people have no manager, or one who has left, for a stage of the manager.",
        listed,
        "Their tasks will lie on HR's desk until somebody is named.",
    )


def _without_task(
    members: Sequence[Member], holders: Holders, asked_about: Collection[int]
) -> Finding:
    busy = {subject for held in holders.values() for subject in held} | set(asked_about)
    idle = [member.name for member in members if member.person_id not in busy]
    if not idle:
        return Finding("tasks", "fine", "For everybody who takes part there is something to do.")
    return named_finding(
        "without_task",
        "look",
        f"{len(idle)} people take part, and no stage exists for them.",
        idle,
        "Every `when` is false for them: exclude them, or change a condition.",
    )


def _unusable(members: Sequence[Member], times: Mapping[int, PersonTime]) -> Finding | None:
    broken = [member.name for member in members if member.person_id not in times]
    if not broken:
        return None
    return named_finding(
        "unusable_record",
        "look",
        f"The time zone or calendar of {len(broken)} people cannot be used.",
        broken,
        "They alone will be held until their record is mended.",
    )


def _addresses(members: Sequence[Member]) -> Finding:
    refused = [m.name for m in members if m.refused or m.email.endswith("@invalid")]
    missing = [m.name for m in members if "@" not in m.email]
    counts = Counter(m.email.strip().lower() for m in members)
    double = [m.name for m in members if counts[m.email.strip().lower()] > 1]
    wrong = [*dict.fromkeys([*missing, *refused, *double])]
    if not wrong:
        return Finding(
            "addresses", "fine", "Everybody has an address, and none was refused so far."
        )
    counted = ((missing, "missing"), (refused, "refused"), (double, "used twice"))
    said = ", ".join(f"{len(names)} {word}" for names, word in counted if names)
    return named_finding(
        "addresses",
        "look",
        f"Mail addresses: {said}.",
        wrong,
        "Nobody is escalated before they were reached. Correct them under People, or in the next"
        " people file.",
    )


def _offices(members: Sequence[Member], settings: Company) -> Finding:
    unknown = Counter(m.office for m in members if m.office and m.office not in settings.offices)
    if not unknown:
        return Finding("offices", "fine", "Every office has a calendar.")
    listed = ", ".join(f"{office} ({count})" for office, count in unknown.most_common(10))
    return named_finding(
        "office_without_calendar",
        "look",
        f"{len(unknown)} offices have no calendar: {listed}.",
        [member.name for member in members if member.office in unknown],
        "Their people have their manager's calendar, or the company's. Add the offices.",
    )


async def _away(
    conn: AsyncConnection, members: Sequence[Member], launch_on: date
) -> Finding | None:
    rows = await conn.execute(
        text(
            "SELECT DISTINCT person_id FROM leaves WHERE withdrawn_at IS NULL"
            " AND first_day <= :on AND last_day >= :on"
            " AND person_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"on": launch_on, "ids": [member.person_id for member in members]},
    )
    away = set(rows.scalars())
    if not away:
        return None
    listed = [member.name for member in members if member.person_id in away]
    hint = "Their dates move by themselves, or their delegates act."
    return named_finding(
        "on_leave", "fine", f"{len(listed)} people are on leave on that day.", listed, hint
    )


async def _long_away(
    conn: AsyncConnection,
    definition: Definition,
    calendars: Calendars,
    plan: Plan | None,
    members: Sequence[Member],
    launch_on: date,
) -> Finding | None:
    """Who is away for more than 20 working days of the cycle, and what becomes of their tasks."""
    rows = (
        await conn.execute(
            text(
                "SELECT person_id, first_day, last_day FROM leaves WHERE withdrawn_at IS NULL"
                " AND delegate_id IS NULL AND last_day >= :start"
                " AND (CAST(:end AS date) IS NULL OR first_day <= :end)"
                " AND person_id = ANY(CAST(:ids AS bigint[]))"
            ),
            {
                "start": launch_on,
                "end": plan.ends if plan else None,
                "ids": [member.person_id for member in members],
            },
        )
    ).all()
    times = await person_times(conn, calendars, sorted({r.person_id for r in rows}), leave="keep")
    long = {
        row.person_id
        for row in rows
        if (time := times.get(row.person_id)) is not None
        and time.calendar.count(row.first_day, row.last_day) > LONGEST_PAUSE
    }
    if not long:
        return None
    listed = [member.name for member in members if member.person_id in long]
    said = "person is" if len(listed) == 1 else "people are"
    hint = (
        "Their own tasks that fall into it are excused as soon as that is known, and count as "
        "closed; what they would do for others needs somebody else, on HR's desk. Back before a "
        "stage has closed for all, HR is asked once."
        if definition.policies.leave == "pause"
        else "Their dates stay, because the definition keeps them (`leave: keep`)."
    )
    return named_finding(
        "on_long_leave",
        "look",
        f"{len(listed)} {said} away for more than {LONGEST_PAUSE} working days of this cycle.",
        listed,
        hint,
    )


def _clashes(
    definition: Definition,
    plan: Plan | None,
    members: Sequence[Member],
    times: Mapping[int, PersonTime],
) -> Iterable[Finding]:
    """Planned days on which some of the people do not work, though the company does."""
    if plan is None:
        return
    zones: dict[int, tuple[PersonTime, list[str]]] = {}
    for member in members:
        if member.person_id in times:
            time = times[member.person_id]
            zones.setdefault(id(time), (time, []))[1].append(member.name)
    for stage in definition.stages:
        dates = plan.stages[stage.id]
        for what, day in (("opens", dates.opens), ("is due", dates.due), ("closes", dates.closes)):
            if day is None:
                continue
            off = [
                name
                for time, names in zones.values()
                if not time.calendar.is_working(day)
                for name in names
            ]
            if off:
                yield named_finding(
                    f"holiday:{stage.id}:{what.split()[-1]}",
                    "look",
                    f"{stage.title} {what} on {day:%a %d %b %Y},"
                    f" no working day for {len(off)} people.",
                    off,
                    "Their own dates move to a working day of theirs.",
                )


def _of_these(settings: Company, members: Sequence[Member]) -> Company:
    """The settings with those offices alone in which somebody takes part."""
    here = {member.office for member in members}
    offices = {name: office for name, office in settings.offices.items() if name in here}
    return settings.model_copy(update={"offices": offices})


SAID_BETTER = ("many-tasks", "desk-of-one")
"""What lint can only guess without people, and the check counts."""


def _lint(
    definition: Definition, settings: Company, members: Sequence[Member], launch_on: date
) -> list[Finding]:
    """What lint says of the definition, for the offices of these people and this launch date."""
    return [
        Finding(f"lint:{problem.code}", "look", problem.message, problem.hint)
        for problem in lint(definition, _of_these(settings, members), since=launch_on)
        if problem.severity is not Severity.INFO and problem.code not in SAID_BETTER
    ]
