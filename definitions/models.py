"""The models of a cycle definition, field names as they are written (language reference §2).

A parsed `Definition` has every default resolved: `definitions.defaults` fills in what depends on
other parts (the stage above, the kind, the forms). What is optional in the file and always there
after parsing is therefore no `None` here.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from definitions.company import Closure, Company, HolidayCalendar, ManyWrong, Model, Office, Text
from definitions.durations import DURATION_PATTERN, Duration, plain
from definitions.instants import (
    IDENTIFIER,
    INSTANT_PATTERN,
    Anchor,
    Closes,
    Due,
    Instant,
    after,
)
from definitions.problems import Wrong
from definitions.raters import Raters
from definitions.recurrence import DAY_PATTERN, DayRule, PeriodRule
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
    "Kind",
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

Kind = Literal[
    "form",
    "feedback_round",
    "calibration",
    "release",
    "meeting",
    "acknowledgement",
    "development_plan",
]
Assignee = Literal["subject", "manager", "manager_2", "hr", "facilitator"]
QuestionType = Literal["text", "rating", "choice", "goals", "competencies", "number", "date"]
Reader = Literal["subject", "manager", "hr"]

KINDS: tuple[Kind, ...] = get_args(Kind)
RESERVED = ("launch", "period", "hire_date", "opens", "due", "closes", "none")
"""Words of the language that can name no stage."""

Identifier = Annotated[
    str, StringConstraints(strict=True, pattern=rf"^{IDENTIFIER}$", max_length=60)
]


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[Identifier, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^{IDENTIFIER}$"},
                {"type": "array", "items": {"type": "string", "pattern": rf"^{IDENTIFIER}$"}},
            ]
        },
        mode="validation",
    ),
]
"""One id, or a list of ids."""


# --- When, and for whom -------------------------------------------------------------------------


def _check(value: object) -> object:
    return plain(value).removesuffix(" before") if isinstance(value, str) else value


def _days(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


class Launch(Model):
    """When a cycle starts, and who has the last word before it does."""

    every: Literal["year", "half", "quarter", "hire"] | None = None
    """Absent: somebody launches it by hand. `hire`: rolling, by each person's hire date."""

    on: Annotated[
        tuple[DayRule, ...],
        BeforeValidator(_days),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": DAY_PATTERN},
                    {"type": "array", "items": {"type": "string", "pattern": DAY_PATTERN}},
                ],
                "examples": ["second Tuesday of January", "12 January"],
            },
            mode="validation",
        ),
    ] = ()
    """The days, like `second Tuesday of January` or `12 January`."""

    check: Annotated[
        Duration,
        BeforeValidator(_check),
        WithJsonSchema(
            {"type": "string", "pattern": DURATION_PATTERN.removesuffix(r"\s*$") + "( before)?$"},
            mode="validation",
        ),
    ] = Duration(10, "working_days")
    """How long before the launch HR gets the launch check."""

    approve: Literal["hr", "nobody"] = "hr"
    """`hr`: nothing opens until HR has confirmed the check. `nobody`: it starts by itself."""

    overlap: Literal["refuse", "allow"] = "refuse"
    """May it start while another cycle of this definition is open?"""

    missed: Literal["ask", "run", "skip"] = "ask"
    """What to do if the system was down on the day."""


class Exclusion(Model):
    """Who does not take part, and why."""

    when: Text
    """A condition over `person`."""

    because: Text
    """The reason, shown to HR, and to the person if they ask."""


def _late_joiners(value: object) -> object:
    if isinstance(value, str):
        text = plain(value)
        return "never" if text == "never" else Instant.parse(text.removeprefix("until "))
    return Instant.parse(value)


class Audience(Model):
    """Who takes part."""

    who: Text | None = None
    """A condition over `person`; true is in. Absent: everybody active."""

    exclude: tuple[Exclusion, ...] = ()
    """Who of them does not, each with a reason."""

    tenure: Duration = Duration(90, "days")
    """How long somebody must have been here at launch."""

    late_joiners: Annotated[
        Instant | Literal["never"],
        BeforeValidator(_late_joiners),
        WithJsonSchema(
            {
                "anyOf": [
                    {"const": "never"},
                    {"type": "string", "pattern": r"^(until )?" + INSTANT_PATTERN[1:]},
                ],
                "examples": ["never", "until self.due"],
            },
            mode="validation",
        ),
    ] = "never"
    """Until when whoever becomes eligible still enters. Absent: the first stage's due date."""

    without_manager: Literal["exclude", "self_only"] = "exclude"
    """What becomes of people who have nobody to review them."""


# --- Stages -------------------------------------------------------------------------------------


class Step(Model):
    """A step of a 360 round: a small stage of its own."""

    due: Due
    """Date of the due date, from the opening of the step."""

    closes: Closes = None
    """`when done`, or the instant at which what is unfinished expires."""

    ladder: Identifier = "reminders"
    """Reminders of the step."""

    at_least: Duration = Duration(3, "working_days")
    """Whoever gets it late still has this long."""


def _step(days: int, closes: Instant) -> Step:
    length = Duration(days, "working_days")
    least = min(length.amount, 3)
    return Step(
        due=after(length, "opens"), closes=closes, at_least=Duration(least, "working_days")
    )


_AT_DUE = Instant(anchor=Anchor("due"))
NOMINATE = _step(5, _AT_DUE)
APPROVE = _step(3, _AT_DUE)
COLLECT = _step(10, after(Duration(3, "working_days"), "due"))


def _every(value: object) -> object:
    return plain(value).removeprefix("every ") if isinstance(value, str) else value


NOT_WRITTEN = Instant()
"""The `due` of a 360 round, until it is computed from its steps."""


class Stage(Model):
    """A step of a cycle: tasks for people, opened, due and closed by rule."""

    id: Identifier
    """Used by other stages, in keys and in exports."""

    kind: Kind = "form"
    """What is done in it."""

    title: Text = ""
    """Shown everywhere. Absent: the id, spaced."""

    assignee: Assignee = "subject"
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
            raise Wrong("`due` is missing.", "Write `due: 10 working days`, for example.")
        return self


# --- Forms and ladders --------------------------------------------------------------------------


class Question(Model):
    """A question of a form. Goals and competencies bring their own text: `ask` may be empty."""

    id: Identifier
    """Used in conditions, outcomes and exports."""

    ask: Text = ""
    """The question itself."""

    type: QuestionType = "text"
    """How it is answered."""

    required: StrictBool = True
    """Must it be answered?"""

    help: Text | None = None
    """What a good answer looks like."""

    example: Text | None = None
    """An example, folded away."""

    options: tuple[Text, ...] = ()
    """For `choice`: what can be chosen."""

    explain: StrictBool = False
    """Must a text come with the rating or choice?"""

    when: Text | None = None
    """A condition over `answers` (of this form) and `person`; false: it is not asked."""

    most: Annotated[StrictInt, Field(ge=1, le=20_000)] = 2000
    """The most characters of a text."""

    visible: Reader = "subject"
    """The farthest reader: the subject (after release), the line above and HR, or HR."""


class Section(Model):
    """Questions that belong together."""

    section: Text
    """Its heading."""

    questions: tuple[Question, ...] = Field(min_length=1)
    """In the order in which they are asked."""


Form = tuple[Section, ...]


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
            Wrong(f"The rung {rung} stands there twice.", at=("remind", index))
            for index, rung in enumerate(self.remind)
            if rung in self.remind[:index]
        ]
        wrong += [
            Wrong(
                f"This rung comes on day {day}, and so not after the one above it.",
                "Write escalations in the order of their days.",
                at=("escalate", index + 1, "on"),
            )
            for index, (earlier, day) in enumerate(pairwise(on))
            if day <= earlier
        ]
        if wrong:
            raise ManyWrong(wrong)
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


# --- The rest of a definition -------------------------------------------------------------------


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
    return () if value == "none" else _one_or_many(value)


Source = Annotated[
    str, StringConstraints(strict=True, pattern=rf"^{IDENTIFIER}(\.{IDENTIFIER})?$")
]


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
            raise Wrong("`default` is missing.", "Write `{default: 4 years, DE: 3 years}`.")
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

    stages: tuple[Stage, ...] = Field(min_length=1)
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
