"""Definitions for tests: the shipped ones, and small ones made of stages alone."""

from functools import cache
from pathlib import Path
from textwrap import dedent, indent

import definitions
from definitions.loader import parse_definition
from definitions.models import Definition

SHIPPED = ("annual", "mid_year", "quarterly", "probation", "feedback", "upward")


@cache
def shipped(name: str) -> Definition:
    """A definition as it is shipped."""
    path = Path(str(definitions.__file__)).parent / "cycles" / f"{name}.yaml"
    return parse_definition(path.read_text(encoding="utf-8"), path.name).definition


@cache
def made_of(stages: str, more: str = "") -> Definition:
    """A definition with these stages (YAML list items) and these further keys."""
    text = "\n".join(
        (
            "definition: made",
            "title: Made",
            "purpose: For a test.",
            "period: previous year" if "period:" not in more else "",
            dedent(more),
            "stages:",
            indent(dedent(stages), "  "),
            "forms:",
            *(
                f"  {name}: [{{section: S, questions: [{{id: q, ask: Why?}}]}}]"
                for name in ("one", "two", "three", "four", "aside")
            ),
        )
    )
    return parse_definition(text, "made.yaml").definition
