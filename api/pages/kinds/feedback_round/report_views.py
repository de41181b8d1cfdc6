"""The report of a 360 round as it is read: everything in words, ready for a page and for paper."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from api.pages.frame.views import Page
from api.pages.kinds.feedback_round.report_pictures import Comparison


@dataclass(frozen=True, slots=True)
class Number:
    """A score as it is said: `4.2`, `4.5 or more`; `spread` is empty where nothing is said of it.

    `said`: it is a number, not what stands in the place of one.
    """

    text: str
    spread: str = ""
    said: bool = True


@dataclass(frozen=True, slots=True)
class NamedScore:
    """A competency with what colleagues say, among the highest or lowest."""

    name: str
    score: str


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One rated question: a number, or what stands in its place, for each column of the table."""

    name: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """What one group, or somebody under their name, wrote to a question."""

    group: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemeRead:
    """A question with what was written to it."""

    ask: str
    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class GroupRead:
    """Who was asked, and whether their answers are shown."""

    name: str
    standing: str


@dataclass(frozen=True, slots=True)
class ReportRead:
    """A report in words. `own`: it is read by whom it is about, whose first name is `first`.

    `columns` head the numbers of each row; `overall` is the row of means over all questions.
    `points` are the scale's numbers with their names. `apart`: some group is not shown by itself.
    """

    title: str
    name: str
    first: str
    own: bool
    cycle: str
    made_on: date
    highest: tuple[NamedScore, ...]
    lowest: tuple[NamedScore, ...]
    blind_spots: tuple[str, ...]
    hidden_strengths: tuple[str, ...]
    comparison: Comparison
    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    overall: ScoreRow | None
    themes: tuple[ThemeRead, ...]
    groups: tuple[GroupRead, ...]
    points: tuple[tuple[str, str], ...]
    opening: str
    reading: tuple[str, ...]
    protection: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FeedbackReportPage(Page):
    """The report of a 360 round about somebody."""

    template: ClassVar[str] = "kinds/feedback_round/feedback-report.html"
    report: ReportRead
    pdf_href: str = ""
    review_href: str = ""


@dataclass(frozen=True, kw_only=True)
class FeedbackWaits(Page):
    """The same address, for whom there will be something to read: why not yet."""

    template: ClassVar[str] = "kinds/feedback_round/feedback-waits.html"
    heading: str
    text: str
    cycle: str
