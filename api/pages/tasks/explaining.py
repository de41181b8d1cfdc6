"""The explain view: why a task looks as it does, as a story."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.codes import CAUSES_OF_MAIL, ENDED, in_words
from api.pages.frame.dates import plural, say_day
from api.pages.frame.shell import show, visit_of
from api.pages.frame.views import Link, Visit
from api.pages.kinds.registry import WORDS
from api.pages.tasks import desk as task_desk
from api.pages.tasks.reading_views import Explain, Happening, Mood
from api.seen_tasks import see_task
from domain.access import Action, Level
from domain.notifications import rung_offset, rung_repeat
from domain.states import TaskState
from store.views.explain import Explanation, Happened, Named, NextRung, Told, explain

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_TASK, Level.TASK)]

CAUSES = {
    "launch": "The cycle was launched, and this stage waits for no other.",
    "after": "What had to be closed first was closed.",
    "date": "On its planned date.",
    "entry": "The person entered the cycle.",
    "reassigned": "It was handed over from somebody else.",
    "split": "The manager changed, and both write.",
}

EVENTS = {
    "task_opened": "the task",
    "reminder": "a reminder",
    "escalated_notice": "who was told that it is overdue",
    "reopened": "that it is open again",
    "reassigned_to": "that it was handed over to them",
    "reassigned_away": "that somebody else does it now",
    "due_changed": "that the date has changed",
    "paused": "that the cycle is paused",
    "resumed": "that the cycle goes on",
    "cancelled": "that nothing is to be done any more",
    "input_changed": "that what they built on has changed",
    "escalation": "that it is overdue",
    "extended_notice": "that it was extended",
    "done_notice": "that it is done",
    "needs_assignee": "that somebody must be found for it",
    "not_held": "that the conversation was not held",
    "request_cancelled": "that their feedback is not needed any more",
    "feedback_extended": "that there is more time for everybody who was asked",
    "replacement_wanted": "that they can choose one more person",
    "report_ready": "that a feedback report can be read",
    "report_opened": "that their feedback report can be read",
}
"""What was said, after "Mail to X: "."""

HAPPENED = {
    "opened": "Opened",
    "submitted": "Submitted",
    "withdrawn": "Taken back by its author",
    "reopened": "Reopened by HR",
    "extended": "Extended",
    "resumed": "Dates moved after a pause",
    "moved": "Dates moved",
    "shifted": "Dates moved",
    "reassigned": "Handed over",
    "nudged": "Nudged",
    "excused": "Excused",
    "expired": "Closed unanswered",
    "cancelled": "Cancelled",
    "released": "Results released",
    "declined": "Declined",
    "rung": "A reminder or an escalation came due",
    "rung_skipped": "A reminder or an escalation was left out",
}

WHY_NOT = {
    "done": "it was done by then",
    "expired": "it had closed by then",
    "excused": "it was excused by then",
    "cancelled": "it was cancelled by then",
    "gone": "the task no longer exists",
    "reassigned": "somebody else holds it",
    "due_changed": "the date had moved",
    "superseded": "another line of the same mail was more urgent",
    "paused": "the cycle was paused",
    "resumed": "the cycle went on again",
    "left": "the person had left",
    "address_refused": "the address refuses mail; HR was told",
    "too_late": "it would have come too late to be of use",
    "on_leave": "on leave that day",
    "piled_up": "several reminders became one",
    "nothing_else": "nothing else was to be said that day",
    "assigned": "somebody was found",
    "closed_by_hr": "HR had closed the stage",
    "cycle_cancelled": "the cycle was cancelled",
    "cycle_ended": "the cycle had ended",
    "excused_by_hr": "it was excused by then",
    "excused_by_manager": "it was excused by then",
    "long_leave": "it was excused because of a long leave",
    "manager_change": "somebody else leads the person now",
    "rater_left": "the person had left",
    "removed_by_hr": "the person no longer takes part",
    "subject_left": "the person had left",
    "withdrawn": "it was taken back by then",
    "no_mail": "the person has no address",
    "stopped": "the launch was given up",
    "closed": "the round had closed",
    "declined": "it was declined by then",
    "mended": "it was no longer so",
}

PASSED_OVER = {
    "top_of_company": "nobody above the top is told",
    "is_assignee": "holds the task",
    "left": "has left",
    "absent": "is away for days, without a delegate",
    "is_concerned": "it is about them",
    "no_manager": "there is nobody up the line",
    "empty": "nobody is there",
    "nobody_left": "nobody is left to tell",
    "no_assignee": "nobody holds the task yet",
}

IN_THE_WAY = {
    "paused": "It waits: the cycle is paused.",
    "held": "It waits: something about this task has to be mended first.",
    "last_mail_not_out": "It waits until the mail before it was sent.",
    "not_announced": "It waits until the first mail was sent.",
}


@router.get("/tasks/{task_id}/explain")
async def explain_task(call: Reads, task_id: UUID) -> Response:
    """Opened by what, mailed when with which answer, what comes next and whom it will reach."""
    seen = await see_task(call, task_id)
    desk = await task_desk.open_desk(call, task_id)
    story = await explain(call.conn, task_id, await call.reader(), call.now)
    visit = await visit_of(call)
    mine = desk.facts.assignee_id == (call.person_id if call.person else None)
    top = task_desk.head(desk, call, others=not mine, seen=seen)
    page = Explain(
        title="Why this task looks as it does",
        part="tasks" if mine else "",
        crumbs=(Link("The task", desk.href),),
        task=top,
        assignee=desk.facts.assignee or WORDS[desk.facts.kind].holder,
        state=story.state,
        past=tuple(_past(story, visit)),
        ahead=tuple(_ahead(story, call.now, desk.facts.assignee)),
        stops="Everything ahead stops the moment the task is done."
        if story.state == TaskState.OPEN
        else "",
        withheld="" if seen.knows_lateness else WITHHELD,
    )
    return await show(call, page)


WITHHELD = (
    "Reminders, escalations and what is overdue are left out here: they are shown to the "
    "person who holds the task, to those who were told that it is overdue, and to HR."
)


def _past(story: Explanation, visit: Visit) -> list[Happening]:
    """What happened, in the order of the clock."""
    opening = story.opening
    detail = in_words(CAUSES, opening.cause, "")
    if opening.after and opening.cause == "after":
        detail += f" It waits for: {', '.join(stage.title for stage in opening.after)}."
    items = [Happening("Created", opening.begun_at, "done", detail)]
    if (
        not any(event.event == "opened" for event in story.history)
        and opening.opens_at <= visit.now
    ):
        items.append(Happening("Opened", opening.opens_at, "done", _announced(story)))
    items += [_happened(event, story) for event in story.history]
    items += [_told(told) for told in (*story.mails, *story.suppressed) if told.state != "queued"]
    return sorted(items, key=lambda item: item.at or visit.now)


def _announced(story: Explanation) -> str:
    opening = story.opening
    if opening.announced_on is None:
        live = story.state in (TaskState.OPEN, TaskState.PLANNED)
        return "It was not announced by mail yet." if live else "It needed no mail."
    if opening.announce_at > opening.opens_at:
        return f"Before its planned date; announced on {say_day(opening.announced_on)}."
    return ""


def _happened(event: Happened, story: Explanation) -> Happening:
    title = in_words(HAPPENED, event.event, "Changed")
    who = f"By {event.actor.name}." if event.actor else ""
    mood: dict[str, Mood] = {
        "expired": "held",
        "cancelled": "held",
        "excused": "held",
        "rung": "late",
    }
    why = f"The reason given: {event.words}" if event.words else ""
    detail = " ".join(part for part in (who, _detail(event), why) if part)
    if event.event == "opened":
        detail = _announced(story)
    facts = tuple(
        (words, _plain(key, event.detail[key]))
        for key, words in FACTS.items()
        if event.detail.get(key) not in (None, "", [], {})
    )
    return Happening(title, event.at, mood.get(event.event, "done"), detail, facts)


def _detail(event: Happened) -> str:
    rung = event.detail.get("rung")
    if isinstance(rung, str):
        return say_rung(rung)
    due = event.detail.get("due_on")
    return f"Due {due} from then on." if isinstance(due, str) else ""


FACTS = {
    "due_on": "Due from then on",
    "due_revision": "Change of the due date, number",
    "revision": "Submission, number",
    "rung": "Step",
    "reason": "Why",
}
"""What of an event's detail is shown, folded, and how it is called."""


def _plain(key: str, value: object) -> str:
    if key == "reason":
        return in_words(ENDED, str(value), "As the definition says.")
    if key == "rung":
        return say_rung(str(value))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def cause_of(code: str) -> str:
    """Why a mail was written; `rung:remind:1` and `stage:self` name a rung and a stage."""
    kind, _, which = code.partition(":")
    if kind == "rung":
        return f"the reminder or escalation {say_rung(which)[:-1].lower()}"
    return in_words(CAUSES_OF_MAIL, kind, "the cycle went on")


def say_rung(rung: str) -> str:
    """`remind:-5` is "5 working days before the due date."."""
    try:
        offset, repeat = rung_offset(rung), rung_repeat(rung)
    except ValueError:
        return rung
    if offset == 0:
        words = "On the due date."
    elif offset < 0:
        words = f"{plural(-offset, 'working day')} before the due date."
    else:
        words = f"{plural(offset, 'working day')} after the due date."
    return words + (f" Repeat number {repeat}." if repeat else "")


def _what(told: Told) -> str:
    return in_words(EVENTS, told.event, "something about the cycle")


def _told(told: Told) -> Happening:
    what = _what(told)
    at: datetime = told.settled_at or told.send_at
    facts = [("Because", cause_of(told.cause))]
    if told.rung:
        facts.append(("Step", say_rung(told.rung)))
    if told.smtp_code:
        facts.append(
            ("Answer of the mail server", f"{told.smtp_code} {told.smtp_answer or ''}".strip())
        )
    if told.message_id:
        facts.append(("Message", told.message_id))
    where = f" ({say_rung(told.rung)[:-1].lower()})" if told.rung else ""
    match told.state:
        case "sent":
            return Happening(
                f"Mail to {told.person.name}: {what}", at, "done", _first(where), tuple(facts)
            )
        case "suppressed":
            reason = in_words(WHY_NOT, told.why_not, "it was no longer needed")
            return Happening(
                f"Not mailed to {told.person.name}: {what}",
                at,
                "held",
                f"Because {reason}.{_first(where) and ' ' + _first(where)}",
                tuple(facts),
            )
        case "failed":
            return Happening(
                f"Mail to {told.person.name} refused: {what}",
                at,
                "bad",
                "HR was told; nobody is escalated before the person was reached.",
                tuple(facts),
            )
        case _:
            return Happening(
                f"Mail to {told.person.name}: {what}",
                at,
                "late",
                "Handed over, without an answer of the mail server.",
                tuple(facts),
            )


def _first(where: str) -> str:
    words = where.strip(" ()")
    return words[:1].upper() + words[1:] + ("." if words else "")


def _ahead(story: Explanation, now: datetime, holder: str | None) -> list[Happening]:
    """What is planned: queued mails, the due date, the next rung, the close."""
    if story.state not in (TaskState.OPEN, TaskState.PLANNED):
        return []
    items = [
        Happening(
            f"Mail to {told.person.name}: {_what(told)}",
            told.send_at,
            "ahead",
            "With their daily mail, or at once within their hours.",
        )
        for told in story.mails
        if told.state == "queued"
    ]
    if story.state == TaskState.PLANNED:
        items.append(Happening("Opens", story.opening.opens_at, "ahead"))
    if story.due_at is not None and story.due_at > now:
        items.append(Happening("Due", story.due_at, "now", "Until the end of that day."))
    if story.next is not None:
        items.append(_rung(story.next, holder))
    if story.closes_at is not None and story.closes_at > now:
        items.append(
            Happening("Closes", story.closes_at, "ahead", "What is unfinished then expires.")
        )
    return sorted(items, key=lambda item: item.at or now)


def _rung(rung: NextRung, holder: str | None) -> Happening:
    reached = _names(rung.reaches) or "nobody"
    if rung.desk:
        reached = f"the {rung.desk.upper()} desk ({reached})"
    title = (
        f"Reminder to {holder or reached}" if rung.kind == "remind" else f"Escalation to {reached}"
    )
    parts = [say_rung(rung.key), "With the first daily mail from then on."]
    for passed in rung.passed_over:
        reason = in_words(PASSED_OVER, passed.reason, "cannot be told")
        parts.append(
            f"{passed.person.name if passed.person else 'Somebody'} is passed over: {reason}."
        )
    if rung.stands_still:
        parts.append(IN_THE_WAY[rung.stands_still])
    facts = [("Step", say_rung(rung.key))]
    if rung.took_place_of:
        facts.append(("Instead of", say_rung(rung.took_place_of)))
    mood: Mood = "held" if rung.stands_still else "ahead"
    return Happening(title, rung.at, mood, " ".join(parts), tuple(facts))


def _names(people: Iterable[Named]) -> str:
    return ", ".join(person.name for person in people)
