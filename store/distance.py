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

from definitions.ladders import not_before
from store.arrays import literal
from store.cycle_facts import load_cycle
from store.holders import clocks, cycle_times
from store.processes import ring_before


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
                    t.last_rung, t.last_rung_on, t.next_rung, t.next_rung_at
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
        if row.next_rung is not None and str(row.next_rung).startswith("escalate:"):
            by_cycle[row.cycle_id].append(_Out(*row))
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
    last_rung: str
    last_rung_on: date
    next_rung: str
    next_rung_at: datetime


async def _keep_distance(
    conn: AsyncConnection, cycle_id: UUID, outs: Sequence[_Out], as_of: datetime
) -> None:
    cycle = await load_cycle(conn, cycle_id)
    clock = await clocks(conn, {o.id: (o.assignee_id, o.desk, o.subject_id) for o in outs}, as_of)
    times = await cycle_times(conn, cycle, clock.values())
    pushed: list[tuple[UUID, datetime]] = []
    earliest: dict[UUID, datetime] = {}
    for out in outs:
        assignee = times[clock[out.id]]
        sent_on = assignee.local_date(as_of)
        ladder = cycle.stages[out.stage_id].ladder
        day = not_before(ladder, out.last_rung, sent_on, out.next_rung, assignee)
        instant = max(out.next_rung_at, assignee.opening(day))
        if instant > out.next_rung_at:
            pushed.append((out.id, instant))
        earliest[out.stage_id] = min(instant, earliest.get(out.stage_id, instant))
    if pushed:
        await conn.execute(
            text(
                "UPDATE tasks t SET next_rung_at = n.at FROM unnest(CAST(:ids AS uuid[]), "
                "CAST(:ats AS timestamptz[])) AS n(id, at) WHERE t.id = n.id"
            ),
            {"ids": literal(p[0] for p in pushed), "ats": literal(p[1] for p in pushed)},
        )
    for stage_id, instant in earliest.items():
        await ring_before(conn, cycle.stages[stage_id].process, instant)
