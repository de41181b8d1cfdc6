"""Writing feedback: what a rater sees of one request, and of all of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from api.pages.frame.views import Page
from api.pages.tasks.views import Clash, Field, Section
from domain.lengths import LONGEST_REASON


@dataclass(frozen=True, slots=True)
class RateLine:
    """One request in a list. `share`: per cent of what must be answered that the draft answers."""

    href: str
    verb: str
    name: str
    cycle: str
    department: str
    relationship: str
    standing: str  # as of store/views/feedback_requests.py
    due_at: datetime
    late: bool
    paused: bool
    open: bool
    minutes: int
    share: int | None = None
    done_on: date | None = None
    changing: bool = False  # submitted, and something was typed since


@dataclass(frozen=True, slots=True)
class Sitting:
    """How far somebody is with all that they were asked to write."""

    done: int
    of: int
    minutes_left: int

    @property
    def left(self) -> int:
        """How many are still to be written."""
        return self.of - self.done

    @property
    def share(self) -> float:
        """Of what was asked, how much is done."""
        return self.done / self.of if self.of else 1.0


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised about anonymity, in sentences; `named`: the answer stands under a name."""

    named: bool
    headline: str
    sentences: tuple[str, ...]
    warning: str = ""


@dataclass(frozen=True, slots=True)
class RateHead:
    """What stands above everything about a request.

    `title` says what is asked, `verb` names whom it is about, too. `asks_consent`: whether it is
    asked if the answer may be shown in a group of two.
    """

    href: str
    verb: str
    first: str
    name: str
    department: str
    cycle: str
    relationship: str
    why_you: str
    due_at: datetime
    closes_at: datetime | None
    late: bool
    paused: bool
    minutes: int
    readers: str
    promise: Promise
    purpose: str = ""
    asks_consent: bool = False


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """A section of the form."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class RateForm(Page):
    """The whole form of a request, on one page."""

    template: ClassVar[str] = "kinds/feedback_round/rate.html"
    task: RateHead
    groups: tuple[FieldGroup, ...]
    version: str
    draft: bool  # something was kept already
    submitted: bool  # what was submitted counts until the change is
    agrees: bool
    sitting: Sitting
    next: RateLine | None = None
    may_decline: bool = True


@dataclass(frozen=True, kw_only=True)
class RateConflict(Page):
    """Another window saved meanwhile: both texts, and a clear choice."""

    template: ClassVar[str] = "task-conflict.html"
    task: RateHead
    clashes: tuple[Clash, ...]
    typed: tuple[tuple[str, str], ...]
    version: str
    action: str
    saved_at: None = None  # of what raters write no time of day is kept


@dataclass(frozen=True, kw_only=True)
class RateDone(Page):
    """A request that is done, or over: what became of it, and whose turn is next."""

    template: ClassVar[str] = "kinds/feedback_round/rate-done.html"
    task: RateHead
    standing: str
    on: date | None
    may_change: bool
    changing: bool
    sections: tuple[Section, ...]
    sitting: Sitting
    next: RateLine | None = None
    shut: bool = False


@dataclass(frozen=True, kw_only=True)
class RateDecline(Page):
    """Saying no, with a reason."""

    template: ClassVar[str] = "kinds/feedback_round/rate-decline.html"
    task: RateHead
    what_happens: tuple[str, ...]
    reason: str = ""
    most: int = LONGEST_REASON


@dataclass(frozen=True, kw_only=True)
class RateList(Page):
    """Everything that somebody is asked to write, over all rounds."""

    template: ClassVar[str] = "kinds/feedback_round/rate-list.html"
    waiting: tuple[RateLine, ...]
    done: tuple[RateLine, ...]
    over: tuple[RateLine, ...]
    sitting: Sitting


@dataclass(frozen=True, kw_only=True)
class RateThanks(Page):
    """Nothing is left to write."""

    template: ClassVar[str] = "kinds/feedback_round/rate-thanks.html"
    done: int


@dataclass(frozen=True, kw_only=True)
class RateStranger(Page):
    """Somebody said that they are not whom the link was mailed to."""

    template: ClassVar[str] = "kinds/feedback_round/rate-stranger.html"
