"""Why does this task look like this: what opened it, what was said about it, what comes next.

Codes, ids and instants; the pages word them. Everything is read from the facts themselves: task
events, the outbox, the mails with their SMTP answers, the ladder, and the reporting line of today
for whoever the next rung will reach (`store.tasks.foresight`).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.ladders import Rung
from domain.access import Reader, may_know_lateness, may_read_reason, may_read_task
from domain.errors import NotFound
from domain.notifications import Event
from domain.states import CycleState, Role, TaskState
from store.access.facts import task_facts
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.tasks.foresight import Foreseen, next_rungs
from store.views.lists.notifications import NotificationItem, notifications_of_task


@dataclass(frozen=True, slots=True)
class Named:
    """A person by id and full name."""

    person_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ClosedStage:
    """A stage that had to be closed first, and since when it is."""

    key: str
    title: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Opening:
    """How the task came into being.

    `cause` is a code (launch, after, date, entry, reassigned, split). `announce_at` is when it is
    announced at the latest, `announced_on` the assignee's date on which the first mail really went
    out.
    """

    cause: str
    after: tuple[ClosedStage, ...]
    begun_at: datetime
    opens_at: datetime
    announce_at: datetime
    announced_on: date | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of the task: what (a code), when, by whom (none: the engine), ids and codes.

    `words` is the reason that somebody gave, for readers who may read it.
    """

    at: datetime
    event: str
    actor: Named | None
    detail: dict[str, Any]
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Something that somebody was, will be, or was not told about the task.

    `state`: queued, sending, sent, failed, suppressed, unknown. `why_not`: the reason code of a
    suppressed or failed one. `smtp_code` and `smtp_answer` are the mail server's.
    """

    event: str
    rung: str | None
    person: Named
    desk: str | None
    cause: str
    at: datetime
    send_at: datetime
    state: str
    why_not: str | None
    settled_at: datetime | None
    message_id: str | None
    attempts: int | None
    smtp_code: int | None
    smtp_answer: str | None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Somebody whom the next rung would reach, but does not, and the reason code."""

    person: Named | None
    reason: str


StandsStill = Literal["paused", "held", "last_mail_not_out", "not_announced"]


@dataclass(frozen=True, slots=True)
class NextRung:
    """The next step of the ladder, and whom it will reach as things stand today.

    `at` is the instant of the rung; its mail goes with the recipient's first daily mail after it,
    on the assignee's day `mailed_on`.
    `stands_still`: why it will not fire then, if something is in its way. `took_place_of`: the
    rung whose place this one takes, because that one reaches nobody.
    """

    key: str
    kind: Literal["remind", "escalate"]
    on: date
    at: datetime
    mailed_on: date
    reaches: tuple[Named, ...]
    desk: str | None
    passed_over: tuple[PassedOver, ...]
    took_place_of: str | None
    stands_still: StandsStill | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole story of a task.

    For somebody who may not know of its lateness: without the ladder, and without a due date that
    is past (`_without_lateness`).
    """

    task_id: UUID
    state: str
    due_on: date | None
    due_at: datetime | None
    due_revision: int
    closes_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None
    opening: Opening
    history: tuple[Happened, ...]
    mails: tuple[Told, ...]
    suppressed: tuple[Told, ...]
    next: NextRung | None


async def explain(
    conn: AsyncConnection, task_id: UUID, reader: Reader, now: datetime
) -> Explanation:
    """Explain a task to somebody who may see it.

    Whoever was not told that it is overdue is told of no rung (language reference §8). Raises
    NotFound for everybody else: what a rater has to do is explained to that rater alone while the
    round is open.
    """
    facts = await task_facts(conn, task_id, now)
    if facts is None or not may_read_task(reader, facts.access):
        raise NotFound(f"There is no task {task_id}.")
    row = (await conn.execute(_TASK, {"id": task_id})).one()
    cycle = await load_cycle(conn, row.cycle_id)
    stage = cycle.stages[row.stage_id]
    events = (await conn.execute(_EVENTS, {"id": task_id})).all()
    told = await notifications_of_task(conn, task_id)
    ahead = await _foreseen(conn, cycle, row, now)
    wanted = {each.person_id for each in told} | {event.actor_id for event in events}
    names = await _names(conn, wanted | (_concerned(ahead) if ahead else set()))
    items = tuple(_told(each, names) for each in told)
    story = Explanation(
        task_id=task_id,
        state=row.state,
        due_on=row.due_on,
        due_at=row.due_at,
        due_revision=row.due_revision,
        closes_at=row.closes_at,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
        opening=_opening(cycle, stage, row),
        history=tuple(
            Happened(
                event.at,
                event.event,
                names.get(event.actor_id),
                event.detail,
                event.words if may_read_reason(reader, facts.access) else None,
            )
            for event in events
            if facts.access.role is not Role.RATER or event.event not in _OF_RATERS
        ),
        mails=tuple(item for item in items if item.state != "suppressed"),
        suppressed=tuple(item for item in items if item.state == "suppressed"),
        next=_next(ahead, names, _in_the_way(cycle, row, ahead.rung)) if ahead else None,
    )
    if may_know_lateness(reader, facts.access):
        return story
    return _without_lateness(story, now)


def _without_lateness(story: Explanation, now: datetime) -> Explanation:
    """What of the story says neither that the task is, or was, overdue, nor what comes of it."""
    past = story.due_at is not None and story.due_at < now
    return replace(
        story,
        due_on=None if past else story.due_on,
        due_at=None if past else story.due_at,
        closes_at=None if past else story.closes_at,
        # The dates in the details are due dates, perhaps past ones.
        history=tuple(
            replace(event, detail={}) for event in story.history if event.event not in _RUNGS
        ),
        mails=tuple(told for told in story.mails if not _of_the_ladder(told)),
        suppressed=tuple(told for told in story.suppressed if not _of_the_ladder(told)),
        next=None,
    )


_RUNGS = frozenset({"rung", "rung_skipped"})
_OF_RATERS = frozenset({"submitted", "withdrawn"})
"""What a rater did with their answer: of it the task says that it is done, and nothing more."""

_LADDER = frozenset(
    {Event.REMINDER, Event.ESCALATION, Event.ESCALATED_NOTICE, Event.EXTENDED_NOTICE}
    | {Event.DONE_NOTICE}
)


def _of_the_ladder(told: Told) -> bool:
    return told.rung is not None or told.event in _LADDER


def _opening(cycle: CycleFacts, stage: StageFacts, row: Any) -> Opening:
    before = (cycle.stages[stage_id] for stage_id in stage.predecessors)
    return Opening(
        cause=row.cause,
        after=tuple(ClosedStage(s.key, s.spec.title, s.closed_at) for s in before),
        begun_at=row.begun_at,
        opens_at=row.opens_at,
        announce_at=row.announce_at,
        announced_on=row.announced_on,
    )


def _told(item: NotificationItem, names: dict[int, Named]) -> Told:
    return Told(
        event=item.event,
        rung=item.rung,
        person=names[item.person_id],
        desk=item.desk,
        cause=item.cause,
        at=item.at,
        send_at=item.send_at,
        state=item.state,
        why_not=item.reason,
        settled_at=item.settled_at,
        message_id=item.message_id,
        attempts=item.attempts,
        smtp_code=item.smtp_code,
        smtp_answer=item.smtp_answer,
    )


def _next(
    foreseen: Foreseen, names: dict[int, Named], stands_still: StandsStill | None
) -> NextRung:
    rung, told = foreseen.rung, foreseen.told
    fires = told.instead or rung
    return NextRung(
        key=fires.key,
        kind=fires.kind,
        on=rung.on,
        at=rung.at,
        mailed_on=foreseen.on,
        reaches=tuple(names[person] for person in told.people if person in names),
        desk=told.desk,
        passed_over=tuple(
            PassedOver(names.get(person) if person is not None else None, reason)
            for person, reason in map(_passed, told.skipped)
        ),
        took_place_of=rung.key if told.instead else None,
        stands_still=stands_still,
    )


def _concerned(foreseen: Foreseen) -> set[int]:
    passed = (_passed(skip)[0] for skip in foreseen.told.skipped)
    return {*foreseen.told.people, *(person for person in passed if person is not None)}


async def _foreseen(
    conn: AsyncConnection, cycle: CycleFacts, row: Any, now: datetime
) -> Foreseen | None:
    live = row.state in (TaskState.OPEN, TaskState.PLANNED)
    if not live or cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        return None
    return (await next_rungs(conn, [row.id], now)).get(row.id)


def _in_the_way(cycle: CycleFacts, row: Any, rung: Rung) -> StandsStill | None:
    if row.held:
        return "held"
    if cycle.state is CycleState.PAUSED:
        return "paused"
    if rung.kind == "escalate" and row.announced_on is None:
        return "not_announced"
    if rung.kind == "escalate" and not row.rung_out:
        return "last_mail_not_out"
    return None


def _passed(skip: str) -> tuple[int | None, str]:
    """`12:absent` says that person 12 was passed over because of absence."""
    head, _, reason = skip.partition(":")
    return (int(head), reason) if head.isdigit() and reason else (None, skip)


async def _names(conn: AsyncConnection, people: set[int | None]) -> dict[int, Named]:
    rows = await conn.execute(
        text(
            "SELECT id, first_name || ' ' || last_name FROM people"
            " WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": [person for person in people if person is not None]},
    )
    return {person: Named(person, name) for person, name in rows}


_TASK = text(
    """
    SELECT t.*, EXISTS (SELECT FROM held_rows h WHERE h.task_id = t.id AND h.cleared_at IS NULL)
      AS held
    FROM tasks t WHERE t.id = :id
    """
)

_EVENTS = text(
    "SELECT at, event, actor_id, detail, words FROM task_events WHERE task_id = :id "
    "ORDER BY id LIMIT 500"
)
