"""Ladders at work: which rung fires, whom it reaches, and what follows (language reference §5).

A rung fires by its instant; its mail goes with the recipient's first daily mail after it. The next
one keeps its distance from when that mail really went out, so nobody is escalated unwarned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.ladders import Rung
from domain.notifications import Event
from store.base.arrays import literal
from store.base.halving import CHUNK, failure_code, in_halves
from store.cycles.facts import CycleFacts, StageFacts
from store.engine.processes import hold
from store.outbox.outbox import NewNotification, queue
from store.people.times import person_times
from store.tasks.events import record_events
from store.tasks.holders import clocks, cycle_times
from store.tasks.recipients import Told, who_is_told
from store.tasks.rungs import (
    COLUMNS,
    Climbing,
    Picked,
    climbing,
    day_of_firing,
    following,
    leaves_at,
    pick,
)


@dataclass(frozen=True, slots=True)
class Fired:
    """What one firing did: the rung that counts as done, whom it told, what comes next."""

    task: Climbing
    rung: Rung
    told: Told
    skipped: tuple[str, ...]
    following: Rung | None


DUE = text(
    """
    WITH due AS (
        SELECT t.id FROM tasks t
        WHERE t.stage_id = :stage AND t.state = 'open' AND t.next_rung_at <= :as_of
          AND (t.next_rung LIKE 'remind:%' OR (t.rung_out AND t.announced_on IS NOT NULL))
          AND NOT EXISTS (SELECT 1 FROM held_rows h
              WHERE h.task_id = t.id AND h.cleared_at IS NULL)
        ORDER BY t.next_rung_at LIMIT :limit
    )
    SELECT {columns}
    FROM tasks t
    WHERE t.id IN (SELECT id FROM due) AND t.state = 'open' AND t.next_rung_at <= :as_of
    ORDER BY t.id FOR UPDATE OF t
    """.replace("{columns}", COLUMNS)
)
"""The index gives the first that are due without looking at the others; locks are taken by id."""


async def fire_rungs(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Fire the rungs of up to one chunk of tasks whose instant has come.

    Each fires once per due revision: the row moves on to its next rung in the same transaction.
    A submission committed before this one's lock excludes its mail. Returns how many rows were
    handled.
    """
    rows = (await conn.execute(DUE, {"stage": stage.id, "as_of": as_of, "limit": CHUNK})).all()
    due = [climbing(row) for row in rows]
    if not due:
        return 0

    async def handle(some: Sequence[Climbing]) -> None:
        await _fire(conn, cycle, stage, some, as_of)

    async def park(one: Climbing, error: Exception) -> None:
        await hold(
            conn,
            stage.process,
            code=f"cannot-fire-rung: {failure_code(error)}",
            as_of=as_of,
            mended_by="hr",
            cycle_id=cycle.id,
            stage_id=stage.id,
            person_id=one.assignee_id,
            task_id=one.id,
        )

    await in_halves(conn, due, handle, park)
    return len(due)


async def _fire(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    due: Sequence[Climbing],
    as_of: datetime,
) -> None:
    clock = await clocks(conn, {t.id: (t.assignee_id, t.desk, t.subject_id) for t in due}, as_of)
    times = await cycle_times(conn, cycle, clock.values())
    # A storm is many tasks with the same dates: each date is computed once.
    picks: dict[_Same, Picked] = {}
    sames: list[_Same] = []
    rungs: dict[UUID, tuple[Rung, date]] = {}
    for task in due:
        assignee = times[clock[task.id]]
        same = _same(task, assignee)
        if same not in picks:
            picks[same] = pick(stage.ladder, task, assignee, as_of)
        sames.append(same)
        if (rung := picks[same].rung) is not None:
            rungs[task.id] = (rung, day_of_firing(rung, assignee, as_of))
    told = await who_is_told(conn, cycle, stage, due, rungs)
    followers: dict[tuple[_Same, str, date], Rung | None] = {}
    fired: list[Fired] = []
    quiet: list[tuple[Climbing, Rung | None]] = []
    for task, same in zip(due, sames, strict=True):
        picked = picks[same]
        if picked.rung is None:
            quiet.append((task, picked.waiting))
            continue
        whom = told[task.id]
        done = whom.instead or picked.rung
        after = (same, done.key, done.on)
        if after not in followers:
            followers[after] = following(stage.ladder, task, done, times[clock[task.id]])
        fired.append(Fired(task, done, whom, (*picked.passed, *whom.skipped), followers[after]))
    await _write(conn, fired, quiet, as_of)
    await _tell(conn, cycle, stage, fired, times, as_of)


_Same = tuple[
    int, date, str | None, str | None, datetime | None, date, date | None, datetime | None
]


def _same(task: Climbing, assignee: PersonTime) -> _Same:
    """What the dates of a task's rungs depend on."""
    return (
        id(assignee),
        task.due_on,
        task.last_rung,
        task.next_rung,
        task.next_rung_at,
        task.announced(assignee),
        task.announced_on,
        task.closes_at,
    )


_Move = tuple[UUID, str | None, datetime | None, str | None, date | None, bool, list[int]]


async def _write(
    conn: AsyncConnection,
    fired: Sequence[Fired],
    quiet: Sequence[tuple[Climbing, Rung | None]],
    as_of: datetime,
) -> None:
    moved: list[_Move] = [
        (
            f.task.id,
            f.following.key if f.following else None,
            f.following.at if f.following else None,
            f.rung.key if f.told.people else f.task.last_rung,
            f.rung.on,
            not f.told.people,
            [*f.task.told_to, *f.told.escalated],
        )
        for f in fired
    ]
    moved += [
        (
            t.id,
            r.key if r else None,
            r.at if r else None,
            t.last_rung,
            t.last_rung_on,
            True,
            [*t.told_to],
        )
        for t, r in quiet
    ]
    await conn.execute(
        text(
            """
            UPDATE tasks t SET next_rung = n.next, next_rung_at = n.next_at, last_rung = n.last,
                last_rung_on = n.last_on, rung_out = n.out,
                told_to = CAST(n.told AS bigint[])
            FROM unnest(CAST(:ids AS uuid[]), CAST(:next AS text[]),
                CAST(:next_at AS timestamptz[]), CAST(:last AS text[]), CAST(:last_on AS date[]),
                CAST(:out AS boolean[]), CAST(:told AS text[]))
              AS n(id, next, next_at, last, last_on, out, told)
            WHERE t.id = n.id
            """
        ),
        {
            "ids": literal(m[0] for m in moved),
            "next": literal(m[1] for m in moved),
            "next_at": literal(m[2] for m in moved),
            "last": literal(m[3] for m in moved),
            "last_on": literal(m[4] for m in moved),
            "out": literal(m[5] for m in moved),
            "told": literal(literal(m[6]) if m[6] else "{}" for m in moved),
        },
    )
    events = [
        (
            f.task.id,
            f.rung.at if f.told.people else as_of,
            "rung" if f.told.people else "rung_skipped",
            {
                "rung": f.rung.key,
                "instant": f.rung.at.isoformat(),
                "to": list(f.told.people),
                "due_revision": f.task.due_revision,
                "skipped": list(f.skipped),
            },
        )
        for f in fired
        if f.told.escalated or f.skipped or not f.told.people
    ]
    await record_events(conn, events)


async def _tell(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    fired: Sequence[Fired],
    times: Mapping[int, PersonTime],
    as_of: datetime,
) -> None:
    people = {p for f in fired for p in (*f.told.people, *f.told.holders)}
    letters = _Letters(cycle, stage, await _mornings(conn, cycle, people, times), as_of)
    items: list[NewNotification] = []
    for one in fired:
        if not one.told.escalated:
            items += [letters.item(one, p, Event.REMINDER, {}) for p in one.told.people]
            continue
        items += [letters.item(one, p, Event.ESCALATION, {}) for p in one.told.people]
        items += [letters.item(one, p, Event.ESCALATED_NOTICE, {}) for p in one.told.holders]
    await queue(conn, items)


async def _mornings(
    conn: AsyncConnection, cycle: CycleFacts, people: set[int], times: Mapping[int, PersonTime]
) -> Mapping[int, PersonTime]:
    """When each of them may be mailed. Leave counts for mails, whatever it does to dates."""
    known = times if cycle.definition.policies.leave == "pause" else {}
    missing = sorted(people - known.keys())
    if not missing:
        return known
    return {**known, **await person_times(conn, cycle.calendars, missing)}


class _Letters:
    """Makes the notifications of a chunk; what many of them share is computed once."""

    def __init__(
        self,
        cycle: CycleFacts,
        stage: StageFacts,
        mornings: Mapping[int, PersonTime],
        as_of: datetime,
    ) -> None:
        self._cycle = cycle
        self._stage = stage
        self._mornings = mornings
        self._as_of = as_of
        self._leaves: dict[tuple[int, datetime], datetime] = {}

    def item(
        self, one: Fired, person: int, event: Event, data: Mapping[str, object]
    ) -> NewNotification:
        """One line to one person."""
        task = one.task
        instant = one.told.at or one.rung.at
        return NewNotification(
            key=f"task:{task.id}:{task.due_revision}:{one.rung.key}:{event}:{person}",
            event=event,
            person_id=person,
            desk=task.desk if person in one.told.holders else one.told.desk,
            at=instant,
            send_at=self._send_at(self._mornings[person], instant),
            cause=f"rung:{one.rung.key}",
            cycle_id=self._cycle.id,
            stage_id=self._stage.id,
            task_id=task.id,
            subject_id=task.subject_id,
            rung=one.rung.key,
            due_revision=task.due_revision,
            data=data,
        )

    def _send_at(self, time: PersonTime, instant: datetime) -> datetime:
        same = (id(time), instant)
        if same not in self._leaves:
            self._leaves[same] = leaves_at(time, instant, self._as_of)
        return self._leaves[same]
