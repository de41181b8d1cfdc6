"""What the ladder of a task will do if nothing changes: on which day it tells whom.

Mails, pages and the Why view promise what is computed here, by the functions that will do it: the
ladder's own steps (`store.tasks.rungs`), whom a rung reaches (`store.tasks.recipients`), and when
that mail may leave (`store.outbox.choice`). A rung that will reach nobody, or be moved because an
earlier mail goes out late, is foreseen with that (language reference §5.5, §5.6).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import CalendarRange, Calendars, PersonTime
from definitions.ladders import Rung
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.outbox.choice import TO_THE_HOLDER
from store.people.times import desk_members
from store.tasks.holders import clocks, cycle_times
from store.tasks.recipients import Told, who_is_told
from store.tasks.rung_spacing import Waiting, where_they_stand
from store.tasks.rungs import (
    COLUMNS,
    Climbing,
    climbing,
    day_of_firing,
    escalates,
    following,
    kept_distance,
    pick,
)
from store.tasks.sending_hours import Letterboxes, earliest

_NEVER = datetime.max.replace(tzinfo=UTC)

FARTHEST = 24
"""So many rungs are looked at; a ladder that reaches nobody so often reaches nobody."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A rung that will fire.

    `rung` is the one whose turn it is and stands where it will fire; `told.instead` the later one
    that it turns into where it reaches nobody itself. `told` says whom it reaches. The first of
    these mails leaves at `sent_at` (UTC), on the assignee's day `on`.
    """

    rung: Rung
    told: Told
    on: date
    sent_at: datetime


async def escalations_ahead(
    conn: AsyncConnection, tasks: Sequence[UUID], as_of: datetime
) -> dict[UUID, Foreseen]:
    """Say for each open task who will be told next that it is overdue, and on which day.

    The day is the assignee's; of a desk's task the desk's. What is queued, or on its way at
    `as_of`, counts as sent when it may leave. Tasks are absent of which nobody will be told: nobody
    up the line, no such rung before the close, or something that somebody must mend first (a bad
    address, a task held back, a paused cycle).
    """
    boxes = Letterboxes()
    walks = await _walks(conn, tasks, boxes, as_of, anyway=False)
    return await _first_that_reaches(conn, walks, boxes, as_of, reminders=False)


async def next_rungs(
    conn: AsyncConnection, tasks: Sequence[UUID], as_of: datetime
) -> dict[UUID, Foreseen]:
    """Say for each task which rung comes next, a reminder or an escalation, and whom it reaches.

    Also while something is in its way: then for the earliest instant at which it could fire.
    """
    boxes = Letterboxes()
    walks = await _walks(conn, tasks, boxes, as_of, anyway=True)
    return await _first_that_reaches(conn, walks, boxes, as_of, reminders=True)


# --- One task, walked along its ladder ----------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """A task on its way along its ladder.

    `now`: how far the walk has come. `told_at`: when the opening mail went or goes out, `out_at`:
    that of the last rung; None while nothing will make it leave.
    """

    cycle: CycleFacts
    stage: StageFacts
    task: Climbing
    holders: tuple[int, ...]
    assignee: PersonTime
    now: datetime
    told_at: datetime | None
    out_at: datetime | None

    @property
    def ends_at(self) -> datetime:
        """After this nothing is said of the task any more: it will have expired."""
        ends = (self.task.closes_at, self.cycle.ends_at)
        return min((end for end in ends if end is not None), default=_NEVER)

    @property
    def stands_in(self) -> bool:
        """May a delegate get the mails of this task?"""
        return not self.stage.traits.personal

    def escalation(self, boxes: Letterboxes) -> tuple[Rung, datetime] | None:
        """Pass the reminders. Returns the next escalation, and when it fires."""
        while True:
            found = self.next()
            if found is None or found[0].kind == "escalate":
                return found
            rung, at = found
            left = earliest(boxes, self.holders, rung.at, at, stands_in=self.stands_in)
            self._reached(rung, at, min(left.values(), default=None))

    def next(self) -> tuple[Rung, datetime] | None:
        """The next rung, and when it fires."""
        while self.task.next_rung is not None and self.task.next_rung_at is not None:
            at = max(self.task.next_rung_at, self.now)
            if escalates(self.task.next_rung):
                if self.out_at is None or self.told_at is None:
                    return None
                at = max(at, self.out_at, self.told_at)
            picked = pick(self.stage.ladder, self.task, self.assignee, at)
            if picked.rung is not None:
                return picked.rung, at
            self._wait_for(picked.waiting)
        return None

    def reached_nobody(self, rung: Rung, at: datetime) -> None:
        """The rung told nobody: the ladder goes on behind it."""
        self.now = at
        self._wait_for(following(self.stage.ladder, self.task, rung, self.assignee))

    def waiting(self) -> Waiting | None:
        """The next escalation, if it waits for the mail of the rung before."""
        task = self.task
        if task.last_rung is None or self.out_at is None or task.next_rung_at is None:
            return None
        if task.next_rung is None or not escalates(task.next_rung):
            return None
        return Waiting(
            task, task.last_rung, task.next_rung, task.next_rung_at, self.out_at, self.assignee
        )

    def _reached(self, rung: Rung, at: datetime, out_at: datetime | None) -> None:
        self.now, self.out_at = at, out_at
        self._wait_for(following(self.stage.ladder, self.task, rung, self.assignee))
        self.task = replace(self.task, last_rung=rung.key, last_rung_on=rung.on)
        one = self.waiting()
        if one is not None:
            stands = kept_distance(
                self.stage.ladder, one.last, one.sent_at, one.upcoming, one.planned, self.assignee
            )
            self.task = replace(self.task, next_rung_at=stands)

    def _wait_for(self, rung: Rung | None) -> None:
        key, at = (rung.key, rung.at) if rung else (None, None)
        self.task = replace(self.task, next_rung=key, next_rung_at=at)


# --- All of them, a rung at a time --------------------------------------------------------------

_Fires = dict[UUID, tuple[_Walk, Rung, datetime]]


async def _first_that_reaches(
    conn: AsyncConnection,
    walks: Sequence[_Walk],
    boxes: Letterboxes,
    as_of: datetime,
    *,
    reminders: bool,
) -> dict[UUID, Foreseen]:
    """The first rung of each walk that reaches somebody, or else none."""
    found: dict[UUID, Foreseen] = {}
    left = list(walks)
    for _ in range(FARTHEST):
        fires: _Fires = {}
        for walk in left:
            try:
                come = walk.next() if reminders else walk.escalation(boxes)
            except CalendarRange:
                continue  # beyond the frozen years: nothing that could be promised today
            if come is not None:
                fires[walk.task.id] = (walk, *come)
        if not fires:
            break
        told = await _who(conn, fires)
        for calendars, people in _to_read(fires, told):
            await boxes.add(conn, calendars, people, as_of)
        left = []
        for task, (walk, rung, at) in fires.items():
            if told[task].people:
                foreseen = _foreseen(walk, rung, at, told[task], boxes)
                if foreseen is not None:
                    found[task] = foreseen
            else:
                walk.reached_nobody(rung, at)
                left.append(walk)
    return found


def _foreseen(
    walk: _Walk, rung: Rung, at: datetime, told: Told, boxes: Letterboxes
) -> Foreseen | None:
    left = earliest(boxes, told.people, rung.at, at, stands_in=walk.stands_in)
    first = min(left.values(), default=None)
    if first is None or first > walk.ends_at:
        return None
    return Foreseen(rung, told, walk.assignee.local_date(first), first)


def _to_read(fires: _Fires, told: Mapping[UUID, Told]) -> Iterable[tuple[Calendars, set[int]]]:
    people: dict[UUID, set[int]] = defaultdict(set)
    calendars: dict[UUID, Calendars] = {}
    for task, (walk, _, _) in fires.items():
        people[walk.cycle.id] |= {*told[task].people}
        calendars[walk.cycle.id] = walk.cycle.calendars
    return [(calendars[cycle], people[cycle]) for cycle in people]


async def _who(conn: AsyncConnection, fires: _Fires) -> dict[UUID, Told]:
    by_stage: dict[UUID, list[tuple[_Walk, Rung, datetime]]] = defaultdict(list)
    for walk, rung, at in fires.values():
        by_stage[walk.stage.id].append((walk, rung, at))
    told: dict[UUID, Told] = {}
    for some in by_stage.values():
        first = some[0][0]
        rungs = {w.task.id: (r, day_of_firing(r, w.assignee, at)) for w, r, at in some}
        told |= await who_is_told(
            conn, first.cycle, first.stage, [w.task for w, _, _ in some], rungs
        )
    return told


# --- Where they stand ---------------------------------------------------------------------------

_TASKS = text(
    """
    SELECT {columns}, t.cycle_id, t.stage_id, t.rung_out, t.state,
        EXISTS (SELECT FROM held_rows h WHERE h.task_id = t.id AND h.cleared_at IS NULL) AS held,
        said.rung_at, said.told_at
    FROM tasks t LEFT JOIN LATERAL (
        SELECT
          min(n.send_at) FILTER (WHERE n.rung = t.last_rung AND n.due_revision = t.due_revision
            AND n.event IN ('reminder', 'escalation')) AS rung_at,
          min(n.send_at) FILTER (WHERE n.event = ANY(CAST(:to_the_holder AS text[]))) AS told_at
        FROM notifications n LEFT JOIN mails m ON m.id = n.mail_id
        WHERE n.task_id = t.id AND (NOT t.rung_out OR t.announced_on IS NULL)
          AND (n.state IN ('queued', 'sending')
            OR (n.reason = 'superseded' AND m.state = 'sending'))
    ) said ON true
    WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.state IN ('open', 'planned')
      AND t.next_rung IS NOT NULL
    """.replace("{columns}", COLUMNS)
)
"""Mails that are queued or on their way count as sent when they may leave."""


async def _walks(
    conn: AsyncConnection,
    tasks: Sequence[UUID],
    boxes: Letterboxes,
    as_of: datetime,
    *,
    anyway: bool,
) -> list[_Walk]:
    """Where these tasks stand on their ladders. `anyway`: also if something is in their way."""
    rows = await conn.execute(
        _TASKS, {"ids": list(tasks), "to_the_holder": [event.value for event in TO_THE_HOLDER]}
    )
    by_cycle: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        if anyway or not row.held:
            by_cycle[row.cycle_id].append(row)
    walks: list[_Walk] = []
    for cycle_id, some in by_cycle.items():
        cycle = await load_cycle(conn, cycle_id)
        if cycle.moving or anyway:
            walks += await _of_cycle(conn, cycle, some, boxes, as_of, anyway=anyway)
    return walks


async def _of_cycle(
    conn: AsyncConnection,
    cycle: CycleFacts,
    rows: Sequence[Row[Any]],
    boxes: Letterboxes,
    as_of: datetime,
    *,
    anyway: bool,
) -> list[_Walk]:
    clock = await clocks(conn, {r.id: (r.assignee_id, r.desk, r.subject_id) for r in rows}, as_of)
    times = await cycle_times(conn, cycle, clock.values())
    desks = {
        desk: tuple(await desk_members(conn, desk, as_of.date()))
        for desk in {r.desk for r in rows if r.assignee_id is None and r.desk is not None}
    }
    held = {r.id: (r.assignee_id,) if r.assignee_id else desks.get(r.desk, ()) for r in rows}
    await boxes.add(conn, cycle.calendars, {p for some in held.values() for p in some}, as_of)
    walks: list[_Walk] = []
    used = [row for row in rows if clock[row.id] in times]  # others are held when they fire
    for row in used:
        planned = row.announce_at if anyway or row.state == "planned" else row.told_at
        told_at = as_of if row.announced_on else _later(planned, as_of)
        out_at = as_of if row.rung_out else _later(as_of if anyway else row.rung_at, as_of)
        walk = _Walk(
            cycle=cycle,
            stage=cycle.stages[row.stage_id],
            task=climbing(row),
            holders=held[row.id],
            assignee=times[clock[row.id]],
            now=as_of,
            told_at=told_at,
            out_at=out_at,
        )
        if row.announced_on is None and told_at is not None:
            day = walk.assignee.local_date(told_at)
            walk.task = replace(walk.task, announced_on=day)
        walks.append(walk)
    await _keep_distances(conn, [w for w, r in zip(walks, used, strict=True) if not r.rung_out])
    return walks


async def _keep_distances(conn: AsyncConnection, walks: Sequence[_Walk]) -> None:
    """Put escalations where the mail of the rung before, which is yet to leave, lets them stand."""
    waiting: dict[UUID, list[tuple[_Walk, Waiting]]] = defaultdict(list)
    for walk in walks:
        one = walk.waiting()
        if one is not None:
            waiting[walk.stage.id].append((walk, one))
    for some in waiting.values():
        first = some[0][0]
        stands = await where_they_stand(conn, first.cycle, first.stage, [w for _, w in some])
        for walk, _ in some:
            walk.task = replace(walk.task, next_rung_at=stands[walk.task.id])


def _later(instant: datetime | None, as_of: datetime) -> datetime | None:
    return None if instant is None else max(instant, as_of)
