"""Invented lists of raters."""

from dataclasses import replace
from uuid import UUID

from api.pages.frame.views import Choice, Page, Problem
from api.pages.kinds.feedback_round.nominating_views import (
    ChooseRaters,
    Entry,
    Group,
    OneMore,
    Outside,
    RatersChosen,
)
from api.pages.tasks.views import Said, Section
from tests.api.pages.sample_frame import CYCLE, HEAD

_ASKED = (
    "Four to six colleagues: at least three answers are needed before anything is shown, and one "
    "in four stays silent."
)
_HOW = (
    Choice("peers", "Colleague", chosen=True),
    Choice("others", "Somebody else at work"),
)
_DIANA = Entry(107, "Diana Nguyen", "Programmer, IT", "peers", "Colleague", choices=_HOW)
_OTTO = Entry(300, "Otto Kunde", "otto@client.example", "external", "Outside the company")
_FULL = Entry(
    106,
    "Valli Jackson",
    "Programmer, IT",
    "peers",
    "Colleague",
    full=True,
    error="This person has as many requests as anybody may get in this round.",
    choices=_HOW,
)
_SUGGESTED = (
    Entry(105, "David Williams", "Programmer, IT · works on Atlas too, same manager"),
    Entry(204, "Hermann Brown", "Representative, Public Relations · asked about you last time"),
    Entry(110, "John Chen", "Accountant, Finance · same department", full=True),
)
_GROUPS = (
    Group("peers", "Colleagues", _ASKED, 2, 4, 8),
    Group("others", "Others", "Up to two other people at work, if you like.", 0, 0, 2),
    Group("external", "Outside the company", "Up to two people, if you like.", 1, 0, 2),
)


def nominating_pages() -> dict[str, Page]:
    """By name."""
    choosing = ChooseRaters(
        title="Choose who is asked for feedback",
        part="tasks",
        action="/tasks/t1/raters",
        groups=_GROUPS,
        suggestions=_SUGGESTED,
        q="ki",
        found=(Entry(135, "Ki Gee", "Stock Clerk, Shipping"), replace(_DIANA, listed=True)),
        outside=Outside(),
        task=HEAD,
        approving=False,
        lead="Choose people who have seen your work from different sides.",
        entries=(_DIANA, _OTTO),
        by_rule=("You answer the same questions about yourself.",),
        asks=(Section("Working together", (Said("What should Alexander keep doing?"),)),),
        threshold="three",
        version="3",
        silence="If you do nothing until Fri 20 Nov, your list goes to Neena Yang as it stands.",
        send="Send to Neena",
    )
    wrong = (
        Problem("r-106", "Valli Jackson: This person has as many requests as anybody may get."),
        Problem("g-peers", "Colleagues: At most 8 can be asked; 9 are named."),
        Problem("out-first", "Somebody outside: Please give a mail address and a first name."),
    )
    many = replace(_GROUPS[0], named=9, error="At most 8 can be asked; 9 are named.")
    return {
        "nominate": choosing,
        "nominate-wrong": replace(
            choosing,
            problems=wrong,
            entries=(_DIANA, _FULL),
            groups=(many, *_GROUPS[1:]),
            outside=Outside("Otto", "", "otto", "Please give a mail address and a first name."),
        ),
        "approve-raters": replace(
            choosing,
            title="Look over Alexander James's feedback list",
            approving=True,
            mine=False,
            first="Alexander",
            lead="Alexander has named nobody.",
            entries=(),
            empty="With an empty list nobody is asked: no 360 for Alexander, and HR is told.",
            nobody_asked=True,
            problems=(Problem("nobody", "Nobody is on this list. Say that this is meant."),),
            send="Approve this list",
            next_lists=(("Diana Nguyen", "/tasks/t2"), ("Valli Jackson", "/tasks/t3")),
        ),
        "nominate-chosen": RatersChosen(
            title="Who is asked about you",
            part="tasks",
            task=HEAD,
            lead="These people are asked about you. Nobody is told who has answered.",
            entries=(_DIANA, _OTTO),
            by_rule=("You answer the same questions about yourself.",),
            one_more="/rounds/r1/raters",
            next_lists=(("Diana Nguyen", "/tasks/t2"),),
        ),
        "nominate-more": OneMore(
            title="Choose one more person for your feedback",
            part="tasks",
            action="/rounds/r1/raters",
            groups=(),
            suggestions=_SUGGESTED,
            outside=Outside(),
            round_id=UUID(int=1),
            cycle=CYCLE,
            wanted=1,
            entries=(_DIANA, _OTTO),
            picked=105,
            relationship="peers",
            choices=_HOW,
        ),
    }
