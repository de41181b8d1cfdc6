"""The stages of a cycle: what is written of each (language reference §2, a stage).

Here is what stages of all kinds have; what only one kind has stands in its module under
`definitions.kinds`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import GetPydanticSchema, model_validator

from definitions.company import Model, Text
from definitions.durations import Duration
from definitions.identifiers import Identifier, Names
from definitions.instants import Closes, Due, Instant
from definitions.problems import WrongValueError
from domain.kinds.registry import TRAITS
from domain.kinds.traits import Traits

WrittenAssignee = Literal["subject", "manager", "manager_2", "hr", "facilitator"]
Assignee = WrittenAssignee | Literal["rater"]
RESERVED = ("launch", "period", "hire_date", "opens", "due", "closes", "none")
"""Words of the language that can name no stage."""


AT_LEAST = Duration(3, "working_days")
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


class Stage(Model):
    """A step of a cycle: tasks for people, opened, due and closed by rule."""

    computes_due: ClassVar[bool] = False
    """Has it a due date where none is written?"""

    id: Identifier
    """Used by other stages, in keys and in exports."""

    kind: str = "form"
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

    @property
    def traits(self) -> Traits:
        """What sets its kind apart."""
        return TRAITS[self.kind]

    def steps(self) -> Mapping[str, Step]:
        """The steps that it has when it runs, in order, by kind; most stages have none."""
        return {}

    def written_steps(self) -> Mapping[str, Step]:
        """The steps of which something is written, by the key under which it stands."""
        return {}

    def written_as(self, step: str) -> str:
        """The key under which a step of it stands in the file."""
        return step

    def ladders(self) -> Iterable[str]:
        """The ladders that it names."""
        return (self.ladder,)

    def closes_by_itself(self) -> bool:
        """Does it close at an instant, and not only when everybody is done?"""
        return self.closes is not None

    def renamed(self, stage: Callable[[str], str], instant: Callable[[Instant], Instant]) -> Self:
        """The same stage with other names in what it says of others."""
        changes: dict[str, Any] = {
            "after": tuple(stage(name) for name in self.after),
            "beside": tuple(stage(name) for name in self.beside),
            "due": instant(self.due),
        }
        for key in ("opens", "closes"):
            said = getattr(self, key)
            if said is not None:
                changes[key] = instant(said)
        return self.model_copy(update=changes)

    @model_validator(mode="after")
    def _due_is_there(self) -> "Stage":
        if self.due == NOT_WRITTEN and not self.computes_due:
            hint = "Write `due: 10 working days`, for example."
            raise WrongValueError("This is missing.", hint, at=("due",))
        return self


def at_least(due: Instant) -> Duration:
    """Three working days, or `due` if that is shorter (language reference §2)."""
    offset = due.offset
    if offset is None or not due.is_own("opens") or due.direction == "before":
        return AT_LEAST
    shorter = offset.unit in ("working_days", "days") and offset.amount < AT_LEAST.amount
    return offset if shorter else AT_LEAST
