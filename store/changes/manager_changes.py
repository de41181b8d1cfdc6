"""A change of manager reaches the tasks at `mail_at` of the effective date.

(Language reference §4.) Nothing is remembered about what was done already. A task whose holder was
chosen by rule belongs to the manager in force at this instant; so running this twice, or a week
late, or after two changes on one day, comes to the same. A task that nobody holds gets its holder
as soon as there is one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.notifications import Event
from domain.states import Role, TaskState
from store.changes.leavers import SOON, gone_by
from store.changes.long_leave import long_spells
from store.changes.people_bells import wake_after_end
from store.cycles.facts import CycleFacts
from store.outbox.notices import Notice, tell_all
from store.people.times import EVERYWHERE
from store.steering.orders import end_tasks
from store.tasks.handover import SPLIT, Handover, add_second_writer, hand_over
from store.tasks.holders import cycle_times
from store.tasks.rows import COLUMNS, TaskFacts, task_of

RECENT = timedelta(days=2)
"""So long ago a line may have begun that takes effect only now, somewhere on Earth."""


class _Segment(NamedTuple):
    """From a day on somebody reports to this manager, or to nobody."""

    since: date
    manager_id: int | None


class _InForce(NamedTuple):
    """Who manages at an instant, since when, who comes next, and when that is."""

    manager_id: int | None
    since: datetime | None
    next_id: int | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Live:
    """A live task of a manager, and when HR gave it to its holder, if HR did."""

    task: TaskFacts
    by_hr_at: datetime | None
    second: bool


@dataclass(slots=True)
class _Lines:
    """The lines of the people concerned, and their hours."""

    segments: dict[int, list[_Segment]]
    times: Mapping[int, PersonTime]
    company: PersonTime
    ended: dict[tuple[int, int], date] = field(default_factory=dict)

    def in_force(self, person: int | None, as_of: datetime) -> _InForce:
        """The manager at an instant: a line begins at `mail_at` where the new manager lives."""
        found = _InForce(None, None, None, None)
        for segment in self.segments.get(person or 0, ()):
            whose = self.times.get(segment.manager_id or person or 0, self.company)
            instant = whose.at(segment.since, whose.mail_at)
            if instant > as_of:
                return found._replace(next_id=segment.manager_id, next_at=instant)
            found = _InForce(segment.manager_id, instant, None, None)
        return found


async def follow_managers(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Let live tasks follow the changes of manager that have taken effect.

    `manager_change: move` hands them over, `split` adds a second writer, `stay` leaves them; under
    each of them a task that nobody holds gets the manager as its holder. Returns how many tasks
    were concerned, and when to look again. Idempotent.
    """
    policy = cycle.definition.policies.manager_change
    lives = await _concerned(conn, cycle, (as_of + EVERYWHERE).date())
    if not lives:
        return 0, await _next(conn, cycle, as_of)
    lines = await _read(conn, cycle, lives)
    decided, back, later = await _decide(conn, cycle, lives, lines, as_of)
    pairs = await _lock(conn, decided)
    holders = [pair for pair in pairs if pair.task.assignee_id is None]
    moved = [pair for pair in pairs if pair.task.assignee_id is not None]
    done = await _hand(conn, cycle, holders, as_of)
    if policy == "split":
        done += await add_second_writer(conn, cycle, moved, now=as_of)
        done += await _take_back(conn, cycle, back, as_of)
    elif policy == "move":
        done += await _hand(conn, cycle, moved, as_of)
    upcoming = [*later, await _next(conn, cycle, as_of)]
    return done, min((at for at in upcoming if at is not None), default=None)


async def _lock(conn: AsyncConnection, pairs: Sequence[Handover]) -> list[Handover]:
    """Lock what is to pass on; without what was submitted or given to somebody meanwhile."""
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.id = ANY(CAST(:ids AS uuid[]))"
            " AND t.state IN ('planned', 'open') ORDER BY t.id FOR UPDATE"
        ),
        {"ids": [pair.task.id for pair in pairs]},
    )
    locked = {row.id: task_of(row) for row in rows}
    return [
        Handover(locked[pair.task.id], pair.to)
        for pair in pairs
        if pair.task.id in locked and locked[pair.task.id].assignee_id == pair.task.assignee_id
    ]


async def _hand(
    conn: AsyncConnection, cycle: CycleFacts, pairs: Sequence[Handover], as_of: datetime
) -> int:
    return await hand_over(conn, cycle, pairs, cause="manager_change", actor_id=None, now=as_of)


async def _decide(
    conn: AsyncConnection,
    cycle: CycleFacts,
    lives: Sequence[_Live],
    lines: _Lines,
    as_of: datetime,
) -> tuple[list[Handover], list[TaskFacts], list[datetime]]:
    """Who should hold which task, which second writers are not needed any more, and what changes
    later."""
    targets = {one.task.id: _target(one.task, lines, as_of) for one in lives}
    people = {t.manager_id for t in targets.values() if t.manager_id is not None}
    gone = await gone_by(conn, people, as_of, lines.times)
    away = await _away(conn, cycle, lives, targets, as_of, lines)
    pairs: list[Handover] = []
    back: list[TaskFacts] = []
    later: list[datetime] = []
    for one in lives:
        task, target = one.task, targets[one.task.id]
        if target.next_at is not None:
            later.append(target.next_at)
        if task.id in away:
            later.append(away[task.id])
            continue
        if target.manager_id in gone or target.manager_id == task.assignee_id:
            continue  # who has left hands over by another rule
        if task.assignee_id is not None and task.assignee_id == target.next_id:
            continue  # it is with the one who begins next already
        if target.manager_id is None and _bridges(cycle, target, as_of):
            continue
        if not _follows(one, target, lines):
            continue
        if one.second:
            back.append(task)
        pairs.append(Handover(task, target.manager_id))
    return pairs, back, later


def _target(task: TaskFacts, lines: _Lines, as_of: datetime) -> _InForce:
    first = lines.in_force(task.subject_id, as_of)
    if task.role == Role.MANAGER:
        return first
    second = lines.in_force(first.manager_id, as_of) if first.manager_id else _InForce(*[None] * 4)
    instants = [at for at in (first.since, second.since) if at is not None]
    coming = [at for at in (first.next_at, second.next_at) if at is not None]
    return _InForce(
        second.manager_id, max(instants, default=None), second.next_id, min(coming, default=None)
    )


def _bridges(cycle: CycleFacts, target: _InForce, as_of: datetime) -> bool:
    """Does somebody begin so soon that the present holder keeps the task until then?"""
    if target.next_at is None or target.next_id is None:
        return False
    company = cycle.company
    today, begins = company.local_date(as_of), company.local_date(target.next_at)
    return begins <= company.calendar.after(today, SOON)


def _follows(one: _Live, target: _InForce, lines: _Lines) -> bool:
    """Does the task go with the line? What HR gave to somebody stands, until that person's own
    line to the subject ends."""
    task = one.task
    if one.by_hr_at is None or task.assignee_id is None:
        return True
    ended = lines.ended.get((task.subject_id or 0, task.assignee_id))
    return ended is not None and ended > one.by_hr_at.date()


async def _away(
    conn: AsyncConnection,
    cycle: CycleFacts,
    lives: Sequence[_Live],
    targets: Mapping[UUID, _InForce],
    as_of: datetime,
    lines: _Lines,
) -> dict[UUID, datetime]:
    """Tasks without a holder whose manager is on long leave, and when that one is back."""
    if cycle.definition.policies.leave != "pause":
        return {}
    unheld = [one.task for one in lives if one.task.assignee_id is None]
    managers = {targets[task.id].manager_id for task in unheld}
    spells = await long_spells(conn, cycle, [m for m in managers if m is not None])
    found: dict[UUID, datetime] = {}
    for task in unheld:
        manager = targets[task.id].manager_id or 0
        time = lines.times.get(manager, cycle.company)
        for spell in spells.get(manager, ()):
            if spell.last_day >= time.local_date(as_of) and spell.first_day <= task.due_on:
                back = time.calendar.on_or_after(spell.last_day + timedelta(days=1))
                found[task.id] = time.opening(back)
    return found


async def _take_back(
    conn: AsyncConnection, cycle: CycleFacts, second: Sequence[TaskFacts], as_of: datetime
) -> int:
    """`split` and back again: who was added writes no longer, where the manager has a task."""
    if not second:
        return 0
    rows = await conn.execute(
        text(
            f"SELECT {COLUMNS} FROM tasks t WHERE t.id = ANY(CAST(:ids AS uuid[]))"
            " AND t.state IN ('planned', 'open') AND EXISTS (SELECT FROM tasks o"
            "  JOIN reporting_lines l ON l.person_id = o.subject_id"
            "   AND l.manager_id = o.assignee_id AND l.valid_from <= :today"
            "   AND (l.valid_to IS NULL OR l.valid_to > :today)"
            "  WHERE o.stage_id = t.stage_id AND o.subject_id = t.subject_id AND o.role = t.role"
            "   AND o.cause <> :split) ORDER BY t.id FOR UPDATE OF t"
        ),
        {"ids": [task.id for task in second], "today": as_of.date(), "split": SPLIT},
    )
    tasks = [task_of(row) for row in rows]
    await end_tasks(conn, tasks, TaskState.CANCELLED, "manager_change", as_of, None)
    await tell_all(
        conn,
        [
            Notice(
                task.assignee_id,
                Event.CANCELLED,
                f"task:{task.id}:{task.due_revision}",
                "manager_change",
                task=task,
            )
            for task in tasks
            if task.assignee_id is not None and task.announced_on is not None
        ],
        as_of,
    )
    await wake_after_end(conn, cycle, tasks)
    return len(tasks)


async def _concerned(conn: AsyncConnection, cycle: CycleFacts, today: date) -> list[_Live]:
    rows = await conn.execute(
        text(_CONCERNED),
        {"cycle": cycle.id, "today": today, "recent": today - RECENT, "split": SPLIT},
    )
    return [_Live(task_of(row), row.by_hr_at, row.second) for row in rows]


async def _read(conn: AsyncConnection, cycle: CycleFacts, lives: Iterable[_Live]) -> _Lines:
    subjects = {one.task.subject_id or 0 for one in lives}
    segments, ended = await _segments(conn, subjects)
    managers = {s.manager_id for some in segments.values() for s in some if s.manager_id}
    if any(one.task.role == Role.MANAGER_2 for one in lives):
        above, ended_above = await _segments(conn, managers - subjects)
        segments |= above
        ended |= ended_above
        managers |= {s.manager_id for some in above.values() for s in some if s.manager_id}
    times = await cycle_times(conn, cycle, managers | subjects)
    return _Lines(segments, times, cycle.company, ended)


async def _segments(
    conn: AsyncConnection, people: Iterable[int]
) -> tuple[dict[int, list[_Segment]], dict[tuple[int, int], date]]:
    """Everybody's managers in order, gaps included; and when each pair's line last ended."""
    rows = await conn.execute(
        text(
            "SELECT person_id, manager_id, valid_from, valid_to FROM reporting_lines"
            " WHERE person_id = ANY(CAST(:ids AS bigint[])) ORDER BY person_id, valid_from"
        ),
        {"ids": sorted(people)},
    )
    found: dict[int, list[_Segment]] = defaultdict(list)
    ended: dict[tuple[int, int], date] = {}
    for row in rows:
        segments = found[row.person_id]
        if segments and segments[-1].since == row.valid_from:
            segments.pop()  # the end of a line that another follows at once
        segments.append(_Segment(row.valid_from, row.manager_id))
        if row.valid_to is not None:
            segments.append(_Segment(row.valid_to, None))
            ended[row.person_id, row.manager_id] = row.valid_to
    return found, ended


async def _next(conn: AsyncConnection, cycle: CycleFacts, as_of: datetime) -> datetime | None:
    """When the next planned change could first take effect somewhere on Earth."""
    today = (as_of + EVERYWHERE).date()
    day: date | None = await conn.scalar(text(_NEXT), {"cycle": cycle.id, "today": today})
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC) - EVERYWHERE


# Of a manager's tasks those whose holder is not the manager of that day (which has begun somewhere
# on Earth), or whose line changed a moment ago. `by_hr_at`: HR gave it to its present holder.
_CONCERNED = f"""
WITH live AS (
  SELECT t.id FROM tasks t
  JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
  LEFT JOIN reporting_lines m ON m.person_id = t.subject_id AND m.valid_from <= :today
    AND (m.valid_to IS NULL OR m.valid_to > :today)
  LEFT JOIN reporting_lines m2 ON t.role = 'manager_2' AND m2.person_id = m.manager_id
    AND m2.valid_from <= :today AND (m2.valid_to IS NULL OR m2.valid_to > :today)
  WHERE t.cycle_id = :cycle AND t.role IN ('manager', 'manager_2')
    AND t.state IN ('planned', 'open') AND t.desk IS NULL AND p.reviewer_id IS NULL
    AND (t.assignee_id IS DISTINCT FROM
        CASE t.role WHEN 'manager' THEN m.manager_id ELSE m2.manager_id END
      OR EXISTS (SELECT FROM reporting_lines q WHERE q.valid_to > :recent
        AND q.valid_to <= :today AND q.person_id IN (t.subject_id, m.manager_id)))
)
SELECT {COLUMNS}, t.cause = :split AS second, e.by_hr_at
FROM live JOIN tasks t ON t.id = live.id
LEFT JOIN LATERAL (
  SELECT CASE WHEN detail ? 'reason' THEN at END AS by_hr_at FROM task_events
  WHERE task_id = t.id AND event = 'reassigned' ORDER BY at DESC, id DESC LIMIT 1
) e ON true
ORDER BY t.id
"""

_NEXT = """
SELECT min(day) FROM (
  SELECT valid_from AS day, person_id FROM reporting_lines WHERE valid_from > :today
  UNION ALL SELECT valid_to, person_id FROM reporting_lines WHERE valid_to > :today
) change
WHERE EXISTS (
  SELECT FROM tasks t WHERE t.cycle_id = :cycle AND t.state IN ('planned', 'open')
    AND t.role IN ('manager', 'manager_2'))
"""
