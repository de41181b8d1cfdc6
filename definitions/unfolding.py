"""A definition as it runs: each 360 round unfolded into its steps, small stages of their own.

What HR wrote stays what is stored, hashed and shown. What runs, and every row of a cycle, is the
unfolded definition: a round `feedback` is there as `feedback.nominate`, `feedback.approve` and
`feedback.collect`, which open, remind, close, pause and slip as any other stage does. Ids with a
dot can be written by nobody, so they meet no other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from definitions.instants import Anchor, Instant
from definitions.kinds.registry import kind_of
from definitions.loader import restore
from definitions.models import Definition
from definitions.stages import Stage

Steps = Mapping[str, tuple[str, str]]
"""The ids of the first and the last step of each stage that has several."""


def running(content: dict[str, Any]) -> Definition:
    """The definition of a published version as it runs. The counterpart of `loader.restore`."""
    return unfold(restore(content))


def unfold(definition: Definition) -> Definition:
    """The definition with each 360 round in its steps; others are answered as they are. Pure.

    Whoever waits for the round waits until its answers are collected; `ROUND.opens` is the
    opening of its first step, `ROUND.due` and `ROUND.closes` are those of its last.
    """
    parts = {stage.id: kind_of(stage).unfold(stage) for stage in definition.stages}
    steps = {
        key: (many[0].id, many[-1].id)
        for key, many in parts.items()
        if len(many) > 1 or many[0].id != key
    }
    if not steps:
        return definition
    parts = {key: tuple(_told_apart(many, parts)) for key, many in parts.items()}
    audience = definition.audience
    if isinstance(audience.late_joiners, Instant):
        until = _instant(audience.late_joiners, steps)
        audience = audience.model_copy(update={"late_joiners": until})
    return definition.model_copy(
        update={
            "stages": tuple(
                stage.renamed(
                    lambda name: steps[name][1] if name in steps else name,
                    lambda instant: _instant(instant, steps),
                )
                for many in parts.values()
                for stage in many
            ),
            "audience": audience,
            "ends": _instant(definition.ends, steps),
        }
    )


def _told_apart(many: tuple[Stage, ...], parts: Mapping[str, tuple[Stage, ...]]) -> Iterator[Stage]:
    """The steps of a stage; those called like the step of another one say whose they are."""
    titles = Counter(stage.title for steps in parts.values() for stage in steps)
    for stage in many:
        if len(many) > 1 and stage is not many[-1] and titles[stage.title] > 1:
            title = f"{stage.title}: {many[-1].title}"
            stage = stage.model_copy(update={"title": title})
        yield stage


def step_id(round_id: str, step: str) -> str:
    """The id of a step of the round."""
    return f"{round_id}.{step}"


def written_id(stage_id: str) -> str:
    """The id that HR wrote: of the round, if the stage is a step of one."""
    return stage_id.partition(".")[0]


def _instant(instant: Instant, steps: Steps) -> Instant:
    anchor = instant.anchor
    if anchor is None or anchor.stage is None or anchor.stage not in steps:
        return instant
    first, last = steps[anchor.stage]
    step = first if anchor.point == "opens" else last
    return replace(instant, anchor=Anchor(anchor.point, step))
