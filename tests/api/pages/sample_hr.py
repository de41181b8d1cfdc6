"""Invented cycles for HR."""

from datetime import date

from api.pages.cycles import views
from api.pages.frame.views import Choice, Link, More, Page, Person, Problem
from domain.counts import Counts
from tests.api.pages.sample_frame import (
    ALEX,
    BURN_UP,
    CYCLE,
    FILTERS,
    HEAT,
    HELD,
    LOADS,
    STACKS,
    TABS,
    TIMELINE,
    at,
)


def hr_pages() -> dict[str, Page]:
    """By name."""
    stage = views.StageLine
    figure = views.Figure
    points = (
        views.CheckPoint("Nobody is without a task.", "done"),
        views.CheckPoint(
            "One person has no manager and is left out as a subject; he still writes fourteen "
            "reviews.",
            "late",
            "The definition says: without_manager: exclude.",
            ("Steven King",),
            Link("Name a reviewer", "/cycles/c1/people/100"),
        ),
        views.CheckPoint(
            "Three people have an office that the company file does not name.",
            "late",
            "Their manager's calendar counts.",
            ("Guy Himuro", "Sigal Tobias", "Shelli Baida"),
        ),
        views.CheckPoint(
            "Two people have no address.",
            "bad",
            "They cannot be told. Nobody is escalated before they were reached.",
            ("Jose Manuel Urman", "Luis Popp"),
            Link("People", "/people"),
        ),
        views.CheckPoint(
            "The HR desk is one person. Nobody can be told when it is about her.",
            "late",
            "",
            (),
            Link("Company", "/company"),
        ),
    )
    steering = (
        views.SteerLink(
            "Pause",
            "/cycles/c1/steer/pause",
            "No mail, no reminder, no opening until you resume",
            "pause",
        ),
        views.SteerLink(
            "Add somebody", "/cycles/c1/steer/add", "Who enters late still has full time", "plus"
        ),
        views.SteerLink(
            "Extend a stage",
            "/cycles/c1/steer/extend_stage",
            "Later due dates for who has not finished",
            "extend",
        ),
        views.SteerLink(
            "Close a stage",
            "/cycles/c1/steer/close_stage",
            "What is open expires, and the cycle goes on",
            "stop",
        ),
        views.SteerLink(
            "Cancel the cycle",
            "/cycles/c1/steer/cancel",
            "Everything open ends; everybody told of it gets one mail",
            "stop",
            True,
        ),
    )
    people = (
        views.ParticipantLine(
            ALEX,
            "/cycles/c1/people/103",
            "in",
            "takes part",
            date(2027, 1, 12),
            1,
            1,
            0,
            "Lex Garcia",
        ),
        views.ParticipantLine(
            Person(104, "Bruce Miller", "IT"),
            "/cycles/c1/people/104",
            "in",
            "entered on Mon 18 Jan, as a late joiner",
            date(2027, 1, 18),
            0,
            1,
            1,
            "Alexander James",
        ),
        views.ParticipantLine(
            Person(100, "Steven King", "Executive"),
            "/cycles/c1/people/100",
            "out",
            "reports to nobody",
            None,
            0,
            0,
            0,
        ),
    )
    return {
        "cycles": views.Cycles(
            title="Review cycles",
            part="cycles",
            running=(
                views.CycleLine(
                    "/cycles/c1",
                    CYCLE,
                    "open",
                    "annual, version 3",
                    date(2027, 1, 12),
                    date(2027, 4, 16),
                    106,
                    Counts(done=90, in_time=95, late=15),
                    "manager review until Wed 10 Feb",
                ),
                views.CycleLine(
                    "/cycles/c2",
                    "Your first 90 days 2027",
                    "open",
                    "probation, version 1",
                    date(2027, 1, 1),
                    None,
                    4,
                    Counts(done=6, in_time=5),
                ),
            ),
            upcoming=(
                views.Upcoming(
                    "Check-in Q1 2027", date(2027, 4, 13), date(2027, 3, 30), "starts by itself"
                ),
            ),
            ended=(
                views.CycleLine(
                    "/cycles/c0",
                    "Annual review 2025",
                    "closed",
                    "annual, version 2",
                    date(2026, 1, 13),
                    date(2026, 4, 17),
                    101,
                    Counts(done=610, expired=30),
                ),
            ),
        ),
        "cycles-empty": views.Cycles(title="Review cycles", part="cycles", running=()),
        "new-cycle": views.NewCycle(
            title="Launch a cycle",
            part="cycles",
            definitions=(
                Choice("v1", "Annual review", "annual, version 3, published Mon 4 Jan", True),
                Choice("v2", "Mid-year review", "mid_year, version 1"),
            ),
            launch_on="2027-02-02",
            earliest="2027-01-26",
        ),
        "new-cycle-by-name": views.NewCycle(
            title="Launch a cycle",
            part="cycles",
            problems=(Problem("f-people", "We could not match lines 2, 4 and 5.", "#f-people"),),
            definitions=(
                Choice("v1", "Annual review", "annual, version 3, published Mon 4 Jan"),
                Choice("v3", "360 feedback", "feedback, version 1, published today", chosen=True),
            ),
            launch_on="2027-02-02",
            earliest="2027-01-26",
            by_name=True,
            people="145, John Singh\nJohn Smith\nkpartner@example.com\nDavid Bernstien\n999",
            odd=(
                views.OddLine(
                    "Line 2",
                    "“John Smith” may be several people. Who is meant?",
                    (
                        Choice("take:2:159", "John Smith, Sales (159)"),
                        Choice("take:2:171", "John Smith, Shipping (171)"),
                    ),
                ),
                views.OddLine(
                    "Line 4",
                    "“David Bernstien” is nobody here. Perhaps somebody of these:",
                    (Choice("take:4:151", "David Bernstein, Sales (151)"),),
                ),
                views.OddLine("Line 5", "“999” is nobody here."),
            ),
            departments=(Choice("IT", "IT (5)"), Choice("Sales", "Sales (34)", chosen=True)),
            managers=(
                Choice("103", "Alexander James, 4 direct reports"),
                Choice("100", "Steven King, 14 direct reports"),
            ),
            ahead=(("people take part", 2), ("out: not among those chosen by name", 105)),
            notes=("By department: Sales 2.",),
        ),
        "launch-check": views.LaunchCheckPage(
            title="Launch check",
            part="cycles",
            heading=CYCLE,
            cycle_href="/cycles/c1",
            state="check",
            launch_on=date(2027, 1, 12),
            opens="on Tue 12 Jan at 09:00, where each person is",
            people_in=106,
            people_out=1,
            out=(views.OutReason("reports to nobody", 1, ("Steven King",)),),
            loads=(
                views.Load("Steven King", "Manager review", 14, 10),
                views.Load("Matthew Weiss", "Manager review", 8, 10),
            ),
            load_histogram=LOADS,
            points=points,
            first=(
                "On Tue 12 Jan at 09:00 local time, 106 people get their self review: 98 in "
                "the United States first in Chicago, then in Seattle; 8 in England seven hours "
                "before.",
                "They are told once, by one mail, and have until Tue 26 Jan.",
                "The first reminder goes out on Tue 19 Jan, the first escalation on Fri 29 Jan.",
            ),
            timeline=TIMELINE,
            key="k",
            tested="A test mail is on its way to sjacobs@example.com.",
        ),
        "cycle": views.CyclePage(
            title=CYCLE,
            part="cycles",
            crumbs=(Link("Cycles", "/cycles"),),
            href="/cycles/c1",
            heading=CYCLE,
            state="open",
            tabs=TABS,
            facts=(
                "launched Tue 12 Jan",
                "ends Fri 16 Apr at the latest, as it stands now",
                "annual, version 3",
            ),
            figures=(
                figure("106", "people take part"),
                figure("130", "tasks done", "of 212"),
                figure("67", "open, in time"),
                figure("15", "late", "", "late"),
                figure("6", "escalated"),
            ),
            counted="Counted is every task of those who take part, from the launch on.",
            stages=(
                stage(
                    "self",
                    "Self review",
                    "form",
                    "closed",
                    date(2027, 1, 12),
                    date(2027, 1, 26),
                    date(2027, 2, 2),
                    date(2027, 1, 29),
                    Counts(done=103, expired=3),
                ),
                stage(
                    "manager",
                    "Manager review",
                    "form",
                    "open",
                    date(2027, 1, 27),
                    date(2027, 2, 10),
                    None,
                    None,
                    Counts(done=27, in_time=64, late=15),
                    "opens for each person when the self review is closed",
                    "/x",
                    "/y",
                ),
                stage(
                    "release",
                    "Release",
                    "release",
                    "waiting",
                    date(2027, 2, 11),
                    date(2027, 2, 16),
                    None,
                    None,
                    Counts(to_come=1),
                    "waits until the manager review is closed for everybody",
                ),
            ),
            timeline=TIMELINE,
            burn_up=BURN_UP,
            departments=STACKS,
            heat=HEAT,
            steering=steering,
            needs=(Link("2 reviews need an assignee", "/cycles/c1/tasks?state=nobody"),),
        ),
        "cycle-people": views.CyclePeople(
            title="People",
            part="cycles",
            href="/cycles/c1",
            heading=CYCLE,
            tabs=TABS,
            people=people,
            filters=FILTERS,
            more=More("/cycles/c1/people?after=104", 3, 107),
            add_href="/cycles/c1/steer/add",
        ),
        "cycle-tasks": views.CycleTasks(
            title="Open tasks",
            part="cycles",
            href="/cycles/c1",
            heading=CYCLE,
            tabs=TABS,
            tasks=HELD,
            filters=FILTERS,
            more=More(),
        ),
        "participant": views.ParticipantPage(
            title="Alexander James",
            part="cycles",
            crumbs=(
                Link("Cycles", "/cycles"),
                Link(CYCLE, "/cycles/c1"),
                Link("People", "/cycles/c1/people"),
            ),
            person=ALEX,
            heading=CYCLE,
            facts=(
                ("In or out", "in since Tue 12 Jan"),
                ("Reports to", "Lex Garcia"),
                ("Calendar", "us, Chicago"),
            ),
            tasks=(
                views.SteerableTask(
                    "Self review",
                    "Alexander's own",
                    "Alexander James",
                    "done",
                    date(2027, 1, 26),
                    "submitted Wed 20 Jan, 15:00",
                    "/tasks/t2/explain",
                    actions=(Link("Reopen", "/tasks/t2/steer/reopen"),),
                ),
                views.SteerableTask(
                    "Manager review",
                    "as manager",
                    "Lex Garcia",
                    "open",
                    date(2027, 1, 22),
                    "",
                    "/tasks/t1/explain",
                    2,
                    (Link("Extend", "/x"), Link("Reassign", "/x"), Link("Excuse", "/x")),
                ),
            ),
            skipped=(("Self review", "entered late"),),
            actions=(Link("Remove from the cycle", "/x"),),
            result_href="/reviews/c1/103",
        ),
        "first-minutes": views.FirstMinutes(
            title="First minutes",
            part="cycles",
            href="/cycles/c1",
            heading=CYCLE,
            tabs=TABS,
            launched_at=at(26, 13, 58),
            figures=(
                figure("101", "mails delivered", "of 106"),
                figure("3", "still on their way"),
                figure("2", "refused", "", "bad"),
                figure("14", "forms opened"),
                figure("1", "submitted"),
            ),
            refused=(
                views.RefusedAddress(
                    "Luis Popp",
                    "lpopp@example.com",
                    "550 5.1.1 mailbox unavailable",
                    at(26, 13, 59),
                    "Once it is corrected, what was missed goes out; nobody is escalated before.",
                    "/people/9/address",
                ),
            ),
            stop_href="/cycles/c1/steer/pause",
            says="Watch for ten minutes; then it runs by itself.",
        ),
    }
