"""Whom a rung reaches (language reference §5.5): the manager of that morning, the next one up, HR.

Reminders go to whoever holds the task. An escalation climbs the assignee's line: whoever has left,
is away for days without a delegate, or is the assignee is passed over, with the reason on record.
A delegate whom it is about stands in for nobody.
The climb ends below the top: somebody without a manager is told only about direct reports. If
nobody is left, the ladder's next rung takes this one's place and time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung
from definitions.models import Ladder
from domain.states import Desk
from store.cycles.facts import CycleFacts, StageFacts
from store.people.own_lines import closed_cases, left_to
from store.people.times import delegate_on, desk_members, managers_of, person_times


class Overdue(Protocol):
    """What must be known of a task to say whom its rung reaches."""

    @property
    def id(self) -> UUID: ...
    @property
    def subject_id(self) -> int | None: ...
    @property
    def assignee_id(self) -> int | None: ...
    @property
    def desk(self) -> str | None: ...
    @property
    def told_to(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told by a rung, and what was decided on the way.

    `people` get the rung's own mail; `escalated` are those of them who are not the holders;
    `holders` hold the task. `instead` is the later rung that took this one's place.
    """

    people: tuple[int, ...] = ()
    escalated: tuple[int, ...] = ()
    holders: tuple[int, ...] = ()
    desk: str | None = None
    instead: Rung | None = None
    at: datetime | None = None
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Line:
    """Everything about the reporting lines concerned, read once for the whole chunk."""

    manager: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    away: set[int] = field(default_factory=set)
    acting: dict[int, int] = field(default_factory=dict)  # delegates of those away for days
    hr: tuple[int, ...] = ()
    closed: dict[int, frozenset[int]] = field(default_factory=dict)  # cases not theirs, by member
    desks: dict[str, tuple[int, ...]] = field(default_factory=dict)


async def who_is_told(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[Overdue],
    rungs: Mapping[UUID, tuple[Rung, date]],
) -> dict[UUID, Told]:
    """Say for each task whom its rung reaches on a morning: `rungs` gives both, by task.

    The morning may lie ahead: lines, leave and desks are taken as they are known to be then.
    Everything is read in a few statements per morning. Tasks without a rung are left out.
    """
    mornings: dict[date, list[tuple[Overdue, Rung]]] = defaultdict(list)
    for task in tasks:
        if task.id in rungs:
            rung, on = rungs[task.id]
            mornings[on].append((task, rung))
    told: dict[UUID, Told] = {}
    for on, firing in mornings.items():
        line = await _read_line(conn, cycle, [t for t, r in firing if r.kind == "escalate"], on)
        await _seat(conn, cycle, line, {t.desk for t, _ in firing if t.desk is not None}, on)
        told |= {task.id: _told(stage.ladder, task, rung, line) for task, rung in firing}
    return told


async def really_told(
    conn: AsyncConnection, task_ids: Sequence[UUID]
) -> dict[UUID, tuple[int, ...]]:
    """Who was told that these tasks are overdue, in their present due revision: by mail, not only
    by a rung whose mail is still to go (language reference §5.8, §5.9)."""
    if not task_ids:
        return {}
    rows = await conn.execute(
        text(
            "SELECT n.task_id, array_agg(DISTINCT n.person_id) FROM notifications n "
            "JOIN tasks t ON t.id = n.task_id AND t.due_revision = n.due_revision "
            "WHERE n.task_id = ANY(CAST(:ids AS uuid[])) AND n.event = 'escalation' "
            "AND n.state IN ('sending', 'sent', 'unknown') GROUP BY 1"
        ),
        {"ids": list(task_ids)},
    )
    return {task: tuple(sorted(people)) for task, people in rows}


def _told(ladder: Ladder, task: Overdue, rung: Rung, line: _Line) -> Told:
    holders = _holders(task, line)
    if rung.kind == "remind":
        if not holders:
            return Told(people=line.hr, desk=Desk.HR, skipped=("no_assignee",))
        return Told(people=holders, holders=holders, desk=task.desk)
    skipped: list[str] = []
    trying: Rung | None = rung
    while trying is not None:
        people, desk = _reached(task, trying, holders, line, skipped)
        if people:
            instead = None if trying.key == rung.key else trying
            return Told(
                people=people,
                escalated=people,
                holders=holders,
                desk=desk,
                instead=instead,
                at=rung.at,
                skipped=tuple(skipped),
            )
        trying = _next_level(ladder, trying, rung)
    return Told(holders=holders, skipped=(*skipped, "nobody_left"))


def _next_level(ladder: Ladder, tried: Rung, place: Rung) -> Rung | None:
    """The ladder's next rung, in the place and at the time of the one that reached nobody."""
    for step in ladder.escalate:
        if step.on > tried.level:
            return replace(
                place, key=f"escalate:{step.on}", level=step.on, to=step.to, kind="escalate"
            )
    return None


def _holders(task: Overdue, line: _Line) -> tuple[int, ...]:
    if task.assignee_id is not None:
        return (task.assignee_id,)
    members = line.desks.get(task.desk, ()) if task.desk else ()
    return tuple(left_to(members, line.closed, task.subject_id))


def _reached(
    task: Overdue,
    rung: Rung,
    holders: tuple[int, ...],
    line: _Line,
    skipped: list[str],
) -> tuple[tuple[int, ...], str | None]:
    if rung.to == Desk.HR:
        # Not the assignee, and nobody in a case of their own line as long as there are others.
        others = [p for p in line.hr if p not in holders]
        desk = tuple(left_to(others, line.closed, task.subject_id))
        skipped += [f"{p}:is_concerned" for p in line.hr if p not in desk]
        if desk:
            return desk, Desk.HR
        if task.told_to:
            skipped.append("hr:empty_last_told_again")
            return (task.told_to[-1],), None
        skipped.append("hr:empty")
        return (), None
    start = holders[0] if holders else task.subject_id
    found = _up_the_line(start, task.subject_id, holders, line, skipped)
    return ((found,), None) if found is not None else ((), None)


def _up_the_line(
    start: int | None,
    subject: int | None,
    holders: tuple[int, ...],
    line: _Line,
    skipped: list[str],
) -> int | None:
    """The first manager up the line who can be told, never the top about somebody else's report,
    and never whom it is about.
    """
    if start is None:
        return None
    seen = {start}
    candidate = line.manager.get(start)
    direct = True
    while candidate is not None and candidate not in seen:
        seen.add(candidate)
        above = line.manager.get(candidate)
        if above is None and not direct:
            skipped.append(f"{candidate}:top_of_company")
            return None
        if candidate in holders:
            skipped.append(f"{candidate}:is_assignee")
        elif candidate == subject:
            skipped.append(f"{candidate}:is_concerned")
        elif candidate in line.gone:
            skipped.append(f"{candidate}:left")
        elif candidate in line.away or _concerned(line.acting.get(candidate), holders, subject):
            skipped.append(f"{candidate}:absent")
        else:
            return candidate
        candidate, direct = above, False
    if candidate is None and len(seen) == 1:
        skipped.append("no_manager")
    return None


def _concerned(delegate: int | None, holders: tuple[int, ...], subject: int | None) -> bool:
    """Is somebody's delegate, if they have one, who holds the task or whom it is about?"""
    return delegate is not None and delegate in (*holders, subject)


async def _read_line(
    conn: AsyncConnection,
    cycle: CycleFacts,
    tasks: Sequence[Overdue],
    on: date,
) -> _Line:
    line = _Line()
    await _seat(conn, cycle, line, {Desk.HR}, on)
    line.hr = line.desks[Desk.HR]
    if not tasks:
        return line
    await _seat(conn, cycle, line, {t.desk for t in tasks if t.desk is not None}, on)
    reached = {p for t in tasks for p in _holders(t, line)} | {
        t.subject_id for t in tasks if t.assignee_id is None and t.subject_id is not None
    }
    fresh = set(reached)
    while fresh:  # a level of the company at a time
        managers = await managers_of(conn, sorted(fresh), on)
        line.manager |= managers
        fresh = set(managers.values()) - reached
        reached |= fresh
    above = sorted(set(line.manager.values()))
    line.gone = await _gone(conn, above, on)
    absent = await _away(conn, cycle, above, on)
    acting = await delegate_on(conn, sorted(absent), on)
    line.away = absent - set(acting)
    line.acting = {person: acting[person] for person in absent & set(acting)}
    return line


async def _seat(
    conn: AsyncConnection, cycle: CycleFacts, line: _Line, desks: Iterable[str], on: date
) -> None:
    """Read who sits at these desks, and which cases are not theirs."""
    for desk in set(desks) - line.desks.keys():
        members = await desk_members(conn, desk, on)
        line.desks[desk] = tuple(members)
        line.closed |= await closed_cases(conn, members, on, cycle.id)


async def _gone(conn: AsyncConnection, people: Sequence[int], on: date) -> set[int]:
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE id = ANY(CAST(:ids AS bigint[])) "
            "AND status <> 'active' AND coalesce(left_on, :on) <= :on"
        ),
        {"ids": list(people), "on": on},
    )
    return set(rows.scalars())


async def _away(
    conn: AsyncConnection, cycle: CycleFacts, people: Sequence[int], on: date
) -> set[int]:
    """Absent that day and for two more working days, whether or not somebody acts for them."""
    rows = (
        await conn.execute(
            text(
                "SELECT person_id, first_day, last_day FROM leaves "
                "WHERE person_id = ANY(CAST(:ids AS bigint[])) AND withdrawn_at IS NULL "
                "AND first_day <= :until AND last_day >= :on"
            ),
            {"ids": list(people), "on": on, "until": on + timedelta(days=14)},
        )
    ).all()
    if not rows:
        return set()
    at_work = await person_times(
        conn, cycle.calendars, sorted({r.person_id for r in rows}), leave="keep"
    )
    days: dict[int, set[date]] = {}
    for row in rows:
        span = range((min(row.last_day, on + timedelta(days=14)) - row.first_day).days + 1)
        days.setdefault(row.person_id, set()).update(
            row.first_day + timedelta(days=i) for i in span
        )
    return {
        p
        for p, absent in days.items()
        if p in at_work and _absent_for_three(at_work[p], absent, on)
    }


def _absent_for_three(time: PersonTime, absent: Iterable[date], on: date) -> bool:
    gone = set(absent)
    days = [on, time.calendar.after(on, 1), time.calendar.after(on, 2)]
    return all(day in gone for day in days)
