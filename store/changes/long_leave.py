"""Long leave: more than 20 working days, and nobody acts (language reference §4).

Somebody's own task is excused as soon as that is known, also while it comes into being; a task
about somebody else needs an assignee, which HR is asked for: nothing goes up to the next level
unasked. A request to a rater is cancelled. If the person is back before the stage closed for all,
HR is asked once whether the task shall be opened after all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from domain.notifications import Event
from domain.states import Desk, Role, StageState, TaskState
from store.changes.people_bells import wake_after_end
from store.cycles.facts import CycleFacts, StageFacts
from store.outbox.notices import Notice, tell_all, tell_desk
from store.people.times import person_times
from store.steering.orders import end_tasks
from store.tasks.handover import Handover, hand_over
from store.tasks.opening import open_ready
from store.tasks.rows import COLUMNS, TaskFacts, task_of

LONGEST_PAUSE = 20
"""Working days of leave that merely move dates."""

EXCUSED = "on_leave"
"""Why a task was excused; until when, the leave says."""

LONG_LEAVE = "long_leave"
"""Why a task about somebody else has no assignee."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Held:
    """A task and the first day on which it was to be done: the planned one, if it opened early."""

    task: TaskFacts
    from_day: date


@dataclass(frozen=True, slots=True)
class Spell:
    """Leaves that touch or overlap: one absence (UTC `recorded_at` of the last of them)."""

    first_day: date
    last_day: date
    recorded_at: datetime


async def open_present(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Create the tasks of a stage, and at once end those of people on long leave.

    In one transaction, so that nobody is mailed about what they are excused from. Returns what
    `open_ready` returns.
    """
    found = await open_ready(conn, cycle, stage, as_of)
    await end_for_absent(conn, cycle, as_of, stage)
    return found


async def follow_absences(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Excuse, or ask HR about, tasks of people on long leave; ask again when they are back.

    Returns how many tasks were concerned, and when somebody comes back. Idempotent. With
    `policies.leave: keep` nothing happens: statutory periods run on.
    """
    ended = await end_for_absent(conn, cycle, as_of)
    asked, next_return = await _ask_about_returns(conn, cycle, as_of)
    return ended + asked, next_return


async def end_for_absent(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime, stage: StageFacts | None = None
) -> int:
    """End or hand to HR what people on long leave hold, in one stage or in all. Idempotent.

    Returns how many tasks were concerned. Wakes what waits for them.
    """
    if cycle.definition.policies.leave != "pause":
        return 0
    tasks = await _held_by_absent(conn, cycle, stage, as_of)
    asked = [task for task in tasks if task.role == Role.RATER]
    own = [t for t in tasks if t.role != Role.RATER and t.assignee_id == t.subject_id]
    others = [t for t in tasks if t.role != Role.RATER and t.assignee_id != t.subject_id]
    if own:
        await end_tasks(conn, own, TaskState.EXCUSED, EXCUSED, as_of, None)
    if asked:
        await _cancel_requests(conn, asked, as_of)
    await hand_over(
        conn,
        cycle,
        [Handover(task, None) for task in others],
        cause=LONG_LEAVE,
        actor_id=None,
        now=as_of,
        tell_old=False,
    )
    await wake_after_end(conn, cycle, [*own, *asked])
    return len(tasks)


async def long_spells(
    conn: AsyncConnection, cycle: CycleFacts, people: Iterable[int]
) -> dict[int, list[Spell]]:
    """The absences of more than 20 working days during which nobody acts, by person."""
    spells = await _spells(conn, cycle, people)
    times = await person_times(conn, cycle.calendars, list(spells), leave="keep")
    return {
        person: long
        for person, some in spells.items()
        if (long := [s for s in some if _is_long(cycle, times.get(person, cycle.company), s)])
    }


async def _held_by_absent(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts | None, as_of: datetime
) -> list[TaskFacts]:
    """Live tasks whose assignee is on long leave while they are to be done, locked."""
    rows = (
        await conn.execute(
            text(
                f"SELECT {COLUMNS}, {_FROM_DAY} FROM tasks t JOIN stages s ON s.id = t.stage_id"
                " WHERE t.cycle_id = :cycle AND t.state IN ('planned', 'open')"
                " AND (CAST(:stage AS uuid) IS NULL OR t.stage_id = CAST(:stage AS uuid))"
                " AND EXISTS (SELECT FROM leaves l WHERE l.person_id = t.assignee_id"
                "  AND l.withdrawn_at IS NULL AND l.delegate_id IS NULL"
                "  AND l.last_day >= CAST(t.begun_at AS date) AND l.first_day <= t.due_on)"
                " ORDER BY t.id FOR UPDATE OF t"
            ),
            {"cycle": cycle.id, "stage": None if stage is None else stage.id},
        )
    ).all()
    if not rows:
        return []
    held = [_Held(task_of(row), row.from_day) for row in rows]
    spells = await long_spells(conn, cycle, {one.task.assignee_id or 0 for one in held})
    decided = await _decided_by_hr(conn, [one.task.id for one in held])
    times = await person_times(conn, cycle.calendars, list(spells), leave="keep")

    def ends(one: _Held, spell: Spell) -> bool:
        since = decided.get(one.task.id)
        today = times.get(one.task.assignee_id or 0, cycle.company).local_date(as_of)
        over = spell.last_day < today
        return not over and _concerns(spell, one) and (since is None or since <= spell.recorded_at)

    return [
        one.task
        for one in held
        if any(ends(one, spell) for spell in spells.get(one.task.assignee_id or 0, ()))
    ]


_FROM_DAY = "greatest(CAST(t.begun_at AS date), s.planned_opens_on) AS from_day"


def _concerns(spell: Spell, held: _Held) -> bool:
    return spell.last_day >= held.from_day and spell.first_day <= held.task.due_on


async def _decided_by_hr(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When HR last opened a task again or gave it to somebody, knowing of leave recorded before."""
    rows = await conn.execute(
        text(
            "SELECT task_id, max(at) FROM task_events WHERE task_id = ANY(CAST(:ids AS uuid[]))"
            " AND (event = 'reopened' OR (event = 'reassigned' AND detail ? 'reason'))"
            " GROUP BY 1"
        ),
        {"ids": list(ids)},
    )
    return dict(rows.all())


async def _spells(
    conn: AsyncConnection, cycle: CycleFacts, people: Iterable[int]
) -> dict[int, list[Spell]]:
    """The absences during which nobody acts, by person, oldest first."""
    wanted = sorted(set(people))
    rows = (
        await conn.execute(
            text(
                "SELECT person_id, first_day, last_day, recorded_at FROM leaves"
                " WHERE person_id = ANY(CAST(:ids AS bigint[])) AND withdrawn_at IS NULL"
                " AND delegate_id IS NULL ORDER BY person_id, first_day, last_day"
            ),
            {"ids": wanted},
        )
    ).all()
    by_person: dict[int, list[Spell]] = defaultdict(list)
    for row in rows:
        by_person[row.person_id].append(Spell(row.first_day, row.last_day, row.recorded_at))
    times = await person_times(conn, cycle.calendars, list(by_person), leave="keep")
    return {
        person: _merged(cycle, times.get(person, cycle.company), some)
        for person, some in by_person.items()
    }


def _merged(cycle: CycleFacts, time: PersonTime, leaves: Sequence[Spell]) -> list[Spell]:
    merged: list[Spell] = []
    for leave in leaves:
        last = merged[-1] if merged else None
        if last is not None and not _working_days(
            cycle, time, last.last_day + _DAY, leave.first_day
        ):
            merged[-1] = Spell(
                last.first_day,
                max(last.last_day, leave.last_day),
                max(last.recorded_at, leave.recorded_at),
            )
        else:
            merged.append(leave)
    return merged


def _is_long(cycle: CycleFacts, time: PersonTime, spell: Spell) -> bool:
    return _working_days(cycle, time, spell.first_day, spell.last_day + _DAY) > LONGEST_PAUSE


def _working_days(cycle: CycleFacts, time: PersonTime, first: date, until: date) -> int:
    """Working days D with first <= D < until, within the years that are frozen."""
    first = max(first, date(cycle.calendars.first_year, 1, 1))
    until = min(until, date(cycle.calendars.last_year, 12, 31))
    return time.calendar.count(first, until) if first < until else 0


async def _cancel_requests(
    conn: AsyncConnection, tasks: Sequence[TaskFacts], as_of: datetime
) -> None:
    """Requests to raters on long leave. What their place means is the round's matter."""
    await end_tasks(conn, tasks, TaskState.CANCELLED, EXCUSED, as_of, None)
    await tell_all(
        conn,
        [
            Notice(
                task.assignee_id,
                Event.REQUEST_CANCELLED,
                f"task:{task.id}:{task.due_revision}",
                EXCUSED,
                task=task,
            )
            for task in tasks
            if task.assignee_id is not None and task.announced_on is not None
        ],
        as_of,
    )


async def _ask_about_returns(
    conn: AsyncConnection, cycle: CycleFacts, as_of: datetime
) -> tuple[int, datetime | None]:
    """Ask HR, once a task and due revision, about people who are back; and when the next will be.

    Whether they came back as planned, or their leave was shortened or taken back.
    """
    excused = (
        await conn.execute(
            text(
                f"SELECT {COLUMNS}, {_FROM_DAY} FROM tasks t"
                " JOIN stages s ON s.id = t.stage_id AND s.state <> :closed"
                " WHERE t.cycle_id = :cycle AND t.state = 'excused' AND t.ended_reason = :reason"
            ),
            {"cycle": cycle.id, "closed": StageState.CLOSED, "reason": EXCUSED},
        )
    ).all()
    if not excused:
        return 0, None
    people = sorted({row.assignee_id for row in excused})
    spells = await _spells(conn, cycle, people)
    times = await person_times(conn, cycle.calendars, people)
    asked = 0
    later = []
    for row in excused:
        task = task_of(row)
        time = times.get(row.assignee_id, cycle.company)
        back = _back(_Held(task, row.from_day), spells.get(row.assignee_id, ()), time, as_of)
        if back > as_of:
            later.append(back)
            continue
        asked += await tell_desk(
            conn,
            Desk.HR,
            Event.LEAVE_RETURN_QUESTION,
            key=f"task:{task.id}:{task.due_revision}:back",
            cause="back_from_leave",
            now=as_of,
            task=task,
        )
    return asked, min(later, default=None)


def _back(held: _Held, spells: Sequence[Spell], time: PersonTime, as_of: datetime) -> datetime:
    """The first morning on which an excused person is at work again, as far as is known."""
    ends = [spell.last_day for spell in spells if _concerns(spell, held)]
    if not ends:
        return as_of
    return time.opening(time.calendar.on_or_after(max(ends) + _DAY))
