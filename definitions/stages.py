"""The stages of a cycle: what is written of each (language reference §2, a stage)."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    GetPydanticSchema,
    StrictInt,
    WithJsonSchema,
    model_validator,
)

from definitions.company import Model, Text
from definitions.durations import DURATION_PATTERN, Duration, plain
from definitions.identifiers import Identifier, Names
from definitions.instants import Anchor, Closes, Due, Instant, after
from definitions.problems import WrongValueError
from definitions.raters import Raters

WrittenKind = Literal[
    "form",
    "feedback_round",
    "calibration",
    "release",
    "meeting",
    "acknowledgement",
    "development_plan",
]
StepKind = Literal["nominate", "approve", "collect"]
Kind = WrittenKind | StepKind
"""What is written, and what a 360 round becomes when it runs (`definitions.unfolding`)."""

WrittenAssignee = Literal["subject", "manager", "manager_2", "hr", "facilitator"]
Assignee = WrittenAssignee | Literal["rater"]
KINDS: tuple[WrittenKind, ...] = get_args(WrittenKind)
RESERVED = ("launch", "period", "hire_date", "opens", "due", "closes", "none")
"""Words of the language that can name no stage."""


NOT_WRITTEN = Instant()
"""An instant that stands in no file, until its default is put there."""


class Step(Model):
    """A step of a 360 round: a small stage of its own."""

    title: Text | None = None
    """Shown everywhere. Absent: by step, `collect` has the title of the round."""

    due: Due = NOT_WRITTEN
    """Date of the due date, from the opening of the step. Absent: 5, 3 or 10 working days."""

    closes: Closes = None
    """`when done`, or the instant at which what is unfinished expires."""

    ladder: Identifier = "reminders"
    """Reminders of the step."""

    at_least: Duration = Duration(3, "working_days")
    """Whoever gets it late still has this long."""


def _step(days: int, closes: Instant) -> Step:
    length = Duration(days, "working_days")
    least = min(length.amount, 3)
    return Step(due=after(length, "opens"), closes=closes, at_least=Duration(least, "working_days"))


_AT_DUE = Instant(anchor=Anchor("due"))
NOMINATE = _step(5, _AT_DUE)
APPROVE = _step(3, _AT_DUE)
COLLECT = _step(10, after(Duration(3, "working_days"), "due"))


def _every(value: object) -> object:
    return plain(value).removeprefix("every ") if isinstance(value, str) else value


class Stage(Model):
    """A step of a cycle: tasks for people, opened, due and closed by rule."""

    id: Identifier
    """Used by other stages, in keys and in exports."""

    kind: Annotated[Kind, GetPydanticSchema(lambda _, handler: handler(WrittenKind))] = "form"
    """What is done in it."""

    title: Text = ""
    """Shown everywhere. Absent: the id, spaced."""

    assignee: Annotated[
        Assignee, GetPydanticSchema(lambda _, handler: handler(WrittenAssignee))
    ] = "subject"
    """Who holds the task. Absent: by kind."""

    form: Identifier | None = None
    """The questions of the task. Absent: the form of the same name as the stage, if any."""

    opens: Instant | None = None
    """Earliest instant. Alone it means: do not wait for any stage."""

    after: Names = ()
    """Stages that must be closed first. Absent: the stage above."""

    per: Literal["person", "cycle"] = "person"
    """`person`: it opens for each person by itself. `cycle`: when all are closed for everybody."""

    due: Due = NOT_WRITTEN
    """Date of the due date. `10 working days` counts from the opening."""

    at_least: Duration = Duration(3, "working_days")
    """Whoever gets the task late still has this long."""

    closes: Closes = None
    """`when done` (late work is accepted), or the instant at which what is unfinished expires."""

    ladder: Identifier = ""
    """Reminders and escalations. Absent: the definition's."""

    when: Text | None = None
    """A condition over `person`; false: the stage does not exist for them."""

    beside: Names = ()
    """Stages whose answers are shown next to the form."""

    nominate: Step | None = None
    """360 round: the subject names raters."""

    approve: Step | None = None
    """360 round: the manager approves the list."""

    collect: Step | None = None
    """360 round: the raters answer."""

    raters: Raters | None = None
    """360 round: how many of whom are asked."""

    load: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    """360 round: the most requests that one rater may get."""

    hold_comments: Literal["hr"] | None = None
    """360 round: who goes over comments before anybody reads them. Absent: nobody."""

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

    check_ins: (
        Annotated[
            Duration,
            BeforeValidator(_every),
            WithJsonSchema(
                {"type": "string", "pattern": r"^(every )?" + DURATION_PATTERN[4:]},
                mode="validation",
            ),
        ]
        | None
    ) = None
    """Development plan: how often it is looked at, like `every 2 months`."""

    until: Instant | None = None
    """Development plan: its end. Absent: the end of the next period of the same length."""

    suggest_from: Names | None = None
    """Development plan: stages whose answers suggest goals."""

    @model_validator(mode="after")
    def _due_is_there(self) -> "Stage":
        if self.due == NOT_WRITTEN and self.kind != "feedback_round":
            hint = "Write `due: 10 working days`, for example."
            raise WrongValueError("This is missing.", hint, at=("due",))
        return self
