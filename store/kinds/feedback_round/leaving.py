"""Raters who decline or leave, who is asked in their place, and managers who change meanwhile.

The subject is asked for one more person, while there is time for it, and never told whom for or
why: on the company's working day after somebody declined, so that nothing tells the hour. What was
submitted stays, whoever leaves (language reference §4).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.relationships import Relationship
from domain.states import CycleState, Role, TaskState
from store.base.arrays import literal
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import ring
from store.kinds.feedback_round.lists import (
    Named,
    Problem,
    RaterList,
    rater_list,
    refusals,
    with_externals,
)
from store.kinds.feedback_round.loads import lock_round
from store.kinds.feedback_round.quiet import ring_if_last
from store.kinds.feedback_round.rules import CHOSEN, Round, round_of, to_the_day
from store.outbox.notices import Notice, tell_all
from store.outbox.outbox import suppress_for_tasks
from store.people.outside import External
from store.people.times import managers_of
from store.steering.orders import end_tasks
from store.tasks.holders import cycle_times
from store.tasks.rows import COLUMNS, TaskFacts, from_row, lock_task

IN_TIME = 5
"""Working days that must be left of the collecting for somebody else to be asked."""

_CHOSEN = [name.value for name in CHOSEN]


async def decline_request(
    conn: AsyncConnection, task_id: UUID, actor: Actor, reason: str, *, now: datetime
) -> None:
    """A rater declines, with a reason. What they had typed is thrown away.

    Raises NotFound for everybody but the rater, Invalid without a reason, IllegalState if they
    have submitted or the round has closed.
    """
    cycle, stage, task = await lock_task(conn, task_id)
    if task.role != Role.RATER or actor.person_id is None or actor.person_id != task.assignee_id:
        raise NotFound(f"there is no task {task_id}")
    if not reason.strip():
        raise Invalid(
            "Please give a reason; the person whom it is about is not told.",
            ({"field": "reason", "code": "required", "message": "Please give a reason."},),
        )
    if task.state is TaskState.DONE:
        raise IllegalState("You have submitted this; take it back first.")
    if task.state not in (TaskState.OPEN, TaskState.PLANNED):
        raise IllegalState("This is not asked of you any more.")
    if cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        raise IllegalState("The cycle is not running.")
    day = to_the_day(cycle, now)
    # As with an answer, nothing is written that gets a number between others with their instants.
    await conn.execute(
        text(
            "UPDATE tasks SET state = 'cancelled', ended_at = :day, ended_reason = 'declined', "
            "ended_by_id = :me, next_rung = NULL, next_rung_at = NULL, version = version + 1 "
            "WHERE id = :id"
        ),
        {"id": task_id, "day": day, "me": actor.person_id},
    )
    await suppress_for_tasks(conn, [task_id], "declined", day)
    await conn.execute(text("DELETE FROM sealed_answers WHERE task_id = :id"), {"id": task_id})
    round_ = round_of(cycle, stage)
    await _drop(conn, round_, [task], "declined", reason.strip())
    await ring_if_last(conn, stage, task.subject_id)


async def settle_raters(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Follow what happened to people: raters who left, subjects who left, managers who changed.

    Returns 0: it is one set, and repeated it finds nothing to do.
    """
    round_ = round_of(cycle, stage)
    await _forget_subjects(conn, round_)
    gone = await _gone(conn, round_, as_of)
    live = [task for task in gone if task.state in (TaskState.OPEN, TaskState.PLANNED)]
    if live:
        await end_tasks(conn, live, TaskState.CANCELLED, "rater_left", as_of, None)
    await _drop(conn, round_, gone, "withdrawn", None)
    await ask_for_others(conn, round_, as_of)
    if round_.ask_manager and cycle.definition.policies.manager_change != "stay":
        await _follow_managers(conn, round_, as_of)
    return 0


async def replacements_wanted(
    conn: AsyncConnection, round_: Round, subject_id: int, now: datetime
) -> int:
    """How many more people the subject may name now. Reads only."""
    row = (await _wanted(conn, round_, now, subject_id)).get(subject_id)
    return max(row.wanted, 0) if row is not None and _in_time(round_, row, now) else 0


async def name_replacement(
    conn: AsyncConnection,
    round_id: UUID,
    actor: Actor,
    named: Named | External,
    *,
    now: datetime,
) -> RaterList:
    """The subject names somebody in place of a rater who dropped out; they are asked at once.

    No approval: there is no time for it, and the manager sees the list. Naming the same person
    again changes nothing. Raises IllegalState if nobody is wanted (any more), Invalid as a list.
    """
    cycle_id = await conn.scalar(
        text("SELECT cycle_id FROM stages WHERE id = :id"), {"id": round_id}
    )
    subject = actor.person_id
    if cycle_id is None or subject is None:
        raise NotFound(f"there is no round {round_id}")
    cycle = await load_cycle(conn, cycle_id, lock="share")
    round_ = round_of(cycle, cycle.stages[round_id])
    await lock_round(conn, round_.id)
    people = [named] if isinstance(named, Named) else []
    outside = [named] if isinstance(named, External) else []
    row = (await _wanted(conn, round_, now, subject)).get(subject)
    if row is None or row.wanted <= 0 or not _in_time(round_, row, now):
        raise IllegalState("Nobody else is to be named.")
    on = cycle.company.local_date(now)
    problems = [*await refusals(conn, round_, subject, people, outside, on)]
    if not problems:
        [one] = await with_externals(conn, people, outside, now)
        problems = await _named_before(conn, round_, subject, one.person_id)
    if problems:
        raise Invalid("Please look at the marked names.", tuple(problems))
    await conn.execute(
        text(
            "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, "
            "position, created_at) VALUES (:round, :subject, :person, :relationship, 'asked', "
            "'replacement', 100, :now)"
        ),
        {
            "round": round_.id,
            "subject": subject,
            "person": one.person_id,
            "relationship": one.relationship.value,
            "now": now,
        },
    )
    await ring(conn, round_.collect.process, urgent=True)
    return await rater_list(conn, round_, subject)


async def _named_before(
    conn: AsyncConnection, round_: Round, subject: int, person: int
) -> list[Problem]:
    """Whoever declined looks, on the list, as if they were asked: so this says no more."""
    found = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM raters WHERE stage_id = :round AND subject_id = :subject "
            "AND person_id = :person AND state <> 'not_asked')"
        ),
        {"round": round_.id, "subject": subject, "person": person},
    )
    if not found:
        return []
    message = "This person is on the list already."
    return [{"person_id": person, "code": "listed", "message": message}]


async def ask_for_others(conn: AsyncConnection, round_: Round, as_of: datetime) -> None:
    """Tell subjects that there is room for one more person, where there is still time. Idempotent.

    What is written bears the day alone, whatever woke the round.
    """
    company = round_.cycle.company
    notices = []
    for subject, row in (await _wanted(conn, round_, as_of)).items():
        if row.wanted > 0 and _in_time(round_, row, as_of):
            until = company.calendar.before(company.local_date(row.due_at), IN_TIME)
            notices.append(
                Notice(
                    subject,
                    Event.REPLACEMENT_WANTED,
                    f"round:{round_.id}:{subject}:replacement:{row.dropped}",
                    "one_more",
                    cycle_id=round_.cycle.id,
                    subject_id=subject,
                    data={"until": until.isoformat(), "target": f"/rounds/{round_.id}/raters"},
                )
            )
    await tell_all(conn, notices, to_the_day(round_.cycle, as_of), not_before=as_of)


async def looks_for_others_at(
    conn: AsyncConnection, round_: Round, as_of: datetime
) -> datetime | None:
    """When subjects are next asked for one more person: as the company's next working day begins.

    Every such day, whether somebody has declined or not, as long as there is time for others. None
    after that.
    """
    due_at = await conn.scalar(
        text(
            "SELECT max(due_at) FROM tasks WHERE stage_id = :round "
            "AND state IN ('planned', 'open', 'done')"
        ),
        {"round": round_.id},
    )
    if due_at is None:
        return None
    company = round_.cycle.company
    day = company.calendar.after(company.local_date(as_of), 1)
    if company.calendar.count(day, company.local_date(due_at)) < IN_TIME:
        return None
    return to_the_day(round_.cycle, company.opening(day))


async def _wanted(
    conn: AsyncConnection, round_: Round, now: datetime, subject: int | None = None
) -> dict[int, Row[tuple[int, int, int, datetime]]]:
    """Of subjects still collecting: how many dropped out in time, how many places that leaves.

    Somebody who declined today is counted from tomorrow on. Of all subjects, or of one.
    """
    rows = await conn.execute(
        text(
            """
            SELECT r.subject_id, count(*) FILTER (WHERE dropped) AS dropped,
                count(*) FILTER (WHERE dropped)
                  - count(*) FILTER (WHERE r.source = 'replacement') AS wanted,
                (SELECT max(t.due_at) FROM tasks t WHERE t.stage_id = :round
                  AND t.subject_id = r.subject_id) AS due_at
            FROM raters r JOIN round_seals s ON s.stage_id = r.stage_id
              AND s.subject_id = r.subject_id
            CROSS JOIN LATERAL (SELECT r.replace AND NOT EXISTS (SELECT FROM tasks t
              WHERE t.stage_id = r.stage_id AND t.subject_id = r.subject_id
              AND t.assignee_id = r.person_id AND t.ended_reason = 'declined'
              AND t.ended_at >= :today) AS dropped) d
            WHERE r.stage_id = :round
              AND (CAST(:subject AS bigint) IS NULL OR r.subject_id = :subject)
            GROUP BY r.subject_id HAVING bool_or(dropped)
            """
        ),
        {"round": round_.id, "subject": subject, "today": to_the_day(round_.cycle, now)},
    )
    return {row.subject_id: row for row in rows}


def _in_time(round_: Round, row: Row[tuple[int, int, int, datetime]], now: datetime) -> bool:
    company = round_.cycle.company
    today, due = company.local_date(now), company.local_date(row.due_at)
    return company.calendar.count(today, due) >= IN_TIME


async def _drop(
    conn: AsyncConnection,
    round_: Round,
    tasks: Sequence[TaskFacts],
    state: str,
    reason: str | None,
) -> None:
    """They are no raters any more; those whom somebody chose leave a place to somebody else."""
    await conn.execute(
        text(
            """
            UPDATE raters r SET state = :state, decline_reason = :reason,
                replace = r.relationship = ANY(:chosen)
            FROM unnest(CAST(:subjects AS bigint[]), CAST(:people AS bigint[]))
              AS n(subject, person)
            WHERE r.stage_id = :round AND r.state = 'asked' AND r.subject_id = n.subject
              AND r.person_id = n.person
            """
        ),
        {
            "round": round_.id,
            "state": state,
            "reason": reason,
            "chosen": _CHOSEN,
            "subjects": literal(t.subject_id for t in tasks),
            "people": literal(t.assignee_id for t in tasks),
        },
    )


async def _gone(conn: AsyncConnection, round_: Round, as_of: datetime) -> list[TaskFacts]:
    """Requests of people who have left without an answer, or are on long leave.

    Leaving takes effect on the leaving day at `mail_at`, where the person was.
    """
    rows = (
        await conn.execute(
            text(
                f"SELECT {COLUMNS}, CASE WHEN p.status = 'left' "
                "THEN coalesce(p.left_on, CAST(p.updated_at AS date)) END AS left_on FROM tasks t "
                "JOIN raters r ON r.stage_id = t.stage_id "
                "AND r.subject_id = t.subject_id AND r.person_id = t.assignee_id "
                "AND r.state = 'asked' JOIN people p ON p.id = t.assignee_id "
                "WHERE t.stage_id = :round AND t.state NOT IN ('done', 'expired') "
                "AND (p.status = 'left' OR (t.state = 'cancelled' AND t.ended_reason = 'on_leave'))"
                " ORDER BY t.id FOR UPDATE OF t"
            ),
            {"round": round_.id},
        )
    ).all()
    cycle = round_.cycle
    times = await cycle_times(conn, cycle, sorted({row.assignee_id for row in rows}))
    return [
        from_row(row, leave_out=("left_on",))
        for row in rows
        if row.left_on is None
        or times.get(row.assignee_id, cycle.company).opening(row.left_on) <= as_of
    ]


async def _forget_subjects(conn: AsyncConnection, round_: Round) -> None:
    """Nobody is asked about who is no longer in the cycle; their tasks end with their case."""
    await conn.execute(
        text(
            "UPDATE raters r SET state = 'withdrawn', replace = false FROM participants p "
            "WHERE r.stage_id = :round AND r.state IN ('proposed', 'asked') "
            "AND p.cycle_id = :cycle AND p.person_id = r.subject_id AND p.state <> 'in'"
        ),
        {"round": round_.id, "cycle": round_.cycle.id},
    )


async def _follow_managers(conn: AsyncConnection, round_: Round, as_of: datetime) -> None:
    """A manager asked by rule who no longer is one: the new one is asked, unless it is answered."""
    rows = (
        await conn.execute(
            text(
                f"SELECT {COLUMNS} FROM tasks t JOIN raters r ON r.stage_id = t.stage_id "
                "AND r.subject_id = t.subject_id AND r.person_id = t.assignee_id "
                "AND r.state = 'asked' AND r.relationship = :manager AND r.source = 'rule' "
                "WHERE t.stage_id = :round AND t.state IN ('planned', 'open') "
                "ORDER BY t.id FOR UPDATE OF t"
            ),
            {"round": round_.id, "manager": Relationship.MANAGER},
        )
    ).all()
    tasks = [from_row(row) for row in rows]
    on = round_.cycle.company.local_date(as_of)
    now = await managers_of(conn, [t.subject_id or 0 for t in tasks], on)
    moved = [t for t in tasks if now.get(t.subject_id or 0) != t.assignee_id]
    if not moved:
        return
    await end_tasks(conn, moved, TaskState.CANCELLED, "manager_change", as_of, None)
    await _drop(conn, round_, moved, "withdrawn", None)
    await tell_all(
        conn,
        [
            Notice(
                t.assignee_id,
                Event.REQUEST_CANCELLED,
                f"task:{t.id}:{t.due_revision}",
                "manager_change",
                task=t,
            )
            for t in moved
            if t.assignee_id is not None and t.announced_on is not None
        ],
        as_of,
    )
    new = [(t.subject_id, now[t.subject_id]) for t in moved if t.subject_id in now]
    await conn.execute(
        text(
            "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, "
            "created_at) SELECT :round, n.subject, n.person, :manager, 'asked', 'rule', :at "
            "FROM unnest(CAST(:subjects AS bigint[]), CAST(:people AS bigint[])) "
            "AS n(subject, person) ON CONFLICT DO NOTHING"
        ),
        {
            "round": round_.id,
            "manager": Relationship.MANAGER,
            "at": as_of,
            "subjects": literal(subject for subject, _ in new),
            "people": literal(person for _, person in new),
        },
    )
