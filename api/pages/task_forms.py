"""The pages of one task, made from its facts: form, preview, conflict, release, what is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from api.authentication import Call
from api.pages import answering
from api.pages.answering import fields_of, merged, read_section, steps_of
from api.pages.saying import say_day
from api.pages.shell import UTC, visit_of, words
from api.pages.task_evidence import evidence, sections_read
from api.pages.task_words import (
    About,
    ended_word,
    readers_of,
    seen_by,
    verb,
    verb_of,
    why_you,
)
from api.pages.views.frame import Notice, Page, Person, Problem
from api.pages.views.tasks import (
    Acknowledge,
    Clash,
    ReleasePart,
    ReleaseTask,
    Said,
    Section,
    TaskAhead,
    TaskConflict,
    TaskDone,
    TaskForm,
    TaskHead,
    TaskPreview,
)
from api.seen_tasks import Seen, answers_seen_by
from definitions.answers import WHY, check, relevant
from definitions.effort import minutes_of
from definitions.models import Definition, Form
from definitions.models import Stage as StageSpec
from domain.access import holds_task, hr_over
from domain.errors import EditConflict, Invalid
from domain.states import TaskState
from store import tasks as store
from store.definitions import definition_of
from store.release import preview_release
from store.release import release as release_results
from store.views.task_pages import (
    TaskPageFacts,
    acknowledgement_task,
    has_opened,
    release_parts,
    task_page,
)

HELD = "held_on"
"""The day of a meeting is no answer: it travels in the address until it is submitted."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A task with its definition and the reader's own draft."""

    facts: TaskPageFacts
    definition: Definition
    stage: StageSpec
    held_on: str = ""

    @property
    def form(self) -> Form:
        """Its sections; empty for kinds that ask no questions."""
        return self.definition.form_of(self.stage)

    @property
    def draft(self) -> Mapping[str, Any]:
        """What was typed so far."""
        return self.facts.draft or {}

    @property
    def version(self) -> str:
        """Of the task and of the draft: a window sends back what it has seen."""
        return f"{self.facts.version}.{self.facts.draft_version}"

    @property
    def href(self) -> str:
        """Its page."""
        return f"/tasks/{self.facts.id}"

    def path(self, step: int | None = None, place: str = "") -> str:
        """The address of a step, or of a page of the task, with the day that was typed."""
        query = {"step": step} if step and len(self.form) > 1 else {}
        held = {HELD: self.held_on} if self.held_on else {}
        mark = "?" if query or held else ""
        return f"{self.href}{place}{mark}{urlencode({**query, **held})}"

    @property
    def about(self) -> About:
        """What must be known to speak of it."""
        f = self.facts
        return About(f.kind, f.role, f.title, f.subject, f.subject_first)

    @property
    def subject(self) -> Person | None:
        """Whom it is about, unless that is the reader."""
        f = self.facts
        if f.subject_id is None or f.subject is None or f.role == "subject":
            return None
        return Person(f.subject_id, f.subject, f.department or "", f.subject_first or "")


async def open_desk(call: Call, task_id: UUID, held_on: str = "") -> Desk:
    """Read a task for its page; the caller has asked the rules.

    `held_on` is what was typed as the day of a meeting, if it is sent along.
    """
    facts = await task_page(call.conn, task_id, call.person_id if call.person else None)
    definition = await definition_of(call.conn, facts.version_id)
    held_on = held_on or call.request.query_params.get(HELD, "")
    if facts.kind != "meeting" or not _is_day(held_on):
        held_on = ""
    return Desk(facts, definition, definition.stage(facts.stage), held_on)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def knows_lateness(seen: Seen) -> bool:
    """Whether the reader may know that the task is overdue (language reference §8): whose it is,
    to whom it was escalated, HR, and who runs the system.
    """
    reader, task = seen.reader, seen.access
    return (
        holds_task(reader, task)
        or reader.person_id in (task.assignee_id, task.author_id)
        or reader.person_id in task.told_to
        or hr_over(reader, task.subject_id)
        or reader.is_administrator
    )


def head(desk: Desk, call: Call, *, others: bool = False, seen: Seen | None = None) -> TaskHead:
    """What stands above everything about a task. `others`: it is somebody else's."""
    f = desk.facts
    reads = readers_of(desk.definition, desk.stage, f.role, f.subject_first)
    mine = call.person is not None and f.assignee_id in (None, call.person_id)
    return TaskHead(
        id=str(f.id),
        verb=verb_of(desk.about) if others else verb(desk.about),
        cycle=f.cycle,
        due_at=f.due_at,
        zone=ZoneInfo(f.zone) if f.zone else UTC,
        late=f.state == TaskState.OPEN and f.due_at < call.now and f.cycle_state == "open",
        due_hidden=seen is not None and f.due_at < call.now and not knows_lateness(seen),
        about=desk.subject,
        minutes=minutes_of(desk.definition, desk.stage),
        purpose=desk.definition.purpose.strip(),
        why_you=why_you(f.role, f.subject_first, f.cycle),
        readers=reads,
        after=_after(desk, call),
        closes_at=f.closes_at,
        instead_of="" if mine or others else f.assignee or "",
        paused=f.cycle_state == "paused",
    )


def _after(desk: Desk, call: Call) -> str:
    f = desk.facts
    zone = ZoneInfo(f.zone) if f.zone else UTC
    today = call.now.astimezone(zone).date()
    if f.kind == "acknowledgement" and f.closes_at:
        day = say_day(f.closes_at.astimezone(zone).date(), today)
        return f'On {day} it closes and is recorded as "not answered", never as consent.'
    if f.closes_at:
        day = say_day(f.closes_at.astimezone(zone).date(), today)
        return f"On {day} it closes, and things go on without it."
    return "It stays open until it is done."


# --- What was typed ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """What came from the browser: the whole draft as it would be, and what it was based on.

    `keep` are choices from the page of a conflict: question by question, here or there.
    """

    answers: dict[str, Any]
    step: int
    version: str
    raw: tuple[tuple[str, str], ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    settled: bool = False


def read_typed(desk: Desk, form: FormData) -> Typed:
    """Read a step of the form, an acknowledgement, or the answer to a conflict."""
    number = words(form, "step")
    step = min(max(int(number) if number.isdigit() else 1, 1), max(len(desk.form), 1))
    if desk.facts.kind == "acknowledgement":
        given = {key: words(form, f"a.{key}").strip() for key in ("answer", "text")}
        answers: dict[str, Any] = {k: v for k, v in given.items() if v}
    elif desk.form:
        fresh = read_section(form, desk.form[step - 1])
        answers = merged(desk.draft, desk.form, step, fresh)
    else:
        answers = {}
    raw = tuple((k, v) for k, v in form.multi_items() if isinstance(v, str) and k != "go")
    keep = {k.removeprefix("keep."): v for k, v in raw if k.startswith("keep.")}
    return Typed(answers, step, words(form, "version"), raw, keep, words(form, "settle") == "1")


async def save(call: Call, desk: Desk, typed_in: Typed) -> None:
    """Save what was typed, unless another window saved meanwhile (EditConflict) or it has the
    wrong shape (Invalid).

    A task that merely moved (HR gave more time) is no conflict: the draft is what it was.
    """
    answers = typed_in.answers
    _, _, draft_version = typed_in.version.partition(".")
    if draft_version != str(desk.facts.draft_version):
        raise EditConflict("This was saved in another window meanwhile.", version=desk.version)
    if typed_in.settled:
        answers = settled(desk, typed_in)
    elif answers == dict(desk.draft):
        return
    await store.save_draft(
        call.conn,
        desk.facts.id,
        call.actor,
        answers,
        now=call.now,
        expected_version=desk.facts.version,
    )


def settled(desk: Desk, typed_in: Typed) -> dict[str, Any]:
    """The draft after a conflict: for each question the text that was chosen."""
    answers = dict(typed_in.answers)
    for name, choice in typed_in.keep.items():
        if choice != "there":
            continue
        for key in (name, name + WHY):
            if key in desk.draft:
                answers[key] = desk.draft[key]
            else:
                answers.pop(key, None)
    return answers


def asked(desk: Desk, answers: Mapping[str, Any]) -> list[str]:
    """The questions that are asked, given these answers: the script shows those."""
    return [question.id for question in relevant(desk.form, answers)] if desk.form else []


def to_submit(desk: Desk) -> tuple[dict[str, Any], date | None]:
    """What the draft holds: the answers, and for a meeting the day. Raises Invalid."""
    if desk.facts.kind != "meeting":
        return dict(desk.draft), None
    if not desk.held_on:
        problem = {"question": HELD, "code": "required", "message": NO_DAY}
        raise Invalid(NO_DAY, (problem,))
    return dict(desk.draft), date.fromisoformat(desk.held_on)


NO_DAY = "Say on which day you talked."


def errors_of(error: Invalid) -> dict[str, str]:
    """Messages by question."""
    return {str(p.get("question", "")): str(p.get("message", "")) for p in error.problems}


# --- Pages -------------------------------------------------------------------------------------


async def working_page(
    call: Call,
    desk: Desk,
    step: int,
    *,
    typed_in: Typed | None = None,
    errors: Mapping[str, str] | None = None,
    notice: Notice | None = None,
    chosen: tuple[str, ...] = (),
) -> Page:
    """The page on which the task is done."""
    errors = errors or {}
    answers = typed_in.answers if typed_in else dict(desk.draft)
    match desk.facts.kind:
        case "release":
            return await _release_page(call, desk, chosen, notice)
        case "acknowledgement":
            return _acknowledge_page(call, desk, answers, errors, notice)
        case _:
            return await _form_page(call, desk, step, answers, errors, notice)


async def _form_page(
    call: Call,
    desk: Desk,
    step: int,
    answers: Mapping[str, Any],
    errors: Mapping[str, str],
    notice: Notice | None,
) -> TaskForm:
    form = desk.form
    number = min(max(step, 1), max(len(form), 1))
    section = form[number - 1] if form else None
    top = head(desk, call)
    today = (await visit_of(call)).today
    spare = 2 if "goals" in call.request.query_params else 1
    return TaskForm(
        title=f"{top.verb}, due {say_day(top.due_at.astimezone(top.zone).date(), today)}",
        part="tasks",
        notice=notice,
        problems=_problems(desk, errors, number),
        task=top,
        steps=steps_of(form, answers, desk.path, number) if form else (),
        section=section.section if section else "",
        fields=fields_of(
            desk.definition,
            desk.stage,
            section,
            answers,
            role=desk.facts.role,
            subject=desk.facts.subject,
            first=desk.facts.subject_first,
            errors=errors,
            spare_goals=spare,
        )
        if section
        else (),
        version=desk.version,
        saved_at=desk.facts.saved_at,
        beside=await evidence(call, desk.facts, desk.definition, desk.stage, answers),
        meeting=desk.facts.kind == "meeting",
        held_on=desk.held_on,
        latest=today.isoformat(),
    )


def _problems(desk: Desk, errors: Mapping[str, str], here: int = 0) -> tuple[Problem, ...]:
    """The error summary, each with the way to its field, on whichever step it stands."""
    problems = []
    if HELD in errors:
        place = f"#f-{HELD}" if here == 1 else f"{desk.path(1)}#f-{HELD}"
        problems.append(Problem(HELD, errors[HELD], place))
    for number, section in enumerate(desk.form, 1):
        for question in section.questions:
            for key in (question.id, question.id + WHY):
                if key not in errors:
                    continue
                control = "f-" + key.replace(".", "-")
                place = f"#{control}" if number == here else f"{desk.path(number)}#{control}"
                ask = answering.fill(question.ask, desk.facts.subject, desk.facts.subject_first)
                problems.append(Problem(control, f"{ask or question.id}: {errors[key]}", place))
    known = {p.field for p in problems}
    rest = [m for k, m in errors.items() if "f-" + k.replace(".", "-") not in known and k != HELD]
    return (*problems, *(Problem("", message) for message in rest))


def _acknowledge_page(
    call: Call,
    desk: Desk,
    answers: Mapping[str, Any],
    errors: Mapping[str, str],
    notice: Notice | None,
) -> Acknowledge:
    problems = tuple(Problem(key, message, f"#f-{key}") for key, message in errors.items() if key)
    return Acknowledge(
        title="Answer your review on record",
        part="tasks",
        notice=notice,
        problems=problems,
        task=head(desk, call),
        version=desk.version,
        result_href=f"/reviews/{desk.facts.cycle_id}/{desk.facts.subject_id}",
        answer=str(answers.get("answer", "")),
        text=str(answers.get("text", "")),
        saved_at=desk.facts.saved_at,
    )


async def preview_page(
    call: Call, desk: Desk, *, errors: Mapping[str, str] | None = None, stale: bool = False
) -> TaskPreview:
    """Everything once more; what is missing stands on top, with the way to it."""
    answers = dict(desk.draft)
    found = {
        p.question: p.message for p in check(desk.definition, desk.stage, answers, complete=True)
    }
    if desk.facts.kind == "meeting" and not desk.held_on:
        found = {HELD: NO_DAY, **found}
    found |= errors or {}
    shown = found if errors else {}
    notice = None
    if stale:
        notice = Notice(
            "This was changed in another window meanwhile.",
            "Below is what holds now. Read it once more, then submit.",
            "late",
        )
    return TaskPreview(
        title=f"Check: {verb(desk.about)}",
        part="tasks",
        notice=notice,
        problems=_problems(desk, shown),
        task=head(desk, call),
        steps=steps_of(desk.form, answers, desk.path, None),
        sections=_sections(desk, answers),
        version=desk.version,
        held_on=desk.held_on,
        back=desk.path(len(desk.form)),
        complete=not found,
        saved_at=desk.facts.saved_at,
    )


def _sections(desk: Desk, answers: Mapping[str, Any]) -> tuple[Section, ...]:
    sections = sections_read(
        desk.definition,
        desk.stage,
        answers,
        desk.facts.subject,
        desk.facts.subject_first,
        link=desk.path,
    )
    if desk.facts.kind != "meeting":
        return sections
    day = say_day(date.fromisoformat(desk.held_on)) if desk.held_on else ""
    said = Said("On which day did you talk?", day)
    return (Section("The talk", (said,), desk.path(1)), *sections)


async def conflict_page(call: Call, desk: Desk, typed_in: Typed) -> TaskConflict:
    """Another window saved meanwhile: both texts, and a clear choice."""
    if desk.facts.kind == "acknowledgement":
        clashes = tuple(
            Clash(key, ask, str(typed_in.answers.get(key, "")), str(desk.draft.get(key, "")))
            for key, ask in (("answer", "What to put on record"), ("text", "Your words"))
            if typed_in.answers.get(key) != desk.draft.get(key)
        )
    else:
        section = desk.form[typed_in.step - 1 : typed_in.step]
        clashes = answering.clashes_of(desk.definition, section, typed_in.answers, desk.draft)
    return TaskConflict(
        title="Saved in another window meanwhile",
        part="tasks",
        task=head(desk, call),
        clashes=clashes,
        typed=tuple((k, v) for k, v in typed_in.raw if k not in ("version", "settle")),
        version=desk.version,
        saved_at=desk.facts.saved_at,
        action=desk.href,
    )


# --- Release -----------------------------------------------------------------------------------


async def _release_page(
    call: Call, desk: Desk, chosen: tuple[str, ...], notice: Notice | None
) -> ReleaseTask:
    parts = await release_parts(call.conn, desk.facts.cycle_id)
    meets = any(stage.kind == "meeting" for stage in desk.definition.stages)
    return ReleaseTask(
        title="Release the results",
        part="tasks",
        notice=notice,
        task=head(desk, call),
        version=desk.version,
        parts=tuple(ReleasePart(p.department, p.ready, p.waiting, p.released) for p in parts),
        next_step="Each person sees their own when the conversation was held."
        if meets
        else "Each person can read their own at once.",
        chosen=chosen,
    )


async def release(
    call: Call, desk: Desk, chosen: Sequence[str], confirmed: str
) -> tuple[Problem, ...]:
    """Release the chosen departments if the number is theirs; else what is wrong."""
    parts = await release_parts(call.conn, desk.facts.cycle_id)
    picked = [part for part in parts if part.department in chosen and part.ready]
    if not picked:
        return (Problem("departments", "Choose at least one department.", "#f-departments"),)
    foreseen = await preview_release(
        call.conn, desk.facts.id, [part.department for part in picked], call.now
    )
    count = foreseen.counts["people"]
    if confirmed != str(count):
        text = f"The departments that you chose have {count} results: type {count} to release them."
        return (Problem("confirm", text, "#f-confirm"),)
    await release_results(
        call.conn,
        desk.facts.id,
        call.actor,
        call.now,
        departments=[part.department for part in picked],
    )
    return ()


# --- What became of it -------------------------------------------------------------------------


async def reading_page(call: Call, desk: Desk, seen: Seen, *, notice: Notice | None = None) -> Page:
    """A task that has ended, or is somebody else's."""
    f = desk.facts
    mine = call.person is not None and seen.access.author_id == call.person_id
    holder = call.person is not None and f.assignee_id == call.person_id
    if f.state in (TaskState.OPEN, TaskState.PLANNED):
        top = head(desk, call, others=not holder, seen=seen)
        text = f"{f.assignee or 'HR'} holds this task." if f.state == TaskState.OPEN else ""
        return TaskAhead(
            title=top.verb,
            part="tasks",
            notice=notice,
            task=top,
            text=text or "This task has not opened yet.",
            opens_at=f.opens_at if f.state == TaskState.PLANNED else None,
        )
    submission = await answers_seen_by(call, seen)
    visit = await visit_of(call)
    kinds = {stage.kind for stage in desk.definition.stages}
    top = head(desk, call, others=not (mine or holder), seen=seen)
    shown = ""
    if f.state == TaskState.DONE:
        shown = seen_by(
            desk.about,
            hr_reads=desk.definition.policies.hr_reads == "all",
            releases="release" in kinds,
            meets="meeting" in kinds,
            releases_on=f.releases_on,
            released=f.released,
            result_open=f.result_open,
            today=visit.today,
        )
    may, why_not = await _may_withdraw(call, desk, mine)
    return TaskDone(
        title=f"{top.verb}: {ended_word(f.state, f.kind).lower()}",
        part="tasks",
        notice=notice,
        task=top,
        state=f.state,
        at=f.ended_at,
        seen_by=shown,
        sections=sections_read(
            desk.definition, desk.stage, submission.answers, f.subject, f.subject_first, own=mine
        )
        if submission
        else (),
        may_withdraw=may,
        why_not_withdraw=why_not,
        version=desk.version,
        held_on=f.held_on,
        reason=_reason(f),
    )


async def _may_withdraw(call: Call, desk: Desk, mine: bool) -> tuple[bool, str]:
    """Whether the author may still take it back, and why not (language reference §7)."""
    f = desk.facts
    if not mine or f.state != TaskState.DONE or f.cycle_state not in ("open", "paused"):
        return False, ""
    if f.kind != "form":
        return False, ""
    if f.closes_at is not None and call.now > f.closes_at:
        return False, "It can no longer be taken back: the stage has closed. HR can reopen it."
    later = [stage.id for stage in desk.definition.stages if f.stage in stage.after]
    if await has_opened(call.conn, f.cycle_id, f.subject_id, later):
        return False, "It can no longer be taken back: the next stage has opened. HR can reopen it."
    return True, ""


def _reason(f: TaskPageFacts) -> str:
    words_of = {
        "submitted": "",
        "released": "",
        "closed": "The stage closed before anything was submitted.",
        "cycle_ended": "The cycle ended before anything was submitted.",
        "excused_by_hr": "HR excused this task; it counts as closed.",
        "long_leave": "Excused because of a long leave.",
        "removed": "The person no longer takes part.",
        "left": "The person has left.",
    }
    if f.state == TaskState.DONE or not f.ended_reason:
        return ""
    return words_of.get(f.ended_reason, f.ended_reason.replace("_", " "))


async def answer_href(call: Call, cycle_id: UUID) -> str:
    """Where the reader can answer their review on record, if they still can."""
    found = await acknowledgement_task(call.conn, cycle_id, call.person_id)
    return f"/tasks/{found}" if found else ""
