"""Who holds a task, and whose calendar counts for it.

Source: language reference §1.6, §2 (assignee), §3.1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.states import Desk, Role
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.readiness import Ready
from store.people.times import desk_members, managers_of, person_times


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is to hold a task, and whose calendar counts for it."""

    assignee_id: int | None
    desk: str | None
    clock_id: int  # a desk has the calendar and zone of its first member


async def holders_for(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    ready: Sequence[Ready],
    on: date,
) -> dict[int, Holder]:
    """Who holds the stage's task about each of these subjects, on that day.

    Nobody up the line: the task is made all the same and needs an assignee; the subject's own
    calendar counts until it has one.
    """
    subjects = [r.subject_id for r in ready]
    match Role(stage.spec.assignee):
        case Role.SUBJECT:
            return {s: Holder(s, None, s) for s in subjects}
        case Role.MANAGER:
            found = await managers_of(conn, subjects, on)
            found |= {r.subject_id: r.reviewer_id for r in ready if r.reviewer_id is not None}
        case Role.MANAGER_2:
            first = await managers_of(conn, subjects, on)
            second = await managers_of(conn, sorted(set(first.values())), on)
            found = {s: second[m] for s, m in first.items() if m in second}
        case _:
            members = await desk_members(conn, Desk.HR, on)
            return {s: Holder(None, Desk.HR, members[0] if members else s) for s in subjects}
    return {
        s: Holder(found[s], None, found[s]) if s in found else Holder(None, None, s)
        for s in subjects
    }


async def cycle_times(
    conn: AsyncConnection, cycle: CycleFacts, people: Iterable[int]
) -> dict[int, PersonTime]:
    """Calendars and zones for the dates of a cycle's tasks: leave counts as its policy says."""
    rule = cycle.definition.policies.leave
    return await person_times(conn, cycle.calendars, sorted(set(people)), leave=rule)


async def clocks(
    conn: AsyncConnection,
    holders: Mapping[UUID, tuple[int | None, str | None, int | None]],
    as_of: datetime,
) -> dict[UUID, int]:
    """Whose calendar counts for each task of {task: (assignee, desk, subject)}.

    The assignee's; for a desk its first member's; while nobody holds it, the subject's.
    """
    first: dict[str, int] = {}
    for desk in {d for _, d, _ in holders.values() if d is not None}:
        members = await desk_members(conn, desk, as_of.date())
        if members:
            first[desk] = members[0]
    found: dict[UUID, int] = {}
    for task, (assignee, held_by, subject) in holders.items():
        clock = assignee or (first.get(held_by) if held_by else None) or subject
        if clock is None:
            raise ValueError(f"nobody's calendar counts for the task {task}")
        found[task] = clock
    return found
