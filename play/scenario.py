"""What a scenario file may say: when a cycle starts, what happens in it, and what is expected.

Instants are written `2027-01-12 09:00`, in the company's zone, or with a zone of their own
(`2027-01-12 09:00 Europe/London`, `2027-01-12T17:00:00Z`). People are named by employee id.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError


class ScenarioError(Exception):
    """A scenario that cannot be played: all problems, a line each."""


class Part(BaseModel):
    """Strict about unknown keys, so that a typo is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _person(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Who = Annotated[str, BeforeValidator(_person)]
"""An employee id."""


def _moment(value: object) -> object:
    """An instant as it was written; resolved against the company's zone later."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return value


Moment = Annotated[str, BeforeValidator(_moment)]

WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[ T](?P<time>\d\d:\d\d(?::\d\d)?))?\s*(?P<zone>\S+)?"
)


def instant(written: str, zone: ZoneInfo, *, default: time = time(9)) -> datetime:
    """Resolve a written instant to UTC. Raises ScenarioError with what would be right."""
    found = WRITTEN.fullmatch(written.strip())
    if found is None:
        raise ScenarioError(f"{written!r} is no instant; write 2027-01-12 09:00")
    day = date.fromisoformat(found["day"])
    clock = time.fromisoformat(found["time"]) if found["time"] else default
    name = found["zone"]
    if name in (None, ""):
        there: ZoneInfo | Any = zone
    elif name in ("Z", "UTC", "+00:00"):
        there = UTC
    elif re.fullmatch(r"[+-]\d\d:\d\d", name):
        return datetime.fromisoformat(f"{day}T{clock}{name}").astimezone(UTC)
    else:
        try:
            there = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ScenarioError(f"{name!r} in {written!r} is no time zone") from None
    return datetime.combine(day, clock, tzinfo=there).astimezone(UTC)


class TaskOf(Part):
    """Names a task: its stage, whom it is about, and, if several hold one, who."""

    stage: str
    about: Who | None = None
    who: Who | None = None


class Submit(TaskOf):
    """Somebody submits, saves a draft or takes back. `who` is the holder if not given."""

    answers: Mapping[str, Any] | None = None
    held_on: date | None = None


class LeaveOf(Part):
    """Somebody is away, both days included."""

    who: Who
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    delegate: Who | None = None


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


class CloseStage(Part):
    """HR closes a stage."""

    stage: str
    reason: str = "by the scenario"


class NewManager(Part):
    """Somebody reports to somebody else from the day of the event on."""

    who: Who
    to: Who


class Person(Part):
    """One person."""

    who: Who
    reason: str = "by the scenario"


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


class Nothing(Part):
    """An act on the whole cycle."""

    reason: str = "by the scenario"


class Happening(Part):
    """One scripted event: an instant, and exactly one thing that happens."""

    at: Moment
    submit: Submit | None = None
    draft: Submit | None = None
    withdraw: TaskOf | None = None
    leave: LeaveOf | None = None
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
    leaves: Person | None = None
    joins: Newcomer | None = None

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


class Down(Part):
    """Something does not work from one instant to another."""

    what: Literal["worker", "engine", "mail"]
    first: Moment = Field(alias="from")
    last: Moment = Field(alias="to")


class Refused(Part):
    """The relay refuses an address for good, from an instant on, to an instant."""

    address: str
    first: Moment | None = Field(default=None, alias="from")
    last: Moment | None = Field(default=None, alias="to")


BEHAVIOUR = re.compile(r"at once|never|mix|after (\d{1,3})%")


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


class ItemLike(Part):
    """What an item of a mail must be like; what is not said may be anything."""

    event: str | None = None
    stage: str | None = None
    about: Who | None = None
    rung: str | None = None


class MailLike(ItemLike):
    """A mail that is expected, or not."""

    to: Who
    at: Moment | None = None
    first: Moment | None = Field(default=None, alias="from")
    last: Moment | None = Field(default=None, alias="until")
    reason: str | None = None
    subject: str | None = None


class TaskLike(TaskOf):
    """A task that is expected, as it is at the end."""

    state: str | None = None
    due_on: date | None = None
    opens_at: Moment | None = None
    due_at: Moment | None = None
    closes_at: Moment | None = None


class Expectation(Part):
    """One thing that must hold at the end."""

    mail: MailLike | None = None
    no_mail: MailLike | None = None
    suppressed: MailLike | None = None
    task: TaskLike | None = None
    mails: int | None = None
    cycle: str | None = None


class Scenario(Part):
    """A scenario file."""

    scenario: str
    definition: str
    company: str | None = None
    launch: Moment
    by: Literal["button", "schedule"] = "button"
    confirmed: bool = True
    until: Moment | None = None
    seed: int = 1
    everybody: Behaviour = "after 50%"
    people: tuple[Habit, ...] = ()
    events: tuple[Happening, ...] = ()
    down: tuple[Down, ...] = ()
    refuse: tuple[Refused, ...] = ()
    expect: tuple[Expectation, ...] = ()


def read_scenario(path: Path) -> Scenario:
    """Read a scenario. Raises ScenarioError that names every problem with its path."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({type(error).__name__})") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ScenarioError(f"{path}{place}: {error.problem}") from None
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(p) for p in e['loc']) or 'the file'}: {e['msg']}"
            for e in error.errors()
        ]
        raise ScenarioError("\n".join(lines)) from None
