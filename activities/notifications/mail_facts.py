"""What mail items speak of: people, cycles, tasks, and what was already tried."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from domain.notifications import Event
from domain.states import Role

TaskKind = str
"""What is to be done: a stage kind, or one of the steps of a feedback round."""


Relationship = Literal["self", "manager", "peers", "reports", "others", "external"]
"""In which group a rater's answers stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A name and an address, as they stand in From or Reply-To."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who receives the mail.

    `zone` is an IANA name, `language` one of en, de, fr, es (another falls back to English).
    `stands_in_for` is the full name of whoever delegated to the recipient. `external`: somebody
    outside the company, who has no account and no other page than that of their own link.
    """

    name: str
    address: str
    language: str = "en"
    zone: str = "UTC"
    stands_in_for: str | None = None
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody a mail speaks about. Names repeat, so the department is said with the name."""

    first_name: str
    name: str
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The review cycle that an item belongs to. `title` has the period filled in.

    `talks`: a conversation opens the result to whom it is about.
    """

    id: UUID
    definition: str
    title: str
    period: str = ""
    purpose: str = ""
    talks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTold:
    """Who hears of it next if nothing is done, and on which day (the assignee's).

    `manager`: the reader's own. `named`: the people of `names`, for they are not the reader's
    manager, or somebody reads this who stands in.
    """

    on: date
    who: Literal["manager", "hr", "named"] = "manager"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The facts about a task that a mail may say.

    `id` and `due_revision` identify the calendar entry. `due_on` and `closes_on` are dates of
    the assignee, `zone` is theirs (IANA). `about` is the subject, None where there is none.
    `minutes` is how long it takes. `url` leads straight to it, with the token in it.
    """

    id: UUID
    cycle: Cycle
    stage: str
    title: str
    kind: TaskKind
    role: Role
    due_on: date
    zone: str
    url: str
    due_revision: int = 1
    about: Person | None = None
    minutes: int | None = None
    begun: bool = False
    closes_on: date | None = None
    next_told: NextTold | None = None
    hr_reads: bool = True
    shown: Literal["release", "meeting", "submission"] = "release"
    """When the subject sees what the assignee writes about them."""
    compared: bool = False
    """Are the results compared in calibration sessions before they are released?"""
    in_line: bool = True
    """Does the subject report to the reader, directly or (`manager_2`) through one other?"""
    asked_by: str | None = None
    """Who wants the feedback, where that is not the subject. A rater is told this, nobody else."""
    relationship: Relationship | None = None
    """A rater's own group; None is said like one of those that are protected."""
    protection: "Protection" = field(default_factory=lambda: Protection())
    empty_list: bool = False
    """Nobody stands on the list that is to be approved."""
    holder: str | None = None
    """The full name of the person who holds it, where the reader stands in for them."""

    @property
    def identified(self) -> bool:
        """Is there only one such rater, so that the answers are shown as theirs?"""
        return self.relationship in ("self", "manager")

    def __post_init__(self) -> None:
        if self.next_told is not None:
            not_about_raters(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How a round protects its raters, as far as mails say it.

    `threshold`: answers that a group needs before anything of it is shown. `pairs`: two are enough
    where both have agreed. `reviewed`: somebody named reads comments before they are shown.
    """

    threshold: int = 3
    pairs: bool = False
    reviewed: bool = False


def not_about_raters(task: Task) -> None:
    """Raise ValueError for a rater's task.

    A rater's lateness is nobody's business: who is late tells who has answered.
    """
    if task.role is Role.RATER:
        raise ValueError("a rater's task is reminded of, and never brought to anybody else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that was already tried: when (the assignee's date), what, to whom."""

    on: date
    event: Literal[Event.TASK_OPENED, Event.REMINDER, Event.ESCALATION]
    name: str | None = None
