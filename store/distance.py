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
from definitions.ladders import Rung, not_before, rung_at
from store.arrays import literal
from store.cycle_facts import CycleFacts, StageFacts, load_cycle
from store.holders import clocks, cycle_times
from store.people import person_times
from store.processes import ring_before
from store.recipients import who_is_told


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
        if row.next_rung is not None and str(row.next_rung).startswith("escalate:"):
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
class _Waiting:
    """A rung that stands too close to the mail before it, if it is mailed at its own instant."""

    out: _Out
    not_before: date
    assignee: PersonTime

    def earliest(self, receivers: Sequence[PersonTime]) -> datetime:
        """The first of its mornings that keeps the ladder's distance.

        After a reminder the assignee, who is told at every rung, has the whole distance. Between
        escalations mail is compared with mail: a desk in the east reads both a morning later.
        """
        if self.out.last_rung.startswith("remind:"):
            return max(self.out.next_rung_at, self.assignee.opening(self.not_before))
        day = self.assignee.local_date(self.out.next_rung_at)
        while day < self.not_before:
            at = self.assignee.opening(day)
            mails = [receiver.morning(at) for receiver in receivers]
            if mails and self.assignee.local_date(min(mails)) >= self.not_before:
                break
            day = self.assignee.calendar.after(day, 1)
        return max(self.out.next_rung_at, self.assignee.opening(day))


async def _keep_distance(
    conn: AsyncConnection, cycle_id: UUID, outs: Sequence[_Out], as_of: datetime
) -> None:
    cycle = await load_cycle(conn, cycle_id)
    clock = await clocks(conn, {o.id: (o.assignee_id, o.desk, o.subject_id) for o in outs}, as_of)
    times = await cycle_times(conn, cycle, clock.values())
    earliest: dict[UUID, datetime] = {}
    close: dict[UUID, list[_Waiting]] = defaultdict(list)
    for out in outs:
        assignee = times[clock[out.id]]
        ladder = cycle.stages[out.stage_id].ladder
        sent_on = assignee.local_date(as_of)
        day = not_before(ladder, out.last_rung, sent_on, out.next_rung, assignee)
        if assignee.opening(day) > out.next_rung_at:
            close[out.stage_id].append(_Waiting(out, day, assignee))
        instant = out.next_rung_at
        earliest[out.stage_id] = min(instant, earliest.get(out.stage_id, instant))
    for stage_id, waiting in close.items():
        await _push(conn, cycle, cycle.stages[stage_id], waiting, as_of)
    for stage_id, instant in earliest.items():
        await ring_before(conn, cycle.stages[stage_id].process, instant)


async def _push(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    waiting: Sequence[_Waiting],
    as_of: datetime,
) -> None:
    """Put off rungs whose mail would go sooner after the one before than the ladder allows."""
    rungs: dict[UUID, Rung | None] = {
        one.out.id: rung_at(
            stage.ladder,
            one.out.next_rung,
            one.assignee.local_date(one.out.next_rung_at),
            one.assignee,
        )
        for one in waiting
    }
    told = await who_is_told(conn, cycle, stage, [one.out for one in waiting], rungs, as_of)
    people = sorted({person for one in told.values() for person in one.people})
    mornings = await person_times(conn, cycle.calendars, people)
    pushed = [
        (one.out.id, one.earliest([mornings[p] for p in told[one.out.id].people if p in mornings]))
        for one in waiting
    ]
    await conn.execute(
        text(
            "UPDATE tasks t SET next_rung_at = n.at FROM unnest(CAST(:ids AS uuid[]), "
            "CAST(:ats AS timestamptz[])) AS n(id, at) WHERE t.id = n.id"
        ),
        {"ids": literal(p[0] for p in pushed), "ats": literal(p[1] for p in pushed)},
    )
