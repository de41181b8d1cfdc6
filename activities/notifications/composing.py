"""From facts to a mail that can be worded: the items of one person, typed by event. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.notifications import mail_items as m
from activities.notifications.facts import Facts
from activities.notifications.outside import seen_from_outside
from activities.notifications.rendering import Wording, Wordings
from activities.notifications.saying import (
    CannotComposeError,
    Saying,
    Site,
    cycle_of,
    person_of,
)
from definitions.models import Definition
from domain.notifications import Event
from domain.states import Role
from store.mail.details import CycleDetail
from store.mail.writing import ClaimedMail

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def compose(mail: ClaimedMail, facts: Facts, site: Site) -> m.DailyMail:
    """Put a mail together. Raises CannotComposeError, or LookupError for rows that are gone."""
    receiver = facts.people[mail.receiver_id]
    outside = mail.receiver_id in facts.outsiders
    said = [Saying(facts.details[item], facts, site, mail.receiver_id) for item in mail.items]
    items = {seen_from_outside(_made(one)) if outside else _made(one): one for one in said}
    stand_ins = {item: one.stands_in_for() for item, one in items.items()}
    names = set(stand_ins.values())
    home = next(iter(items)).url if outside else _home(mail, facts, site)
    shown = {home, *(item.url for item in items)}
    return m.DailyMail(
        replies=site.replies,
        recipient=m.Recipient(
            name=receiver.name,
            address=mail.address,
            language=receiver.language,
            zone=receiver.zone,
            stands_in_for=names.pop() if len(names) == 1 else None,
            external=outside,
        ),
        items=tuple(items),
        home_url=home,
        pages=frozenset(url for url in shown if url and not site.is_link(url)),
        ask=site.ask,
        company=site.company,
        stand_ins={item: name for item, name in stand_ins.items() if name is not None},
        audit_seal=facts.audit_seal if mail.receiver_id in facts.administrators else "",
    )


def _home(mail: ClaimedMail, facts: Facts, site: Site) -> str:
    """The receiver's own list; by a link that signs in where all that is announced is reached."""
    token = facts.lists.get(mail.id)
    return site.link(token) if token else site.page("/")


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


def _made(item: Saying) -> m.MailItem:
    return _MAKERS[item.detail.event](item)


# --- Makers, one per event ----------------------------------------------------------------------


def _reassigned_to(item: Saying) -> m.MailItem:
    cause = str(item.data.get("cause") or item.detail.cause)
    if _rates(item):
        return m.ReassignedTo(task=item.task(), because="hr")
    if cause in ("manager_change", "manager_changed"):
        return m.ReassignedTo(
            task=item.task(), previous=item.name("from"), because="manager_change"
        )
    gone = "left" in cause or "leaver" in cause
    return m.ReassignedTo(
        task=item.task(), previous=item.name("from"), because="left" if gone else "hr"
    )


def _reassigned_away(item: Saying) -> m.MailItem:
    until = item.data.get("draft_until")
    if _rates(item):
        return m.ReassignedAway(task=item.task())
    return m.ReassignedAway(
        task=item.task(),
        now_with=item.name("to"),
        draft_until=date.fromisoformat(until) if isinstance(until, str) else None,
    )


def _due_changed(item: Saying) -> m.MailItem:
    task = item.task()
    return m.DueChanged(task=task, was_due_on=item.day("was_due_on", task.due_on))


def _escalated_notice(item: Saying) -> m.MailItem:
    task = item.task()
    told = item.told()
    if not told:  # whoever was to be told cannot be reached: it is overdue, and that is all
        return m.Reminder(task=task, rung="remind:1")
    return m.EscalatedNotice(
        task=task, rung=item.detail.rung, told=tuple(told), told_on=max(told.values())
    )


def _resumed(item: Saying) -> m.MailItem:
    task = item.task()
    return m.Resumed(task=task, moved=item.day("was_due_on", date.min) < task.due_on)


def _cancelled(item: Saying) -> m.MailItem:
    whole = item.detail.cause == "cycle_cancelled"
    if _rates(item) and not whole:
        return m.RequestCancelled(task=item.task())
    return m.Cancelled(task=item.task(), whole_cycle=whole, reason=item.data.get("reason"))


def _input_changed(item: Saying) -> m.MailItem:
    task = item.task()
    key = item.data.get("stage")
    stages = item.facts.cycles[task.cycle.id].definition.stages
    title = next((stage.title for stage in stages if stage.id == key), task.title)
    return m.InputChanged(task=task, input_title=title, changed_on=item.local(item.detail.at))


def _done_notice(item: Saying) -> m.MailItem:
    ended = item.detail.task.ended_at if item.detail.task else None
    return m.DoneNotice(task=item.task(), assignee=item.assignee(), done_on=item.local(ended))


def _needs_assignee(item: Saying) -> m.MailItem:
    cause = item.detail.cause
    because: Literal["left", "on_leave", "no_manager"] = "no_manager"
    if "leave" in cause or "absent" in cause:
        because = "on_leave"
    elif "left" in cause or "leaver" in cause:
        because = "left"
    return m.NeedsAssignee(task=item.task(), because=because, previous=item.name("from"))


def _result_opened(item: Saying) -> m.MailItem:
    talk = item.facts.conversations.get((item.cycle().id, item.detail.person_id))
    return m.ResultOpened(
        cycle=cycle_of(item.cycle()),
        url=item.result_url(),
        held=talk is None or talk.state != "expired",
        respond_by=talk.respond_by if talk else None,
    )


def _rates(item: Saying) -> bool:
    """Is it a rater's task? Then nothing names others who are asked, or why it changed."""
    return item.detail.task is not None and item.detail.task.role == Role.RATER


def _feedback_extended(item: Saying) -> m.MailItem:
    task = item.task()
    until = item.day("until", task.closes_on or task.due_on)
    return m.FeedbackExtended(task=task, until=until, lost=item.data.get("lost") is True)


def _replacement_wanted(item: Saying) -> m.MailItem:
    if "until" not in item.data:
        raise CannotComposeError("no_day")
    cycle = cycle_of(item.cycle())
    until = item.day("until", date.max)
    return m.ReplacementWanted(cycle=cycle, url=item.way_url(), until=until)


def _report_ready(item: Saying) -> m.MailItem:
    on = item.data.get("subject_on")
    return m.ReportReady(
        cycle=cycle_of(item.cycle()),
        url=item.result_url(),
        about=item.about(),
        subject_on=date.fromisoformat(on) if isinstance(on, str) else None,
    )


def _report_opened(item: Saying) -> m.MailItem:
    return m.ReportOpened(cycle=cycle_of(item.cycle()), url=item.result_url())


def _no_raters(item: Saying) -> m.MailItem:
    return m.NoRaters(
        cycle=cycle_of(item.cycle()),
        url=item.cycle_url(),
        about=item.about(),
        because="too_few" if item.data.get("because") == "too_few" else "empty",
    )


def _seal_broken(item: Saying) -> m.MailItem:
    by = item.data.get("opened_by")
    reason = item.data.get("reason")
    code = isinstance(reason, str) and _CODE.fullmatch(reason)
    return m.SealBroken(
        cycle=cycle_of(item.cycle()),
        url=item.site.page("/audit"),
        opened_by=item.name("opened_by") or (by if isinstance(by, str) else ""),
        opened_at=item.detail.at,
        reason=reason if code else None,  # a sentence could hold names, or the answer
    )


def _seals_lost(item: Saying) -> m.MailItem:
    if item.detail.cycle_id is None:
        return m.SealsLost(url=item.site.page("/workflows"))
    people = int(item.data.get("people") or 0)
    return m.SealsLost(url=item.cycle_url(), cycle=cycle_of(item.cycle()), people=people)


def _comments_waiting(item: Saying) -> m.MailItem:
    return m.CommentsWaiting(cycle=cycle_of(item.cycle()), url=item.site.page("/comment-reviews"))


def _not_held(item: Saying) -> m.MailItem:
    talk = item.facts.conversations.get((item.cycle().id, item.detail.subject_id or 0))
    manager = item.facts.people.get((talk and talk.manager_id) or 0)
    # The day is that of whoever was to hold it: it closed at the end of their day.
    holder = manager or item.facts.people[item.detail.person_id]
    zone = ZoneInfo(holder.zone)
    return m.NotHeld(
        cycle=cycle_of(item.cycle()),
        url=item.cycle_url(),
        about=item.about(),
        manager=manager.name if manager else "",
        closed_on=((talk and talk.ended_at) or item.detail.at).astimezone(zone).date(),
        readable=item.data.get("readable") is not False,
    )


def _launch_check(item: Saying) -> m.MailItem:
    check = item.facts.checks[item.cycle().id]
    heaviest = max(check.loads, key=lambda load: load.tasks, default=None)
    return m.LaunchCheck(
        cycle=cycle_of(item.cycle()),
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


def _launch_waiting(item: Saying) -> m.MailItem:
    if item.detail.cycle_id is None:  # refused before there was a cycle
        name = str(item.data.get("definition") or "")
        cycle = m.Cycle(id=UUID(int=0), definition=name, title=name)
        on = item.local(item.detail.at)
        return m.LaunchWaiting(cycle=cycle, url=item.site.page("/cycles"), launch_on=on)
    on = item.day("launch_on", item.cycle().launch_on)
    return m.LaunchWaiting(cycle=cycle_of(item.cycle()), url=item.cycle_url(), launch_on=on)


def _launched_report(item: Saying) -> m.MailItem:
    cycle = item.cycle()
    counts = item.facts.counts[cycle.id, item.receiver_id]
    return m.LaunchedReport(
        cycle=cycle_of(cycle),
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


def _cycle_ended(item: Saying) -> m.MailItem:
    cycle = item.cycle()
    counts = item.facts.counts[cycle.id, item.receiver_id]
    return m.CycleEnded(
        cycle=cycle_of(cycle),
        url=item.cycle_url(),
        ended_on=item.local(cycle.closed_at),
        done=counts.done,
        expired=counts.expired,
        expired_by_stage=counts.expired_by_stage,
    )


def _leave_return(item: Saying) -> m.MailItem:
    task = item.detail.task
    if task is None or task.assignee_id is None:
        raise CannotComposeError("nobody_concerned")
    return m.LeaveReturnQuestion(
        cycle=cycle_of(item.cycle()),
        url=item.cycle_url(),
        about=person_of(item.facts.people[task.assignee_id]),
        back_on=item.local(item.detail.at),
        stages=(task.stage_title,),
    )


def _address_refused(item: Saying) -> m.MailItem:
    subject = item.facts.people[item.detail.subject_id or 0]
    return m.AddressRefused(
        url=item.site.page(f"/people/{subject.id}"),
        about=person_of(subject),
        address=subject.address,
        code=int(item.data.get("code") or 550),
        refused_on=item.local(item.detail.at),
        waiting=item.facts.open_tasks.get(subject.id, 0),
    )


def _held_row(item: Saying) -> m.MailItem:
    rows = tuple(
        m.Held(process=row.process_id, code=row.code, since=row.at) for row in item.facts.held
    )
    return m.HeldRow(url=item.site.page("/workflows"), rows=rows)


def _sign_in(item: Saying) -> m.MailItem:
    minutes = int(item.facts.lifetimes.sign_in.total_seconds() // 60)
    return m.SignIn(url=item.site.link(item.facts.tokens[item.detail.id]), minutes=minutes)


def _address_changed(item: Saying) -> m.MailItem:
    until = item.data.get("until")
    return m.AddressChanged(
        url=item.site.page(f"/address/{item.facts.tokens[item.detail.id]}"),
        changed_at=item.detail.at,
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
    )


def _desk_change(item: Saying) -> m.MailItem:
    def names(key: str) -> tuple[str, ...]:
        return tuple(item.facts.people[i].name for i in item.data.get(key) or ())

    return m.DeskChange(
        url=item.site.page("/company"),
        waits=item.data.get("waits") is True,
        by=item.name("by") or "",
        joining=names("joining"),
        leaving=names("leaving"),
    )


def _lines_changed(item: Saying) -> m.MailItem:
    people = item.facts.people
    pairs = item.data.get("lines") or ()
    return m.LinesChanged(
        url=item.site.page("/audit"),
        by=item.name("by") or "",
        lines=tuple((people[a].name, people[b].name if b else "") for a, b in pairs),
        more=int(item.data.get("more") or 0),
    )


def _test_mail(item: Saying) -> m.MailItem:
    asked_by = item.name("asked_by") or item.facts.people[item.detail.person_id].name
    return m.TestMail(url=item.site.page("/"), server=item.site.server, asked_by=asked_by)


_MAKERS: Mapping[Event, Callable[[Saying], m.MailItem]] = {
    Event.TASK_OPENED: lambda item: m.TaskOpened(task=item.task()),
    Event.REMINDER: lambda item: m.Reminder(task=item.task(), rung=item.detail.rung),
    Event.ESCALATED_NOTICE: _escalated_notice,
    Event.REOPENED: lambda item: m.Reopened(
        task=item.task(), reason=None if _rates(item) else item.data.get("reason")
    ),
    Event.REASSIGNED_TO: _reassigned_to,
    Event.REASSIGNED_AWAY: _reassigned_away,
    Event.DUE_CHANGED: _due_changed,
    Event.PAUSED: lambda item: m.Paused(cycle=cycle_of(item.cycle()), url=item.cycle_url()),
    Event.RESUMED: _resumed,
    Event.CANCELLED: _cancelled,
    Event.INPUT_CHANGED: _input_changed,
    Event.ESCALATION: lambda item: m.Escalation(
        task=item.task(),
        rung=item.detail.rung,
        assignee=item.assignee(),
        history=item.history(),
        moves=item.moves(),
    ),
    Event.EXTENDED_NOTICE: lambda item: m.ExtendedNotice(
        task=item.task(), assignee=item.assignee()
    ),
    Event.DONE_NOTICE: _done_notice,
    Event.REQUEST_CANCELLED: lambda item: m.RequestCancelled(task=item.task()),
    Event.FEEDBACK_EXTENDED: _feedback_extended,
    Event.REPLACEMENT_WANTED: _replacement_wanted,
    Event.REPORT_READY: _report_ready,
    Event.REPORT_OPENED: _report_opened,
    Event.RESULT_OPENED: _result_opened,
    Event.RESULTS_RELEASED: lambda item: m.ResultsReleased(
        cycle=cycle_of(item.cycle()),
        url=item.result_url(),
        people=int(item.data.get("people") or 1),
    ),
    Event.NOT_HELD: _not_held,
    Event.LAUNCH_CHECK: _launch_check,
    Event.LAUNCH_WAITING: _launch_waiting,
    Event.LAUNCHED_REPORT: _launched_report,
    Event.CYCLE_ENDED: _cycle_ended,
    Event.ADDRESS_REFUSED: _address_refused,
    Event.NEEDS_ASSIGNEE: _needs_assignee,
    Event.LEAVE_RETURN_QUESTION: _leave_return,
    Event.NO_RATERS: _no_raters,
    Event.SEAL_BROKEN: _seal_broken,
    Event.SEALS_LOST: _seals_lost,
    Event.COMMENTS_WAITING: _comments_waiting,
    Event.HELD_ROW: _held_row,
    Event.SIGN_IN: _sign_in,
    Event.ADDRESS_CHANGED: _address_changed,
    Event.ADDRESS_OBJECTED: lambda item: m.AddressObjected(
        url=item.site.page("/people/addresses"), about=item.about()
    ),
    Event.DESK_CHANGE: _desk_change,
    Event.LINES_CHANGED: _lines_changed,
    Event.TEST_MAIL: _test_mail,
}
