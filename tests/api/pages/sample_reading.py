"""Invented results, stories and teams."""

from datetime import date

from api.pages.frame.views import Choice, Page, Person, Problem
from api.pages.tasks import reading_views, views
from tests.api.pages.sample_frame import (
    ALEX,
    CYCLE,
    FILTERS,
    HEAD,
    HELD,
    SELF_TEXT,
    at,
    end_of,
)


def reading_pages() -> dict[str, Page]:
    """By name."""
    happening = reading_views.Happening
    past = (
        happening(
            "Created",
            at(20, 15),
            "done",
            "Alexander's self review was submitted: for him the stage before is closed.",
            (("Rule", "after: self, per person"), ("Planned opening", "Wed 27 Jan")),
        ),
        happening(
            "Opened",
            at(20, 15, 1),
            "done",
            "Before its planned date. It was on Lex's page at once, and was to be announced by "
            "Wed 27 Jan.",
        ),
        happening(
            "Mail sent: the task",
            at(21, 9),
            "done",
            "With the daily mail of that morning.",
            (("Answer", "250 2.0.0 OK queued as 4XyZ1"), ("Message", "<t1.task_opened@almanac>")),
        ),
        happening(
            "Reminder not sent",
            at(22, 9),
            "held",
            "5 working days before the due date. Suppressed: Lex was on leave that day.",
            (("Step", "5 days before it is due."),),
        ),
        happening(
            "Overdue mail refused",
            at(25, 9),
            "bad",
            "The address was refused. HR was told; nobody is escalated before Lex was reached.",
            (("Answer", "550 5.1.1 mailbox unavailable"),),
        ),
    )
    ahead = (
        happening("Due", end_of(29), "now", "Until the end of the day in Chicago."),
        happening(
            "Reminder to Lex Garcia",
            at(1, 9, month=2),
            "ahead",
            "1 working day after the due date. It names the day on which the manager will be told.",
            (("Step", "1 day after it was due."),),
        ),
        happening(
            "Escalation to Steven King",
            at(3, 9, month=2),
            "ahead",
            "3 working days after the due date, Lex's manager on that morning.",
        ),
    )
    said = views.Section(
        "Looking back",
        (
            views.Said("Which results mattered most?", SELF_TEXT),
            views.Said(
                "Taking the whole year together",
                "Because the migration made everything after it possible.",
                "4 More",
                0.75,
            ),
        ),
    )
    return {
        "my-reviews": reading_views.MyReviews(
            title="Reviews",
            part="reviews",
            own=(
                reading_views.ResultLine(
                    CYCLE,
                    Person(102, "Lex Garcia", "Executive"),
                    "",
                    "Opens when the conversation was held, planned by Wed 24 Feb",
                ),
                reading_views.ResultLine(
                    "Annual review 2025",
                    Person(102, "Lex Garcia", "Executive"),
                    "/reviews/c0/102",
                    "Talked on Tue 17 Feb 2026",
                    "4 More",
                ),
            ),
            people=(
                reading_views.ResultLine(
                    "Alexander James", ALEX, "/reviews/c1/103", f"{CYCLE}, released", "4 More"
                ),
            ),
        ),
        "review": reading_views.Review(
            title="Your review",
            part="reviews",
            about=ALEX,
            cycle=CYCLE,
            period="1 Jan to 31 Dec 2026",
            purpose=HEAD.purpose,
            own=True,
            rating="4 More",
            share=0.75,
            chapters=(
                reading_views.Chapter("Manager review, by Lex Garcia", at(26), (said,)),
                reading_views.Chapter("Self review, by Alexander James", at(20), (said,)),
            ),
            held_on=date(2027, 2, 18),
            answer_href="/tasks/t9",
        ),
        "explain": reading_views.Explain(
            title="Why this task looks as it does",
            part="tasks",
            task=HEAD,
            assignee="Lex Garcia",
            state="open",
            past=past,
            ahead=ahead,
            stops="Everything ahead stops the moment the task is done.",
        ),
        "team": reading_views.Team(
            title="My team", part="team", tasks=HELD, people=14, done=11, filters=FILTERS
        ),
        "team-empty": reading_views.Team(
            title="My team", part="team", tasks=(), people=14, done=11, filters=FILTERS
        ),
        "steer": reading_views.Steer(
            title="Extend the manager review",
            part="cycles",
            heading="Extend the manager review by 3 working days?",
            action="/cycles/c1/steer/extend_stage",
            button="Extend for 94 people",
            back="/cycles/c1",
            effects=(
                (
                    "told",
                    "94 open tasks become due 3 working days later: most on Mon 15 Feb instead "
                    "of Wed 10 Feb.",
                ),
                ("told", "31 people who hold them get one mail at once."),
                ("late", "The release, a barrier, follows: Fri 19 Feb instead of Tue 16 Feb."),
                ("done", "Nothing moves earlier, and what is done stays done."),
            ),
            confirm=94,
            confirm_label="of open tasks",
            fields=(
                reading_views.SteerField("days", "Working days", "number", value="3"),
                reading_views.SteerField(
                    "scope",
                    "How far",
                    "radio",
                    choices=(
                        Choice("stage", "Only this stage", chosen=True),
                        Choice("after", "And everything after it"),
                    ),
                ),
            ),
            key="k1",
            problems=(Problem("f-confirm", "Type 94 to confirm"),),
        ),
        "steer-first": reading_views.Steer(
            title="Extend the manager review",
            part="cycles",
            heading="Extend the manager review",
            action="/cycles/c1/steer/extend_stage",
            button="",
            back="/cycles/c1",
            previewed=False,
            fields=(
                reading_views.SteerField(
                    "days",
                    "By how many working days?",
                    "number",
                    help="Counted from each present due date, on each assignee's calendar.",
                ),
            ),
        ),
        "steer-refused": reading_views.Steer(
            title="Pause",
            part="cycles",
            heading="Pause the annual review",
            action="",
            button="",
            back="/cycles/c1",
            refused="The cycle is closed since Fri 16 Apr.",
        ),
    }
