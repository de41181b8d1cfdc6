"""Stages of kind `development_plan`: what somebody wants to learn, and how it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, WithJsonSchema

from definitions.durations import DURATION_PATTERN, Duration, plain
from definitions.identifiers import Names
from definitions.instants import Instant
from definitions.kinds.kind import Bound, StageKind
from definitions.source import Path
from definitions.stages import Stage
from domain.kinds.development_plan import DEVELOPMENT_PLAN

if TYPE_CHECKING:
    from definitions.checks import Checks
    from definitions.models import Definition

_LONGEST = Duration(5, "years")
_YEAR = Duration(1, "years")


def _every(value: object) -> object:
    return plain(value).removeprefix("every ") if isinstance(value, str) else value


class DevelopmentPlan(Stage):
    """A plan for each person."""

    check_ins: (
        Annotated[
            Duration,
            BeforeValidator(_every),
            WithJsonSchema(
                {"type": "string", "pattern": r"^(every )?" + DURATION_PATTERN[4:]},
                mode="validation",
            ),
        ]
        | None
    ) = None
    """Development plan: how often it is looked at, like `every 2 months`."""

    until: Instant | None = None
    """Development plan: its end. Absent: the end of the next period of the same length."""

    suggest_from: Names | None = None
    """Development plan: stages whose answers suggest goals."""

    def renamed(self, stage: Callable[[str], str], instant: Callable[[Instant], Instant]) -> Self:
        """The same stage with other names in what it says of others."""
        changes: dict[str, Any] = {}
        if self.until is not None:
            changes["until"] = instant(self.until)
        if self.suggest_from is not None:
            changes["suggest_from"] = tuple(stage(name) for name in self.suggest_from)
        return super().renamed(stage, instant).model_copy(update=changes)


class _Rules(StageKind[DevelopmentPlan]):
    def defaults(self, definition: Definition, stage: DevelopmentPlan) -> dict[str, Any]:
        """Looked at every two months; goals are suggested from the review and the 360 round."""
        ids = {other.id for other in definition.stages}
        known = tuple(name for name in ("manager", "feedback") if name in ids)
        return {
            "check_ins": stage.check_ins or Duration(2, "months"),
            "suggest_from": known if stage.suggest_from is None else stage.suggest_from,
        }

    def check(self, checks: Checks, path: Path, stage: DevelopmentPlan) -> None:
        """What it names must be there."""
        checks.stages_named((*path, "suggest_from"), stage, stage.suggest_from or ())
        checks.instant((*path, "until"), stage.until, own=True)

    def bounds(self, path: Path, stage: DevelopmentPlan) -> Iterator[Bound]:
        """A plan lasts some years, and is looked at once a year at least."""
        if stage.until is not None:
            yield (*path, "until"), stage.until, _LONGEST
        if stage.check_ins is not None:
            yield (*path, "check_ins"), stage.check_ins, _YEAR


KIND = _Rules(DEVELOPMENT_PLAN, DevelopmentPlan)
