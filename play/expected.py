"""What a scenario expects to have happened at its end; what is not said may be anything."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from play.moments import Moment, Part, TaskOf, Who


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no pattern: {error}") from None
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that must be found."""


class ItemLike(Part):
    """What an item of a mail must be like; what is not said may be anything."""

    event: str | None = None
    stage: str | None = None
    about: Who | None = None
    rung: str | None = None


class MailLike(ItemLike):
    """A mail that is expected, or not. `items` is how many it has; texts are patterns."""

    to: Who
    at: Moment | None = None
    first: Moment | None = Field(default=None, alias="from")
    last: Moment | None = Field(default=None, alias="until")
    subject: Pattern | None = None
    text: Pattern | None = None
    items: int | None = None
    instead_of: Who | None = None


class SuppressedLike(ItemLike):
    """Something that was not sent, and why."""

    to: Who
    at: Moment | None = None
    reason: str | None = None


class TaskLike(TaskOf):
    """A task that is expected, as it is at the end. `count` is how many there are like it.

    `by` wrote what was submitted last, `on_behalf_of` is for whom.
    """

    state: str | None = None
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
    count: int | None = None


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
    state: str | None = None
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    planned_opens_on: date | None = None
    planned_due_on: date | None = None


class RaterLike(Part):
    """A rater on somebody's list, as it is at the end. `count` is how many there are like it."""

    about: Who
    who: Who | None = None
    relationship: str | None = None
    state: str | None = None
    source: str | None = None
    stage: str | None = None
    count: int | None = None


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
    count: int | None = None
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

    state: str | None = None
    closed_at: Moment | None = None
    reason: str | None = None
    participants: int | None = None


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
    mails: int | None = None

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
