"""What this release reads, but cannot run yet: asked when a definition is published."""

from definitions.expressions import mentions_person
from definitions.kinds.registry import KINDS
from definitions.models import Definition
from definitions.problems import Problem, Severity, enumeration, path_text
from definitions.source import Document, Path

RUNNING = tuple(name for name, kind in KINDS.items() if kind.traits.runs)
"""The kinds of stages that run in this release."""


def runnable(definition: Definition, document: Document | None = None) -> list[Problem]:
    """What keeps a definition from being run; empty if nothing does.

    With the document of `Parsed` the problems have a place.
    """
    problems = [
        _problem(
            definition,
            document,
            ("stages", index, "kind"),
            f"Almanac can read the stage `{stage.id}` of kind `{stage.kind}`, "
            "but cannot run it yet.",
            f"Take the stage out. Kinds that run: {enumeration(RUNNING)}.",
        )
        for index, stage in enumerate(definition.stages)
        if not stage.traits.runs
    ]
    for name, form in definition.forms.items():
        for number, section in enumerate(form):
            problems += [
                _problem(
                    definition,
                    document,
                    ("forms", name, number, "questions", index, "when"),
                    f"Almanac can read the condition of the question `{question.id}` about the "
                    "worker record, but cannot apply it yet.",
                    "Use answers to the same form only.",
                )
                for index, question in enumerate(section.questions)
                if question.when is not None and mentions_person(question.when)
            ]
    return problems


def _problem(
    definition: Definition, document: Document | None, path: Path, message: str, hint: str
) -> Problem:
    place = document.value_place(path) if document is not None else None
    return Problem(
        severity=Severity.ERROR,
        source=document.source if document is not None else definition.definition,
        line=place.line if place is not None else 0,
        column=place.column if place is not None else 0,
        path=path_text(path),
        message=message,
        hint=hint,
        code="not-runnable",
    )
