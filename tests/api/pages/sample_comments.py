"""Invented comments that wait for their reviewer."""

from datetime import date

from api.pages.frame.views import Link, Page, Person, Problem
from api.pages.kinds.feedback_round.comment_views import (
    CommentField,
    CommentGroup,
    CommentReview,
    CommentReviews,
    WaitingLine,
)
from tests.api.pages.sample_frame import ALEX

LONG = (
    "He explains things so that I understand them, also the third time. In meetings he waits until "
    "everybody has spoken.\nWhat I would like more of: saying no to requests that come late on a "
    "Friday, so that the rest of us may say no as well."
)


def comment_pages() -> dict[str, Page]:
    """By name."""
    return {
        "comment-reviews": CommentReviews(
            title="Comments to review",
            part="reviews",
            crumbs=(Link("Reviews", "/reviews"),),
            lines=(
                WaitingLine(ALEX, "Annual review 2026", date(2026, 11, 20), "/comment-reviews/r/1"),
                WaitingLine(
                    Person(7, "Bruce Miller", "IT"),
                    "Annual review 2026",
                    date(2026, 11, 20),
                    "/comment-reviews/r/7",
                ),
            ),
        ),
        "comment-reviews-empty": CommentReviews(
            title="Comments to review", part="reviews", lines=()
        ),
        "comment-review": CommentReview(
            title="Comments about Alexander James",
            part="reviews",
            crumbs=(Link("Comments to review", "/comment-reviews"),),
            problems=(Problem("f-c3", "Write what is to be shown instead."),),
            about=ALEX,
            cycle="Annual review 2026",
            action="/comment-reviews/r/1",
            groups=(
                CommentGroup(
                    "What should Alexander go on doing?",
                    (
                        CommentField("c1", LONG, "shown"),
                        CommentField("c2", "Ask Valli how he treated her.", "held"),
                        CommentField(
                            "c3",
                            "As his only colleague in Lisbon I see him late in the evening.",
                            "edited",
                            "",
                            "Write what is to be shown instead.",
                        ),
                    ),
                ),
                CommentGroup(
                    "What could be better?",
                    (CommentField("c4", "Shorter mails."),),
                ),
            ),
        ),
    }
