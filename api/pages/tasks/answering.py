"""Between a form in a browser and an answers object: fields from questions, answers from fields."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData

from api.pages.frame.shell import words
from api.pages.frame.typed import clean
from api.pages.frame.views import Choice
from api.pages.tasks.views import Clash, Field, Goal, Row, Said, Step
from api.pages.tasks.words import question_readers
from definitions.answers import WHY, relevant
from definitions.models import Definition, Form, Question, Section
from definitions.models import Stage as StageSpec

Answers = dict[str, Any]
SPARE_GOALS = 1
LEAST_GOALS = 3
MOST_GOALS = 40
CANNOT_SAY = "-"


# --- From the browser --------------------------------------------------------------------------


def read_section(form: FormData, section: Section) -> Answers:
    """The answers typed into the fields of a section; what is empty is left out."""
    answers: Answers = {}
    for question in section.questions:
        name = f"a.{question.id}"
        value = _read(form, question, name)
        if value not in (None, "", [], {}):
            answers[question.id] = value
        if question.explain:
            why = words(form, name + WHY).strip("\n")
            if why.strip():
                answers[question.id + WHY] = why
    return answers


def _read(form: FormData, question: Question, name: str) -> Any:
    text = words(form, name)
    match question.type:
        case "text":
            return text.strip("\n") if text.strip() else ""
        case "rating":
            return _whole(text)
        case "number":
            return _number(text)
        case "goals":
            return _goals(form, name)
        case "competencies":
            return {
                key.removeprefix(name + "."): None if value == CANNOT_SAY else _whole(value)
                for key, value in _pairs(form)
                if key.startswith(name + ".") and value
            }
        case _:
            return text.strip()


def _pairs(form: FormData) -> list[tuple[str, str]]:
    return [(key, clean(value)) for key, value in form.multi_items() if isinstance(value, str)]


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"\d{1,3}", text.strip()) else text.strip()


def _number(text: str) -> int | float | str:
    plain = text.strip().replace(",", ".")
    if re.fullmatch(r"-?\d{1,12}", plain):
        return int(plain)
    if re.fullmatch(r"-?\d{1,12}\.\d{1,6}", plain):
        return float(plain)
    return text.strip()


def _goals(form: FormData, name: str) -> list[Answers]:
    goals: list[Answers] = []
    for n in range(MOST_GOALS):
        goal = words(form, f"{name}.{n}.goal").strip()
        progress = words(form, f"{name}.{n}.progress").strip().removesuffix("%").strip()
        note = words(form, f"{name}.{n}.note").strip()
        if not (goal or progress or note):
            continue
        kept: Answers = {"goal": goal, "progress": _number(progress) if progress else 0}
        goals.append(kept | ({"note": note} if note else {}))
    return goals


def merged(draft: Mapping[str, Any] | None, form: Form, number: int, fresh: Answers) -> Answers:
    """The whole draft, with the answers of one section (from 1) replaced by what was typed."""
    own = {key for q in form[number - 1].questions for key in (q.id, q.id + WHY)}
    return {**{k: v for k, v in (draft or {}).items() if k not in own}, **fresh}


# --- To the browser ----------------------------------------------------------------------------


def fields_of(
    definition: Definition,
    stage: StageSpec,
    section: Section,
    answers: Mapping[str, Any],
    *,
    role: str,
    subject: str | None,
    first: str | None,
    errors: Mapping[str, str],
    spare_goals: int = SPARE_GOALS,
) -> tuple[Field, ...]:
    """The questions of a section with what was typed."""
    form = definition.form_of(stage)
    asked = {question.id for question in relevant(form, answers)}
    fields = []
    for question in section.questions:
        value = answers.get(question.id)
        fields.append(
            Field(
                name=question.id,
                ask=ask_of(question, subject, first),
                type=question.type,
                required=question.required,
                help=fill(question.help or "", subject, first),
                example=fill(question.example or "", subject, first),
                readers=question_readers(definition, stage, role, question, first),
                reach=question.visible,
                value=_shown(value),
                choices=choices_of(definition, question),
                goals=_goal_rows(value, spare_goals) if question.type == "goals" else (),
                rows=_competencies(question, value),
                explain=question.explain,
                why=str(answers.get(question.id + WHY, "")),
                most=question.most,
                error=errors.get(question.id, ""),
                why_error=errors.get(question.id + WHY, ""),
                only_if=only_if(form, question),
                asked=question.id in asked,
            )
        )
    return tuple(fields)


def fill(text: str, subject: str | None, first: str | None) -> str:
    """Fill the placeholders that questions may use."""
    return text.replace("{subject.first_name}", first or "the person").replace(
        "{subject.name}", subject or "the person"
    )


def ask_of(question: Question, subject: str | None, first: str | None) -> str:
    """What a question asks, in words: its own, or what its type asks."""
    return fill(question.ask, subject, first) or _own_text(question)


def _own_text(question: Question) -> str:
    return {
        "goals": "Your goals of the period",
        "competencies": "How do you see each of these?",
    }.get(question.type, question.id.replace("_", " "))


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def choices_of(definition: Definition, question: Question) -> tuple[Choice, ...]:
    """What can be chosen."""
    points = tuple(Choice(str(p.value), p.label, p.help or "") for p in definition.scale)
    match question.type:
        case "choice":
            return tuple(Choice(option, option) for option in question.options)
        case "rating":
            return points
        case "competencies":
            return (*points, Choice(CANNOT_SAY, "I cannot say"))
        case _:
            return ()


def _goal_rows(value: Any, spare: int) -> tuple[Goal, ...]:
    rows = [
        Goal(str(g.get("goal", "")), str(g.get("progress", "")), str(g.get("note", "")))
        for g in (value if isinstance(value, list) else [])
        if isinstance(g, dict)
    ]
    empty = max(spare, LEAST_GOALS - len(rows))
    return (*rows, *(Goal() for _ in range(min(empty, MOST_GOALS - len(rows)))))


def _competencies(question: Question, value: Any) -> tuple[Row, ...]:
    given = value if isinstance(value, dict) else {}
    return tuple(Row(name, name, _point(given, name)) for name in question.competencies)


def _point(given: Mapping[str, Any], name: str) -> str:
    if name not in given:
        return ""
    return CANNOT_SAY if given[name] is None else str(given[name])


_PLAIN = re.compile(r"""answers\.(\w+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)')""")


def only_if(form: Form, question: Question) -> str:
    """In words, when a conditional question is asked: read by whoever has no script."""
    if not question.when:
        return ""
    found = _PLAIN.fullmatch(question.when.strip())
    if found is None:
        return (
            "Asked only in some cases. Leave it empty if it does not fit what you answered above."
        )
    other = {q.id: q.ask for section in form for q in section.questions}.get(found[1], found[1])
    value = found[3] if found[3] is not None else found[4]
    sense = "is" if found[2] == "==" else "is not"
    return f"Only if your answer to “{other}” {sense} “{value}”."


# --- To read -----------------------------------------------------------------------------------


def said(
    definition: Definition,
    form: Form,
    question: Question,
    answers: Mapping[str, Any],
    *,
    subject: str | None,
    first: str | None,
    private: str = "",
) -> Said:
    """A question and its answer, ready to read."""
    value, why = answers.get(question.id), str(answers.get(question.id + WHY, ""))
    ask = ask_of(question, subject, first)
    match question.type:
        case "rating" if value is not None:
            return Said(
                ask, why, rating_words(definition, value), share_of(definition, value), (), private
            )
        case "choice" if value:
            return Said(ask, why, str(value), None, (), private)
        case "goals" if isinstance(value, list) and value:
            rows = tuple((_goal_words(g), f"{g.get('progress', 0)} %") for g in value)
            return Said(ask, "", "", None, rows, private)
        case "competencies" if isinstance(value, dict) and value:
            rows = tuple(
                (name, rating_words(definition, value[name]))
                for name in question.competencies
                if name in value
            )
            return Said(ask, "", "", None, rows, private)
        case _:
            return Said(ask, _shown(value), "", None, (), private)


def _goal_words(goal: Mapping[str, Any]) -> str:
    note = str(goal.get("note", ""))
    return str(goal.get("goal", "")) + (f" ({note})" if note else "")


def rating_words(definition: Definition, value: Any) -> str:
    """`4 More`; `I cannot say` for none."""
    if value is None:
        return "I cannot say"
    label = next((p.label for p in definition.scale if p.value == value), "")
    return f"{value} {label}".strip()


def share_of(definition: Definition, value: Any) -> float | None:
    """Where a rating stands on its scale, from 0 to 1."""
    values = [point.value for point in definition.scale]
    if value not in values or len(values) < 2:
        return None
    return values.index(value) / (len(values) - 1)


def steps_of(
    form: Form, answers: Mapping[str, Any], path: Callable[[int], str], here: int | None
) -> tuple[Step, ...]:
    """The sections as steps, with how far each is."""
    asked = {question.id for question in relevant(form, answers)}
    steps = []
    for number, section in enumerate(form, 1):
        questions = [q for q in section.questions if q.id in asked]
        given = [q for q in questions if answers.get(q.id) not in (None, "", [], {})]
        needed = [q for q in questions if q.required and q not in given]
        mood = "part" if given and needed else "full" if given or not questions else "empty"
        steps.append(
            Step(
                number,
                section.section,
                path(number),
                "full" if mood == "full" else "part" if mood == "part" else "empty",
                number == here,
            )
        )
    return tuple(steps)


def share_answered(form: Form, answers: Mapping[str, Any]) -> int | None:
    """How much of what must be answered is, in per cent; none if nothing was begun."""
    if not answers:
        return None
    needed = [q for q in relevant(form, answers) if q.required] or list(relevant(form, answers))
    given = sum(answers.get(q.id) not in (None, "", [], {}) for q in needed)
    return round(100 * given / len(needed)) if needed else None


def clashes_of(
    definition: Definition,
    form: Sequence[Section],
    here: Mapping[str, Any],
    there: Mapping[str, Any],
) -> tuple[Clash, ...]:
    """What differs between this window and what was saved elsewhere, question by question."""
    clashes = []
    for section in form:
        for question in section.questions:
            keys = (question.id, question.id + WHY)
            if all(here.get(k) == there.get(k) for k in keys):
                continue
            clashes.append(
                Clash(
                    question.id,
                    question.ask or _own_text(question),
                    _plain(definition, form, question, here),
                    _plain(definition, form, question, there),
                )
            )
    return tuple(clashes)


def _plain(
    definition: Definition, form: Sequence[Section], question: Question, answers: Mapping[str, Any]
) -> str:
    one = said(definition, tuple(form), question, answers, subject=None, first=None)
    rows = "\n".join(f"{name}: {value}" for name, value in one.rows)
    return "\n".join(part for part in (one.rating, one.text, rows) if part)
