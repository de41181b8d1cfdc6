"""What can be written of a 360 round, and what it is when nothing is written."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictInt

from definitions.durations import Duration
from definitions.instants import Anchor, Instant, after
from definitions.kinds.feedback_round.raters import Raters
from definitions.stages import Stage, Step
from domain.kinds.feedback_round import APPROVE as APPROVING
from domain.kinds.feedback_round import COLLECT as COLLECTING
from domain.kinds.feedback_round import FEEDBACK_ROUND
from domain.kinds.feedback_round import NOMINATE as NOMINATING


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

DEFAULTS: Mapping[str, Step] = {
    NOMINATING.name: NOMINATE,
    APPROVING.name: APPROVE,
    COLLECTING.name: COLLECT,
}
"""The steps where nothing is written of them, in order."""


class FeedbackRound(Stage):
    """People are asked about somebody; a report is made of what they say."""

    computes_due: ClassVar[bool] = True

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

    def steps(self) -> Mapping[str, Step]:
        """The steps that it has when it runs, in order; a step itself has none.

        Where nobody is chosen there is nothing to name and to approve; where the manager names,
        naming is approving. Raises ValueError for a round whose defaults were not filled in.
        """
        if self.kind != FEEDBACK_ROUND.name:
            return {}
        if self.nominate is None or self.approve is None or self.collect is None:
            raise ValueError(f"the stage {self.id} is no 360 round that was resolved")
        if self.raters is not None and not self.raters.anybody_chosen():
            return {COLLECTING.name: self.collect}
        if self.nominate.by == "manager":
            return {APPROVING.name: self.nominate, COLLECTING.name: self.collect}
        rest = {APPROVING.name: self.approve, COLLECTING.name: self.collect}
        if self.nominate.by == "rule":
            return rest
        return {NOMINATING.name: self.nominate, **rest}

    def written_steps(self) -> Mapping[str, Step]:
        """The steps of which something is written, by the key under which it stands."""
        found = {name: getattr(self, name) for name in DEFAULTS}
        return {name: step for name, step in found.items() if step is not None}

    def ladders(self) -> Iterable[str]:
        """Its own, and those of its steps."""
        return (self.ladder, *(step.ladder for step in self.written_steps().values()))

    def closes_by_itself(self) -> bool:
        """It closes with its last step, which must."""
        return self.kind == FEEDBACK_ROUND.name or self.closes is not None

    def written_as(self, step: str) -> str:
        """The key under which a step was written: a manager who names raters has no `approve`."""
        return NOMINATING.name if self.steps().get(step) is self.nominate else step


def as_round(stage: Stage) -> FeedbackRound:
    """The 360 round that a stage is, or of which it is a step. Raises TypeError for another."""
    if not isinstance(stage, FeedbackRound):
        raise TypeError(f"the stage {stage.id} is no 360 round, but of kind {stage.kind}")
    return stage
