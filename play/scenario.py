"""What a scenario file may say: when a cycle starts, what happens in it, and what is expected.

The language is described in docs/rehearsing.md.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from play.expected import Expectation
from play.moments import Moment, Part, TaskOf, Who, before


class Outsider(Part):
    """A rater from outside the company."""

    email: str
    first_name: str
    last_name: str = ""


class RatersOf(Part):
    """Who is to be asked in a 360 round: the whole list."""

    peers: tuple[Who, ...] = ()
    others: tuple[Who, ...] = ()
    external: tuple[Outsider, ...] = ()


class Submit(TaskOf):
    """Somebody submits or saves a draft. `who` is the holder if not given.

    `raters` is what is submitted where raters are named or approved; `agrees`: a rater's answer may
    be shown in a group of two.
    """

    answers: Mapping[str, Any] | None = None
    held_on: date | None = None
    raters: RatersOf | None = None
    agrees: bool = False


class Decline(TaskOf):
    """A rater declines. `stage` is the step that collects."""

    reason: str = "by the scenario"


class Replacement(Part):
    """The subject names one more peer, because somebody dropped out."""

    stage: str
    about: Who
    by: Who


class Comments(Part):
    """HR goes over the comments of a report and lets it be read. `hold`: none of them is shown."""

    stage: str
    about: Who
    hold: bool = False


class LeaveOf(Part):
    """Somebody is away, both days included."""

    who: Who
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    delegate: Who | None = None


class Back(Part):
    """Somebody is back before their leave ends; `on` is the first day (default: the event's).

    A leave that has not begun does not take place.
    """

    who: Who
    on: date | None = None


class Days(TaskOf):
    """So many working days more for one task."""

    days: int


class StageDays(Part):
    """So many working days more for a stage."""

    stage: str
    days: int
    and_after: bool = False


class Because(TaskOf):
    """An act on one task that needs a reason."""

    reason: str = "by the scenario"


class To(TaskOf):
    """A task goes to somebody else."""

    to: Who


class LeftDraft(Part):
    """The draft of somebody who held a task before. `who` is its author."""

    stage: str
    about: Who
    who: Who


class CloseStage(Part):
    """HR closes a stage."""

    stage: str
    reason: str = "by the scenario"


class NewManager(Part):
    """Somebody reports to somebody else, from the day of the event or another one on."""

    who: Who
    to: Who
    on: date | None = None


class Leaver(Part):
    """Somebody leaves; `on` is the first day on which they are gone (default: the event's)."""

    who: Who
    on: date | None = None


class Person(Part):
    """One person. `of` is the definition of the cycle, if it is not the scenario's first."""

    who: Who
    reason: str = "by the scenario"
    of: str | None = None


class Newcomer(Part):
    """Somebody joins; columns as in the people file."""

    employee_id: Who
    first_name: str
    last_name: str
    email: str
    manager_id: Who | None = None
    hire_date: date
    department: str | None = None
    city: str | None = None
    country: str | None = None
    time_zone: str | None = None
    job_title: str | None = None
    employment: str | None = None


class Release(Part):
    """HR releases results, of all or of some departments."""

    departments: tuple[str, ...] | None = None
    of: str | None = None


class Nothing(Part):
    """An act on the whole cycle. `of` is its definition, if it is not the scenario's first."""

    reason: str = "by the scenario"
    of: str | None = None


ON_THE_CYCLE = frozenset({"confirm", "pause", "resume", "cancel", "release"})

ON_PEOPLE = frozenset({"leave", "back", "manager", "leaves", "joins", "mend"})
"""What may happen before there is any cycle."""


class Happening(Part):
    """One scripted event: an instant, and exactly one thing that happens."""

    at: Moment
    submit: Submit | None = None
    draft: Submit | None = None
    withdraw: TaskOf | None = None
    leave: LeaveOf | None = None
    back: Back | None = None
    confirm: Nothing | None = None
    pause: Nothing | None = None
    resume: Nothing | None = None
    cancel: Nothing | None = None
    extend: Days | None = None
    extend_stage: StageDays | None = None
    close_stage: CloseStage | None = None
    reopen: Because | None = None
    excuse: Because | None = None
    reassign: To | None = None
    nudge: TaskOf | None = None
    release: Release | None = None
    add: Person | None = None
    remove: Person | None = None
    manager: NewManager | None = None
    leaves: Leaver | None = None
    joins: Newcomer | None = None
    mend: Person | None = None
    send_on: LeftDraft | None = None
    discard: LeftDraft | None = None
    decline: Decline | None = None
    replace: Replacement | None = None
    review_comments: Comments | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_more(cls, value: object) -> object:
        """`pause:` alone says enough."""
        if not isinstance(value, dict):
            return value
        return {k: {} if v is None and k in ON_THE_CYCLE else v for k, v in value.items()}

    @model_validator(mode="after")
    def _one_thing(self) -> "Happening":
        happens = [n for n in type(self).model_fields if n != "at" and getattr(self, n) is not None]
        if len(happens) != 1:
            raise ValueError("an event says `at` and exactly one thing that happens")
        return self

    @property
    def what(self) -> str:
        """The name of what happens."""
        return next(
            n for n in type(self).model_fields if n != "at" and getattr(self, n) is not None
        )


class Span(Part):
    """From one instant on, to another; none: from the beginning, to the end."""

    first: Moment | None = Field(default=None, alias="from")
    last: Moment | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.first and self.last and not before(self.first, self.last):
            raise ValueError(f"`from` {self.first} does not lie before `to` {self.last}")
        return self


class Down(Span):
    """Something does not work from one instant to another."""

    what: Literal["worker", "engine", "mail"]
    first: Moment = Field(alias="from")
    last: Moment = Field(alias="to")


class Refused(Span):
    """The relay refuses an address for good, from an instant on, to an instant."""

    address: str


BEHAVIOUR = re.compile(r"at once|never|mix|after (100|\d{1,2})%", re.ASCII)


def _behaviour(value: object) -> object:
    if isinstance(value, str) and BEHAVIOUR.fullmatch(value):
        return value
    raise ValueError("write `at once`, `after 50%`, `never` or `mix`")


Behaviour = Annotated[str, BeforeValidator(_behaviour)]


class Habit(Part):
    """What one person does with their tasks, in all stages or in one."""

    who: Who
    does: Behaviour
    stage: str | None = None


class Launch(Part):
    """How a cycle begins.

    `launch` is when the button is pressed; by schedule, when the definition is switched on. `only`
    are those who alone take part; none: everybody whom the definition means.
    """

    definition: str
    launch: Moment
    by: Literal["button", "schedule"] = "button"
    only: tuple[Who, ...] | None = Field(default=None, min_length=1)
    confirmed: bool = True

    @model_validator(mode="after")
    def _chosen_by_button(self) -> Self:
        if self.only is not None and self.by != "button":
            raise ValueError("`only` needs `by: button`: what recurs is for everybody")
        return self


class Scenario(Launch):
    """A scenario file. `also` are the cycles of other definitions that run beside the first."""

    scenario: str
    company: str | None = None
    also: tuple[Launch, ...] = ()
    until: Moment | None = None
    seed: int = 1
    everybody: Behaviour = "after 50%"
    declines: Annotated[int, Field(ge=0, le=100)] = 0
    """Of a hundred requests for feedback so many are declined; subjects name somebody else."""

    habits: tuple[Habit, ...] = ()
    events: tuple[Happening, ...] = ()
    down: tuple[Down, ...] = ()
    refuse: tuple[Refused, ...] = ()
    expect: tuple[Expectation, ...] = ()

    @property
    def launches(self) -> tuple[Launch, ...]:
        """The launch of the scenario itself, and those beside it."""
        return (self, *self.also)
