"""Plausible answers to any form: complete, within the rules, and saying nothing."""

from typing import Any

from definitions.answers import WHY, form_of, relevant
from definitions.models import Definition, Question
from definitions.models import Stage as StageSpec

WORDS = "This was written by nobody: it is a rehearsal."


def plausible(definition: Definition, stage: StageSpec) -> dict[str, Any]:
    """Answer everything that is required, conditional questions included."""
    if stage.traits.on_record:
        return {"answer": "read"}
    form = form_of(definition, stage)
    if form is None:
        return {}
    answers: dict[str, Any] = {}
    while True:  # an answer may bring up another question
        missing = [q for q in relevant(form, answers) if q.required and q.id not in answers]
        if not missing:
            return answers
        for question in missing:
            answers[question.id] = _one(definition, question)
            if question.explain:
                answers[question.id + WHY] = WORDS


def _one(definition: Definition, question: Question) -> Any:
    match question.type:
        case "text":
            return WORDS[: question.most]
        case "choice":
            return question.options[0]
        case "rating":
            return definition.scale[len(definition.scale) // 2].value
        case "number":
            return 1
        case "date":
            return "2027-01-29"
        case "goals":
            return [{"goal": WORDS[: question.most], "progress": 50}]
        case "competencies":
            return dict.fromkeys(question.competencies, definition.scale[0].value)
