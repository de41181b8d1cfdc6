"""Invented requests for feedback: the list, a form, what came of it."""

from dataclasses import replace
from datetime import date

from api.pages.frame.views import Choice, Page, Problem
from api.pages.kinds.feedback_round import rating_views
from api.pages.tasks.views import Clash, Field, Said, Section
from tests.api.pages.sample_frame import CYCLE, SCALE, end_of

PROMISE = rating_views.Promise(
    False,
    "Your name is not shown.",
    (
        "Nobody reads an answer as yours: not Alexander, not their manager, not HR.",
        "Ratings are shown as an average, and only if at least 3 colleagues answer.",
        "Comments are shown word by word, in mixed order, under the same rule.",
    ),
    "Write nothing that gives you away: no meeting at which only you were.",
)
HEAD = rating_views.RateHead(
    href="/feedback/f1",
    verb="Give Alexander James feedback",
    first="Alexander",
    name="Alexander James",
    department="IT",
    cycle=CYCLE,
    relationship="as a colleague",
    why_you="You are asked as a colleague.",
    due_at=end_of(29),
    closes_at=end_of(30),
    late=False,
    paused=False,
    minutes=15,
    readers="Alexander, their managers and HR read the report. A draft is yours alone.",
    promise=PROMISE,
    purpose="To learn from each other.",
    asks_consent=True,
)
LINE = rating_views.RateLine(
    href="/feedback/f2",
    verb="Give Bruce Miller feedback",
    name="Bruce Miller",
    cycle=CYCLE,
    department="IT",
    relationship="as a colleague",
    standing="new",
    due_at=end_of(29),
    late=False,
    paused=False,
    open=True,
    minutes=15,
)
SITTING = rating_views.Sitting(2, 7, 75)
FORM = rating_views.RateForm(
    title="Give Alexander James feedback, due Fri 29 Jan",
    part="tasks",
    task=HEAD,
    groups=(
        rating_views.FieldGroup(
            "Working together",
            (
                Field("keep", "What should Alexander keep doing?", value="The notes on Monday."),
                Field(
                    "clear",
                    "Alexander says clearly what they expect.",
                    "rating",
                    choices=(*SCALE, Choice("-", "I cannot say", "Better a gap than a guess.")),
                    value="-",
                    explain=True,
                ),
            ),
        ),
    ),
    version="abc",
    draft=True,
    submitted=False,
    agrees=True,
    sitting=SITTING,
    next=LINE,
)


def rating_pages() -> dict[str, Page]:
    """By name."""
    done = replace(LINE, standing="done", done_on=date(2027, 1, 12), name="Diana Nguyen")
    finished = rating_views.RateDone(
        title="Give Alexander James feedback: done",
        part="tasks",
        task=HEAD,
        standing="done",
        on=date(2027, 1, 12),
        may_change=True,
        changing=True,
        sections=(
            Section(
                "Working together",
                (Said("What should Alexander keep doing?", "The notes on Monday."),),
            ),
        ),
        sitting=SITTING,
        next=LINE,
    )
    return {
        "rate": FORM,
        "rate-wrong": replace(
            FORM, problems=(Problem("f-keep", "What should stay?: Please answer this question."),)
        ),
        "rate-named": replace(
            FORM,
            task=replace(
                HEAD, promise=rating_views.Promise(True, "This stands under your name.", ())
            ),
            submitted=True,
        ),
        "rate-list": rating_views.RateList(
            title="Feedback to write",
            part="tasks",
            waiting=(
                replace(LINE, standing="draft", share=40, late=True, name="Alexander James"),
                LINE,
            ),
            done=(done, replace(done, changing=True)),
            over=(replace(LINE, standing="closed", open=False),),
            sitting=SITTING,
        ),
        "rate-list-empty": rating_views.RateList(
            title="Feedback to write",
            part="tasks",
            waiting=(),
            done=(),
            over=(),
            sitting=rating_views.Sitting(0, 0, 0),
        ),
        "rate-done": finished,
        "rate-closed": replace(
            finished, may_change=False, changing=False, sections=(), next=None, standing="closed"
        ),
        "rate-conflict": rating_views.RateConflict(
            title="Saved in another window meanwhile",
            part="tasks",
            task=HEAD,
            clashes=(Clash("keep", "What should Alexander keep doing?", "One.", "Two."),),
            typed=(("a.keep", "One."),),
            version="abc",
            action=HEAD.href,
        ),
        "rate-decline": rating_views.RateDecline(
            title="Decline",
            part="tasks",
            task=HEAD,
            what_happens=("Alexander is not told that you declined, or why.",),
            problems=(Problem("f-reason", "Please give a reason."),),
        ),
        "rate-thanks": rating_views.RateThanks(title="Thank you", part="tasks", done=7),
        "rate-stranger": rating_views.RateStranger(title="Thank you for telling us"),
    }
