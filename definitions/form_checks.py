"""Questions, conditions and the placeholders in texts."""

import re
from collections.abc import Iterator
from typing import Any

from definitions import expressions
from definitions.expressions import ExpressionError, Result
from definitions.forms import Form, Question
from definitions.models import Definition
from definitions.problems import did_you_mean, enumeration
from definitions.source import Document, Path, Place

PLACEHOLDERS = ("{period}", "{subject.first_name}", "{subject.name}", "{due}")
TEXTS = (
    *("title", "purpose", "section", "ask", "help", "example", "options"),
    *("because", "subject", "body", "label"),
)
WITH_OWN_TEXT = ("goals", "competencies")
EXPLAINED = ("rating", "choice")

_PLACEHOLDER = re.compile(r"\{[^{}\n]*\}")


class FormChecks:
    """Everything that people read and answer, and every condition."""

    def __init__(self, definition: Definition, document: Document) -> None:
        self.definition = definition
        self.document = document

    def all(self) -> None:
        """Everything."""
        for name, form in self.definition.forms.items():
            self._form(("forms", name), form)
        self._conditions()
        self._placeholders()

    # --- forms ----------------------------------------------------------------------------------

    def _form(self, path: Path, form: Form) -> None:
        if not form:
            self._error(path, "A form without questions.", "Write a section, or remove the form.")
        above: list[Question] = []
        for number, section in enumerate(form):
            for index, question in enumerate(section.questions):
                at = (*path, number, "questions", index)
                if question.id in [other.id for other in above]:
                    self._error(
                        (*at, "id"),
                        f"Another question of this form is called `{question.id}`.",
                        "Rename one.",
                    )
                self._question(at, question)
                if question.when is not None:
                    self._answers_condition((*at, "when"), question, form, above)
                above.append(question)

    def _question(self, path: Path, question: Question) -> None:
        kind = question.type
        if not question.ask and kind not in WITH_OWN_TEXT:
            self._error((*path, "ask"), "This is missing.", "Write the question.")
        if kind == "choice" or (kind == "competencies" and question.options):
            self._options(path, question)
        elif question.options:
            self._error(
                (*path, "options"),
                f"A question of type `{kind}` has no `options`.",
                "Write `type: choice`, or remove them.",
                key=True,
            )
        if question.explain and kind not in EXPLAINED:
            self._error(
                (*path, "explain"),
                f"`explain` asks for a text beside a rating or a choice, not beside `{kind}`.",
                "Remove it.",
                key=True,
            )

    def _options(self, path: Path, question: Question) -> None:
        if question.type == "choice" and len(question.options) < 2:
            self._error(
                (*path, "options") if question.options else path,
                "A choice needs at least two `options`.",
                'Write `options: ["Yes", "No"]`, for example.',
            )
        for index, option in enumerate(question.options):
            if option in question.options[:index]:
                self._error(
                    (*path, "options", index), f"`{option}` stands there twice.", "Remove one."
                )

    # --- conditions -----------------------------------------------------------------------------

    def _conditions(self) -> None:
        audience = self.definition.audience
        if audience.who is not None:
            self.condition(("audience", "who"), audience.who)
        for index, rule in enumerate(audience.exclude):
            self.condition(("audience", "exclude", index, "when"), rule.when)
        for index, stage in enumerate(self.definition.stages):
            if stage.when is not None:
                self.condition(("stages", index, "when"), stage.when)

    def condition(self, path: Path, text: str, result: Result = "bool") -> None:
        """Note a condition over `person` that cannot be computed, or gives something else."""
        if not self.document.has(path):
            return
        try:
            expression = expressions.compile(text)
        except ExpressionError as error:
            self._expression(path, error)
            return
        if expression.result != result:
            self._error(path, *_NOT_WANTED[result])

    def _answers_condition(
        self, path: Path, question: Question, form: Form, above: list[Question]
    ) -> None:
        try:
            expression = expressions.compile(question.when or "", "answers", form)
        except ExpressionError as error:
            self._expression(path, error)
            return
        known = {other.id for other in above}
        later = [name for name in expression.asks if name not in known]
        if later:
            self._error(
                path,
                f"`answers.{later[0]}` is not asked before this question.",
                "Ask it above, or use an answer from above.",
            )
        elif expression.result != "bool":
            self._error(path, *_NOT_WANTED["bool"])

    def _expression(self, path: Path, error: ExpressionError) -> None:
        place = self.document.inside(path, error.line, error.column)
        self.document.error(place, path, error.message, error.hint, "expression")

    # --- placeholders ---------------------------------------------------------------------------

    def _placeholders(self) -> None:
        for path, text in _texts(self.document.data, ()):
            for found in _PLACEHOLDER.finditer(text):
                if found[0] in PLACEHOLDERS:
                    continue
                near = did_you_mean(found[0], PLACEHOLDERS)
                hint = near if near.startswith("Did") else f"Known: {enumeration(PLACEHOLDERS)}."
                line = text.count("\n", 0, found.start()) + 1
                column = found.start() - text.rfind("\n", 0, found.start())
                place: Place = self.document.inside(path, line, column)
                self.document.error(
                    place, path, f"There is no placeholder `{found[0]}`.", hint, "placeholder"
                )

    def _error(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        place = self.document.key_place(path) if key else self.document.value_place(path)
        self.document.error(place, path, message, hint)


_NOT_WANTED = {
    "bool": (
        "This is a text, where true or false is wanted.",
        'Compare it: `person.department == "Finance"`, for example.',
    ),
    "text": (
        "This is true or false, where a text is wanted.",
        'Write `person.is_manager ? "Managers" : "Others"`, for example.',
    ),
}


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """All texts that people read, with their paths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
    elif isinstance(value, str):
        names = [part for part in path if isinstance(part, str)]
        if names and names[-1] in TEXTS:
            yield path, value
