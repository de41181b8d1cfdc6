"""Stages of kind `release`: HR lets results be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definitions.kinds.kind import StageKind
from definitions.problems import Severity
from definitions.stages import Stage
from domain.kinds.release import RELEASE

if TYPE_CHECKING:
    from definitions.findings import Findings
    from definitions.models import Definition


class Release(Stage):
    """HR releases results."""


class _Rules(StageKind[Release]):
    def lint(self, definition: Definition, stage: Release, findings: Findings) -> None:
        """A release should be followed by a conversation."""
        if not _talked_after(definition, stage):
            findings.add(
                Severity.WARNING,
                "no-conversation",
                findings.stage_path(stage.id),
                f"Nobody talks after `{stage.id}`: people read their result alone.",
                "Add a stage of kind `meeting` after it.",
            )


def _talked_after(definition: Definition, release: Release) -> bool:
    reached = {release.id}
    for _ in definition.stages:  # stages may be written in any order
        reached |= {s.id for s in definition.stages if reached & set(s.after)}
    return any(definition.stage(name).traits.held for name in reached)


KIND = _Rules(RELEASE, Release)
