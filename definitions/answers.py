"""Answers to a form: what shape each type of question takes, and what is wrong with given ones.

An answers object maps question ids to values:

- `text`: a string. `number`: a number. `date`: `YYYY-MM-DD`.
- `rating`: a point of the scale (its value). `choice`: one of the options.
- `goals`: a list of `{"goal": text, "progress": 0..100, "note": text}`.
- `competencies`: an object from each competency to a point of the scale, or null for "I cannot
  say".
  A rater in a 360 round may answer a `rating` with null, too.
- the text that must come with a rating or choice (`explain: true`): under `<id>.why`.

An acknowledgement has no form of its own: its answers are `answer` (`read`, `comment`,
`disagree`) and `text`.
"""

from collections.abc import Mapping
from datetime import date
from math import isfinite
from typing import Any

from definitions.answer_problems import TOO_LONG, AnswerProblem, is_empty
from definitions.expressions import condition_holds
from definitions.kinds.registry import kind_of
from definitions.models import Definition, Form, Question
from definitions.models import Stage as StageSpec
from domain.lengths import too_long
from domain.texts import storable, unstorable_in

WHY = ".why"


def form_of(definition: Definition, stage: StageSpec) -> Form | None:
    """The form that a stage's tasks ask, if any."""
    return definition.forms.get(stage.form) if stage.form else None


def relevant(form: Form, answers: Mapping[str, Any]) -> list[Question]:
    """The questions that are asked, given the answers so far (`when:`)."""
    return [
        question
        for section in form
        for question in section.questions
        if not question.when or condition_holds(question.when, form, answers)
    ]


def check(
    definition: Definition, stage: StageSpec, answers: Mapping[str, Any], *, complete: bool
) -> list[AnswerProblem]:
    """Everything that is wrong with these answers.

    `complete=False` is for drafts: what is missing or too long is fine, what has the wrong shape is
    not.
    """
    problems = _all_problems(definition, stage, answers, complete=complete)
    return problems if complete else [p for p in problems if p.code != TOO_LONG]


def _all_problems(
    definition: Definition, stage: StageSpec, answers: Mapping[str, Any], *, complete: bool
) -> list[AnswerProblem]:
    cannot_be_kept = _unstorable(answers)
    if cannot_be_kept:
        return cannot_be_kept
    special = kind_of(stage).answer_problems(answers, complete=complete)
    if special is not None:
        return special
    form = form_of(definition, stage)
    if form is None:
        return [AnswerProblem(k, "unknown", "This task asks no questions.") for k in answers]
    known = {q.id: q for section in form for q in section.questions}
    problems = [
        AnswerProblem(key, "unknown", "There is no such question in this form.")
        for key in answers
        if key.removesuffix(WHY) not in known
    ]
    asked = relevant(form, answers) if complete else list(known.values())
    for question in asked:
        value = answers.get(question.id)
        if _cannot_say(stage, question, answers):
            continue
        if is_empty(value):
            if complete and question.required:
                problems.append(
                    AnswerProblem(question.id, "required", "Please answer this question.")
                )
            continue
        wrong = _wrong(definition, question, value)
        if wrong is None and complete and _some_unrated(question, value):
            missing = _words([c for c in question.competencies if c not in (value or ())])
            wrong = "required", f"Please rate {missing}, too, or say that you cannot."
        if wrong is not None:
            problems.append(AnswerProblem(question.id, *wrong))
        why = answers.get(question.id + WHY)
        if question.explain and complete and is_empty(why):
            problems.append(
                AnswerProblem(question.id + WHY, "why_missing", "Please say why in a sentence.")
            )
        elif why is not None and not isinstance(why, str):
            problems.append(AnswerProblem(question.id + WHY, "wrong_type", "This must be a text."))
        elif isinstance(why, str) and (over := too_long(why, question.most)):
            problems.append(AnswerProblem(question.id + WHY, TOO_LONG, over))
    return problems


def _unstorable(answers: Mapping[str, Any]) -> list[AnswerProblem]:
    """The answers with a character that the database cannot keep, at any depth."""
    found = ((question, unstorable_in({question: value})) for question, value in answers.items())
    return [
        AnswerProblem(
            storable(question),
            "unstorable",
            f"This contains the character {place[1]}, which cannot be kept. Please remove it.",
        )
        for question, place in found
        if place is not None
    ]


def kept(definition: Definition, stage: StageSpec, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored on submission: answers to questions that are asked; empty ones left out."""
    special = kind_of(stage).answers_kept(answers)
    if special is not None:
        return special
    form = form_of(definition, stage)
    asked = relevant(form, answers) if form is not None else []
    keys = [k for q in asked for k in (q.id, q.id + WHY)]
    unsaid = {q.id for q in asked if _cannot_say(stage, q, answers)}
    return {k: answers[k] for k in keys if k in unsaid or not is_empty(answers.get(k))}


def _cannot_say(stage: StageSpec, question: Question, answers: Mapping[str, Any]) -> bool:
    """A rater may always say that they cannot say: no guess is better than an honest gap."""
    rated = stage.traits.many_answers and question.type == "rating"
    return rated and question.id in answers and answers[question.id] is None


def _some_unrated(question: Question, value: object) -> bool:
    if not question.required or not isinstance(value, dict):
        return False
    return bool(set(question.competencies) - set(value))


def _words(names: list[str]) -> str:
    """`A, B and C`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


MOST_GOALS = 100
LARGEST = 10**15
"""Beyond it a number is no whole number any more where it is counted with."""

_OF_A_GOAL = frozenset({"goal", "progress", "note"})


def _wrong(definition: Definition, question: Question, value: Any) -> tuple[str, str] | None:
    match question.type:
        case "text":
            if not isinstance(value, str):
                return "wrong_type", "This must be a text."
            over = too_long(value, question.most)
            return (TOO_LONG, over) if over else None
        case "number":
            if not _is_number(value):
                return "wrong_type", "This must be a number."
            if not -LARGEST <= value <= LARGEST:
                return "wrong_type", f"This must be a number from {-LARGEST:,} to {LARGEST:,}."
        case "date":
            return _wrong_date(value)
        case "choice":
            if not isinstance(value, str) or value not in question.options:
                return "not_an_option", "Please choose one of the options."
        case "rating":
            return _off_scale(definition, value)
        case "competencies":
            if not isinstance(value, dict):
                return "wrong_type", "Please give one rating for each competency."
            if set(value) - set(question.competencies):
                return "not_an_option", "Please rate the competencies that are listed."
            wrong = (_off_scale(definition, v) for v in value.values() if v is not None)
            return next((w for w in wrong if w is not None), None)
        case "goals":
            return _wrong_goals(question, value)
    return None


def _wrong_date(value: Any) -> tuple[str, str] | None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "wrong_type", "Please give a date like 2027-01-29."
    return None


def _off_scale(definition: Definition, value: Any) -> tuple[str, str] | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value not in [point.value for point in definition.scale]:
        return "not_on_scale", "Please choose a point of the scale."
    return None


def _wrong_goals(question: Question, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, list):
        return "wrong_type", "Goals are a list."
    if len(value) > MOST_GOALS:
        return TOO_LONG, f"Please keep it to {MOST_GOALS} goals."
    for goal in value:
        if not isinstance(goal, dict) or not isinstance(goal.get("goal"), str):
            return "wrong_type", "Each goal needs a text."
        if not isinstance(goal.get("note", ""), str) or set(goal) - _OF_A_GOAL:
            return "wrong_type", "A goal has a text, its progress and a note."
        progress = goal.get("progress", 0)
        if not _is_number(progress) or not 0 <= progress <= 100:
            return "wrong_type", "Progress is a number from 0 to 100."
    for number, goal in enumerate(value, 1):
        over = too_long(goal["goal"] + goal.get("note", ""), question.most)
        if over:
            return TOO_LONG, f"Goal {number} with its comment: {over}"
    return None


def _is_number(value: Any) -> bool:
    """JSON as Python reads it has `true`, which is 1, and NaN and Infinity, which are no JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or isfinite(value)
