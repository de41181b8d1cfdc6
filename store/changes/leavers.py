"""Somebody leaves: what they were to do, and what was to be done about them.

On the leaving day, at `mail_at` where the person was (language reference §4). Found from facts,
so that running this twice, or a week late, comes to the same.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime, instant_at
from domain.notifications import Event
from domain.states import ParticipantState, Role, TaskState
from store.cycles.audience import Reason
from store.cycles.facts import CycleFacts
from store.cycles.participants import count_participants
from store.engine.processes import ring_cycle
from store.outbox.notices import Notice, tell_all
from store.people.times import EVERYWHERE
from store.steering.orders import end_tasks
from store.tasks.handover import Handover, hand_over
from store.tasks.holders import cycle_times
from store.tasks.rows import COLUMNS, TaskFacts, from_row


@dataclass(frozen=True, slots=True)
class _Leaver:
    person_id: int
    left_on: date


SOON = 10
"""Working days within which a successor who is on record takes the tasks of a leaver at once."""


async def settle_leavers(
    conn: AsyncConnection, as_of: datetime, people: Sequence[int] | None = None
) -> datetime | None:
    """Write down who has left: their leaving day has begun where they live. Idempotent.

    `people`: only these. Somebody who was written down as left while it is still the day before
    there is active again. Returns when the next leaving day begins somewhere.
    """
    rows = await conn.execute(
        text(
            "SELECT p.id, p.left_on, p.status, r.zone FROM people p"
            " LEFT JOIN profiles r ON r.id = p.profile_id"
            " WHERE (CAST(:ids AS bigint[]) IS NULL OR p.id = ANY(CAST(:ids AS bigint[])))"
            " AND ((p.status = 'active' AND p.left_on <= :last)"
            "  OR (p.status = 'left' AND p.left_on BETWEEN :first AND :last))"
        ),
        {
            "ids": None if people is None else list(people),
            "first": as_of.date(),
            "last": (as_of + EVERYWHERE).date() + timedelta(days=1),
        },
    )
    found = [(row.id, row.status, _begins(row.left_on, row.zone)) for row in rows]
    for status, wrong in (
        ("left", [p for p, status, at in found if status == "active" and at <= as_of]),
        ("active", [p for p, status, at in found if status == "left" and at > as_of]),
    ):
        if wrong:
            await conn.execute(
                text("UPDATE people SET status = :s, updated_at = :at WHERE id = ANY(:ids)"),
                {"s": status, "at": as_of, "ids": wrong},
            )
    return min((at for _, _, at in found if at > as_of), default=None)


def _begins(day: date, zone: str | None) -> datetime:
    """The first instant of a day in a zone; of one that cannot be used, in Greenwich."""
    try:
        return instant_at(ZoneInfo(zone or "UTC"), day, time())
    except (LookupError, ValueError):
        return datetime.combine(day, time(), UTC)


async def gone_by(
    conn: AsyncConnection, people: Collection[int], as_of: datetime, times: Mapping[int, PersonTime]
) -> set[int]:
    """Who of these has left by then, on their own date."""
    rows = await conn.execute(
        text(
            "SELECT id, left_on, status FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"
            " AND (left_on IS NOT NULL OR status = 'left')"
        ),
        {"ids": sorted(people)},
    )
    return {
        row.id
        for row in rows
        if row.left_on is None
        or row.left_on <= (times[row.id].local_date(as_of) if row.id in times else as_of.date())
    }


async def follow_leavers(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Cancel and hand over what concerns people who have left.

    Returns how many tasks and participants were concerned, and when to look again.
    """
    today = (as_of + EVERYWHERE).date()
    leavers = await _concerned(conn, cycle, today)
    times = await cycle_times(conn, cycle, [leaver.person_id for leaver in leavers])
    gone: dict[date, list[int]] = defaultdict(list)
    later = []
    for leaver in leavers:
        instant = times.get(leaver.person_id, cycle.company).opening(leaver.left_on)
        if instant <= as_of:
            # In the far east the leaving day begins before UTC's.
            gone[max(leaver.left_on, as_of.date())].append(leaver.person_id)
        else:
            later.append(instant)
    done = 0
    for on, people in gone.items():
        if cycle.definition.policies.leaver == "close":
            done += await _close_cases(conn, cycle, people, as_of)
        done += await _hand_over(conn, cycle, people, on, as_of)
    upcoming = await _next(conn, today)
    return done, min([*later, *([upcoming] if upcoming else [])], default=None)


async def _concerned(conn: AsyncConnection, cycle: CycleFacts, today: date) -> list[_Leaver]:
    rows = await conn.execute(
        text(
            "SELECT p.id, coalesce(p.left_on, CAST(p.updated_at AS date)) FROM people p"
            " WHERE (p.status = 'left' OR p.left_on IS NOT NULL)"
            " AND coalesce(p.left_on, CAST(p.updated_at AS date)) <= :today AND ("
            "  EXISTS (SELECT FROM participants i WHERE i.cycle_id = :cycle"
            "   AND i.person_id = p.id AND i.state = 'in')"
            "  OR EXISTS (SELECT FROM tasks t WHERE t.cycle_id = :cycle AND t.assignee_id = p.id"
            "   AND t.state IN ('planned', 'open')))"
            " ORDER BY p.id"
        ),
        {"cycle": cycle.id, "today": today},
    )
    return [_Leaver(*row) for row in rows]


async def _close_cases(
    conn: AsyncConnection, cycle: CycleFacts, gone: Sequence[int], as_of: datetime
) -> int:
    """Their own tasks and those about them are cancelled; released results stay."""
    tasks = await _live(conn, cycle.id, "t.subject_id", gone)
    if tasks:
        await end_tasks(conn, tasks, TaskState.CANCELLED, "subject_left", as_of, None)
        told = [
            Notice(
                task.assignee_id,
                Event.CANCELLED,
                f"task:{task.id}:{task.due_revision}",
                "subject_left",
                task=task,
            )
            for task in tasks
            if task.assignee_id is not None
            and task.assignee_id not in gone
            and task.announced_on is not None
        ]
        await tell_all(conn, told, as_of)
    removed = await conn.execute(
        text(
            "UPDATE participants SET state = :removed, reason = :reason"
            " WHERE cycle_id = :cycle AND person_id = ANY(CAST(:ids AS bigint[]))"
            " AND state = 'in'"
        ),
        {
            "removed": ParticipantState.REMOVED,
            "reason": Reason.LEFT,
            "cycle": cycle.id,
            "ids": list(gone),
        },
    )
    if removed.rowcount:
        await count_participants(conn, cycle.id)
    if tasks or removed.rowcount:
        await ring_cycle(conn, cycle.id)
    return len(tasks) + removed.rowcount


async def _hand_over(
    conn: AsyncConnection, cycle: CycleFacts, gone: Sequence[int], on: date, as_of: datetime
) -> int:
    """What they held about others goes to whoever manages on that day, or to HR as a question."""
    tasks = await _live(conn, cycle.id, "t.assignee_id", gone)
    raters = [task for task in tasks if task.role == Role.RATER]
    if raters:
        await end_tasks(conn, raters, TaskState.CANCELLED, "rater_left", as_of, None)
    others = [task for task in tasks if task.role != Role.RATER]
    subjects = sorted({task.subject_id for task in others if task.subject_id is not None})
    until = cycle.company.calendar.after(on, SOON)
    managers = await _living_managers(conn, subjects, on, until)
    second = await _living_managers(conn, sorted(set(managers.values())), on, until)

    def successor(task: TaskFacts) -> int | None:
        manager = managers.get(task.subject_id or 0)
        if task.role == Role.MANAGER_2:
            manager = second.get(manager or 0)
        if task.role == Role.SUBJECT or manager == task.subject_id:
            return None
        return manager

    done = await hand_over(
        conn,
        cycle,
        [Handover(task, successor(task)) for task in others],
        cause="assignee_left",
        actor_id=None,
        now=as_of,
        tell_old=False,
    )
    return done + len(raters)


async def _live(
    conn: AsyncConnection, cycle_id: UUID, column: str, people: Sequence[int]
) -> list[TaskFacts]:
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.cycle_id = :cycle"
            f" AND {column} = ANY(CAST(:people AS bigint[]))"
            " AND t.state IN ('planned', 'open') ORDER BY t.id FOR UPDATE"
        ),
        {"cycle": cycle_id, "people": list(people)},
    )
    return [from_row(row) for row in rows]


async def _living_managers(
    conn: AsyncConnection, people: Sequence[int], on: date, until: date
) -> dict[int, int]:
    """Who manages on that day and is there; else who is on record to begin by another day.

    Of several who begin, the first (the language's rule for leavers who hold tasks).
    """
    rows = (
        await conn.execute(
            text(
                "SELECT person_id, manager_id, valid_from FROM reporting_lines"
                " WHERE person_id = ANY(CAST(:ids AS bigint[])) AND valid_from <= :until"
                " AND (valid_to IS NULL OR valid_to > :on) ORDER BY person_id, valid_from"
            ),
            {"ids": list(people), "on": on, "until": until},
        )
    ).all()
    managers = sorted({row.manager_id for row in rows})
    found: dict[int, int] = {}
    left_by_then = {
        day: await _left(conn, managers, day) for day in {max(r.valid_from, on) for r in rows}
    }
    for row in rows:
        if row.manager_id not in left_by_then[max(row.valid_from, on)]:
            found.setdefault(row.person_id, row.manager_id)
    return found


async def _left(conn: AsyncConnection, people: Sequence[int], on: date) -> set[int]:
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"
            " AND (left_on <= :on OR (status = 'left' AND left_on IS NULL))"
        ),
        {"ids": list(people), "on": on},
    )
    return set(rows.scalars())


async def _next(conn: AsyncConnection, today: date) -> datetime | None:
    day: date | None = await conn.scalar(
        text("SELECT min(left_on) FROM people WHERE left_on > :today"), {"today": today}
    )
    return None if day is None else datetime.combine(day, time(), UTC) - EVERYWHERE
