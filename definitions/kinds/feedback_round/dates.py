"""The dates of a 360 round that follow from its steps, and the defaults of a step."""

from typing import Any

from definitions.durations import Duration
from definitions.instants import Instant, after
from definitions.kinds.feedback_round.raters import Raters
from definitions.kinds.feedback_round.stage import DEFAULTS, FeedbackRound
from definitions.stages import NOT_WRITTEN, Step, at_least
from domain.kinds.feedback_round import COLLECT


def defaults_of(stage: FeedbackRound) -> dict[str, Any]:
    """What is not written of a round, by field."""
    steps = {name: _step(getattr(stage, name), default) for name, default in DEFAULTS.items()}
    changes: dict[str, Any] = {
        **steps,
        "raters": stage.raters or Raters(),
        "load": stage.load or 7,
        "too_few": stage.too_few or "report_without",
    }
    if stage.due == NOT_WRITTEN:
        due = round_due(tuple(stage.model_copy(update=changes).steps().values()))
        changes["due"] = NOT_WRITTEN if due is None else due
    last = steps[COLLECT.name].closes
    if "closes" not in stage.model_fields_set and last is not None and last.is_own("due"):
        changes["closes"] = last
    return changes


def _step(written: Step | None, default: Step) -> Step:
    if written is None:
        return default
    changes: dict[str, Any] = {}
    if written.due == NOT_WRITTEN:
        changes["due"] = default.due
    if "closes" not in written.model_fields_set:
        changes["closes"] = default.closes
    if "at_least" not in written.model_fields_set:
        changes["at_least"] = at_least(changes.get("due", written.due))
    return written.model_copy(update=changes)


def round_due(steps: tuple[Step, ...]) -> Instant | None:
    """When a 360 round is due: each step opens on the working day after the one before is due.

    None if a step is not counted in working days from its opening.
    """
    days = 0
    for step in steps:
        offset = step.due.offset
        own = step.due.is_own("opens") and step.due.direction == "after"
        if not own or offset is None or offset.unit != "working_days":
            return None
        days += offset.amount
    return after(Duration(days + len(steps) - 1, "working_days"), "opens")
