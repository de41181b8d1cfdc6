"""The kinds of stages in the language. A new kind is a module beside this one, and a line here."""

from collections.abc import Mapping
from typing import Any

from definitions.kinds import (
    acknowledgement,
    calibration,
    development_plan,
    form,
    meeting,
    release,
)
from definitions.kinds.feedback_round import rules as feedback_round
from definitions.kinds.kind import StageKind
from definitions.problems import enumeration
from definitions.stages import Stage

KINDS: Mapping[str, StageKind[Any]] = {
    module.KIND.traits.name: module.KIND
    for module in (
        form,
        feedback_round,
        calibration,
        release,
        meeting,
        acknowledgement,
        development_plan,
    )
}
"""What can be written as `kind`."""

BY_DEFAULT = form.KIND.traits.name
"""The kind of a stage that names none."""

_BY_MODEL: Mapping[type[Stage], StageKind[Any]] = {kind.model: kind for kind in KINDS.values()}


def kind_of(stage: Stage) -> StageKind[Any]:
    """The rules of a stage's kind; of a step those of the kind that was written."""
    return _BY_MODEL[type(stage)]


def belongs_to(key: str) -> str:
    """The kinds that have this key, as they stand in a sentence; empty if none has."""
    common = Stage.model_fields
    owners = [name for name, kind in KINDS.items() if key in kind.model.model_fields]
    return "" if key in common or not owners else enumeration(owners)
