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


class Nomination(Step):
    """The step of a 360 round in which somebody names raters."""

    by: Literal["subject", "manager", "rule"] = "subject"
    """Who names them. `manager`: they choose and so approve; there is no `approve`. `rule`: Almanac
    proposes peers, spread evenly, and the manager approves them."""


_AT_DUE = Instant(anchor=Anchor("due"))
_THREE_DAYS = Duration(3, "working_days")
NOMINATE = Nomination(due=after(Duration(5, "working_days"), "opens"), closes=_AT_DUE)
APPROVE = Step(due=after(_THREE_DAYS, "opens"), closes=_AT_DUE)
COLLECT = Step(due=after(Duration(10, "working_days"), "opens"), closes=after(_THREE_DAYS, "due"))


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

    nominate: Nomination | None = None
    """360 round: the subject names raters."""

    approve: Step | None = None
    """360 round: the manager approves the list."""

    collect: Step | None = None
    """360 round: the raters answer."""

    raters: Raters | None = None
    """360 round: how many of whom are asked."""

    load: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    """360 round: the most requests that one rater may get."""

    too_few: Literal["report_without", "extend_once", "lower_with_consent"] | None = None
    """360 round: what is done where a group has too few answers. Absent: `report_without`."""

    hold_comments: Literal[False, "hr"] | None = None
    """360 round: who goes over comments before anybody reads them. Absent: nobody."""

    manager_first: Duration | None = None
    """360 round: so many working days the manager reads a report before the subject does."""

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

    def steps(self) -> Mapping[StepKind, Step]:
        """The steps that a 360 round has when it runs, in order, and what is written of each.

        Where nobody is chosen there is nothing to name and to approve; where the manager names,
        naming is approving. Raises ValueError for a round whose defaults were not filled in.
        """
        if self.nominate is None or self.approve is None or self.collect is None:
            raise ValueError(f"the stage {self.id} is no 360 round that was resolved")
        if self.raters is not None and not self.raters.anybody_chosen():
            return {"collect": self.collect}
        if self.nominate.by == "manager":
            return {"approve": self.nominate, "collect": self.collect}
        if self.nominate.by == "rule":
            return {"approve": self.approve, "collect": self.collect}
        return {"nominate": self.nominate, "approve": self.approve, "collect": self.collect}

    @model_validator(mode="after")
    def _due_is_there(self) -> "Stage":
        if self.due == NOT_WRITTEN and self.kind != "feedback_round":
            hint = "Write `due: 10 working days`, for example."
            raise WrongValueError("This is missing.", hint, at=("due",))
        return self
