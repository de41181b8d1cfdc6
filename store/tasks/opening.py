"""Tasks come into being, and open: planned rows, their dates, and the mail that announces them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung, next_rung
from definitions.timeline import Plan, StagePlan, TaskTimes, task_times
from store.base.arrays import literal
from store.base.halving import CHUNK, failure_code, in_halves
from store.base.statistics import MANY, know_sizes
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.readiness import Ready, ready_subjects
from store.engine.processes import hold
from store.outbox.outbox import wake_sender
from store.tasks.announcing import LATE, Opened, announce, opens_at_once
from store.tasks.holders import Holder, clocks, cycle_times, holders_for

MOST_AT_ONCE = 25_000
"""New rows keep nobody waiting, and finding who is ready reads the whole cycle each time."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task about to come into being."""

    subject_id: int | None
    role: str
    holder: Holder
    begun_at: datetime
    cause: str
    times: TaskTimes
    announce_at: datetime
    rung: Rung | None


_Pause = tuple[datetime, datetime]
"""From when to when a cycle stood still."""


async def open_ready(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Create the tasks of subjects for whom the stage may begin.

    Those whose opening instant has come are open at once and announced; the others are planned.
    Somebody whose dates cannot be computed is held alone. Returns CHUNK if more may be left, else
    0; repeated, it finds nobody left.
    """
    ready = await ready_subjects(conn, cycle, stage, MOST_AT_ONCE)
    if not ready:
        return 0

    async def handle(some: Sequence[Ready]) -> None:
        await create_tasks(conn, cycle, stage, await _plan(conn, cycle, stage, some, as_of), as_of)

    async def park(one: Ready, error: Exception) -> None:
        await hold(
            conn,
            stage.process,
            code=f"cannot-open: {failure_code(error)}",
            as_of=as_of,
            mended_by="hr",
            cycle_id=cycle.id,
            stage_id=stage.id,
            person_id=one.subject_id,
        )

    await in_halves(conn, ready, handle, park)
    return CHUNK if len(ready) == MOST_AT_ONCE else 0


async def _plan(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    ready: Sequence[Ready],
    as_of: datetime,
) -> list[NewTask]:
    holders = await holders_for(conn, cycle, stage, ready, as_of.date())
    return await plan_tasks(
        conn, cycle, stage, [(one, holders[one.subject_id]) for one in ready], as_of
    )


async def plan_tasks(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    held: Sequence[tuple[Ready, Holder]],
    as_of: datetime,
) -> list[NewTask]:
    """The dates of new tasks about these subjects, each with whoever is to hold it.

    A subject may stand there several times. Raises what the calendar raises.
    """
    whose = {holder.clock_id for _, holder in held} | {one.subject_id for one, _ in held}
    times = await cycle_times(conn, cycle, whose)
    pauses = await _pauses(conn, cycle)
    cache: dict[tuple[object, ...], tuple[TaskTimes, datetime, Rung | None]] = {}
    planned: list[NewTask] = []
    for one, holder in held:
        begun = _begun(cycle, stage, one, as_of)
        assignee = times[holder.clock_id]
        personal = None if one.plan is None else Plan.model_validate(one.plan)
        key = (
            id(assignee),
            begun,
            one.entering,
            one.hire_date if personal else None,
            id(times[one.subject_id]) if personal else None,
        )
        if key not in cache:
            cache[key] = _dates(cycle, stage, one, assignee, begun, pauses, personal)
        dates, announce_at, rung = cache[key]
        planned.append(
            NewTask(
                subject_id=one.subject_id,
                role=stage.spec.assignee,
                holder=holder,
                begun_at=begun,
                cause=_cause(stage, one),
                times=dates,
                announce_at=announce_at,
                rung=rung,
            )
        )
    return planned


async def _pauses(conn: AsyncConnection, cycle: CycleFacts) -> list[_Pause]:
    rows = await conn.execute(
        text(
            "SELECT paused_at, resumed_at FROM pauses WHERE cycle_id = :id "
            "AND resumed_at IS NOT NULL ORDER BY id"
        ),
        {"id": cycle.id},
    )
    return [(row.paused_at, row.resumed_at) for row in rows]


def _cause(stage: StageFacts, one: Ready) -> str:
    if one.entering:
        return "entry"
    return "after" if stage.predecessors else "date"


def _begun(cycle: CycleFacts, stage: StageFacts, one: Ready, as_of: datetime) -> datetime:
    """When the task came into being: by the row that freed it, unless the engine is a day late."""
    instants = [i for i in (one.freed_at, stage.opened_at if stage.barrier else None) if i]
    if cycle.opened_at is not None:  # freed earlier by leave that was known before the launch
        instants.append(cycle.opened_at)
    begun = max(instants, default=as_of)
    if one.entering:
        begun = max(begun, as_of)  # added in the afternoon, it opens in the afternoon
    return begun if as_of - begun < LATE else max(begun, _really(begun, as_of, cycle.company))


def _really(begun: datetime, as_of: datetime, company: PersonTime) -> datetime:
    """After an outage it counts from the day on which it really came about."""
    return as_of if company.local_date(as_of) > company.local_date(begun) else begun


def _dates(
    cycle: CycleFacts,
    stage: StageFacts,
    one: Ready,
    assignee: PersonTime,
    begun: datetime,
    pauses: Sequence[_Pause],
    personal: Plan | None,
) -> tuple[TaskTimes, datetime, Rung | None]:
    plan = personal if personal is not None else current_plan(cycle)

    def counted(extended_by: int) -> TaskTimes:
        return task_times(
            cycle.definition,
            stage.spec,
            plan,
            assignee=assignee,
            anchors=cycle.anchors(one.hire_date),
            begins=begun,
            late_joiner=one.entering,
            extended_by=extended_by,
        )

    dates = counted(stage.extended_by)
    opens = plan.stages[stage.key].opens
    whose = assignee if personal else cycle.company
    lost = _lost(opens, whose, dates.due_on, assignee, pauses)
    if lost:
        dates = counted(stage.extended_by + lost)
    announce_at = announcement(cycle, stage, dates, assignee)
    rung = next_rung(
        stage.ladder,
        None,
        due_on=dates.due_on,
        assignee=assignee,
        announced_on=assignee.local_date(announce_at),
        closes_at=dates.closes_at,
    )
    return dates, announce_at, rung


def _lost(
    planned: date,
    whose: PersonTime,
    due_on: date,
    assignee: PersonTime,
    pauses: Sequence[_Pause],
) -> int:
    """Working days lost to pauses since the planned opening, which itself stayed where it was.

    The tasks that were there moved by as many: one assignee has one due date per stage (§3.6).
    """
    lost = 0
    for paused_at, resumed_at in pauses:
        first = assignee.local_date(paused_at)
        opened_before = planned < whose.local_date(paused_at)
        if opened_before and assignee.calendar.after(due_on, lost) >= first:
            lost += assignee.calendar.count(first, assignee.local_date(resumed_at))
    return lost


def announcement(
    cycle: CycleFacts, stage: StageFacts, dates: TaskTimes, assignee: PersonTime
) -> datetime:
    """When the opening mail goes at the latest (language reference §3.9, §6.3).

    The opening of a launch by button goes at once; everything else with a daily mail.
    """
    if opens_at_once(cycle, stage) and dates.announce_at == dates.opens_at:
        return assignee.at_once(dates.opens_at)
    return assignee.morning(dates.announce_at)


def current_plan(cycle: CycleFacts) -> Plan:
    """The plan as it stands now, slips included: from the stages' rows."""
    if cycle.plan is None:
        raise ValueError(f"the cycle {cycle.id} has no common plan")
    stages: Mapping[str, StagePlan] = {
        s.key: s.planned for s in cycle.stages.values() if s.planned is not None
    }
    return cycle.plan.model_copy(update={"stages": dict(stages)})


CREATE = text(
    """
    WITH pace AS MATERIALIZED (
        SELECT d.* FROM unnest(CAST(:roles AS text[]), CAST(:desks AS text[]),
            CAST(:causes AS text[]), CAST(:begun AS timestamptz[]), CAST(:opens AS timestamptz[]),
            CAST(:announce AS timestamptz[]), CAST(:due_on AS date[]),
            CAST(:due AS timestamptz[]), CAST(:closes AS timestamptz[]), CAST(:rungs AS text[]),
            CAST(:rungs_at AS timestamptz[])) WITH ORDINALITY
          AS d(role, desk, cause, begun_at, opens_at, announce_at, due_on, due_at, closes_at,
            next_rung, next_rung_at, n)
    ), made AS (
        INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, desk, state, cause,
            begun_at, opens_at, announce_at, due_on, due_at, closes_at, next_rung, next_rung_at,
            steered, created_at)
        SELECT :cycle, :stage, r.subject_id, p.role, r.assignee_id, p.desk,
            CASE WHEN p.opens_at <= :as_of THEN 'open' ELSE 'planned' END, p.cause, p.begun_at,
            p.opens_at, p.announce_at, p.due_on, p.due_at, p.closes_at, p.next_rung,
            p.next_rung_at, s.latest, :as_of
        FROM unnest(CAST(:subjects AS bigint[]), CAST(:assignees AS bigint[]),
            CAST(:paces AS int[])) AS r(subject_id, assignee_id, n) JOIN pace p ON p.n = r.n,
          (SELECT coalesce(max(id), 0) AS latest FROM steering WHERE cycle_id = :cycle) s
        ON CONFLICT DO NOTHING
        RETURNING id, subject_id, assignee_id, desk, state, opens_at, announce_at, due_revision
    ), told AS (
        INSERT INTO notifications (key, event, person_id, at, send_at, cause, cycle_id, stage_id,
            task_id, subject_id, due_revision, ride_along, at_once)
        SELECT 'task:' || id || ':1:task_opened:' || assignee_id, 'task_opened', assignee_id,
            opens_at, announce_at, :told_because, :cycle, :stage, id, subject_id, due_revision,
            announce_at - opens_at > interval '1 day', :at_once AND announce_at = opens_at
        FROM made WHERE state = 'open' AND assignee_id IS NOT NULL AND announce_at >= :punctual
        ON CONFLICT (key) DO NOTHING RETURNING send_at
    )
    SELECT f.first_mail, m.id, m.subject_id, m.assignee_id, m.desk, m.opens_at, m.announce_at,
        m.due_revision
    FROM (SELECT min(send_at) AS first_mail FROM told) f LEFT JOIN made m
        ON m.state = 'open' AND (m.assignee_id IS NULL OR m.announce_at < :punctual)
    """
)


async def create_tasks(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    tasks: Sequence[NewTask],
    as_of: datetime,
) -> None:
    """Insert tasks in one statement, and announce those that are open already.

    People who share a calendar share their dates, so those travel once. Idempotent by the unique
    live task of (stage, subject, role, assignee).
    """
    if not tasks:
        return
    paces: dict[tuple[object, ...], int] = {}
    numbers: list[int] = []
    firsts: list[NewTask] = []
    for task in tasks:
        shared = (id(task.times), task.role, task.holder.desk, task.begun_at, task.cause)
        if shared not in paces:
            paces[shared] = len(paces) + 1
            firsts.append(task)
        numbers.append(paces[shared])
    rows = (
        await conn.execute(
            CREATE,
            {
                "cycle": cycle.id,
                "stage": stage.id,
                "as_of": as_of,
                "punctual": as_of - LATE,
                "told_because": f"stage:{stage.key}",
                "at_once": opens_at_once(cycle, stage),
                "subjects": literal(t.subject_id for t in tasks),
                "assignees": literal(t.holder.assignee_id for t in tasks),
                "paces": literal(numbers),
                "roles": literal(t.role for t in firsts),
                "desks": literal(t.holder.desk for t in firsts),
                "causes": literal(t.cause for t in firsts),
                "begun": literal(t.begun_at for t in firsts),
                "opens": literal(t.times.opens_at for t in firsts),
                "announce": literal(t.announce_at for t in firsts),
                "due_on": literal(t.times.due_on for t in firsts),
                "due": literal(t.times.due_at for t in firsts),
                "closes": literal(t.times.closes_at for t in firsts),
                "rungs": literal(t.rung.key if t.rung else None for t in firsts),
                "rungs_at": literal(t.rung.at if t.rung else None for t in firsts),
            },
        )
    ).all()
    if len(tasks) >= MANY:
        await know_sizes(conn, "tasks", "notifications")
    if rows[0].first_mail is not None:
        await wake_sender(conn, rows[0].first_mail)
    # Desks, tasks that nobody holds, and mails that an outage made late are few.
    others = [
        Opened(r.id, r.subject_id, r.assignee_id, r.desk, r.opens_at, r.announce_at, r.due_revision)
        for r in rows
        if r.id is not None
    ]
    await announce(conn, cycle, stage, others, as_of)


async def open_planned(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Open up to one chunk of planned tasks whose instant has come, and announce them.

    After an outage of more than a day the assignee still has `at_least` from the day on which the
    task really opened: such rows are planned anew first. Returns how many were handled.
    """
    late = await _plan_late_anew(conn, cycle, stage, as_of)
    rows = (
        await conn.execute(
            text(
                """
                WITH due AS (
                    SELECT id FROM tasks WHERE id IN (
                        SELECT id FROM tasks
                        WHERE stage_id = :stage AND state = 'planned' AND opens_at <= :as_of
                        ORDER BY opens_at LIMIT :limit)
                    AND state = 'planned' AND opens_at <= :as_of
                    ORDER BY id FOR UPDATE
                )
                UPDATE tasks t SET state = 'open', version = version + 1 FROM due
                WHERE t.id = due.id
                RETURNING t.id, t.subject_id, t.assignee_id, t.desk, t.opens_at, t.announce_at,
                    t.due_revision
                """
            ),
            {"stage": stage.id, "as_of": as_of, "limit": CHUNK},
        )
    ).all()
    await announce(conn, cycle, stage, [Opened(*row) for row in rows], as_of)
    return len(rows) + late


async def _plan_late_anew(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    rows = (
        await conn.execute(
            text(
                "SELECT t.id, t.assignee_id, t.desk, t.subject_id, t.opens_at, t.due_on, "
                "p.late, p.plan, e.hire_date, t.cause = 'entry' AS entering FROM tasks t "
                "LEFT JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id"
                " LEFT JOIN people e ON e.id = t.subject_id "
                "WHERE t.stage_id = :stage AND t.state = 'planned' AND t.opens_at <= :before "
                "ORDER BY t.id LIMIT :limit FOR UPDATE OF t"
            ),
            {"stage": stage.id, "before": as_of - LATE, "limit": CHUNK},
        )
    ).all()
    if not rows:
        return 0
    clock = await clocks(conn, {r.id: (r.assignee_id, r.desk, r.subject_id) for r in rows}, as_of)
    times = await cycle_times(conn, cycle, set(clock.values()))
    pauses = await _pauses(conn, cycle)
    anew: list[tuple[UUID, TaskTimes, datetime, Rung | None]] = []
    for row in rows:
        assignee = times[clock[row.id]]
        if assignee.local_date(as_of) <= assignee.local_date(row.opens_at):
            continue
        one = Ready(
            row.subject_id, None, bool(row.late), None, row.hire_date, None, row.plan, row.entering
        )
        personal = None if row.plan is None else Plan.model_validate(row.plan)
        dates, announce_at, rung = _dates(cycle, stage, one, assignee, as_of, pauses, personal)
        if dates.due_on < row.due_on:  # nothing ever moves earlier by itself
            continue
        anew.append((row.id, dates, announce_at, rung))
    await _write_times(conn, anew)
    return len(anew)


async def _write_times(
    conn: AsyncConnection, anew: Sequence[tuple[UUID, TaskTimes, datetime, Rung | None]]
) -> None:
    if not anew:
        return
    await conn.execute(
        text(
            """
            UPDATE tasks t SET opens_at = n.opens_at, announce_at = n.announce_at,
                due_on = n.due_on, due_at = n.due_at, closes_at = n.closes_at,
                next_rung = n.rung, next_rung_at = n.rung_at
            FROM unnest(CAST(:ids AS uuid[]), CAST(:opens AS timestamptz[]),
                CAST(:announce AS timestamptz[]), CAST(:due_on AS date[]),
                CAST(:due AS timestamptz[]), CAST(:closes AS timestamptz[]),
                CAST(:rungs AS text[]), CAST(:rungs_at AS timestamptz[]))
              AS n(id, opens_at, announce_at, due_on, due_at, closes_at, rung, rung_at)
            WHERE t.id = n.id
            """
        ),
        {
            "ids": [a[0] for a in anew],
            "opens": [a[1].opens_at for a in anew],
            "announce": [a[2] for a in anew],
            "due_on": [a[1].due_on for a in anew],
            "due": [a[1].due_at for a in anew],
            "closes": [a[1].closes_at for a in anew],
            "rungs": [a[3].key if a[3] else None for a in anew],
            "rungs_at": [a[3].at if a[3] else None for a in anew],
        },
    )
