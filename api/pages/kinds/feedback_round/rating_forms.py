"""The pages on which a rater writes, reads once more what they wrote, and says no."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.authentication import Call
from api.pages.frame.dates import say_day
from api.pages.frame.shell import visit_of
from api.pages.frame.views import Choice, Notice, Problem
from api.pages.kinds.feedback_round import rating_words as say
from api.pages.kinds.feedback_round.rating_desk import (
    Desk,
    Typed,
    all_desks,
    following,
    head,
    line,
    sitting,
)
from api.pages.kinds.feedback_round.rating_views import (
    FieldGroup,
    RateConflict,
    RateDecline,
    RateDone,
    RateForm,
)
from api.pages.tasks.answering import CANNOT_SAY, ask_of, clashes_of, fields_of, said
from api.pages.tasks.views import Field, Said, Section
from definitions.answers import WHY, relevant
from definitions.models import Question
from domain.states import Role

CANNOT = Choice(CANNOT_SAY, "I cannot say", "Better a gap than a guess.")


async def form_page(
    call: Call,
    desk: Desk,
    *,
    typed: Typed | None = None,
    errors: Mapping[str, str] | None = None,
    notice: Notice | None = None,
) -> RateForm:
    """The form with what was typed so far."""
    errors = errors or {}
    answers = typed.answers if typed else dict(desk.answers)
    top = head(call, desk)
    visit = await visit_of(call)
    desks = await all_desks(call)
    after = following(desks, desk)
    due = say_day(top.due_at.astimezone(visit.zone).date(), visit.today)
    return RateForm(
        title=f"{top.verb}, due {due}",
        part="tasks",
        notice=notice,
        problems=_problems(desk, errors),
        task=top,
        groups=_groups(desk, answers, errors),
        version=desk.version,
        draft=desk.request.written.draft is not None,
        submitted=desk.request.standing == "done",
        agrees=typed.agrees if typed else desk.request.written.agrees,
        sitting=sitting(desks),
        next=line(call, after) if after else None,
        may_decline=desk.request.standing in ("new", "draft"),
    )


def _groups(
    desk: Desk, answers: Mapping[str, Any], errors: Mapping[str, str]
) -> tuple[FieldGroup, ...]:
    groups = []
    for section in desk.form:
        fields = fields_of(
            desk.definition,
            desk.stage,
            section,
            answers,
            role=Role.RATER,
            subject=desk.request.subject,
            first=desk.request.subject_first,
            errors=errors,
        )
        shown = tuple(_as_asked(desk, field, answers) for field in fields)
        groups.append(FieldGroup(section.section, shown))
    return tuple(groups)


def _as_asked(desk: Desk, field: Field, answers: Mapping[str, Any]) -> Field:
    """A question as raters are asked it: they can always say that they cannot say."""
    readers = say.question_readers(desk.definition, field.reach, desk.request.relationship)
    if field.type != "rating":
        return replace(field, readers=readers)
    unsaid = field.name in answers and answers[field.name] is None
    value = CANNOT_SAY if unsaid else field.value
    return replace(field, readers=readers, choices=(*field.choices, CANNOT), value=value)


def _problems(desk: Desk, errors: Mapping[str, str]) -> tuple[Problem, ...]:
    """The error summary, each with the way to its field."""
    problems = []
    known = set()
    for section in desk.form:
        for question in section.questions:
            for key in (question.id, question.id + WHY):
                if key not in errors:
                    continue
                known.add(key)
                ask = ask_of(question, desk.request.subject, desk.request.subject_first)
                control = "f-" + key.replace(".", "-")
                problems.append(Problem(control, f"{ask}: {errors[key]}"))
    rest = (message for key, message in errors.items() if key not in known)
    return (*problems, *(Problem("", message) for message in rest))


def conflict_page(call: Call, desk: Desk, typed: Typed) -> RateConflict:
    """Another window saved meanwhile: both texts, and a clear choice."""
    return RateConflict(
        title="Saved in another window meanwhile",
        part="tasks",
        task=head(call, desk),
        clashes=clashes_of(desk.definition, desk.form, typed.answers, desk.answers),
        typed=tuple((k, v) for k, v in typed.raw if k not in ("version", "settle")),
        version=desk.version,
        action=desk.href,
    )


async def done_page(call: Call, desk: Desk, *, notice: Notice | None = None) -> RateDone:
    """What became of a request; what was written stands there until the round closes."""
    top = head(call, desk)
    desks = await all_desks(call)
    after = following(desks, desk)
    request = desk.request
    standing = request.standing
    title = {"done": "done", "closed": "closed", "declined": "declined"}.get(standing, "over")
    return RateDone(
        title=f"{top.verb}: {title}",
        part="tasks",
        notice=notice,
        task=top,
        standing=standing,
        on=request.done_on,
        may_change=standing == "done" and request.open,
        shut=request.shut,
        changing=standing == "done" and request.written.draft is not None,
        sections=_read(desk),
        sitting=sitting(desks),
        next=line(call, after) if after else None,
    )


def _read(desk: Desk) -> tuple[Section, ...]:
    """What was submitted, ready to read."""
    submitted = desk.request.written.answers
    if submitted is None:
        return ()
    asked = {question.id for question in relevant(desk.form, submitted)}
    return tuple(
        Section(
            section.section,
            tuple(_said(desk, q, submitted) for q in section.questions if q.id in asked),
        )
        for section in desk.form
    )


def _said(desk: Desk, question: Question, answers: Mapping[str, Any]) -> Said:
    one = said(
        desk.definition,
        desk.form,
        question,
        answers,
        subject=desk.request.subject,
        first=desk.request.subject_first,
        private=say.question_readers(desk.definition, question.visible, desk.request.relationship),
    )
    unsaid = question.id in answers and answers[question.id] is None
    return replace(one, rating=CANNOT.label) if unsaid else one


def decline_page(
    call: Call, desk: Desk, *, reason: str = "", errors: Mapping[str, str] | None = None
) -> RateDecline:
    """Saying no: what happens then, and why."""
    top = head(call, desk)
    errors = errors or {}
    return RateDecline(
        title=f"Decline: {top.verb[0].lower()}{top.verb[1:]}",
        part="tasks",
        task=top,
        what_happens=say.what_declining_does(top.first, desk.request.relationship),
        reason=reason,
        problems=tuple(Problem("f-reason", text) for text in errors.values()),
    )
