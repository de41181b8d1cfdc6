"""From facts to a mail that can be worded: the items of one person, typed by event. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.notifications import mail_items as m
from activities.notifications.facts import Facts
from activities.notifications.rendering import Wording, Wordings
from definitions.ladders import next_rung
from definitions.models import Definition, Stage
from domain.notifications import Event, rung_offset
from domain.states import Role
from store.mail_details import CycleDetail, Detail, PersonDetail, TaskDetail
from store.mail_writing import ClaimedMail


class CannotComposeError(Exception):
    """An item lacks what its mail must say. `code` says what; never whose."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Site:
    """Where links lead, and who answers questions."""

    public_url: str
    ask: m.Mailbox
    server: str = ""

    def page(self, path: str) -> str:
        """The address of a page."""
        return f"{self.public_url}{path}"

    def link(self, token: str) -> str:
        """The address that a mailed token stands in."""
        return f"{self.public_url}/l/{token}"


def compose(mail: ClaimedMail, facts: Facts, site: Site) -> m.DailyMail:
    """Put a mail together. Raises CannotComposeError, or LookupError for rows that are gone."""
    receiver = facts.people[mail.receiver_id]
    principal = facts.people[mail.instead_of_id] if mail.instead_of_id else None
    return m.DailyMail(
        recipient=m.Recipient(
            name=receiver.name,
            address=mail.address,
            language=receiver.language,
            zone=receiver.zone,
            stands_in_for=principal.name if principal else None,
        ),
        items=tuple(_Item(facts.details[item], facts, site).made() for item in mail.items),
        home_url=site.page("/"),
        ask=site.ask,
    )


def wording_of(facts: Facts) -> Wordings:
    """HR's own words for mails, of the cycles concerned."""
    return {
        cycle.id: _words(cycle.definition) for cycle in facts.cycles.values() if _has_words(cycle)
    }


def _has_words(cycle: CycleDetail) -> bool:
    return bool(cycle.definition.wording)


def _words(definition: Definition) -> Mapping[Event, Mapping[str, Wording]]:
    return {
        event: {
            language: Wording(subject=words.subject, body=words.body)
            for language, words in by_language.items()
        }
        for event, by_language in definition.wording.items()
    }


class _Item:
    """One notification on its way to become an item."""

    def __init__(self, detail: Detail, facts: Facts, site: Site) -> None:
        self.detail = detail
        self.data = detail.data
        self.facts = facts
        self.site = site

    def made(self) -> m.MailItem:
        return _MAKERS[self.detail.event](self)

    # --- tasks ----------------------------------------------------------------------------------

    def task(self) -> m.Task:
        detail = self.detail.task
        if detail is None:
            raise CannotComposeError("no_task")
        cycle = self.facts.cycles[detail.cycle_id]
        stage = cycle.definition.stage(detail.stage_key)
        role = Role(detail.role)
        zone = self._zone(detail)
        token = self.facts.tokens.get(self.detail.id)
        return m.Task(
            id=detail.id,
            cycle=_cycle(cycle),
            stage=detail.stage_key,
            title=detail.stage_title,
            kind=_kind(stage),
            role=role,
            due_on=detail.due_on,
            zone=zone,
            url=self.site.link(token) if token else self.site.page(f"/tasks/{detail.id}"),
            due_revision=detail.due_revision,
            about=self._about(detail),
            minutes=minutes_for(cycle.definition, stage),
            begun=detail.begun,
            closes_on=detail.closes_at.astimezone(ZoneInfo(zone)).date()
            if detail.closes_at
            else None,
            next_told=None if role is Role.RATER else self._next_told(detail, stage, cycle),
            hr_reads=cycle.definition.policies.hr_reads == "all",
            shown=_shown(cycle.definition),
        )

    def _zone(self, task: TaskDetail) -> str:
        holder = task.assignee_id or self.detail.person_id
        return self.facts.people[holder].zone

    def _about(self, task: TaskDetail) -> m.Person | None:
        if task.subject_id is None:
            return None
        return _person(self.facts.people[task.subject_id])

    def _next_told(self, task: TaskDetail, stage: Stage, cycle: CycleDetail) -> m.NextTold | None:
        """Who hears of it next, and when; known only where somebody holds the task."""
        told_on = self.data.get("told_on")
        if isinstance(told_on, str):
            told_hr = self.data.get("told_role") == "hr"
            return m.NextTold(on=date.fromisoformat(told_on), who="hr" if told_hr else "manager")
        time = self.facts.times.get(task.assignee_id or 0)
        key = task.next_rung
        if time is None or key is None or task.next_rung_at is None:
            return None
        ladder = cycle.definition.ladder_of(stage)
        if key.startswith("escalate:"):
            level = rung_offset(key)
            to = next((step.to for step in ladder.escalate if step.on == level), "manager")
            return m.NextTold(
                on=time.local_date(task.next_rung_at), who="hr" if to == "hr" else "manager"
            )
        while key is not None:
            rung = next_rung(
                ladder,
                key,
                due_on=task.due_on,
                assignee=time,
                announced_on=None,
                closes_at=task.closes_at,
            )
            if rung is not None and rung.kind == "escalate":
                return m.NextTold(on=rung.on, who="hr" if rung.to == "hr" else "manager")
            key = rung.key if rung else None
        return None

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
            return _person(self.facts.people[task.assignee_id])
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

    def told_names(self) -> tuple[str, ...]:
        ids = self.data.get("told") or ()
        return tuple(self.facts.people[i].name for i in ids if i in self.facts.people)

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

    def about(self) -> m.Person:
        task = self.detail.task
        subject = self.detail.subject_id or (task.subject_id if task else None)
        if subject is None:
            raise CannotComposeError("nobody_concerned")
        return _person(self.facts.people[subject])


# --- Makers, one per event ----------------------------------------------------------------------


def _reassigned_to(item: _Item) -> m.MailItem:
    cause = str(item.data.get("cause") or item.detail.cause)
    if cause in ("manager_change", "manager_changed"):
        return m.ReassignedTo(
            task=item.task(), previous=item.name("from"), because="manager_change"
        )
    gone = "left" in cause or "leaver" in cause
    return m.ReassignedTo(
        task=item.task(), previous=item.name("from"), because="left" if gone else "hr"
    )


def _reassigned_away(item: _Item) -> m.MailItem:
    until = item.data.get("draft_until")
    return m.ReassignedAway(
        task=item.task(),
        now_with=item.name("to"),
        draft_until=date.fromisoformat(until) if isinstance(until, str) else None,
    )


def _due_changed(item: _Item) -> m.MailItem:
    task = item.task()
    return m.DueChanged(task=task, was_due_on=item.day("was_due_on", task.due_on))


def _cancelled(item: _Item) -> m.MailItem:
    return m.Cancelled(
        task=item.task(),
        whole_cycle=item.detail.cause == "cycle_cancelled",
        reason=item.data.get("reason"),
    )


def _input_changed(item: _Item) -> m.MailItem:
    task = item.task()
    key = item.data.get("stage")
    stages = item.facts.cycles[task.cycle.id].definition.stages
    title = next((stage.title for stage in stages if stage.id == key), task.title)
    return m.InputChanged(task=task, input_title=title, changed_on=item.local(item.detail.at))


def _done_notice(item: _Item) -> m.MailItem:
    ended = item.detail.task.ended_at if item.detail.task else None
    return m.DoneNotice(task=item.task(), assignee=item.assignee(), done_on=item.local(ended))


def _needs_assignee(item: _Item) -> m.MailItem:
    cause = item.detail.cause
    because: Literal["left", "on_leave", "no_manager"] = "no_manager"
    if "leave" in cause or "absent" in cause:
        because = "on_leave"
    elif "left" in cause or "leaver" in cause:
        because = "left"
    return m.NeedsAssignee(task=item.task(), because=because, previous=item.name("from"))


def _result_opened(item: _Item) -> m.MailItem:
    talk = item.facts.conversations.get((item.cycle().id, item.detail.person_id))
    return m.ResultOpened(
        cycle=_cycle(item.cycle()),
        url=item.cycle_url(),
        held=talk is None or talk.state != "expired",
        respond_by=talk.respond_by if talk else None,
    )


def _not_held(item: _Item) -> m.MailItem:
    talk = item.facts.conversations.get((item.cycle().id, item.detail.subject_id or 0))
    manager = item.facts.people.get((talk and talk.manager_id) or 0)
    return m.NotHeld(
        cycle=_cycle(item.cycle()),
        url=item.cycle_url(),
        about=item.about(),
        manager=manager.name if manager else "",
        closed_on=item.local((talk and talk.ended_at) or item.detail.at),
    )


def _launch_check(item: _Item) -> m.MailItem:
    check = item.facts.checks[item.cycle().id]
    heaviest = max(check.loads, key=lambda load: load.tasks, default=None)
    return m.LaunchCheck(
        cycle=_cycle(item.cycle()),
        url=item.cycle_url(),
        launch_on=check.launch_on,
        people_in=check.people_in,
        people_out=check.people_out,
        tasks=check.tasks,
        findings=tuple(finding.text for finding in check.findings),
        heaviest=heaviest.name if heaviest else None,
        heaviest_tasks=heaviest.tasks if heaviest else 0,
        approve=check.approve == "hr",
    )


def _launch_waiting(item: _Item) -> m.MailItem:
    if item.detail.cycle_id is None:  # refused before there was a cycle
        name = str(item.data.get("definition") or "")
        cycle = m.Cycle(id=UUID(int=0), definition=name, title=name)
        on = item.local(item.detail.at)
        return m.LaunchWaiting(cycle=cycle, url=item.site.page("/cycles"), launch_on=on)
    on = item.day("launch_on", item.cycle().launch_on)
    return m.LaunchWaiting(cycle=_cycle(item.cycle()), url=item.cycle_url(), launch_on=on)


def _launched_report(item: _Item) -> m.MailItem:
    cycle = item.cycle()
    counts = item.facts.counts[cycle.id]
    return m.LaunchedReport(
        cycle=_cycle(cycle),
        url=item.cycle_url(),
        launched_at=cycle.opened_at or item.detail.at,
        as_of=item.facts.as_of,
        people=counts.people_in,
        tasks=counts.tasks,
        mails_sent=counts.mails_sent,
        mails_waiting=counts.mails_waiting,
        mails_refused=counts.mails_refused,
        held=counts.held,
    )


def _cycle_ended(item: _Item) -> m.MailItem:
    cycle = item.cycle()
    counts = item.facts.counts[cycle.id]
    return m.CycleEnded(
        cycle=_cycle(cycle),
        url=item.cycle_url(),
        ended_on=item.local(cycle.closed_at),
        done=counts.done,
        expired=counts.expired,
        expired_by_stage=counts.expired_by_stage,
    )


def _leave_return(item: _Item) -> m.MailItem:
    task = item.detail.task
    if task is None or task.assignee_id is None:
        raise CannotComposeError("nobody_concerned")
    return m.LeaveReturnQuestion(
        cycle=_cycle(item.cycle()),
        url=item.cycle_url(),
        about=_person(item.facts.people[task.assignee_id]),
        back_on=item.local(item.detail.at),
        stages=(task.stage_title,),
    )


def _address_refused(item: _Item) -> m.MailItem:
    subject = item.facts.people[item.detail.subject_id or 0]
    return m.AddressRefused(
        url=item.site.page(f"/people/{subject.id}"),
        about=_person(subject),
        address=subject.address,
        code=int(item.data.get("code") or 550),
        refused_on=item.local(item.detail.at),
        waiting=item.facts.open_tasks.get(subject.id, 0),
    )


def _held_row(item: _Item) -> m.MailItem:
    rows = tuple(
        m.Held(process=row.process_id, code=row.code, since=row.at) for row in item.facts.held
    )
    return m.HeldRow(url=item.site.page("/workflows"), rows=rows)


def _sign_in(item: _Item) -> m.MailItem:
    minutes = int(item.facts.lifetimes.sign_in.total_seconds() // 60)
    return m.SignIn(url=item.site.link(item.facts.tokens[item.detail.id]), minutes=minutes)


def _test_mail(item: _Item) -> m.MailItem:
    asked_by = item.name("asked_by") or item.facts.people[item.detail.person_id].name
    return m.TestMail(url=item.site.page("/"), server=item.site.server, asked_by=asked_by)


_MAKERS: Mapping[Event, Callable[[_Item], m.MailItem]] = {
    Event.TASK_OPENED: lambda item: m.TaskOpened(task=item.task()),
    Event.REMINDER: lambda item: m.Reminder(task=item.task(), rung=item.detail.rung),
    Event.ESCALATED_NOTICE: lambda item: m.EscalatedNotice(
        task=item.task(), rung=item.detail.rung, told=item.told_names()
    ),
    Event.REOPENED: lambda item: m.Reopened(task=item.task(), reason=item.data.get("reason")),
    Event.REASSIGNED_TO: _reassigned_to,
    Event.REASSIGNED_AWAY: _reassigned_away,
    Event.DUE_CHANGED: _due_changed,
    Event.PAUSED: lambda item: m.Paused(cycle=_cycle(item.cycle()), url=item.cycle_url()),
    Event.RESUMED: lambda item: m.Resumed(task=item.task()),
    Event.CANCELLED: _cancelled,
    Event.INPUT_CHANGED: _input_changed,
    Event.ESCALATION: lambda item: m.Escalation(
        task=item.task(),
        rung=item.detail.rung,
        assignee=item.assignee(),
        history=item.history(),
    ),
    Event.EXTENDED_NOTICE: lambda item: m.ExtendedNotice(
        task=item.task(), assignee=item.assignee()
    ),
    Event.DONE_NOTICE: _done_notice,
    Event.RESULT_OPENED: _result_opened,
    Event.RESULTS_RELEASED: lambda item: m.ResultsReleased(
        cycle=_cycle(item.cycle()), url=item.cycle_url(), people=int(item.data.get("people") or 1)
    ),
    Event.NOT_HELD: _not_held,
    Event.LAUNCH_CHECK: _launch_check,
    Event.LAUNCH_WAITING: _launch_waiting,
    Event.LAUNCHED_REPORT: _launched_report,
    Event.CYCLE_ENDED: _cycle_ended,
    Event.ADDRESS_REFUSED: _address_refused,
    Event.NEEDS_ASSIGNEE: _needs_assignee,
    Event.LEAVE_RETURN_QUESTION: _leave_return,
    Event.HELD_ROW: _held_row,
    Event.SIGN_IN: _sign_in,
    Event.TEST_MAIL: _test_mail,
}


# --- Small parts --------------------------------------------------------------------------------


def _person(person: PersonDetail) -> m.Person:
    return m.Person(first_name=person.first_name, name=person.name, department=person.department)


def _cycle(cycle: CycleDetail) -> m.Cycle:
    return m.Cycle(
        id=cycle.id,
        definition=cycle.definition.definition,
        title=cycle.title,
        period=cycle.period,
        purpose=cycle.definition.purpose.replace("{period}", cycle.period),
    )


def _kind(stage: Stage) -> m.TaskKind:
    return "collect" if stage.kind == "feedback_round" else stage.kind


def _shown(definition: Definition) -> Literal["release", "meeting", "submission"]:
    kinds = {stage.kind for stage in definition.stages}
    if "release" in kinds:
        return "release"
    return "meeting" if "meeting" in kinds else "submission"


def _tried(
    event: Event,
) -> Literal[Event.TASK_OPENED, Event.REMINDER, Event.ESCALATION]:
    match event:
        case Event.REMINDER | Event.ESCALATION:
            return event
        case _:
            return Event.TASK_OPENED


def minutes_for(definition: Definition, stage: Stage) -> int | None:
    """How long a task takes, roughly: four minutes a text, one for anything else, in fives."""
    questions = [q for section in definition.form_of(stage) for q in section.questions]
    if not questions:
        return None
    minutes = sum(4 if q.type == "text" or q.explain else 1 for q in questions)
    return max(5, 5 * round(minutes / 5))
