"""Conditions: CEL behind one small class (language reference §1.4).

Variables of every condition, about the subject's worker record on that day:

| variable | type | |
| --- | --- | --- |
| `person.employee_id` | text | |
| `person.first_name`, `person.last_name` | text | |
| `person.department` | text | |
| `person.city` | text | the office |
| `person.country` | text | ISO code, like `DE` |
| `person.job_title`, `person.level` | text | |
| `person.employment` | text | `permanent`, `temporary`, ... as the record says |
| `person.status` | text | `active` or `left` |
| `person.language` | text | like `en` |
| `person.hire_date` | timestamp | midnight UTC |
| `person.tenure_days` | whole number | calendar days since then |
| `person.is_manager` | true or false | somebody reports to them |
| `person.reports` | whole number | direct reports |
| `person.manager_id` | text | the manager's employee id |

What a record does not say is the empty text. In conditions of questions there are also the
answers to the same form, as `answers.ID`: texts, choices and dates (`YYYY-MM-DD`) as text (not
answered: empty), ratings as whole number and numbers as number (not answered: 0), goals as a
list, competencies as a map.

The engine answers an evaluation that fails with an ERROR value whose content is a text, and so
is true for Python; here it becomes an ExpressionError.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Literal

from cel_expr_python import cel

from definitions.condition_cost import FIELD, MOST_BYTES, NUMBER, OBJECTS, TEXT, Size, cost_of
from definitions.forms import Form, Question
from definitions.problems import did_you_mean
from domain.errors import AlmanacError

Kind = Literal["person", "answers"]
Result = Literal["bool", "text"]
MOST_CHARACTERS = 4000


class ExpressionError(AlmanacError):
    """A condition that is none, or that cannot be decided for a record.

    `line` and `column` count from 1 inside the expression; 0 for a failed evaluation. The text
    never quotes a record.
    """

    code = "expression"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "A condition does not work"

    def __init__(self, message: str, hint: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What conditions can ask about a person; `None` counts as the empty text."""

    employee_id: str
    first_name: str = ""
    last_name: str = ""
    department: str | None = None
    city: str | None = None
    country: str | None = None
    job_title: str | None = None
    level: str | None = None
    employment: str = "permanent"
    status: str = "active"
    language: str = "en"
    hire_date: date
    tenure_days: int = 0
    is_manager: bool = False
    reports: int = 0
    manager_id: str | None = None
    email: str = ""  # no variable: conditions need no addresses

    def variables(self) -> dict[str, Any]:
        """The values by variable name, as the engine takes them."""
        values = {name: getattr(self, name) for name in _TYPES}
        values["hire_date"] = datetime.combine(self.hire_date, time(), UTC)
        return {f"person.{k}": "" if v is None else v for k, v in values.items()}


_TYPES: dict[str, Any] = {
    field.name: {
        "hire_date": cel.Type.TIMESTAMP,
        "tenure_days": cel.Type.INT,
        "reports": cel.Type.INT,
        "is_manager": cel.Type.BOOL,
    }.get(field.name, cel.Type.STRING)
    for field in fields(PersonFacts)
    if field.name != "email"
}


Asked = tuple[str, str]
"""Id and type of a question."""


class Expression:
    """A checked condition (`result` "bool") or grouping (`result` "text")."""

    __slots__ = ("_answers", "_program", "result", "text")

    def __init__(self, text: str, program: Any, result: Result, answers: Sequence[Asked]) -> None:
        self.text = text
        self.result = result
        self._program = program
        self._answers = answers

    @property
    def asks(self) -> list[str]:
        """The questions whose answers it mentions, in order."""
        named = re.findall(r"\banswers\s*\.\s*(\w+)", _code(self.text))
        known = {question for question, _ in self._answers}
        return [name for name in dict.fromkeys(named) if name in known]

    def evaluate(
        self, facts: PersonFacts | None = None, answers: Mapping[str, Any] | None = None
    ) -> bool | str:
        """Decide it for a person, or for answers to the form. Raises ExpressionError."""
        data = {} if facts is None else facts.variables()
        for question, kind in self._answers:
            data[f"answers.{question}"] = _answer(kind, (answers or {}).get(question))
        try:
            value = self._program.eval(data=data)
        except RuntimeError:  # a loop beyond the budget; other failures are ERROR values
            raise ExpressionError("The condition takes too long to decide.") from None
        wanted = cel.Type.BOOL if self.result == "bool" else cel.Type.STRING
        if value.type() != wanted:
            raise ExpressionError("The condition cannot be decided for this record.")
        plain = value.value()
        return plain is True if self.result == "bool" else str(plain)


def compile(  # noqa: A001 - `expressions.compile` reads as what it does
    text: str,
    kind: Kind = "person",
    form: Form | Sequence[Question] | None = None,
) -> Expression:
    """Check an expression and make it ready. Raises ExpressionError with line and column.

    `kind` "answers" adds the answers to `form` (or to a sequence of its questions) to the
    variables. Cached: the same text and variables cost nothing the second time.
    """
    return _compiled(text, _asked(form) if kind == "answers" and form else ())


def condition_holds(
    text: str,
    form: Form,
    answers: Mapping[str, Any],
    person: PersonFacts | None = None,
) -> bool:
    """Whether a question is to be asked, given the answers so far.

    A condition that cannot be decided asks the question: better one too many than a silent gap.
    """
    try:
        return compile(text, "answers", form).evaluate(person, answers) is True
    except ExpressionError:
        return True


def mentions_person(text: str) -> bool:
    """Does the expression ask about the worker record?"""
    return re.search(r"\bperson\s*\.", _code(text)) is not None


def _code(text: str) -> str:
    """The expression without its texts in quotes."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)


def variables(form: Form | Sequence[Question] | None = None) -> list[str]:
    """The names of all variables, with the answers to a form if one is given."""
    asked = _asked(form) if form else ()
    return [f"person.{name}" for name in _TYPES] + [f"answers.{name}" for name, _ in asked]


def _asked(form: Form | Sequence[Question]) -> tuple[Asked, ...]:
    questions: list[Question] = []
    for part in form:
        questions += [part] if isinstance(part, Question) else part.questions
    return tuple((question.id, question.type) for question in questions)


@lru_cache(maxsize=1024)
def _compiled(text: str, asked: tuple[Asked, ...]) -> Expression:
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"More than {MOST_CHARACTERS} characters.", "Shorten it.", 1, 1)
    try:
        program = _environment(asked).compile(text)
    except RuntimeError as error:
        raise _readable(text, str(error), asked) from None
    if cost_of(program.serialize(), _sizes(asked)) > MOST_BYTES:
        raise ExpressionError(
            "The values of this condition could grow too large.",
            "Do without `map`, or without putting texts or lists together in it.",
            1,
            1,
        )
    kind = program.return_type()
    if kind == cel.Type.BOOL:
        return Expression(text, program, "bool", asked)
    if kind == cel.Type.STRING:
        return Expression(text, program, "text", asked)
    said = _said(kind.name().lower())
    raise ExpressionError(f"This is {said}, neither true or false nor a text.", "", 1, 1)


@lru_cache(maxsize=128)
def _environment(asked: tuple[Asked, ...]) -> Any:
    declared = {f"person.{name}": kind for name, kind in _TYPES.items()}
    declared |= {f"answers.{question}": _answer_type(kind) for question, kind in asked}
    return cel.NewEnv(variables=declared)


def _sizes(asked: tuple[Asked, ...]) -> dict[str, Size]:
    """How large each variable can be."""
    sizes = {f"person.{name}": FIELD for name in _TYPES}
    by_kind = {"rating": NUMBER, "number": NUMBER, "goals": OBJECTS, "competencies": OBJECTS}
    return sizes | {f"answers.{question}": by_kind.get(kind, TEXT) for question, kind in asked}


def _answer_type(kind: str) -> Any:
    match kind:
        case "rating":
            return cel.Type.INT
        case "number":
            return cel.Type.DOUBLE
        case "goals":
            return cel.Type.List(cel.Type.DYN)
        case "competencies":
            return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.Type.STRING


def _answer(kind: str, value: Any) -> Any:
    """The value with the declared type; what is missing or has another shape counts as none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "rating":
            return int(value) if number else 0
        case "number":
            return float(value) if number else 0.0
        case "goals":
            return value if isinstance(value, list) else []
        case "competencies":
            return value if isinstance(value, dict) else {}
    return value if isinstance(value, str) else ""


# --- What the engine says, in words -------------------------------------------------------------

_ERROR = re.compile(r"<input>:(\d+):(\d+): (.*)")
_OPERATOR = re.compile(r"found no matching overload for '(\S+)' applied to '\((.*)\)'")
_SPELT = {"and": "&&", "or": "||", "not": "!", "=": "==", "<>": "!=", "AND": "&&", "OR": "||"}
_NAMES = {
    "string": "a text",
    "int": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "timestamp": "an instant",
    "google.protobuf.timestamp": "an instant",
    "duration": "a duration",
    "google.protobuf.duration": "a duration",
    "null_type": "null",
}


def _readable(text: str, said: str, asked: tuple[Asked, ...]) -> ExpressionError:
    found = _ERROR.search(said)
    if found is None:
        reason = "It is nested too deeply." if "recursion" in said else "It is too complicated."
        return ExpressionError(reason, "Simplify it, or split it into several rules.", 1, 1)
    line, column, reason = int(found[1]), int(found[2]), found[3]
    unknown = re.search(r"undeclared reference to '([^']*)'", reason)
    if unknown is not None:
        return _unknown(text, unknown[1], line, column, asked)
    overload = _OPERATOR.search(reason)
    if overload is not None:
        return ExpressionError(*_misfit(overload[1], overload[2]), line, column)
    wrong = re.search(r"(?:input|at:?) '([^']+)'", reason)
    word = wrong[1].strip() if wrong is not None else ""
    if word == "<EOF>":
        return ExpressionError("The condition breaks off.", _hint(text, ""), line, column)
    shown = f" at `{word}`" if word else ""
    return ExpressionError(f"This is no condition{shown}.", _hint(text, word), line, column)


def _unknown(
    text: str, name: str, line: int, column: int, asked: tuple[Asked, ...]
) -> ExpressionError:
    # The engine points at the last dot of a dotted name; the reader looks for its beginning.
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    start = written.rfind(name, 0, column + len(name))
    place = start + 1 if start >= 0 else column
    called = written[place - 1 + len(name) :].lstrip().startswith("(")
    if called:
        hint = did_you_mean(name, _FUNCTIONS)
        hint = hint if hint.startswith("Did") else ""
        return ExpressionError(f"There is no function `{name}`.", hint, line, place)
    known = [f"person.{field}" for field in _TYPES] + [f"answers.{q}" for q, _ in asked]
    hint = next((f"Did you mean `{k}`?" for k in known if k.endswith(f".{name}")), "")
    return ExpressionError(
        f"There is no variable `{name}`.", hint or did_you_mean(name, known), line, place
    )


_FUNCTIONS = ("size", "contains", "startsWith", "endsWith", "matches", "timestamp", "duration")


def _misfit(operator: str, kinds: str) -> tuple[str, str]:
    said = [_said(kind.strip()) for kind in kinds.split(",")]
    symbol = operator.strip("_@").replace("_", "") or operator
    if len(said) == 2:
        hint = ""
        if "string" in kinds and ("int" in kinds or "double" in kinds):
            hint = 'Texts stand in quotes, numbers do not: `"5"` is a text, `5` a number.'
        return f"`{symbol}` does not fit {said[0]} and {said[1]}.", hint
    return f"`{symbol}` does not fit {' and '.join(said)}.", ""


def _said(kind: str) -> str:
    return _NAMES.get(kind, kind)


def _hint(text: str, word: str) -> str:
    if word in _SPELT:
        return f"Write `{_SPELT[word]}`."
    for spelt in ("and", "or", "not"):
        if re.search(rf"\b{spelt}\b", text):
            return f"Write `{_SPELT[spelt]}` instead of `{spelt}`."
    if re.search(r"[^=!<>]=[^=]", text):
        return "Equality is `==`."
    return 'An example: `person.department == "Finance" && person.reports > 0`.'
