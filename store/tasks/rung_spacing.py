"""Rungs keep their distance: the next is counted from when the one before really went out.

Source: language reference §5.6.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung, rung_at
from store.base.arrays import literal
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.engine.processes import ring_before
from store.people.times import person_times
from store.tasks.holders import clocks, cycle_times
from store.tasks.recipients import Overdue, who_is_told
from store.tasks.rungs import escalates, kept_distance


async def rungs_went_out(
    conn: AsyncConnection,
    mails: Sequence[tuple[UUID, str, int]],
    as_of: datetime,
) -> None:
    """The mails of these (task, rung, due revision) were really sent at `as_of`.

    Only now may the ladder go on; the next rung keeps the ladder's distance from this day, on the
    assignee's calendar (§5.6). Called by the sender in the transaction that records the sending;
    repeated, it changes nothing.
    """
    if not mails:
        return
    rows = (
        await conn.execute(
            text(
                """
                UPDATE tasks t SET rung_out = true
                FROM (SELECT DISTINCT * FROM unnest(CAST(:ids AS uuid[]), CAST(:rungs AS text[]),
                    CAST(:revisions AS int[])) AS m(id, rung, revision)) n
                WHERE t.id = n.id AND t.last_rung = n.rung AND t.due_revision = n.revision
                  AND NOT t.rung_out
                RETURNING t.id, t.cycle_id, t.stage_id, t.assignee_id, t.desk, t.subject_id,
                    t.told_to, t.last_rung, t.next_rung, t.next_rung_at
                """
            ),
            {
                "ids": literal(m[0] for m in mails),
                "rungs": literal(m[1] for m in mails),
                "revisions": literal(m[2] for m in mails),
            },
        )
    ).all()
    by_cycle: dict[UUID, list[_Out]] = defaultdict(list)
    for row in rows:
        if escalates(row.next_rung):
            by_cycle[row.cycle_id].append(
                _Out(**{**row._asdict(), "told_to": tuple(row.told_to or ())})
            )
    for cycle_id, outs in by_cycle.items():
        await _keep_distance(conn, cycle_id, outs, as_of)


@dataclass(frozen=True, slots=True)
class _Out:
    id: UUID
    cycle_id: UUID
    stage_id: UUID
    assignee_id: int | None
    desk: str | None
    subject_id: int | None
    told_to: tuple[int, ...]
    last_rung: str
    next_rung: str
    next_rung_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """An escalation that waits for the mail of the rung `last` before it, sent at `sent_at`."""

    task: Overdue
    last: str
    upcoming: str
    planned: datetime
    sent_at: datetime
    assignee: PersonTime


async def _keep_distance(
    conn: AsyncConnection, cycle_id: UUID, outs: Sequence[_Out], as_of: datetime
) -> None:
    cycle = await load_cycle(conn, cycle_id)
    clock = await clocks(conn, {o.id: (o.assignee_id, o.desk, o.subject_id) for o in outs}, as_of)
    times = await cycle_times(conn, cycle, clock.values())
    earliest: dict[UUID, datetime] = {}
    waiting: dict[UUID, list[Waiting]] = defaultdict(list)
    for out in outs:
        waiting[out.stage_id].append(
            Waiting(
                out, out.last_rung, out.next_rung, out.next_rung_at, as_of, times[clock[out.id]]
            )
        )
    planned = {out.id: out.next_rung_at for out in outs}
    pushed: dict[UUID, datetime] = {}
    for stage_id, some in waiting.items():
        stands = await where_they_stand(conn, cycle, cycle.stages[stage_id], some)
        pushed |= {task: at for task, at in stands.items() if at > planned[task]}
        earliest[stage_id] = min(stands.values())
    if pushed:
        await conn.execute(
            text(
                "UPDATE tasks t SET next_rung_at = n.at FROM unnest(CAST(:ids AS uuid[]), "
                "CAST(:ats AS timestamptz[])) AS n(id, at) WHERE t.id = n.id"
            ),
            {"ids": literal(pushed), "ats": literal(pushed.values())},
        )
    for stage_id, instant in earliest.items():
        await ring_before(conn, cycle.stages[stage_id].process, instant)


async def where_they_stand(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, waiting: Sequence[Waiting]
) -> dict[UUID, datetime]:
    """Return when each of these escalations of a stage stands, by task (§5.6).

    Whom they reach is asked only where an escalation follows another one too closely.
    """
    stands: dict[UUID, datetime] = {}
    close: list[Waiting] = []
    for one in waiting:
        ahead = kept_distance(
            stage.ladder, one.last, one.sent_at, one.upcoming, one.planned, one.assignee
        )
        stands[one.task.id] = ahead
        if ahead > one.planned and escalates(one.last):
            close.append(one)
    if not close:
        return stands
    rungs: dict[UUID, tuple[Rung, date]] = {}
    for one in close:
        day = one.assignee.local_date(one.planned)
        rungs[one.task.id] = (rung_at(stage.ladder, one.upcoming, day, one.assignee), day)
    told = await who_is_told(conn, cycle, stage, [one.task for one in close], rungs)
    people = sorted({person for one in told.values() for person in one.people})
    mornings = await person_times(conn, cycle.calendars, people)
    for one in close:
        receivers = [mornings[p] for p in told[one.task.id].people if p in mornings]
        stands[one.task.id] = kept_distance(
            stage.ladder, one.last, one.sent_at, one.upcoming, one.planned, one.assignee, receivers
        )
    return stands
