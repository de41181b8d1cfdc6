"""What a notification says, looked up: its task, its cycle, the people whom it names. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.notifications import mail_items as m
from activities.notifications.facts import Facts, result_path
from activities.notifications.raters import relationship_of
from definitions.effort import minutes_of
from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.models import Definition, Stage
from domain.access import Move
from domain.kinds.registry import TRAITS
from domain.notifications import Event
from domain.states import Role
from store.mail.details import CycleDetail, Detail, PersonDetail, TaskDetail


class CannotComposeError(Exception):
    """An item lacks what its mail must say. `code` says what; never whose."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Site:
    """Where links lead, who answers questions, and what people outside call the company."""

    public_url: str
    ask: m.Mailbox
    server: str = ""
    company: str = ""
    replies: bool = True
    """Does an answer to a mail reach somebody?"""

    def page(self, path: str) -> str:
        """The address of a page."""
        return f"{self.public_url}{path}"

    def link(self, token: str) -> str:
        """The address that a mailed token stands in."""
        return f"{self.public_url}/l/{token}"

    def is_link(self, url: str) -> bool:
        """Does an address open by itself, with its token? Pages ask to sign in first."""
        return url.startswith(self.link(""))


class Saying:
    """One notification, with everything that its mail may say about it to whoever gets it."""

    def __init__(self, detail: Detail, facts: Facts, site: Site, receiver_id: int) -> None:
        self.detail = detail
        self.receiver_id = receiver_id
        self.data = detail.data
        self.facts = facts
        self.site = site

    # --- tasks ----------------------------------------------------------------------------------

    def task(self) -> m.Task:
        detail = self.detail.task
        if detail is None:
            raise CannotComposeError("no_task")
        cycle = self.facts.cycles[detail.cycle_id]
        stage = _stage(cycle.definition, detail.stage_key)
        kind = _kind(detail.stage_key, stage)
        role = Role(detail.role)
        asker = self.name("asked_by") if role is Role.RATER else None
        about = self._about(detail)
        zone = self._zone(detail)
        token = self.facts.tokens.get(self.detail.id)
        return m.Task(
            id=detail.id,
            cycle=cycle_of(cycle),
            stage=detail.stage_key,
            title=detail.stage_title,
            kind=kind,
            role=role,
            due_on=detail.due_on,
            zone=zone,
            url=self.site.link(token) if token else self.site.page(f"/tasks/{detail.id}"),
            due_revision=detail.due_revision,
            about=about,
            minutes=minutes_of(cycle.definition, stage, kind),
            begun=detail.begun and role is not Role.RATER,
            closes_on=detail.closes_at.astimezone(ZoneInfo(zone)).date()
            if detail.closes_at
            else None,
            next_told=None
            if TRAITS[kind].step  # reminded of, never brought up
            else self._next_told(detail),
            hr_reads=cycle.definition.policies.hr_reads == "all",
            shown=_shown(cycle.definition),
            compared=any(each.traits.compares for each in cycle.definition.stages),
            in_line=self._in_line(detail),
            asked_by=asker if about is None or asker != about.name else None,
            relationship=self._relationship(detail) if role is Role.RATER else None,
            protection=_protection(cycle.definition, stage),
            empty_list=TRAITS[kind].holder_may_be_missing and self.data.get("empty") is True,
            holder=self.stands_in_for(),
        )

    def _relationship(self, task: TaskDetail) -> m.Relationship | None:
        return relationship_of(
            task,
            self.data.get("relationship") or self.facts.relationships.get(task.id),
            self.facts.managers.get(task.subject_id or 0),
            external=task.assignee_id in self.facts.outsiders,
        )

    def _in_line(self, task: TaskDetail) -> bool:
        """Does the subject report to the reader? A task may have gone to somebody else."""
        manager = self.facts.managers.get(task.subject_id or 0)
        if Role(task.role) is Role.MANAGER_2:
            manager = self.facts.managers.get(manager or 0)
        return manager is not None and manager == self.receiver_id

    def _zone(self, task: TaskDetail) -> str:
        holder = task.assignee_id or self.detail.person_id
        return self.facts.people[holder].zone

    def _about(self, task: TaskDetail) -> m.Person | None:
        if task.subject_id is None:
            return None
        return person_of(self.facts.people[task.subject_id])

    def _next_told(self, task: TaskDetail) -> m.NextTold | None:
        """Who hears of it next, and when: as the ladder will do it (`store.tasks.foresight`)."""
        foreseen = self.facts.ahead.get(task.id)
        if foreseen is None or self.receiver_id in foreseen.told.people:
            return None
        told = foreseen.told
        if told.desk is not None:
            return m.NextTold(on=foreseen.on, who="hr")
        own = self.receiver_id == task.assignee_id and not told.skipped
        names = tuple(self.facts.people[person].name for person in told.people)
        return m.NextTold(on=foreseen.on, who="manager" if own else "named", names=names)

    def stands_in_for(self) -> str | None:
        """The full name of the person for whom the receiver is told this."""
        if self.receiver_id == self.detail.person_id:
            return None
        return self.facts.people[self.detail.person_id].name

    def name(self, *keys: str) -> str | None:
        """The full name of the person whose id is in the data under one of these names."""
        for key in keys:
            person = self.facts.people.get(self.data.get(key) or 0)
            if person is not None:
                return person.name
        return None

    def day(self, key: str, otherwise: date) -> date:
        value = self.data.get(key)
        return date.fromisoformat(value) if isinstance(value, str) else otherwise

    def local(self, instant: datetime | None) -> date:
        zone = self.facts.people[self.detail.person_id].zone
        return (instant or self.facts.as_of).astimezone(ZoneInfo(zone)).date()

    def assignee(self) -> m.Person:
        """Whoever holds the task, or the desk that does."""
        task = self.detail.task
        if task is not None and task.assignee_id is not None:
            return person_of(self.facts.people[task.assignee_id])
        return m.Person(first_name="HR", name="the HR desk")

    def history(self) -> tuple[m.Told, ...]:
        task = self.detail.task
        if task is None:
            return ()
        zone = ZoneInfo(self._zone(task))
        told = []
        for one in self.facts.tried.get(task.id, ()):
            name = None
            if one.event is Event.ESCALATION:
                name = self.facts.people[one.person_id].name
            told.append(
                m.Told(on=one.at.astimezone(zone).date(), event=_tried(one.event), name=name)
            )
        return tuple(told)

    def moves(self) -> tuple[Move, ...]:
        """What the receiver can do about the task, in the order in which it is offered."""
        task = self.detail.task
        allowed = self.facts.moves.get((self.receiver_id, task.id), ()) if task else ()
        return tuple(move for move in Move if move in allowed)

    def told(self) -> dict[str, date]:
        """Who is told by this rung that it is overdue, and on which day of the assignee's."""
        task = self.detail.task
        if task is None:
            return {}
        zone = ZoneInfo(self._zone(task))
        mails = self.facts.told.get((task.id, self.detail.rung or ""), {})
        return {
            self.facts.people[person].name: at.astimezone(zone).date()
            for person, at in mails.items()
            if person in self.facts.people
        }

    # --- cycles ---------------------------------------------------------------------------------

    def cycle(self) -> CycleDetail:
        found = self.facts.cycles.get(self.detail.cycle_id or UUID(int=0))
        if found is None:
            raise CannotComposeError("no_cycle")
        return found

    def cycle_url(self) -> str:
        if self.detail.desk is None:
            return self.site.page("/")
        return self.site.page(f"/cycles/{self.cycle().id}")

    def way_url(self) -> str:
        """Where the receiver's own link leads; without one, the page that everybody has."""
        token = self.facts.tokens.get(self.detail.id)
        return self.site.link(token) if token else self.site.page("/")

    def result_url(self) -> str:
        """Where what was opened or released is read, after signing in."""
        path = result_path(self.receiver_id, self.detail)
        return self.site.page(path) if path else self.cycle_url()

    def about(self) -> m.Person:
        task = self.detail.task
        subject = self.detail.subject_id or (task.subject_id if task else None)
        if subject is None:
            raise CannotComposeError("nobody_concerned")
        return person_of(self.facts.people[subject])


# --- Small parts --------------------------------------------------------------------------------


def person_of(person: PersonDetail) -> m.Person:
    return m.Person(first_name=person.first_name, name=person.name, department=person.department)


def cycle_of(cycle: CycleDetail) -> m.Cycle:
    return m.Cycle(
        id=cycle.id,
        definition=cycle.definition.definition,
        title=cycle.title,
        period=cycle.period,
        purpose=cycle.definition.purpose.replace("{period}", cycle.period),
        talks=any(stage.traits.held for stage in cycle.definition.stages),
    )


def _stage(definition: Definition, key: str) -> Stage:
    """The stage that a task belongs to: `feedback.collect` is written as `feedback`."""
    try:
        return definition.stage(key)
    except LookupError:
        return definition.stage(key.partition(".")[0])


def _kind(key: str, stage: Stage) -> m.TaskKind:
    """Of a step of something that was written: the step's own kind."""
    step = key.partition(".")[2]
    return step if step in TRAITS else stage.kind


def _protection(definition: Definition, stage: Stage) -> m.Protection:
    asked = stage if isinstance(stage, FeedbackRound) else None
    return m.Protection(
        threshold=definition.anonymity.threshold,
        pairs=asked is not None and asked.too_few == "lower_with_consent",
        reviewed=asked is not None and bool(asked.hold_comments),
    )


def _shown(definition: Definition) -> Literal["release", "meeting", "submission"]:
    if any(stage.traits.opens_results for stage in definition.stages):
        return "release"
    talks = any(stage.traits.held for stage in definition.stages)
    return "meeting" if talks else "submission"


def _tried(
    event: Event,
) -> Literal[Event.TASK_OPENED, Event.REMINDER, Event.ESCALATION]:
    match event:
        case Event.REMINDER | Event.ESCALATION:
            return event
        case _:
            return Event.TASK_OPENED
