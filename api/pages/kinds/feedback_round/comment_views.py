"""Comments that HR goes over before anybody reads them."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from api.pages.frame.views import Page, Person
from domain.lengths import LONGEST_COMMENT


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A report that waits for its reviewer."""

    about: Person
    cycle: str
    closed_on: date
    href: str


@dataclass(frozen=True, kw_only=True)
class CommentReviews(Page):
    """All reports that wait."""

    template: ClassVar[str] = "kinds/feedback_round/comment-reviews.html"
    lines: tuple[WaitingLine, ...]


@dataclass(frozen=True, slots=True)
class CommentField:
    """One comment with what was decided so far. `name` is unique on the page; `error` to mend."""

    name: str
    original: str
    review: str = ""
    words: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class CommentGroup:
    """What was said to one question."""

    asked: str
    comments: tuple[CommentField, ...]


@dataclass(frozen=True, kw_only=True)
class CommentReview(Page):
    """One report's comments."""

    template: ClassVar[str] = "kinds/feedback_round/comment-review.html"
    about: Person
    cycle: str
    action: str
    groups: tuple[CommentGroup, ...]
    most: int = LONGEST_COMMENT
