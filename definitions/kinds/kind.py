"""The rules of a kind of stage: what other modules ask when they come to a stage of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from definitions.durations import Duration
from definitions.instants import Instant
from definitions.source import Path
from definitions.stages import NOT_WRITTEN, Stage, Step
from domain.kinds.traits import Traits

if TYPE_CHECKING:
    from definitions.answer_problems import AnswerProblem
    from definitions.checks import Checks
    from definitions.findings import Findings
    from definitions.models import Definition

_YEAR, _PLAN = Duration(1, "years"), Duration(2, "years")

S = TypeVar("S", bound=Stage)
Bound = tuple[Path, Instant | Duration, Duration]
"""Where something stands, what it says, and how long it may be at most."""


def bounds_of_step(path: Path, step: Stage | Step) -> Iterator[Bound]:
    """The spans that stages have, and steps as well."""
    if step.due != NOT_WRITTEN:
        yield (*path, "due"), step.due, _PLAN
    if step.closes is not None:
        yield (*path, "closes"), step.closes, _PLAN
    yield (*path, "at_least"), step.at_least, _YEAR


@dataclass(frozen=True, slots=True)
class StageKind(Generic[S]):
    """What a kind adds to what holds for every stage. Nothing, unless a module says otherwise."""

    traits: Traits
    model: type[S]
    """What can be written of it."""

    ladder: str | None = None
    """The ladder where none is written. None: the definition's."""

    def defaults(self, definition: Definition, stage: S) -> dict[str, Any]:
        """What is not written, by field."""
        return {}

    def check(self, checks: Checks, path: Path, stage: S) -> None:
        """Note what does not fit together; the stage stands at `path`, with its defaults."""

    def lint(self, definition: Definition, stage: S, findings: Findings) -> None:
        """Note what may not do what was meant."""

    def bounds(self, path: Path, stage: S) -> Iterator[Bound]:
        """The spans of its own fields, and how long each may be."""
        yield from ()

    def unfold(self, stage: S) -> tuple[Stage, ...]:
        """The stages that it is when it runs."""
        return (stage,)

    def answer_problems(
        self, answers: Mapping[str, Any], *, complete: bool
    ) -> list[AnswerProblem] | None:
        """What is wrong with answers to something other than a form; None: a form asks."""
        return None

    def answers_kept(self, answers: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is stored of answers to something other than a form; None: a form asks."""
        return None
