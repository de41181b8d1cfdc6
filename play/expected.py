"""What a scenario expects to have happened at its end; what is not said may be anything."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.notifications import Event, rung_offset
from domain.relationships import Relationship
from domain.states import CycleState, StageState, TaskState
from play.moments import Moment, Part, TaskOf, Who, before


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no pattern: {error}") from None
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that must be found."""


def _one_of(words: Collection[str]) -> Callable[[str], str]:
    """A word that Almanac knows: what is not to happen would never happen under a misspelt name."""

    def known(value: str) -> str:
        if value in words:
            return value
        near = get_close_matches(value, words, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(words)}"
        raise ValueError(f"there is no {value!r}; {hint}")

    return known


def _rung(value: str) -> str:
    try:
        rung_offset(value)
    except ValueError:
        raise ValueError(f"{value!r} is no rung; write `remind:-5` or `escalate:3`") from None
    return value


EventName = Annotated[str, AfterValidator(_one_of([event.value for event in Event]))]
TaskStateName = Annotated[str, AfterValidator(_one_of([state.value for state in TaskState]))]
StageStateName = Annotated[str, AfterValidator(_one_of([state.value for state in StageState]))]
CycleStateName = Annotated[str, AfterValidator(_one_of([state.value for state in CycleState]))]
Relation = Annotated[str, AfterValidator(_one_of([relation.value for relation in Relationship]))]
Rung = Annotated[str, AfterValidator(_rung)]
Count = Annotated[int, Field(ge=0)]


class ItemLike(Part):
    """What an item of a mail must be like; what is not said may be anything."""

    event: EventName | None = None
    stage: str | None = None
    about: Who | None = None
    rung: Rung | None = None


class MailLike(ItemLike):
    """A mail that is expected, or not. `items` is how many it has; texts are patterns."""

    to: Who
    at: Moment | None = None
    first: Moment | None = Field(default=None, alias="from")
    last: Moment | None = Field(default=None, alias="until")
    subject: Pattern | None = None
    text: Pattern | None = None
    items: Count | None = None
    instead_of: Who | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        """`from` and `until` leave room for a mail."""
        if self.first and self.last and before(self.last, self.first):
            raise ValueError(f"`from` {self.first} lies after `until` {self.last}")
        return self


class SuppressedLike(ItemLike):
    """Something that was not sent, and why."""

    to: Who
    at: Moment | None = None
    reason: str | None = None


class TaskLike(TaskOf):
    """A task that is expected, as it is at the end. `count` is how many there are like it.

    `by` wrote what was submitted last, `on_behalf_of` is for whom.
    """

    state: TaskStateName | None = None
    due_on: date | None = None
    opens_at: Moment | None = None
    due_at: Moment | None = None
    closes_at: Moment | None = None
    ended_at: Moment | None = None
    reason: str | None = None
    due_revision: int | None = None
    revision: int | None = None
    by: Who | None = None
    on_behalf_of: Who | None = None
    count: Count | None = None


class ChangeLike(TaskOf):
    """A change of a task that is expected: its event, and what its detail must contain."""

    event: str
    at: Moment | None = None
    by: Who | None = None
    detail: Mapping[str, Any] = {}


class SkipLike(Part):
    """A stage that does not exist for somebody, and why."""

    stage: str
    about: Who
    reason: str | None = None


class StageLike(Part):
    """A stage that is expected, as it is at the end."""

    id: str
    state: StageStateName | None = None
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    planned_opens_on: date | None = None
    planned_due_on: date | None = None


class RaterLike(Part):
    """A rater on somebody's list, as it is at the end. `count` is how many there are like it."""

    about: Who
    who: Who | None = None
    relationship: Relation | None = None
    state: str | None = None
    source: str | None = None
    stage: str | None = None
    count: Count | None = None


class ReportOf(Part):
    """Names the report of a 360 round: whom it is about."""

    about: Who
    stage: str | None = None


class ReportLike(ReportOf):
    """The report of a 360 round. `standing` is what it says of a `group`: `shown`, `in_others`,
    `not_shown`, or `not_asked` if it says nothing of it.
    """

    group: str | None = None
    standing: str | None = None
    made_at: Moment | None = None
    readable_on: date | None = None
    held: bool | None = None


class RefusedLike(Part):
    """A scripted event that Almanac refuses."""

    what: str
    at: Moment | None = None
    saying: Pattern | None = None


class FindingLike(Part):
    """Something that the launch check says. `who` stands on its list of names."""

    code: str | None = None
    mood: Literal["fine", "look", "stop"] | None = None
    text: Pattern | None = None
    count: Count | None = None
    who: Who | None = None
    of: str | None = None


class OutLike(Part):
    """Somebody who does not take part at the end, and why. `because` are HR's own words."""

    who: Who
    reason: str | None = None
    because: Pattern | None = None
    of: str | None = None


class CycleLike(Part):
    """The cycle as it is at the end. `of` is its definition, if it is not the scenario's first."""

    of: str | None = None

    state: CycleStateName | None = None
    closed_at: Moment | None = None
    reason: str | None = None
    participants: Count | None = None


class Expectation(Part):
    """One thing that must hold at the end."""

    mail: MailLike | None = None
    no_mail: MailLike | None = None
    suppressed: SuppressedLike | None = None
    task: TaskLike | None = None
    no_task: TaskOf | None = None
    change: ChangeLike | None = None
    skip: SkipLike | None = None
    stage: StageLike | None = None
    refused: RefusedLike | None = None
    cycle: CycleLike | None = None
    rater: RaterLike | None = None
    report: ReportLike | None = None
    no_report: ReportOf | None = None
    finding: FindingLike | None = None
    no_finding: FindingLike | None = None
    out: OutLike | None = None
    mails: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        """`cycle: closed` is short for `cycle: {state: closed}`."""
        if isinstance(value, dict) and isinstance(value.get("cycle"), str):
            return {**value, "cycle": {"state": value["cycle"]}}
        return value

    @model_validator(mode="after")
    def _one_thing(self) -> "Expectation":
        if sum(getattr(self, n) is not None for n in type(self).model_fields) != 1:
            raise ValueError("an expectation says exactly one thing")
        return self

    @property
    def what(self) -> str:
        """The name of what must hold."""
        return next(n for n in type(self).model_fields if getattr(self, n) is not None)
