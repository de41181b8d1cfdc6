"""Everything that the mails of a claim say, gathered in a handful of queries for all of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notifications.raters import outsiders, relationships
from domain.access import Move
from domain.notifications import Event, Section, section_of
from domain.states import Desk, Role
from store.access.links import LinkPurpose, NewLink, create_links
from store.base.audit import last_seal
from store.launch.check import LaunchCheck, report
from store.mail.counts import (
    Conversation,
    HeldDetail,
    conversations,
    held_rows,
    open_tasks,
)
from store.mail.details import (
    CycleDetail,
    Detail,
    PersonDetail,
    TaskDetail,
    Tried,
    cycles,
    details,
    people,
    threads,
    told_by_rungs,
    tried,
)
from store.mail.writing import ClaimedMail
from store.outbox.choice import TO_THE_HOLDER
from store.people.times import desk_members, managers_of
from store.steering.moves import Asked, moves_of
from store.tasks.foresight import Foreseen, escalations_ahead
from store.views.cycle_counts import CycleCounts, counts_for


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long mailed links hold."""

    sign_in: timedelta = timedelta(minutes=30)
    task: timedelta = timedelta(days=60)
    address: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Facts:
    """What mails are composed from. `tokens` by notification; `as_of` is the sender's instant.

    `audit_seal` is the newest seal of the audit log, which `administrators` are mailed.
    `counts` are by cycle and receiver. `outsiders` are the people outside the company, `managers`
    those of subjects, and theirs; `relationships` by a rater's task. `ahead`: who is told next that
    a task is overdue, where a mail says so; `told`: by task and rung, who is told by it and when
    that mail leaves.
    """

    as_of: datetime
    details: Mapping[int, Detail]
    people: Mapping[int, PersonDetail]
    cycles: Mapping[UUID, CycleDetail]
    threads: Mapping[UUID, str]
    tried: Mapping[UUID, Sequence[Tried]]
    tokens: Mapping[int, str]
    lifetimes: Lifetimes
    conversations: Mapping[tuple[UUID, int], Conversation]
    open_tasks: Mapping[int, int]
    counts: Mapping[tuple[UUID, int], CycleCounts]
    checks: Mapping[UUID, LaunchCheck]
    held: Sequence[HeldDetail]
    outsiders: frozenset[int] = frozenset()
    managers: Mapping[int, int] = field(default_factory=dict)
    ahead: Mapping[UUID, Foreseen] = field(default_factory=dict)
    told: Mapping[tuple[UUID, str], Mapping[int, datetime]] = field(default_factory=dict)
    relationships: Mapping[UUID, str] = field(default_factory=dict)
    administrators: frozenset[int] = frozenset()
    audit_seal: str = ""
    moves: Mapping[Asked, Collection[Move]] = field(default_factory=dict)
    """What receivers of escalations can do about the task, by the rule of its page."""
    lists: Mapping[UUID, str] = field(default_factory=dict)
    """By mail: the token that opens the own list, and from there all that the mail announces."""


async def gather(
    conn: AsyncConnection, mails: Sequence[ClaimedMail], lifetimes: Lifetimes, as_of: datetime
) -> Facts:
    """Read what these mails say, and make the links that their buttons lead to."""
    told = await details(conn, [item for mail in mails for item in mail.items])
    concerned = _concerned(mails, told.values())
    escalated = [d.task.id for d in told.values() if d.task and d.event is Event.ESCALATION]
    before = await tried(conn, escalated)
    concerned |= {one.person_id for some in before.values() for one in some}
    informed = await told_by_rungs(conn, _noticed(told.values()))
    concerned |= {person for some in informed.values() for person in some}
    ahead = await escalations_ahead(conn, _promised(mails, told), as_of)
    concerned |= {person for one in ahead.values() for person in one.told.people}
    cycle_ids = {d.cycle_id for d in told.values() if d.cycle_id}
    cycle_ids |= {d.task.cycle_id for d in told.values() if d.task}
    by_event = _by_event(told.values())
    held = by_event.get(Event.NOT_HELD, []) + by_event.get(Event.RESULT_OPENED, [])
    rating = [d.task for d in told.values() if d.task and d.task.role == Role.RATER]
    refused = [d.subject_id for d in by_event.get(Event.ADDRESS_REFUSED, []) if d.subject_id]
    talks = (
        await conversations(conn, _cycles_of(held), [d.subject_id for d in held if d.subject_id])
        if held
        else {}
    )
    concerned |= {talk.manager_id for talk in talks.values() if talk.manager_id}
    lines = await _lines(conn, told.values(), as_of)
    return Facts(
        as_of=as_of,
        details=told,
        people=await people(conn, concerned),
        cycles=await cycles(conn, cycle_ids),
        threads=await threads(conn, [mail.id for mail in mails]),
        tried=before,
        tokens=await _links(conn, mails, told, lifetimes, as_of),
        lifetimes=lifetimes,
        conversations=talks,
        open_tasks=await open_tasks(conn, refused) if refused else {},
        counts=await counts_for(conn, _reported(mails, told), as_of),
        checks={
            i: await report(conn, i, as_of)
            for i in _cycles_of(by_event.get(Event.LAUNCH_CHECK, []))
        },
        held=await held_rows(conn) if Event.HELD_ROW in by_event else (),
        administrators=frozenset(await desk_members(conn, Desk.ADMINISTRATORS, as_of.date())),
        audit_seal=await last_seal(conn) or "",
        outsiders=await outsiders(conn, [mail.receiver_id for mail in mails]),
        ahead=ahead,
        told=informed,
        managers=lines,
        relationships=await relationships(conn, [task.id for task in rating]) if rating else {},
        moves=await moves_of(conn, _brought_up(mails, told), as_of),
        lists=await _lists(conn, mails, told, lifetimes, as_of),
    )


def _reported(mails: Sequence[ClaimedMail], told: Mapping[int, Detail]) -> set[tuple[UUID, int]]:
    """Which cycles are told in numbers to whom: each reads those that they may see."""
    return {
        (detail.cycle_id, mail.receiver_id)
        for mail in mails
        for item in mail.items
        if (detail := told.get(item))
        and detail.event in (Event.LAUNCHED_REPORT, Event.CYCLE_ENDED)
        and detail.cycle_id is not None
    }


def _brought_up(mails: Sequence[ClaimedMail], told: Mapping[int, Detail]) -> set[Asked]:
    """Who is told of which overdue task."""
    return {
        (mail.receiver_id, task.id)
        for mail in mails
        for item in mail.items
        if (detail := told.get(item)) and detail.event is Event.ESCALATION and (task := detail.task)
    }


def _promised(mails: Sequence[ClaimedMail], told: Mapping[int, Detail]) -> list[UUID]:
    """The tasks of which a mail says who will be told next: in a letter, or overdue in a list."""
    said = [(told[item], len(mail.items) == 1) for mail in mails for item in mail.items]
    return [
        detail.task.id
        for detail, alone in said
        if detail.task is not None
        and detail.event in TO_THE_HOLDER
        and (alone or section_of(detail.event, detail.rung) is Section.OVERDUE)
    ]


def _noticed(told: Iterable[Detail]) -> list[UUID]:
    """The tasks whose holders are told by whom else it is known that they are overdue."""
    return [d.task.id for d in told if d.task and d.event is Event.ESCALATED_NOTICE]


async def _lines(conn: AsyncConnection, told: Iterable[Detail], as_of: datetime) -> dict[int, int]:
    """The managers of today of everybody whom a task is about, and these managers' own."""
    about = {d.task.subject_id for d in told if d.task and d.task.subject_id}
    if not about:
        return {}
    first = await managers_of(conn, sorted(about), as_of.date())
    return await managers_of(conn, sorted(set(first.values())), as_of.date()) | first


def _by_event(told: Iterable[Detail]) -> dict[Event, list[Detail]]:
    found: dict[Event, list[Detail]] = {}
    for detail in told:
        found.setdefault(detail.event, []).append(detail)
    return found


def _cycles_of(told: Iterable[Detail]) -> set[UUID]:
    return {d.cycle_id for d in told if d.cycle_id is not None}


def _concerned(mails: Sequence[ClaimedMail], told: Iterable[Detail]) -> set[int]:
    ids = {mail.receiver_id for mail in mails}
    ids |= {mail.instead_of_id for mail in mails if mail.instead_of_id}
    for detail in told:
        ids.add(detail.person_id)
        if detail.subject_id:
            ids.add(detail.subject_id)
        if detail.task:
            ids |= {i for i in (detail.task.assignee_id, detail.task.subject_id) if i}
        for name in ("to", "from", "asked_by", "opened_by", "by"):
            if isinstance(detail.data.get(name), int):
                ids.add(detail.data[name])
        for name in ("joining", "leaving"):
            ids |= set(detail.data.get(name) or ())
        ids |= {one for pair in detail.data.get("lines") or () for one in pair if one}
    return ids


async def _links(
    conn: AsyncConnection,
    mails: Sequence[ClaimedMail],
    told: Mapping[int, Detail],
    lifetimes: Lifetimes,
    as_of: datetime,
) -> dict[int, str]:
    """One link for each task to be opened, bound to the receiver."""
    wanted: dict[LinkPurpose, list[tuple[int, NewLink]]] = {
        LinkPurpose.TASK: [],
        LinkPurpose.SIGN_IN: [],
        LinkPurpose.ADDRESS: [],
    }
    for mail in mails:
        for item in mail.items:
            detail = told.get(item)
            if detail is None:
                continue
            link = _link(mail.receiver_id, detail)
            if link is not None:
                wanted[LinkPurpose(link.purpose)].append((item, link))
    tokens: dict[int, str] = {}
    for purpose, lifetime in (
        (LinkPurpose.TASK, lifetimes.task),
        (LinkPurpose.SIGN_IN, lifetimes.sign_in),
        (LinkPurpose.ADDRESS, lifetimes.address),
    ):
        some = wanted[purpose]
        if some:
            made = await create_links(
                conn, [link for _, link in some], now=as_of, lifetime=lifetime
            )
            tokens |= dict(zip((item for item, _ in some), made, strict=True))
    return tokens


async def _lists(
    conn: AsyncConnection,
    mails: Sequence[ClaimedMail],
    told: Mapping[int, Detail],
    lifetimes: Lifetimes,
    as_of: datetime,
) -> dict[UUID, str]:
    """One link for each mail that announces several tasks of one stage: to these on the own list.

    Its session reaches what the same person has to do in that stage (decision 0042).
    """
    wanted = {
        mail.id: NewLink(mail.receiver_id, LinkPurpose.TASK, _list_of(tasks[0]), tasks[0].id)
        for mail in mails
        if (tasks := _announced(mail, told))
    }
    if not wanted:
        return {}
    made = await create_links(conn, list(wanted.values()), now=as_of, lifetime=lifetimes.task)
    return dict(zip(wanted, made, strict=True))


def _list_of(task: TaskDetail) -> str:
    """Where all that a person has to do in the stage of a task is listed, and nothing else."""
    if task.role == Role.RATER:
        return "/feedback"
    narrowed = urlencode({"cycle": str(task.cycle_id), "stage": task.stage_key})
    return f"/tasks?{narrowed}"


def _announced(mail: ClaimedMail, told: Mapping[int, Detail]) -> list[TaskDetail]:
    """The receiver's own tasks that a mail announces, if they are several and of one stage."""
    tasks = [
        detail.task
        for item in mail.items
        if (detail := told.get(item))
        and detail.event is Event.TASK_OPENED
        and detail.task
        and detail.task.assignee_id == mail.receiver_id
    ]
    one = len({(task.cycle_id, task.stage_key, task.role) for task in tasks}) == 1
    return tasks if one and len(tasks) > 1 else []


def _link(receiver: int, detail: Detail) -> NewLink | None:
    """The link of an item that signs in. Results, and what desks do, are opened by a fresh one."""
    if detail.event is Event.SIGN_IN:
        return NewLink(receiver, LinkPurpose.SIGN_IN, str(detail.data.get("target") or "/"))
    if detail.event is Event.ADDRESS_CHANGED:
        return NewLink(receiver, LinkPurpose.ADDRESS, f"/address/{detail.data['change']}")
    if detail.task is not None and detail.task.assignee_id is not None:
        if detail.event is Event.NEEDS_ASSIGNEE:
            return None
        target = f"/tasks/{detail.task.id}"
        return NewLink(receiver, LinkPurpose.TASK, target, detail.task.id)
    if detail.event is Event.REPLACEMENT_WANTED and receiver == detail.person_id:
        return NewLink(receiver, LinkPurpose.TASK, str(detail.data.get("target") or "/"))
    return None


def result_path(receiver: int, detail: Detail) -> str | None:
    """The page of a result or a report that an item tells of; none if there is nothing to read.

    A mailed link would open it for weeks to whoever holds the mail: here one signs in first.
    """
    if receiver != detail.person_id:
        return None  # a result is not the delegate's to read
    match detail.event:
        case Event.RESULT_OPENED if detail.cycle_id is not None:
            return f"/reviews/{detail.cycle_id}/{detail.person_id}"
        case Event.RESULTS_RELEASED:
            return "/reviews"
        case Event.REPORT_READY | Event.REPORT_OPENED if detail.cycle_id is not None:
            return f"/reviews/{detail.cycle_id}/{detail.subject_id}/feedback"
    return None
