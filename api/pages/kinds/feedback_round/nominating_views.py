"""Who is asked in a 360 round: chosen, looked over, and afterwards read."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal
from uuid import UUID

from api.pages.frame.views import Choice, Page
from api.pages.tasks.views import Section, TaskHead
from store.people.outside import LONGEST, LONGEST_ADDRESS

GroupMood = Literal["short", "enough", "many"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody on the list, or who could be: `note` says what they do, or why they are shown."""

    id: int
    name: str
    note: str = ""
    relationship: str = ""
    label: str = ""  # the relationship in words
    full: bool = False
    listed: bool = False
    error: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A relationship with its quota, and how the list stands to it."""

    name: str
    label: str
    asked: str  # how many, as a sentence
    named: int
    least: int
    at_most: int | None
    error: str = ""

    @property
    def mood(self) -> GroupMood:
        """Too few, enough, too many."""
        if self.at_most is not None and self.named > self.at_most:
            return "many"
        return "short" if self.named < self.least else "enough"

    @property
    def says(self) -> str:
        """How the list stands to the quota; the script says the same while one picks."""
        match self.mood:
            case "many":
                return f"{self.named - (self.at_most or 0)} too many"
            case "short":
                return f"{self.least - self.named} more wanted"
            case _:
                return "enough" if self.least else ""


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody outside the company, as they are typed."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    error: str = ""
    longest: int = LONGEST
    longest_address: int = LONGEST_ADDRESS

    @property
    def typed(self) -> bool:
        """Was anything typed?"""
        return bool(self.first_name or self.last_name or self.email)


@dataclass(frozen=True, kw_only=True)
class Choosing(Page):
    """What every page has on which somebody chooses raters."""

    action: str
    groups: tuple[Group, ...]
    suggestions: tuple[Entry, ...]
    q: str = ""
    found: tuple[Entry, ...] = ()
    outside: Outside | None = None  # none: nobody outside is asked in this round
    mine: bool = True  # the reader is the one whom the feedback is about
    first: str = ""

    @property
    def you(self) -> str:
        """The one whom the feedback is about, as an object."""
        return "you" if self.mine else self.first


@dataclass(frozen=True, kw_only=True)
class ChooseRaters(Choosing):
    """The list in the making: of the subject, or as the manager looks it over."""

    template: ClassVar[str] = "kinds/feedback_round/nominate.html"
    task: TaskHead
    approving: bool
    lead: str
    entries: tuple[Entry, ...]
    by_rule: tuple[str, ...]
    asks: tuple[Section, ...]
    threshold: str
    version: str
    silence: str
    send: str  # what the main button says
    empty: str = ""  # what an empty list means
    nobody_asked: bool = False  # an empty list is being confirmed
    next_lists: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RatersChosen(Page):
    """Whom they chose, to be read. How anybody's request stands is said nowhere."""

    template: ClassVar[str] = "kinds/feedback_round/nominate-chosen.html"
    task: TaskHead
    lead: str
    entries: tuple[Entry, ...]
    by_rule: tuple[str, ...]
    one_more: str = ""  # where somebody else may be named
    next_lists: tuple[tuple[str, str], ...] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class OneMore(Choosing):
    """There is room for one more person; or there is none, and the list is shown."""

    template: ClassVar[str] = "kinds/feedback_round/nominate-more.html"
    round_id: UUID
    cycle: str
    wanted: int
    entries: tuple[Entry, ...] = ()
    picked: int | None = None
    relationship: str = ""
    choices: tuple[Choice, ...] = ()
