"""Answers to read: beside a form, in a review, after submitting. Cut to what the reader may see."""

from collections.abc import Callable, Mapping
from typing import Any

from api.authentication import Call
from api.pages.kinds.feedback_round.report import report_beside
from api.pages.tasks.answering import said
from api.pages.tasks.views import NOT_YET, Evidence, Said, Section
from api.pages.tasks.words import by_whom
from api.seen_tasks import visible_answers
from definitions.answers import WHY, relevant
from definitions.models import Definition
from definitions.models import Stage as StageSpec
from definitions.unfolding import written_id
from domain.access import answers_for
from domain.states import TaskState
from store.access.facts import task_facts
from store.views.lists.tasks import submission_of
from store.views.task_pages import Beside, TaskPageFacts, tasks_beside

ACKNOWLEDGED = {
    "read": "Read.",
    "comment": "Read, with a comment.",
    "disagree": "Read, and disagrees.",
}


async def evidence(
    call: Call,
    task: TaskPageFacts,
    definition: Definition,
    stage: StageSpec,
    answers: Mapping[str, Any],
) -> tuple[Evidence, ...]:
    """What the definition shows beside the form (`beside`), as far as this reader may read it.

    Ratings of others are not shown before the reader has given their own (language reference §2).
    """
    if not stage.beside or task.subject_id is None:
        return ()
    found = await tasks_beside(call.conn, task.cycle_id, task.subject_id, stage.beside)
    pieces = [await _piece(call, one, definition, stage, answers) for one in found]
    for key in stage.beside:
        if definition.stage(key).traits.private:
            own = rated(definition, stage, answers)
            cycle, subject = task.cycle_id, task.subject_id
            pieces.append(await report_beside(call, cycle, subject, written_id(key), scores=own))
    return tuple(piece for piece in pieces if piece is not None)


async def _piece(
    call: Call,
    one: Beside,
    definition: Definition,
    stage: StageSpec,
    answers: Mapping[str, Any],
) -> Evidence | None:
    heading = by_whom(one.title, one.author or "")
    if one.state in (TaskState.OPEN, TaskState.PLANNED):
        return Evidence(heading, None, withheld="Not submitted yet.")
    if one.state != TaskState.DONE:
        return Evidence(heading, None, withheld="It closed without an answer.")
    facts = await task_facts(call.conn, one.task_id, call.now)
    reader = await call.reader()
    reaches = answers_for(reader, facts.access) if facts else frozenset()
    if facts is None or not reaches:
        return None
    submission = await submission_of(call.conn, one.task_id)
    if submission is None:
        return None
    shown = visible_answers(definition, one.stage, submission.answers, reaches)
    other = definition.stage(one.stage)
    withheld = ""
    if not rated(definition, stage, answers):
        ratings = {
            q.id
            for section in definition.form_of(other)
            for q in section.questions
            if q.type in ("rating", "competencies")
        }
        if ratings & set(shown):
            withheld = NOT_YET
            shown = {k: v for k, v in shown.items() if k.removesuffix(WHY) not in ratings}
    read = sections_read(definition, other, shown, None, None, given_only=True)
    return Evidence(
        by_whom(one.title, one.author or "", mine=submission.author_id == call.person_id),
        submission.submitted_at,
        tuple(answer for section in read for answer in section.answers),
        withheld,
    )


def rated(definition: Definition, stage: StageSpec, answers: Mapping[str, Any]) -> bool:
    """Whether the reader has given every rating that this form asks for."""
    form = definition.form_of(stage)
    ratings = [
        q for section in form for q in section.questions if q.type in ("rating", "competencies")
    ]
    return all(answers.get(q.id) not in (None, "", {}) for q in ratings)


def sections_read(
    definition: Definition,
    stage: StageSpec,
    answers: Mapping[str, Any],
    subject: str | None,
    first: str | None,
    *,
    link: Callable[[int], str] | None = None,
    own: bool = True,
    given_only: bool = False,
) -> tuple[Section, ...]:
    """Answers by section, ready to read. `own`: unanswered questions are shown as such."""
    if stage.traits.on_record:
        answer = ACKNOWLEDGED.get(str(answers.get("answer", "")), "")
        text = str(answers.get("text", ""))
        return (Section("On record", (Said("Your answer" if own else "Answer", text, answer),)),)
    form = definition.form_of(stage)
    asked = {question.id for question in relevant(form, answers)}
    sections = []
    for number, section in enumerate(form, 1):
        read = []
        for question in section.questions:
            given = question.id in answers
            if question.id not in asked or (not given and (given_only or not own)):
                continue
            private = {
                "manager": "Only the line above and HR read this.",
                "hr": "Only HR reads this.",
            }.get(question.visible, "")
            read.append(
                said(
                    definition,
                    form,
                    question,
                    answers,
                    subject=subject,
                    first=first,
                    private=private,
                )
            )
        href = link(number) if link else ""
        if read:
            sections.append(Section(section.section, tuple(read), href))
    return tuple(sections)
