"""What is not written: defaults that depend on other parts (language reference §2)."""

from typing import Any

from definitions.durations import Duration
from definitions.instants import Anchor, Instant, after
from definitions.models import BUILT_IN_LADDERS, Definition
from definitions.raters import Raters
from definitions.stages import APPROVE, COLLECT, NOMINATE, NOT_WRITTEN, Assignee, Kind, Stage, Step

ASSIGNEES: dict[Kind, Assignee] = {
    "form": "subject",
    "feedback_round": "subject",
    "calibration": "facilitator",
    "release": "hr",
    "meeting": "manager",
    "acknowledgement": "subject",
    "development_plan": "manager",
}
ASKING: tuple[Kind, ...] = ("form", "meeting", "feedback_round")
"""The kinds whose tasks can have a form."""

FOR_EVERYBODY: tuple[Kind, ...] = ("calibration", "release")
STEPS = {"nominate": NOMINATE, "approve": APPROVE, "collect": COLLECT}
AT_LEAST = Duration(3, "working_days")
LAUNCH = Instant(anchor=Anchor("launch"))


def resolve(written: Definition) -> Definition:
    """The definition with every default in its place. What was written stays as it is."""
    above: str | None = None
    stages: list[Stage] = []
    for stage in written.stages:
        stages.append(_stage(written, stage, above))
        above = stage.id
    changes: dict[str, Any] = {
        "stages": tuple(stages),
        "ladders": {**BUILT_IN_LADDERS, **written.ladders},
    }
    if "late_joiners" not in written.audience.model_fields_set:
        until = Instant(anchor=Anchor("due", stages[0].id))
        changes["audience"] = written.audience.model_copy(update={"late_joiners": until})
    if written.ends == NOT_WRITTEN:
        changes["ends"] = after(Duration(30, "working_days"), "due", stages[-1].id)
    return written.model_copy(update=changes)


def _stage(definition: Definition, stage: Stage, above: str | None) -> Stage:
    changes: dict[str, Any] = {
        **_order(stage, above),
        **_of_kind(definition, stage),
    }
    if not stage.title:
        spaced = stage.id.replace("_", " ")
        changes["title"] = spaced[:1].upper() + spaced[1:]
    if not stage.ladder:
        # Lateness in a 360 round is nobody's business: the definition's ladder may escalate.
        changes["ladder"] = "reminders" if stage.kind == "feedback_round" else definition.ladder
    if "assignee" not in stage.model_fields_set:
        changes["assignee"] = ASSIGNEES[stage.kind]
    if "per" not in stage.model_fields_set and stage.kind in FOR_EVERYBODY:
        changes["per"] = "cycle"
    if stage.form is None and stage.kind in ASKING:
        name = "feedback" if stage.kind == "feedback_round" else stage.id
        changes["form"] = name if name in definition.forms else None
    if "at_least" not in stage.model_fields_set:
        changes["at_least"] = at_least(changes.get("due", stage.due))
    return stage.model_copy(update=changes)


def _order(stage: Stage, above: str | None) -> dict[str, Any]:
    """`opens` alone waits for no stage; neither `opens` nor `after` waits for the one above."""
    written = stage.model_fields_set
    if "after" not in written and stage.opens is None and above is not None:
        return {"after": (above,)}
    after_nothing = not stage.after or "after" not in written
    return {"opens": LAUNCH} if stage.opens is None and after_nothing else {}


def _of_kind(definition: Definition, stage: Stage) -> dict[str, Any]:
    match stage.kind:
        case "feedback_round":
            return _round(stage)
        case "calibration":
            return {
                "group_by": stage.group_by or "person.department",
                "smallest_group": stage.smallest_group or 5,
                "facilitator": stage.facilitator or "hr",
                "calibrators": stage.calibrators or "managers",
            }
        case "development_plan":
            ids = {other.id for other in definition.stages}
            known = tuple(name for name in ("manager", "feedback") if name in ids)
            return {
                "check_ins": stage.check_ins or Duration(2, "months"),
                "suggest_from": known if stage.suggest_from is None else stage.suggest_from,
            }
    return {}


def _round(stage: Stage) -> dict[str, Any]:
    steps = {name: _step(getattr(stage, name), default) for name, default in STEPS.items()}
    changes: dict[str, Any] = {
        **steps,
        "raters": stage.raters or Raters(),
        "load": stage.load or 7,
        "too_few": stage.too_few or "report_without",
    }
    if stage.due == NOT_WRITTEN:
        due = round_due(tuple(stage.model_copy(update=changes).steps().values()))
        changes["due"] = NOT_WRITTEN if due is None else due
    last = steps["collect"].closes
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


def at_least(due: Instant) -> Duration:
    """Three working days, or `due` if that is shorter (language reference §2)."""
    offset = due.offset
    if offset is None or not due.is_own("opens") or due.direction == "before":
        return AT_LEAST
    shorter = offset.unit in ("working_days", "days") and offset.amount < AT_LEAST.amount
    return offset if shorter else AT_LEAST
