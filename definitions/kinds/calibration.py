"""Stages of kind `calibration`: managers compare ratings across teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StrictInt

from definitions.company import Text
from definitions.kinds.kind import StageKind
from definitions.source import Path
from definitions.stages import Stage
from domain.kinds.calibration import CALIBRATION

if TYPE_CHECKING:
    from definitions.checks import Checks
    from definitions.models import Definition


class Calibration(Stage):
    """One session for each group of people."""

    group_by: Text | None = None
    """Calibration: one session for each value of this expression over `person`."""

    smallest_group: Annotated[StrictInt, Field(ge=2, le=1000)] | None = None
    """Calibration: smaller groups are merged into "Everyone else"."""

    facilitator: Literal["hr"] | None = None
    """Calibration: who leads the session."""

    calibrators: Literal["managers"] | None = None
    """Calibration: who takes part in the session."""

    guidance: Mapping[int, Annotated[StrictInt, Field(ge=0, le=100)]] | None = None
    """Calibration: expected share in per cent by scale value. Guidance, never a gate."""


class _Rules(StageKind[Calibration]):
    def defaults(self, definition: Definition, stage: Calibration) -> dict[str, Any]:
        """By department, from five people on, led by HR among managers."""
        return {
            "group_by": stage.group_by or "person.department",
            "smallest_group": stage.smallest_group or 5,
            "facilitator": stage.facilitator or "hr",
            "calibrators": stage.calibrators or "managers",
        }

    def check(self, checks: Checks, path: Path, stage: Calibration) -> None:
        """Guidance is about points of the scale, groups are texts."""
        points = {point.value for point in checks.resolved.scale}
        for value in stage.guidance or {}:
            if value not in points:
                at = (*path, "guidance", str(value))
                checks.error(at, f"The scale has no point {value}.", key=True)
        if stage.group_by is not None:
            checks.forms.condition((*path, "group_by"), stage.group_by, "text")


KIND = _Rules(CALIBRATION, Calibration)
