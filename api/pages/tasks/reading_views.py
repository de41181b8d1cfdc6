"""What is read rather than filled in: results, the explain view, who holds what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from api.pages.frame.views import Choice, Filters, Page, Person
from api.pages.tasks.views import Section, TaskHead
from domain.lengths import LONGEST_REASON


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A review that the reader may open, or the reason why not yet."""

    title: str
    about: Person
    href: str = ""
    state: str = ""
    rating: str = ""
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class MyReviews(Page):
    """One's own results, and those of one's people once they are released."""

    template: ClassVar[str] = "my-reviews.html"
    own: tuple[ResultLine, ...]
    people: tuple[ResultLine, ...] = ()
    feedback: tuple[ResultLine, ...] = ()  # 360 reports: one's own, also those to come
    feedback_people: tuple[ResultLine, ...] = ()
    comments_wait: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """One stage of a review as it is read."""

    title: str
    at: datetime | None
    sections: tuple[Section, ...]


@dataclass(frozen=True, kw_only=True)
class Review(Page):
    """A whole review, for the person or for who leads them."""

    template: ClassVar[str] = "review.html"
    about: Person
    cycle: str
    period: str
    purpose: str
    own: bool
    rating: str = ""
    share: float | None = None
    ends: tuple[str, str] = ("", "")  # of the scale, in numbers and words
    chapters: tuple[Chapter, ...] = ()
    held_on: date | None = None
    acknowledgement: str = ""
    acknowledgement_text: str = ""
    answer_href: str = ""
    feedback_href: str = ""  # the 360 report beside it, where the reader may open it


# --- Explain -----------------------------------------------------------------------------------

Mood = Literal["done", "late", "bad", "held", "ahead", "now"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One point of a task's story. `rule` is the code that decided, for whoever asks HR."""

    title: str
    at: datetime | None
    mood: Mood = "done"
    detail: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Explain(Page):
    """Why a task looks as it does: what happened, what was mailed, what comes next."""

    template: ClassVar[str] = "explain.html"
    task: TaskHead
    assignee: str
    state: str
    past: tuple[Happening, ...]
    ahead: tuple[Happening, ...]
    stops: str = ""
    withheld: str = ""  # what this reader is not shown


# --- Team --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldTask:
    """Somebody in the tree holds a task. `late_days` only where the reader may know."""

    task_id: str
    holder: Person
    verb: str
    cycle: str
    due_on: date | None  # none: it is past, and that is between the person and others
    state: str  # open; whether a draft exists is never told
    late_days: int = 0
    may_nudge: bool = False
    nudged_at: datetime | None = None
    explain_href: str = ""
    steer_href: str = ""


@dataclass(frozen=True, kw_only=True)
class Team(Page):
    """Who in my tree holds what."""

    template: ClassVar[str] = "team.html"
    tasks: tuple[HeldTask, ...]
    people: int
    done: int
    filters: Filters
    direct: bool = True


@dataclass(frozen=True, kw_only=True)
class Steer(Page):
    """Before something is done to somebody: what it will do to how many, then the number.

    `confirm` is the number to confirm, none where nothing irreversible happens.
    """

    template: ClassVar[str] = "steer.html"
    heading: str
    action: str
    button: str
    back: str
    grave: bool = False
    effects: tuple[tuple[Literal["told", "late", "bad", "done"], str], ...] = ()
    confirm: int | None = None
    confirm_label: str = ""
    fields: tuple["SteerField", ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    previewed: bool = True
    refused: str = ""
    key: str = ""
    changeable: bool = False  # something was typed that can be typed again
    given: tuple[tuple[str, str], ...] = ()  # what was typed, by its question
    says: str = "What it will do"  # above the effects
    raw: tuple[str, str] | None = None  # what a machine said, folded: what it is, and the text


@dataclass(frozen=True, slots=True)
class SteerField:
    """Something that a steering action asks for."""

    name: str
    label: str
    type: Literal["text", "words", "number", "date", "select", "check", "radio"] = "text"
    help: str = ""
    value: str = ""
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    most: int = LONGEST_REASON
