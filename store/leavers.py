"""Somebody leaves: what they were to do, and what was to be done about them.

On the leaving day, at `mail_at` where the person was (language reference §4). Found from facts,
so that running this twice, or a week late, comes to the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.states import ParticipantState, Role, TaskState
from store.applying import end_tasks
from store.audience import Reason
from store.cycle_facts import CycleFacts
from store.handover import Handover, hand_over
from store.holders import cycle_times
from store.manager_changes import EVERYWHERE
from store.notices import Notice, tell_all
from store.participants import count_participants
from store.people import managers_of
from store.processes import ring_cycle
from store.task_rows import COLUMNS, TaskFacts, from_row


@dataclass(frozen=True, slots=True)
class _Leaver:
    person_id: int
    left_on: date


async def settle_leavers(conn: AsyncConnection, as_of: datetime) -> int:
    """Write down that people whose leaving day has come have left. Idempotent."""
    settled = await conn.execute(
        text(
            "UPDATE people SET status = 'left', updated_at = :as_of"
            " WHERE status = 'active' AND left_on <= :today"
        ),
        {"as_of": as_of, "today": as_of.date()},
    )
    return settled.rowcount


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
    managers = await managers_of(conn, subjects, on)
    second = await managers_of(conn, sorted(set(managers.values())), on)
    left = await _left(conn, [*managers.values(), *second.values()], on)

    def successor(task: TaskFacts) -> int | None:
        manager = managers.get(task.subject_id or 0)
        if task.role == Role.MANAGER_2:
            manager = second.get(manager or 0)
        if task.role == Role.SUBJECT or manager in left or manager == task.subject_id:
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
