"""Invented 360 reports, computed by the real rules: a full one, one of little, one that waits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from api.pages.frame.views import Link, Page
from api.pages.kinds.feedback_round.report import waiting_words
from api.pages.kinds.feedback_round.report_views import (
    FeedbackReportPage,
    FeedbackWaits,
    ReportRead,
)
from api.pages.kinds.feedback_round.report_words import report_read
from definitions.loader import parse_definition
from domain.anonymity import AnonymityRules, Answers
from domain.feedback_report import FeedbackQuestion, compute_report
from domain.relationships import Relationship
from domain.scores import Scale
from store.kinds.feedback_round.report_access import Because, ReportStanding, RoundAbout
from tests.api.pages.sample_frame import CYCLE

SELF, MANAGER = Relationship.SELF, Relationship.MANAGER
PEERS, REPORTS, OTHERS = Relationship.PEERS, Relationship.REPORTS, Relationship.OTHERS

SOURCE = """
definition: rounds
title: Feedback
purpose: To learn. The manager and you read it.
period: previous year
stages:
  - id: feedback
    kind: feedback_round
    form: feedback
forms:
  feedback:
    - section: Working together
      questions:
        - id: overall
          type: rating
          ask: How well do you work with {subject.first_name}, all in all?
        - id: skills
          type: competencies
          ask: How do you see {subject.first_name} in each of these?
        - id: keep
          ask: What should {subject.first_name} keep doing?
        - id: change
          ask: Which one thing, done differently, would help you most?
"""
DEFINITION = parse_definition(SOURCE).definition
FORM = DEFINITION.forms["feedback"]
SKILLS = {
    "Working together": (3, [4, 5, 4, 5], [5, 4, 5, 5, 4]),
    "Saying clearly what is needed": (4, [2, 3, 2, 3], [3, 2, 4, 2, 2]),
    "Delivering what was agreed": (4, [4, 4, 5, 4], [4, 4, 4, 5, 4]),
    "Deciding soundly": (3, [3, 4, 3, 4], [4, 3, 3, 4, 4]),
    "Taking responsibility": (5, [5, 5, 5, 5], [5, 5, 5, 5, 4]),
    "Learning, and helping others learn": (2, [4, 3, 4, 4], [5, 2, 4, 1, 5]),
}
KEEP = {
    SELF: ["Being there when something breaks, and staying calm about it."],
    MANAGER: ["The way you take new people by the hand in their first weeks."],
    PEERS: [
        "Answers the same day, also when the answer is no. I can plan with that.",
        "Brings people together who would otherwise mail each other for weeks.",
        "Please keep asking “what would have to be true?”. It has saved us twice this year.\n"
        "I did not like it at first.",
    ],
    REPORTS: [
        "You notice when somebody has too much on their plate, and you do something about it.",
        "The Friday half hour. Nobody else does this.",
    ],
}
CHANGE = {
    PEERS: ["Say earlier when a date will not hold.", "Write down what was decided."],
    REPORTS: [
        "Sometimes I learn from the calendar that a project was given to me.",
        "Tell us why, not only what.",
        "Fewer meetings without an agenda <please>.",
    ],
}


def answers(skills: Mapping[str, Any] = SKILLS) -> dict[Relationship, Answers]:
    """Four peers, five reports, two others, the subject and the manager."""

    def ratings(of: int, overall: Sequence[int]) -> dict[str, Sequence[int]]:
        rows = {f"skills/{name}": row[of] for name, row in skills.items()}
        return {"overall": overall} | {k: [v] if isinstance(v, int) else v for k, v in rows.items()}

    def texts(who: Relationship) -> dict[str, Sequence[str]]:
        return {"keep": KEEP.get(who, []), "change": CHANGE.get(who, [])}

    return {
        SELF: Answers(1, 1, ratings(0, [4]), texts(SELF)),
        MANAGER: Answers(1, 1, {"overall": [4]}, texts(MANAGER)),
        PEERS: Answers(5, 4, ratings(1, [4, 4, 5, 4]), texts(PEERS)),
        REPORTS: Answers(6, 5, ratings(2, [4, 5, 4, 4, 3]), texts(REPORTS)),
        OTHERS: Answers(2, 2, {}, {}),
    }


def content(given: Mapping[Relationship, Answers]) -> dict[str, Any]:
    """A report as it is frozen."""
    questions = [
        FeedbackQuestion("overall", rated=True),
        *(FeedbackQuestion(f"skills/{name}", rated=True) for name in SKILLS),
        FeedbackQuestion("skills.why", rated=False),
        FeedbackQuestion("keep", rated=False),
        FeedbackQuestion("change", rated=False),
    ]
    computed = compute_report(
        given, AnonymityRules(), Scale(1, 5), questions, random=Random(7), key=b"k" * 16
    )
    return computed.report.as_json()


def standing(because: Because = Because.OWN) -> ReportStanding:
    """Somebody may read the report about Alexander, or not yet."""
    about = RoundAbout(
        cycle_id=UUID(int=1),
        subject_id=103,
        round_id=UUID(int=2),
        stage="feedback",
        title="Feedback",
        made_on=date(2027, 1, 25),
        over=True,
        held=False,
        readable_on=date(2027, 1, 25),
        today=date(2027, 1, 26),
        released=True,
        opened=True,
        hr_reads=True,
    )
    return ReportStanding(about, because)


def sample_report(
    because: Because = Because.OWN, given: Mapping[Relationship, Answers] | None = None
) -> ReportRead:
    """A report in words."""
    return report_read(
        standing(because),
        content(given or answers()),
        DEFINITION,
        FORM,
        cycle=CYCLE,
        name="Alexander James",
        first="Alexander",
    )


def few_answers() -> dict[Relationship, Answers]:
    """Two peers of whom one answered: no group can be shown."""
    whole = answers()
    one = Answers(2, 1, {"overall": [3]}, {"keep": ["One sentence that must not be shown."]})
    return {SELF: whole[SELF], PEERS: one}


def feedback_pages() -> dict[str, Page]:
    """By name."""
    page = FeedbackReportPage(
        title="Feedback about you",
        part="reviews",
        crumbs=(Link("Reviews", "/reviews"),),
        report=sample_report(),
        pdf_href="/reviews/c/103/feedback.pdf",
    )
    of_other = replace(page, title="Feedback", report=sample_report(Because.MANAGES))
    return {
        "feedback-report": page,
        "feedback-report-manager": of_other,
        "feedback-report-little": replace(page, report=sample_report(given=few_answers())),
        "feedback-waits": FeedbackWaits(
            title="Feedback about you",
            part="reviews",
            crumbs=(Link("Reviews", "/reviews"),),
            heading="Under way",
            text=waiting_words(Because.UNDER_WAY, own=True),
            cycle=CYCLE,
        ),
    }
