"""A definition as it runs: each 360 round unfolded into its steps, small stages of their own.

What HR wrote stays what is stored, hashed and shown. What runs, and every row of a cycle, is the
unfolded definition: a round `feedback` is there as `feedback.nominate`, `feedback.approve` and
`feedback.collect`, which open, remind, close, pause and slip as any other stage does. Ids with a
dot can be written by nobody, so they meet no other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from definitions.instants import Anchor, Instant
from definitions.loader import restore
from definitions.models import Definition
from definitions.stages import Assignee, Stage, Step, StepKind

_HOLDERS: Mapping[StepKind, Assignee] = {
    "nominate": "subject",
    "approve": "manager",
    "collect": "rater",
}
_TITLES: Mapping[StepKind, str] = {
    "nominate": "{title}: whom to ask",
    "approve": "{title}: approve who is asked",
    "collect": "{title}",
}

Rounds = Mapping[str, StepKind]
"""The first step of each round, by its id."""


def running(content: dict[str, Any]) -> Definition:
    """The definition of a published version as it runs. The counterpart of `loader.restore`."""
    return unfold(restore(content))


def unfold(definition: Definition) -> Definition:
    """The definition with each 360 round in its steps; others are answered as they are. Pure.

    Whoever waits for the round waits until its answers are collected; `ROUND.opens` is the
    opening of its first step, `ROUND.due` and `ROUND.closes` are those of its last.
    """
    rounds = {s.id: steps_of(s)[0] for s in definition.stages if s.kind == "feedback_round"}
    if not rounds:
        return definition
    stages = [_moved(stage, rounds) for stage in definition.stages]
    audience = definition.audience
    if isinstance(audience.late_joiners, Instant):
        until = _instant(audience.late_joiners, rounds)
        audience = audience.model_copy(update={"late_joiners": until})
    return definition.model_copy(
        update={
            "stages": tuple(step for stage in stages for step in _unfolded(stage)),
            "audience": audience,
            "ends": _instant(definition.ends, rounds),
        }
    )


def step_id(round_id: str, step: StepKind) -> str:
    """The id of a step of the round."""
    return f"{round_id}.{step}"


def written_id(stage_id: str) -> str:
    """The id that HR wrote: of the round, if the stage is a step of one."""
    return stage_id.partition(".")[0]


def _unfolded(stage: Stage) -> Iterable[Stage]:
    if stage.kind != "feedback_round":
        return (stage,)
    order: dict[str, Any] = {"opens": stage.opens, "after": stage.after, "per": stage.per}
    steps: list[Stage] = []
    for name in steps_of(stage):
        steps.append(_step(stage, name, order))
        order = {"opens": None, "after": (steps[-1].id,), "per": "person"}
    return steps


def steps_of(stage: Stage) -> tuple[StepKind, ...]:
    """The steps that a round has: nobody to choose, nothing to name and to approve."""
    return tuple(stage.steps())


def _step(stage: Stage, name: StepKind, order: Mapping[str, Any]) -> Stage:
    step: Step = stage.steps()[name]
    says: StepKind = "nominate" if step is stage.nominate else name
    return stage.model_copy(
        update={
            "id": step_id(stage.id, name),
            "kind": name,
            "title": step.title or _TITLES[says].format(title=stage.title),
            "assignee": _HOLDERS[name],
            "form": stage.form if name == "collect" else None,
            "due": step.due,
            "closes": step.closes,
            "ladder": step.ladder,
            "at_least": step.at_least,
            **order,
        }
    )


def _moved(stage: Stage, rounds: Rounds) -> Stage:
    """The same stage; what it says of a round, it says of the step that is meant."""
    changes: dict[str, Any] = {
        "after": _collects(stage.after, rounds),
        "beside": _collects(stage.beside, rounds),
        "due": _instant(stage.due, rounds),
    }
    for key in ("opens", "closes", "until"):
        instant = getattr(stage, key)
        if instant is not None:
            changes[key] = _instant(instant, rounds)
    if stage.suggest_from is not None:
        changes["suggest_from"] = _collects(stage.suggest_from, rounds)
    return stage.model_copy(update=changes)


def _collects(ids: Iterable[str], rounds: Rounds) -> tuple[str, ...]:
    return tuple(step_id(each, "collect") if each in rounds else each for each in ids)


def _instant(instant: Instant, rounds: Rounds) -> Instant:
    anchor = instant.anchor
    if anchor is None or anchor.stage is None or anchor.stage not in rounds:
        return instant
    step = rounds[anchor.stage] if anchor.point == "opens" else "collect"
    return replace(instant, anchor=Anchor(anchor.point, step_id(anchor.stage, step)))
