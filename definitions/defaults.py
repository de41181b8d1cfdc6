"""What is not written: defaults that depend on other parts (language reference §2)."""

from typing import Any

from definitions.durations import Duration
from definitions.instants import Anchor, Instant, after
from definitions.kinds.registry import kind_of
from definitions.models import BUILT_IN_LADDERS, Definition
from definitions.stages import NOT_WRITTEN, Stage, at_least

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
    traits = stage.traits
    changes: dict[str, Any] = {
        **_order(stage, above),
        **kind_of(stage).defaults(definition, stage),
    }
    if not stage.title:
        spaced = stage.id.replace("_", " ")
        changes["title"] = spaced[:1].upper() + spaced[1:]
    if not stage.ladder:
        changes["ladder"] = kind_of(stage).ladder or definition.ladder
    if "assignee" not in stage.model_fields_set:
        changes["assignee"] = traits.holders[0]
    if "per" not in stage.model_fields_set and traits.per_cycle:
        changes["per"] = "cycle"
    if stage.form is None and traits.form is not None:
        name = traits.form_name(stage.id)
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
