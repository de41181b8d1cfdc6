"""The rules of stages of kind `feedback_round`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from definitions.durations import Duration
from definitions.kinds.feedback_round.checks import check_round
from definitions.kinds.feedback_round.dates import defaults_of
from definitions.kinds.feedback_round.lint import lint_round
from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.kinds.kind import Bound, StageKind, bounds_of_step
from definitions.source import Path
from definitions.stages import Stage
from domain.kinds.feedback_round import APPROVE, COLLECT, FEEDBACK_ROUND, NOMINATE, STEPS

if TYPE_CHECKING:
    from definitions.checks import Checks
    from definitions.findings import Findings
    from definitions.models import Definition

NAMING_RATERS = "Choose who is asked for feedback"
"""The same words in the title of the stage, on pages and in mails."""

_TITLES: Mapping[str, str] = {
    NOMINATE.name: NAMING_RATERS,
    APPROVE.name: "Look over the feedback lists",
    COLLECT.name: "{title}",
}
_TRAITS = {step.name: step for step in STEPS}


class _Rules(StageKind[FeedbackRound]):
    def defaults(self, definition: Definition, stage: FeedbackRound) -> dict[str, Any]:
        """Its steps, whom it asks, and the date that follows from the steps."""
        return defaults_of(stage)

    def check(self, checks: Checks, path: Path, stage: FeedbackRound) -> None:
        """It asks somebody, closes, and protects those who answer."""
        check_round(checks, path, stage)

    def lint(self, definition: Definition, stage: FeedbackRound, findings: Findings) -> None:
        """Whether anything of it can be shown, and who reads it when."""
        if not stage.traits.step:
            lint_round(definition, stage, findings)

    def bounds(self, path: Path, stage: FeedbackRound) -> Iterator[Bound]:
        """Each step is bounded like a stage."""
        if stage.manager_first is not None:
            yield (*path, "manager_first"), stage.manager_first, Duration(1, "years")
        for name, step in stage.written_steps().items():
            yield from bounds_of_step((*path, name), step)

    def unfold(self, stage: FeedbackRound) -> tuple[Stage, ...]:
        """A small stage for each step, one after the other, each for every person by itself."""
        if stage.traits.step:
            return (stage,)
        order: dict[str, Any] = {"opens": stage.opens, "after": stage.after, "per": stage.per}
        stages: list[Stage] = []
        for name in stage.steps():
            stages.append(_unfolded(stage, name, order))
            order = {"opens": None, "after": (stages[-1].id,), "per": "person"}
        return tuple(stages)


def _unfolded(stage: FeedbackRound, name: str, order: Mapping[str, Any]) -> Stage:
    step = stage.steps()[name]
    title = _TITLES[stage.written_as(name)].format(title=stage.title)
    return stage.model_copy(
        update={
            "id": f"{stage.id}.{name}",
            "kind": name,
            "title": step.title or title,
            "assignee": _TRAITS[name].holders[0],
            "form": stage.form if _TRAITS[name].form is not None else None,
            "due": step.due,
            "closes": step.closes,
            "ladder": step.ladder,
            "at_least": step.at_least,
            **order,
        }
    )


# Lateness in a 360 round is nobody's business: the definition's own ladder may escalate.
KIND = _Rules(FEEDBACK_ROUND, FeedbackRound, ladder="reminders")
