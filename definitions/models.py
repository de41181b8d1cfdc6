"""The models of a cycle definition, field names as they are written (language reference §2).

A parsed `Definition` has every default resolved: `definitions.defaults` fills in what depends on
other parts (the stage above, the kind, the forms). What is optional in the file and always there
after parsing is therefore no `None` here.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from definitions.company import (
    Closure,
    Company,
    HolidayCalendar,
    Model,
    Office,
    Text,
    WrongValuesError,
)
from definitions.durations import DURATION_PATTERN, Duration
from definitions.forms import Form, Question, Section
from definitions.identifiers import Identifier, Names, one_or_many
from definitions.instants import IDENTIFIER, Anchor, Instant
from definitions.kinds.feedback_round.raters import Raters
from definitions.kinds.union import AnyStage
from definitions.launching import Audience, Exclusion, Launch
from definitions.problems import WrongValueError
from definitions.recurrence import PeriodRule
from definitions.stages import NOT_WRITTEN, Stage, Step
from domain.notifications import Event

__all__ = [
    "BUILT_IN_LADDERS",
    "Anchor",
    "Anonymity",
    "Audience",
    "Closure",
    "Company",
    "Definition",
    "Duration",
    "Escalation",
    "Exclusion",
    "Form",
    "HolidayCalendar",
    "Instant",
    "Ladder",
    "Launch",
    "Office",
    "Outcome",
    "PeriodRule",
    "Policies",
    "Question",
    "Raters",
    "ScalePoint",
    "Section",
    "Stage",
    "Step",
    "Words",
]


class Escalation(Model):
    """A rung that tells somebody else."""

    on: Annotated[StrictInt, Field(ge=1, le=250)]
    """Working days after the due date."""

    to: Literal["manager", "hr"]
    """Who is told."""

    repeat: Annotated[StrictInt, Field(ge=1, le=250)] | None = None
    """Told again every so many working days."""


class Ladder(Model):
    """Reminders and escalations, in working days relative to the due date; negative is before."""

    remind: tuple[Annotated[StrictInt, Field(ge=-250, le=250)], ...] = ()
    """When the assignee is reminded."""

    escalate: tuple[Escalation, ...] = ()
    """When others are told, and who."""

    @model_validator(mode="after")
    def _rungs_differ(self) -> "Ladder":
        on = [rung.on for rung in self.escalate]
        wrong = [
            WrongValueError(f"The rung {rung} stands there twice.", at=("remind", index))
            for index, rung in enumerate(self.remind)
            if rung in self.remind[:index]
        ]
        wrong += [
            WrongValueError(
                f"This rung comes on day {day}, and so not after the one above it.",
                "Write escalations in the order of their days.",
                at=("escalate", index + 1, "on"),
            )
            for index, (earlier, day) in enumerate(pairwise(on))
            if day <= earlier
        ]
        if wrong:
            raise WrongValuesError(wrong)
        return self


BUILT_IN_LADDERS: Mapping[str, Ladder] = {
    "standard": Ladder(
        remind=(-5, -1, 0, 1),
        escalate=(Escalation(on=3, to="manager"), Escalation(on=6, to="hr", repeat=5)),
    ),
    "gentle": Ladder(remind=(-1, 1)),
    "reminders": Ladder(remind=(-5, -1, 0)),
    "none": Ladder(),
}


class ScalePoint(Model):
    """A point of the rating scale."""

    value: Annotated[StrictInt, Field(ge=0, le=100)]
    """Its number."""

    label: Text
    """Its name."""

    help: Text | None = None
    """When it is right."""


SCALE = tuple(
    ScalePoint(value=value, label=label)
    for value, label in enumerate(
        ("Far below what was agreed", "Partly", "What was agreed", "More", "Far more"), 1
    )
)


class Anonymity(Model):
    """How raters are protected."""

    threshold: Annotated[StrictInt, Field(ge=2, le=20)] = 3
    """Answers that a group needs before anything of it is shown."""

    below: Literal["roll_up", "withhold"] = "roll_up"
    """What happens to smaller groups: merged with others, or not shown."""


def _rating(value: object) -> object:
    return () if value == "none" else one_or_many(value)


Source = Annotated[str, StringConstraints(strict=True, pattern=rf"^{IDENTIFIER}(\.{IDENTIFIER})?$")]


class Outcome(Model):
    """What comes out of a cycle."""

    rating: Annotated[
        tuple[Source, ...],
        BeforeValidator(_rating),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": rf"^{IDENTIFIER}(\.{IDENTIFIER})?$"},
                    {
                        "type": "array",
                        "items": {
                            "type": "string",
                            "pattern": rf"^{IDENTIFIER}(\.{IDENTIFIER})?$",
                        },
                    },
                ],
                "examples": ["none", ["calibration", "manager.overall"]],
            },
            mode="validation",
        ),
    ] = ()
    """Where the final rating comes from: the first that exists. `none`: no rating."""

    handover: Names = ()
    """What it is exported for at release."""


class Policies(Model):
    """What happens when people's lives go on during a cycle (language reference §4)."""

    leave: Literal["pause", "keep"] = "pause"
    """Do dates move with leave?"""

    manager_change: Literal["move", "stay", "split"] = "move"
    """Who does the open tasks of the former manager?"""

    leaver: Literal["close"] = "close"
    """What happens to the tasks of people who leave."""

    hr_reads: Literal["all", "completion only"] = "all"
    """What HR reads of the answers."""

    lateness: Literal["private", "export"] = "private"
    """Is lateness exported by person?"""


class Words(Model):
    """Own words for a mail."""

    subject: Text | None = None
    """The subject line."""

    body: Text | None = None
    """The text above the button."""


def _by_language(value: object) -> object:
    if not isinstance(value, dict):
        return value
    words = {key: text for key, text in value.items() if key in ("subject", "body")}
    others = {key: text for key, text in value.items() if key not in words}
    return {**others, "default": words} if words else others


Language = Annotated[str, StringConstraints(strict=True, pattern=r"^(default|[a-z]{2})$")]
EventWords = Annotated[
    Mapping[Language, Words],
    BeforeValidator(_by_language),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"subject": {"type": "string"}, "body": {"type": "string"}},
            "patternProperties": {
                "^(default|[a-z]{2})$": {
                    "type": "object",
                    "properties": {"subject": {"type": "string"}, "body": {"type": "string"}},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        mode="validation",
    ),
]


def _retention(value: object) -> object:
    if isinstance(value, dict):
        if "default" not in value:
            hint = "Write `{default: 4 years, DE: 3 years}`."
            raise WrongValueError("This is missing.", hint, at=("default",))
        return value
    return {"default": value}


Country = Annotated[str, StringConstraints(strict=True, pattern=r"^(default|[A-Z]{2})$")]


class Definition(Model):
    """A cycle definition, with every default resolved."""

    definition: Identifier
    """Its identity; Almanac numbers its versions."""

    title: Text
    """Shown everywhere; `{period}` is filled in."""

    purpose: Text
    """Why this is done, who reads it, and what it is used for."""

    period: PeriodRule
    """What is looked back on."""

    launch: Launch = Launch()
    """When it starts. Absent: by hand."""

    audience: Audience = Audience()
    """Who takes part. Absent: all active people."""

    stages: tuple[AnyStage, ...] = Field(min_length=1)
    """The process, in order."""

    forms: Mapping[Identifier, Form] = Field(default_factory=dict)
    """The questions, by name."""

    ladder: Identifier = "standard"
    """The ladder of stages that name none."""

    ladders: Mapping[Identifier, Ladder] = Field(default_factory=dict)
    """Own ladders, or replacements of the built-in ones. After parsing: those and the built-in."""

    scale: tuple[ScalePoint, ...] = Field(default=SCALE, min_length=2)
    """The points of a rating."""

    anonymity: Anonymity = Anonymity()
    """How raters are protected."""

    outcome: Outcome = Outcome()
    """What comes out of it."""

    policies: Policies = Policies()
    """What happens when people leave, change or are away."""

    wording: Mapping[Event, EventWords] = Field(default_factory=dict)
    """Own words for mails, by event; per language under `de`, `fr` and so on."""

    ends: Instant = NOT_WRITTEN
    """The cycle's last instant. Absent: 30 working days after the last stage's due date."""

    retention: Annotated[
        Mapping[Country, Duration],
        BeforeValidator(_retention),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": DURATION_PATTERN},
                    {
                        "type": "object",
                        "propertyNames": {"pattern": "^(default|[A-Z]{2})$"},
                        "additionalProperties": {"type": "string", "pattern": DURATION_PATTERN},
                        "required": ["default"],
                    },
                ],
                "examples": ["4 years"],
            },
            mode="validation",
        ),
    ] = {"default": Duration(4, "years")}
    """How long answers are kept after the cycle closed; also by country."""

    def stage(self, stage_id: str) -> Stage:
        """The stage with this id. Raises LookupError."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise LookupError(f"the definition {self.definition} has no stage {stage_id!r}")

    def ladder_of(self, stage: Stage | Step) -> Ladder:
        """The ladder of a stage, or of a step of a 360 round. Raises LookupError."""
        name = stage.ladder or self.ladder
        try:
            return self.ladders.get(name) or BUILT_IN_LADDERS[name]
        except KeyError:
            raise LookupError(f"there is no ladder {name!r}") from None

    def form_of(self, stage: Stage) -> Form:
        """The questions of a stage's tasks; empty if it asks none."""
        return self.forms.get(stage.form, ()) if stage.form else ()
