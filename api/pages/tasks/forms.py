"""The pages on which a task is done: form, acknowledgement, preview, conflict."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.authentication import Call
from api.pages.frame.codes import in_words
from api.pages.frame.dates import say_day
from api.pages.frame.shell import visit_of
from api.pages.frame.views import Notice, Page, Problem
from api.pages.kinds.release import release_page
from api.pages.tasks import answering
from api.pages.tasks.answering import fields_of, steps_of
from api.pages.tasks.desk import HELD, Desk, head
from api.pages.tasks.drafts import NO_DAY, Typed
from api.pages.tasks.evidence import ACKNOWLEDGED, evidence, sections_read
from api.pages.tasks.views import (
    Acknowledge,
    Clash,
    Said,
    Section,
    TaskConflict,
    TaskForm,
    TaskPreview,
)
from api.pages.tasks.words import verb
from api.seen_reviews import review_href
from definitions.answers import WHY, check

# --- Pages -------------------------------------------------------------------------------------


TALKED = "On which day did you talk?"


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
    if desk.stage.traits.for_all:
        return await release_page(call, desk, chosen, notice)
    if desk.stage.traits.on_record:
        return await _acknowledge_page(call, desk, answers, errors, notice)
    held_on = typed_in.held_on if typed_in else desk.held_on
    return await _form_page(call, desk, step, answers, held_on, errors, notice)


async def _form_page(
    call: Call,
    desk: Desk,
    step: int,
    answers: Mapping[str, Any],
    held_on: str,
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
        version=desk.version_at(number),
        saved_at=desk.facts.saved_at,
        beside=await evidence(call, desk.facts, desk.definition, desk.stage, answers),
        meeting=desk.stage.traits.held,
        held_on=held_on,
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
                ask = answering.ask_of(question, desk.facts.subject, desk.facts.subject_first)
                problems.append(Problem(control, f"{ask}: {errors[key]}", place))
    known = {p.field for p in problems}
    rest = [m for k, m in errors.items() if "f-" + k.replace(".", "-") not in known and k != HELD]
    return (*problems, *(Problem("", message) for message in rest))


async def _acknowledge_page(
    call: Call,
    desk: Desk,
    answers: Mapping[str, Any],
    errors: Mapping[str, str],
    notice: Notice | None,
) -> Acknowledge:
    problems = tuple(Problem(key, message, f"#f-{key}") for key, message in errors.items() if key)
    return Acknowledge(
        title="Acknowledge your review",
        part="tasks",
        notice=notice,
        problems=problems,
        task=head(desk, call),
        version=desk.version,
        result_href=await review_href(call, desk.facts.cycle_id, desk.facts.subject_id or 0),
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
    if desk.stage.traits.held and not desk.held_on:
        found = {HELD: NO_DAY, **found}
    found |= errors or {}
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
        problems=_problems(desk, found),
        task=head(desk, call),
        steps=steps_of(desk.form, answers, desk.path, None),
        sections=_sections(desk, answers),
        version=desk.version,
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
    if not desk.stage.traits.held:
        return sections
    day = say_day(date.fromisoformat(desk.held_on)) if desk.held_on else ""
    said = Said(TALKED, day)
    return (Section("The talk", (said,), desk.path(1)), *sections)


def _on_record(answers: Mapping[str, Any], key: str) -> str:
    given = str(answers.get(key, ""))
    return in_words(ACKNOWLEDGED, given, given) if key == "answer" else given


async def conflict_page(call: Call, desk: Desk, typed_in: Typed) -> TaskConflict:
    """Another window saved meanwhile: both texts, and a clear choice."""
    if desk.stage.traits.on_record:
        clashes = tuple(
            Clash(key, ask, _on_record(typed_in.answers, key), _on_record(desk.draft, key))
            for key, ask in (("answer", "What to put on record"), ("text", "Your words"))
            if typed_in.answers.get(key) != desk.draft.get(key)
        )
    else:
        section = desk.form[typed_in.step - 1 : typed_in.step]
        clashes = answering.clashes_of(desk.definition, section, typed_in.answers, desk.draft)
        if typed_in.held_on != desk.held_on:
            clashes = (Clash(HELD, TALKED, typed_in.held_on, desk.held_on), *clashes)
    return TaskConflict(
        title="Saved in another window meanwhile",
        part="tasks",
        task=head(desk, call),
        clashes=clashes,
        typed=tuple((k, v) for k, v in typed_in.raw if k not in ("version", "settle")),
        version=desk.version_at(typed_in.step),
        saved_at=desk.facts.saved_at,
        action=desk.href,
    )
