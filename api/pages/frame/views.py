"""What every page has: who reads it, where they are, and what must be said on top."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

Tone = Literal["done", "late", "bad", "told"]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody reading a page: their zone, their now, and which parts of Almanac are theirs.

    `waiting` is the number of open tasks, shown beside "My tasks"; `company` is the company's zone.
    `outside`: a rater from outside the company, who is shown nothing but their requests. `by_task`:
    signed in by the link of a task, which opens no other part of Almanac.
    """

    now: datetime
    zone: ZoneInfo
    name: str = ""
    person_id: int | None = None
    manages: bool = False
    hr: bool = False
    administrator: bool = False
    outside: bool = False
    by_task: bool = False
    waiting: int = 0
    company: ZoneInfo | None = None

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in at all."""
        return self.person_id is not None

    @property
    def today(self) -> date:
        """The reader's own date."""
        return self.now.astimezone(self.zone).date()

    def company_day(self, instant: datetime) -> date:
        """The date in the company's zone: of what ends for everybody."""
        return instant.astimezone(self.company or self.zone).date()


@dataclass(frozen=True, slots=True)
class Link:
    """A way to somewhere."""

    label: str
    href: str
    count: int | None = None
    here: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something said once on top of a page."""

    text: str
    detail: str = ""
    tone: Tone = "done"
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to correct; `field` is the id of the control, or empty for the whole form."""

    field: str
    text: str
    href: str = ""

    @property
    def target(self) -> str:
        """Where the summary's link goes."""
        return self.href or f"#{self.field}"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as pages name them: names repeat, so the department stands beside."""

    id: int
    name: str
    department: str = ""
    first_name: str = ""

    @property
    def first(self) -> str:
        """What one would say to them."""
        return self.first_name or self.name.partition(" ")[0]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the base template needs of every page.

    `part` names the entry of the navigation that is current. `kept` is what was typed into a form
    that was refused, where the page itself does not show it.
    """

    template: ClassVar[str] = ""
    title: str
    part: str = ""
    crumbs: tuple[Link, ...] = ()
    notice: Notice | None = None
    problems: tuple[Problem, ...] = ()
    kept: tuple[str, ...] = ()

    def wrong(self, control: str) -> str:
        """What is wrong with a control, or nothing."""
        return next((p.text for p in self.problems if p.field == control), "")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several things to choose from."""

    value: str
    label: str
    help: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """The next part of a long list (keyset)."""

    href: str = ""
    shown: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to: choices that the server applies, by GET."""

    action: str
    text: str = ""
    selects: tuple["Select", ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Select:
    """A choice in a filter."""

    name: str
    label: str
    choices: tuple[Choice, ...]
