"""Every page with invented, lifelike values: for render tests, and to look at.

`python -m tests.api.pages.samples FOLDER` writes each as an HTML file beside its static files.
"""

import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from api.pages import pictures, progress_pictures, saying
from api.pages.render import STATIC, render
from api.pages.views import hr, office, reading, sign_in, tasks
from api.pages.views.frame import (
    Choice,
    Filters,
    Link,
    More,
    Notice,
    Page,
    Person,
    Problem,
    Select,
    Visit,
)

ZONE = ZoneInfo("America/Chicago")
NOW = datetime(2027, 1, 26, 20, 4, tzinfo=UTC)
TODAY = date(2027, 1, 26)
VISIT = Visit(
    NOW,
    ZONE,
    name="Lex Garcia",
    person_id=102,
    manages=True,
    hr=True,
    administrator=True,
    waiting=4,
)
NOBODY = Visit(NOW, ZONE)
ALEX = Person(103, "Alexander James", "IT", "Alexander")
CYCLE = "Annual review 2026"


def _at(day: int, hour: int = 9, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def _end(day: int, month: int = 1) -> datetime:
    return datetime(2027, month, day, 23, 59, 59, tzinfo=ZONE).astimezone(UTC)


HEAD = tasks.TaskHead(
    id="t1",
    verb="Review Alexander James",
    cycle=CYCLE,
    due_at=_end(29),
    zone=ZONE,
    about=ALEX,
    minutes=25,
    purpose=(
        "We look back on the year, agree what comes next, and use the result as one input, never "
        "the only one, to pay and promotion. Your manager and HR read your review."
    ),
    why_you="You are Alexander's manager.",
    readers="Alexander reads this once results are released. HR reads it from now on.",
    after="If nothing is submitted by Tue 3 Feb, your own manager is told that it is overdue.",
    contact="Susan Jacobs at HR helps: sjacobs@example.com",
)

SCALE = (
    Choice("1", "Far below what was agreed"),
    Choice("2", "Partly"),
    Choice("3", "What was agreed", "All that was agreed was reached, as one would expect."),
    Choice("4", "More"),
    Choice("5", "Far more", "Rare: something that others will still speak of in a year."),
)

STEPS = (
    tasks.Step(1, "Looking back", "/tasks/t1?step=1", "part", here=True),
    tasks.Step(2, "Looking ahead", "/tasks/t1?step=2", "empty"),
)

SELF_TEXT = (
    "Invoices now go out two days after delivery instead of nine. I wrote the checklist; Finance "
    "uses it every week.\n\nThe migration of the order system ended in May, four weeks early. "
    "I led the two people who did it and kept the old one running beside it."
)

BESIDE = (
    tasks.Evidence(
        "Self review",
        "Alexander James",
        _at(20, 15),
        (
            tasks.Said(
                "Which two or three results of this year matter most, and what changed because of "
                "them?",
                SELF_TEXT,
            ),
            tasks.Said("What made your work harder than it had to be?"),
            tasks.Said(
                "What do you want to be better at in a year?", "Saying no, early and kindly."
            ),
        ),
    ),
)

FIELDS = (
    tasks.Field(
        "results",
        "Which results mattered most, and how did Alexander reach them?",
        help="Think of the whole year, not of the last weeks. Write only what you would say in the "
        "room.",
        example="The migration ended four weeks early because Alexander asked each team in March "
        "what they could not live without, and did that first.",
        readers="Alexander reads this after release.",
        value="The order system moved without a day of outage. Alexander asked each team first "
        "what they could not live without.",
    ),
    tasks.Field(
        "overall",
        "Taking the whole year together",
        type="rating",
        choices=SCALE,
        value="4",
        explain=True,
        readers="Alexander reads this after release, in your conversation. It is in no mail.",
    ),
    tasks.Field(
        "risk",
        "Is there a risk that Alexander leaves, and what would keep him?",
        required=False,
        reach="manager",
        readers="Only you, the managers above you and HR read this. It is shown if Alexander asks "
        "for his file.",
    ),
)


def _works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


HOLIDAYS = {date(2027, 1, 18): "Martin Luther King Day", date(2027, 2, 15): "Presidents' Day"}
SPANS = (
    pictures.Span(
        "Self review",
        "closed",
        date(2027, 1, 12),
        date(2027, 1, 26),
        date(2027, 2, 2),
        ((date(2027, 1, 26), 98), (date(2027, 1, 28), 5)),
    ),
    pictures.Span(
        "Manager review",
        "open",
        date(2027, 1, 27),
        date(2027, 2, 10),
        None,
        ((date(2027, 2, 10), 96), (date(2027, 2, 12), 10)),
    ),
    pictures.Span("Release", "waiting", date(2027, 2, 11), date(2027, 2, 16)),
    pictures.Span(
        "Review conversation", "waiting", date(2027, 2, 17), date(2027, 2, 24), date(2027, 3, 3)
    ),
    pictures.Span(
        "Acknowledgement", "waiting", date(2027, 2, 25), date(2027, 3, 4), date(2027, 3, 18)
    ),
)
TIMELINE = pictures.timeline(
    "Timeline of the annual review 2026",
    SPANS,
    works=_works,
    holidays=HOLIDAYS,
    today=date(2027, 2, 3),
    say=saying.say_day,
)
DAYS = [date(2027, 1, 12) + timedelta(days=n) for n in range(58)]
DONE = [0, 2, 5, 9, 9, 9, 9, 16, 25, 37, 48, 48, 48, 62, 81, 92, 96, 99, 99, 99, 106, 118, 130]
PLAN = [
    min(
        212,
        max(0, round(106 * (n - 1) / 13)) if n < 14 else 106 + max(0, round(106 * (n - 15) / 14)),
    )
    for n in range(58)
]
BURN_UP = progress_pictures.burn_up(
    "Tasks done, against the plan",
    DAYS,
    DONE,
    PLAN,
    total=212,
    today=date(2027, 2, 3),
    say=saying.say_day,
)
PARTS = (
    progress_pictures.Part("Sales", 30, 26, 9, 3),
    progress_pictures.Part("Shipping", 41, 40, 6, 3),
    progress_pictures.Part("Finance", 9, 3, 0, 0),
    progress_pictures.Part("IT", 6, 4, 0, 0),
    progress_pictures.Part("Executive", 2, 2, 0, 0),
    progress_pictures.Part("Human Resources", 2, 0, 0, 0),
)
STACKS = progress_pictures.stacks("Tasks per department", PARTS)
STAGE_NAMES = ("Self review", "Manager review", "Release", "Conversation", "Acknowledgement")
CELLS = {
    (part.name, stage): progress_pictures.Cell(done, total, late)
    for n, part in enumerate(PARTS)
    for stage, done, total, late in (
        ("Self review", 34 - 3 * n, 34 - 3 * n, 0),
        ("Manager review", 10 - 2 * n if n < 5 else 0, 34 - 3 * n, 3 if n < 2 else 0),
    )
}
HEAT = progress_pictures.heat_map(
    "Departments and stages", [p.name for p in PARTS], STAGE_NAMES, CELLS
)
LOADS = progress_pictures.histogram(
    "How many tasks one person gets in a stage",
    (("0", 88), ("1-3", 4), ("4-6", 6), ("7-9", 7), ("10+", 2)),
)
TABS = (
    Link("Overview", "/cycles/c1", here=True),
    Link("People", "/cycles/c1/people", 107),
    Link("Open tasks", "/cycles/c1/tasks", 94),
    Link("First minutes", "/cycles/c1/first-minutes"),
)
FILTERS = Filters(
    "/team",
    selects=(
        Select(
            "department",
            "Department",
            (Choice("", "All"), Choice("IT", "IT"), Choice("Sales", "Sales")),
        ),
        Select("state", "State", (Choice("", "All"), Choice("late", "Late"))),
    ),
)
HELD = (
    reading.HeldTask(
        "t1",
        Person(1, "Karen Partners", "Sales"),
        "Review Peter Tucker",
        CYCLE,
        date(2027, 1, 20),
        "open",
        4,
        True,
        None,
        "/tasks/t1/explain",
    ),
    reading.HeldTask(
        "t2",
        ALEX,
        "Write your self review",
        CYCLE,
        date(2027, 1, 26),
        "open",
        0,
        True,
        None,
        "/tasks/t2/explain",
    ),
    reading.HeldTask(
        "t3",
        Person(2, "Diana Nguyen", "IT"),
        "Write your self review",
        CYCLE,
        date(2027, 1, 28),
        "open",
        0,
        False,
        _at(26, 9),
        "/tasks/t3/explain",
    ),
)
FINDINGS = (
    office.Finding(
        "error",
        "41:12",
        'stages[2].due: "10 workdays" is not a duration.',
        'Write it as "10 working days".',
    ),
    office.Finding(
        "warning",
        "17:3",
        "In Munich this stage opens on a holiday (Epiphany) and has 8 working days left.",
        "Open it a day later, or give it longer.",
    ),
    office.Finding("info", "52:5", "Steven King gets 14 manager reviews in 10 working days.", ""),
)


def _tasks() -> dict[str, Page]:
    line = tasks.TaskLine
    todo = (
        line(
            "/tasks/t0",
            "Review Bruce Miller",
            CYCLE,
            "late",
            _end(22),
            25,
            60,
            Person(104, "Bruce Miller", "IT"),
        ),
        line("/tasks/t1", "Review Alexander James", CYCLE, "draft", _end(29), 25, 40, ALEX),
        line(
            "/tasks/t5",
            "Review Diana Nguyen",
            CYCLE,
            "new",
            _end(29),
            25,
            None,
            Person(107, "Diana Nguyen", "IT"),
        ),
        line(
            "/tasks/t6",
            "Talk with Valli Jackson",
            "Check-in Q4 2026",
            "new",
            _end(9, 2),
            5,
            None,
            Person(106, "Valli Jackson", "IT"),
            "Neena Yang",
        ),
    )
    ended = (
        line(
            "/tasks/t7",
            "Write your self review",
            CYCLE,
            "done",
            _end(26),
            ended="Submitted",
            ended_at=_at(22, 14, 2),
            seen_by="Neena Yang and HR read it.",
        ),
        line(
            "/tasks/t8",
            "Review David Williams",
            CYCLE,
            "done",
            _end(26),
            ended="Submitted",
            ended_at=_at(25, 16, 40),
            seen_by="David sees it when results are released, planned for Tue 16 Feb.",
        ),
    )
    form = tasks.TaskForm(
        title="Review for Alexander James, due Fri 29 Jan",
        part="tasks",
        task=HEAD,
        steps=STEPS,
        section="Looking back",
        fields=FIELDS,
        version="3",
        saved_at=_at(26, 14, 2),
        beside=BESIDE,
    )
    wrong = (
        tasks.Field(
            "recommend",
            "I recommend to",
            "choice",
            choices=tuple(
                Choice(c, c)
                for c in (
                    "Confirm",
                    "Confirm with the agreed support",
                    "Extend where the contract and the law allow it",
                    "End the employment",
                )
            ),
            value="Extend where the contract and the law allow it",
            explain=True,
            why_error="Please say why in a sentence.",
            readers="HR reads this. Alexander reads it when the 90-day talk was held.",
        ),
        tasks.Field(
            "told",
            "Were the concerns raised in an earlier talk?",
            "choice",
            choices=(Choice("Yes", "Yes"), Choice("No", "No")),
            only_if='Only if you do not recommend "Confirm".',
            error="Please answer this question.",
        ),
        tasks.Field(
            "goals",
            "Your goals of the year",
            "goals",
            required=False,
            goals=(
                tasks.Goal("Move the order system by June", "100", "Four weeks early"),
                tasks.Goal("Train two colleagues in billing", "50"),
                tasks.Goal(),
            ),
        ),
        tasks.Field(
            "competencies",
            "How do you see each of these?",
            "competencies",
            choices=(*SCALE, Choice("-", "I cannot say")),
            rows=(
                tasks.Row("clarity", "Says clearly what is needed", "4"),
                tasks.Row("care", "Leaves things better than found"),
            ),
        ),
        tasks.Field("days", "How many days of training?", "number", value="3"),
        tasks.Field("start", "From when?", "date", value="2027-02-01"),
    )
    problems = (
        Problem(
            "f-overall-why",
            "Say why: Taking the whole year together",
            "/tasks/t1?step=1#f-overall-why",
        ),
        Problem(
            "f-strengths",
            "Answer: Which strength should be used more?",
            "/tasks/t1?step=2#f-strengths",
        ),
    )
    sections = (
        tasks.Section(
            "Looking back",
            (
                tasks.Said(
                    "Which results mattered most, and how did Alexander reach them?",
                    FIELDS[0].value,
                ),
                tasks.Said("Taking the whole year together", "", "4 More", 0.75),
                tasks.Said(
                    "Is there a risk that Alexander leaves?",
                    "He was asked by a competitor.",
                    private="Only the managers above you and HR read this.",
                ),
            ),
            "/tasks/t1?step=1",
        ),
        tasks.Section(
            "Looking ahead",
            (tasks.Said("Which strength should be used more?"),),
            "/tasks/t1?step=2",
        ),
    )
    return {
        "my-tasks": tasks.MyTasks(
            title="My tasks",
            part="tasks",
            open=todo,
            ended=ended,
            results=(("Your result of the annual review 2026 is open.", "/reviews/c1/102"),),
        ),
        "my-tasks-empty": tasks.MyTasks(
            title="My tasks",
            part="tasks",
            open=(),
            next_thing="manager review",
            next_on=date(2027, 2, 4),
        ),
        "task-form": form,
        "task-form-wrong": tasks.TaskForm(
            title="Recommendation for Alexander James",
            part="tasks",
            task=tasks.TaskHead(
                id="t1",
                verb="Recommendation for Alexander James",
                cycle="Your first 90 days",
                due_at=_end(22),
                zone=ZONE,
                late=True,
                about=ALEX,
                readers="HR reads it.",
            ),
            steps=(),
            section="Recommendation",
            fields=wrong,
            version="1",
            problems=(
                Problem("f-recommend-why", "Say why you recommend this"),
                Problem("f-told", "Were the concerns raised in an earlier talk?"),
            ),
        ),
        "task-meeting": tasks.TaskForm(
            title="Talk with Alexander",
            part="tasks",
            task=HEAD,
            steps=(),
            section="",
            fields=(),
            version="1",
            meeting=True,
            latest="2027-01-26",
        ),
        "task-preview": tasks.TaskPreview(
            title="Check: review for Alexander James",
            part="tasks",
            task=HEAD,
            steps=tuple(
                tasks.Step(s.number, s.title, s.href, "full" if s.number == 1 else "part")
                for s in STEPS
            ),
            sections=sections,
            version="3",
            complete=False,
            saved_at=_at(26, 14, 2),
            problems=problems,
        ),
        "task-done": tasks.TaskDone(
            title="Review of Alexander James submitted",
            part="tasks",
            task=HEAD,
            state="done",
            at=_at(26, 14, 3),
            seen_by=(
                "Alexander sees it when results are released, planned for Tue 16 Feb. HR "
                "reads it from now on."
            ),
            sections=sections,
            may_withdraw=True,
            version="4",
            next_task=todo[2],
            notice=Notice("Submitted 14:03.", "Nothing more to do here."),
        ),
        "task-ahead": tasks.TaskAhead(
            title="Not open yet",
            part="tasks",
            task=HEAD,
            text="This task has not opened yet.",
            opens_at=_at(29),
        ),
        "task-conflict": tasks.TaskConflict(
            title="Changed in another window",
            part="tasks",
            task=HEAD,
            clashes=(
                tasks.Clash(
                    "results",
                    FIELDS[0].ask,
                    FIELDS[0].value,
                    "The order system moved in May, four weeks early, without a day of outage.",
                ),
            ),
            typed=(("a.results", FIELDS[0].value),),
            version="7",
            saved_at=_at(26, 14, 1),
            action="/tasks/t1",
        ),
        "acknowledge": tasks.Acknowledge(
            title="Answer your review on record",
            part="tasks",
            task=tasks.TaskHead(
                id="t9",
                verb="Answer your review on record",
                cycle=CYCLE,
                due_at=_end(4, 3),
                zone=ZONE,
                minutes=5,
            ),
            version="1",
            result_href="/reviews/c1/103",
            answer="disagree",
        ),
        "release": tasks.ReleaseTask(
            title="Release results",
            part="tasks",
            task=tasks.TaskHead(
                id="t10", verb="Release the results", cycle=CYCLE, due_at=_end(16, 2), zone=ZONE
            ),
            version="1",
            parts=(
                tasks.ReleasePart("Sales", 34, 0, 0),
                tasks.ReleasePart("IT", 4, 1, 0),
                tasks.ReleasePart("Executive", 0, 0, 2),
            ),
            next_step="Each person sees their own when the conversation was held.",
        ),
    }


def _reading() -> dict[str, Page]:
    happening = reading.Happening
    past = (
        happening(
            "Came into being",
            _at(20, 15),
            "done",
            "Alexander's self review was submitted: for him the stage before is closed.",
            (("Rule", "after: self, per person"), ("Planned opening", "Wed 27 Jan")),
        ),
        happening(
            "Opened",
            _at(20, 15, 1),
            "done",
            "Before its planned date. It was on Lex's page at once, and was to be announced by "
            "Wed 27 Jan.",
        ),
        happening(
            "Mail sent: the task",
            _at(21, 9),
            "done",
            "With the daily mail of that morning.",
            (("Answer", "250 2.0.0 OK queued as 4XyZ1"), ("Message", "<t1.task_opened@almanac>")),
        ),
        happening(
            "Reminder not sent",
            _at(22, 9),
            "held",
            "5 working days before the due date. Suppressed: Lex was on leave that day.",
            (("Rung", "remind:-5"),),
        ),
        happening(
            "Overdue mail refused",
            _at(25, 9),
            "bad",
            "The address was refused. HR was told; nobody is escalated before Lex was reached.",
            (("Answer", "550 5.1.1 mailbox unavailable"),),
        ),
    )
    ahead = (
        happening("Due", _end(29), "now", "Until the end of the day in Chicago."),
        happening(
            "Reminder to Lex Garcia",
            _at(1, 9, month=2),
            "ahead",
            "1 working day after the due date. It names the day on which the manager will be told.",
            (("Rung", "remind:1"),),
        ),
        happening(
            "Escalation to Steven King",
            _at(3, 9, month=2),
            "ahead",
            "3 working days after the due date, Lex's manager on that morning.",
        ),
    )
    said = tasks.Section(
        "Looking back",
        (
            tasks.Said("Which results mattered most?", SELF_TEXT),
            tasks.Said(
                "Taking the whole year together",
                "Because the migration made everything after it possible.",
                "4 More",
                0.75,
            ),
        ),
    )
    return {
        "my-reviews": reading.MyReviews(
            title="Reviews",
            part="reviews",
            own=(
                reading.ResultLine(
                    CYCLE,
                    Person(102, "Lex Garcia", "Executive"),
                    "",
                    "Opens when the conversation was held, planned by Wed 24 Feb",
                ),
                reading.ResultLine(
                    "Annual review 2025",
                    Person(102, "Lex Garcia", "Executive"),
                    "/reviews/c0/102",
                    "Talked on Tue 17 Feb 2026",
                    "4 More",
                ),
            ),
            people=(
                reading.ResultLine(
                    "Alexander James", ALEX, "/reviews/c1/103", f"{CYCLE}, released", "4 More"
                ),
            ),
        ),
        "review": reading.Review(
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
                reading.Chapter("Manager review", "Lex Garcia", _at(26), (said,)),
                reading.Chapter("Self review", "Alexander James", _at(20), (said,)),
            ),
            held_on=date(2027, 2, 18),
            answer_href="/tasks/t9",
        ),
        "explain": reading.Explain(
            title="Why this task looks as it does",
            part="tasks",
            task=HEAD,
            assignee="Lex Garcia",
            state="open",
            past=past,
            ahead=ahead,
            stops="Everything ahead stops the moment the task is done.",
        ),
        "team": reading.Team(
            title="My team", part="team", tasks=HELD, people=14, done=11, filters=FILTERS
        ),
        "team-empty": reading.Team(
            title="My team", part="team", tasks=(), people=14, done=11, filters=FILTERS
        ),
        "steer": reading.Steer(
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
                reading.SteerField("days", "Working days", "number", value="3"),
                reading.SteerField(
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
        "steer-first": reading.Steer(
            title="Extend the manager review",
            part="cycles",
            heading="Extend the manager review",
            action="/cycles/c1/steer/extend_stage",
            button="",
            back="/cycles/c1",
            previewed=False,
            fields=(
                reading.SteerField(
                    "days",
                    "By how many working days?",
                    "number",
                    help="Counted from each present due date, on each assignee's calendar.",
                ),
            ),
        ),
        "steer-refused": reading.Steer(
            title="Pause",
            part="cycles",
            heading="Pause the annual review",
            action="",
            button="",
            back="/cycles/c1",
            refused="The cycle is closed since Fri 16 Apr.",
        ),
    }


def _hr() -> dict[str, Page]:
    stage = hr.StageLine
    figure = hr.Figure
    points = (
        hr.CheckPoint("Nobody is without a task.", "done"),
        hr.CheckPoint(
            "One person has no manager and is left out as a subject; he still writes fourteen "
            "reviews.",
            "late",
            "The definition says: without_manager: exclude.",
            ("Steven King",),
            Link("Name a reviewer", "/cycles/c1/people/100"),
        ),
        hr.CheckPoint(
            "Three people have an office that the company file does not name.",
            "late",
            "Their manager's calendar counts.",
            ("Guy Himuro", "Sigal Tobias", "Shelli Baida"),
        ),
        hr.CheckPoint(
            "Two people have no address.",
            "bad",
            "They cannot be told. Nobody is escalated before they were reached.",
            ("Jose Manuel Urman", "Luis Popp"),
            Link("People", "/people"),
        ),
        hr.CheckPoint(
            "The HR desk is one person. Nobody can be told when it is about her.",
            "late",
            "",
            (),
            Link("Company", "/company"),
        ),
    )
    steering = (
        hr.SteerLink(
            "Pause",
            "/cycles/c1/steer/pause",
            "No mail, no reminder, no opening until you resume",
            "pause",
        ),
        hr.SteerLink(
            "Add somebody", "/cycles/c1/steer/add", "Who enters late still has full time", "plus"
        ),
        hr.SteerLink(
            "Extend a stage",
            "/cycles/c1/steer/extend_stage",
            "Later due dates for who has not finished",
            "extend",
        ),
        hr.SteerLink(
            "Close a stage",
            "/cycles/c1/steer/close_stage",
            "What is open expires, and the cycle goes on",
            "stop",
        ),
        hr.SteerLink(
            "Cancel the cycle",
            "/cycles/c1/steer/cancel",
            "Everything open ends; everybody told of it gets one mail",
            "stop",
            True,
        ),
    )
    people = (
        hr.ParticipantLine(
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
        hr.ParticipantLine(
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
        hr.ParticipantLine(
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
        "cycles": hr.Cycles(
            title="Review cycles",
            part="cycles",
            running=(
                hr.CycleLine(
                    "/cycles/c1",
                    CYCLE,
                    "open",
                    "annual, version 3",
                    date(2027, 1, 12),
                    date(2027, 4, 16),
                    106,
                    90,
                    200,
                    15,
                    "manager review until Wed 10 Feb",
                ),
                hr.CycleLine(
                    "/cycles/c2",
                    "Your first 90 days 2027",
                    "open",
                    "probation, version 1",
                    date(2027, 1, 1),
                    None,
                    4,
                    6,
                    11,
                    0,
                    "",
                ),
            ),
            upcoming=(
                hr.Upcoming(
                    "Check-in Q1 2027", date(2027, 4, 13), date(2027, 3, 30), "starts by itself"
                ),
            ),
            ended=(
                hr.CycleLine(
                    "/cycles/c0",
                    "Annual review 2025",
                    "closed",
                    "annual, version 2",
                    date(2026, 1, 13),
                    date(2026, 4, 17),
                    101,
                    610,
                    640,
                    0,
                ),
            ),
        ),
        "cycles-empty": hr.Cycles(title="Review cycles", part="cycles", running=()),
        "new-cycle": hr.NewCycle(
            title="Launch a cycle",
            part="cycles",
            definitions=(
                Choice("v1", "Annual review", "annual, version 3, published Mon 4 Jan", True),
                Choice("v2", "Mid-year review", "mid_year, version 1"),
            ),
            launch_on="2027-02-02",
            earliest="2027-01-26",
        ),
        "launch-check": hr.LaunchCheckPage(
            title="Launch check",
            part="cycles",
            heading=CYCLE,
            cycle_href="/cycles/c1",
            state="check",
            launch_on=date(2027, 1, 12),
            opens="on Tue 12 Jan at 09:00, where each person is",
            people_in=106,
            people_out=1,
            out=(hr.OutReason("reports to nobody", 1, ("Steven King",)),),
            loads=(
                hr.Load("Steven King", "Manager review", 14, 10),
                hr.Load("Matthew Weiss", "Manager review", 8, 10),
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
        "cycle": hr.CyclePage(
            title=CYCLE,
            part="cycles",
            crumbs=(Link("Cycles", "/cycles"),),
            href="/cycles/c1",
            heading=CYCLE,
            state="open",
            tabs=TABS,
            facts=("launched Tue 12 Jan", "ends Fri 16 Apr at the latest", "annual, version 3"),
            figures=(
                figure("106", "people take part"),
                figure("130", "tasks done", "of 212"),
                figure("67", "open, in time"),
                figure("15", "late", "", "late"),
                figure("6", "climbed to a manager"),
            ),
            stages=(
                stage(
                    "self",
                    "Self review",
                    "form",
                    "closed",
                    date(2027, 1, 12),
                    date(2027, 1, 26),
                    date(2027, 2, 2),
                    103,
                    0,
                    0,
                    3,
                ),
                stage(
                    "manager",
                    "Manager review",
                    "form",
                    "open",
                    date(2027, 1, 27),
                    date(2027, 2, 10),
                    None,
                    27,
                    64,
                    15,
                    0,
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
                    0,
                    0,
                    0,
                    0,
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
        "cycle-people": hr.CyclePeople(
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
        "cycle-tasks": hr.CycleTasks(
            title="Open tasks",
            part="cycles",
            href="/cycles/c1",
            heading=CYCLE,
            tabs=TABS,
            tasks=HELD,
            filters=FILTERS,
            more=More(),
        ),
        "participant": hr.ParticipantPage(
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
                hr.SteerableTask(
                    "Self review",
                    "Alexander's own",
                    "Alexander James",
                    "done",
                    date(2027, 1, 26),
                    "submitted Wed 20 Jan, 15:00",
                    "/tasks/t2/explain",
                    actions=(Link("Reopen", "/tasks/t2/steer/reopen"),),
                ),
                hr.SteerableTask(
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
        "first-minutes": hr.FirstMinutes(
            title="First minutes",
            part="cycles",
            href="/cycles/c1",
            heading=CYCLE,
            tabs=TABS,
            launched_at=_at(26, 13, 58),
            figures=(
                figure("101", "mails delivered", "of 106"),
                figure("3", "still on their way"),
                figure("2", "refused", "", "bad"),
                figure("14", "forms opened"),
                figure("1", "submitted"),
            ),
            refused=(
                hr.RefusedAddress(
                    "Luis Popp",
                    "lpopp@example.com",
                    "550 5.1.1 mailbox unavailable",
                    _at(26, 13, 59),
                    "Correct the address under People; the mail then goes out again.",
                ),
            ),
            stop_href="/cycles/c1/steer/pause",
            says="Watch for ten minutes; then it runs by itself.",
        ),
    }


def _office() -> dict[str, Page]:
    return {
        "definitions": office.Definitions(
            title="Definitions",
            part="definitions",
            lines=(
                office.DefinitionLine(
                    "/definitions/annual/3",
                    "Annual review",
                    "annual",
                    3,
                    "9f2c4e8a11",
                    _at(4),
                    "Susan Jacobs",
                    "every year, second Tuesday of January",
                    2,
                ),
                office.DefinitionLine(
                    "/definitions/probation/1",
                    "Your first 90 days",
                    "probation",
                    1,
                    "11aa22bb33",
                    _at(4),
                    "",
                    "for everybody hired",
                    1,
                ),
            ),
        ),
        "definition": office.DefinitionPage(
            title="Annual review",
            part="definitions",
            heading="Annual review",
            definition="annual",
            version=3,
            hash="9f2c4e8a11bb",
            purpose=HEAD.purpose,
            published_at=_at(4),
            published_by="Susan Jacobs",
            versions=(
                Link("version 3", "/definitions/annual/3", here=True),
                Link("version 2", "/definitions/annual/2"),
            ),
            stages=(
                office.StageSays(
                    "Self review",
                    "form",
                    "the person",
                    "opens at launch, due 10 working days after, closes 5 working days after due",
                    "reminders 5 and 1 days before, on the day, 1 after; manager on day 3, HR "
                    "on day 6 and every 5",
                ),
            ),
            timeline=TIMELINE,
            source="definition: annual\ntitle: Annual review {period}\n",
            launch_on=date(2027, 1, 12),
            launch_href="/cycles/new?version=v1",
        ),
        "publish": office.Publish(
            title="Publish a definition",
            part="definitions",
            findings=FINDINGS,
            source="definition: annual\n",
            checked=True,
            name="annual.yaml",
        ),
        "people": office.People(
            title="People",
            part="people",
            lines=(
                office.PersonLine(
                    ALEX, "ajames@example.com", "Programmer", "Southlake", "Lex Garcia", "active"
                ),
                office.PersonLine(
                    Person(113, "Luis Popp", "Finance"),
                    "lpopp@example.com",
                    "Accountant",
                    "Seattle",
                    "Nancy Gruenberg",
                    "active",
                    True,
                ),
            ),
            filters=FILTERS,
            more=More(),
            active=107,
            refused=1,
        ),
        "import": office.Import(title="Import people", part="people"),
        "import-checked": office.Import(
            title="Import people",
            part="people",
            columns=("employee_id", "first_name", "email", "manager_id"),
            mapping=(
                office.ColumnChoice("employee_id", "Employee id", True, "employee_id"),
                office.ColumnChoice("email", "Mail address", True, "email"),
                office.ColumnChoice("phone", "Phone", False),
            ),
            sample=(
                ("100", "Steven", "sking@example.com", ""),
                ("101", "Neena", "nyang@example.com", "100"),
            ),
            findings=(
                office.Finding(
                    "error", "row 14", "Manager 999 is not in the file and not in the company."
                ),
                office.Finding(
                    "error",
                    "row 22",
                    "The reporting line is a loop: Nancy Gruenberg, Luis Popp, Nancy Gruenberg.",
                ),
            ),
            checked=True,
            name="company.csv",
            content="x",
        ),
        "company": office.CompanyPage(
            title="Company",
            part="company",
            facts=(
                ("Zone", "America/Los_Angeles"),
                ("Calendar", "us"),
                ("Work week", "Monday to Friday"),
                ("Mail hour", "09:00"),
            ),
            offices=(("Seattle", "us", ""), ("Munich", "bavaria", "Europe/Berlin")),
            closures=(),
            desks=(
                ("HR", ("sjacobs@example.com",)),
                ("Administrators", ("ajames@example.com", "lgarcia@example.com")),
            ),
            holidays=(
                (
                    "us",
                    (("Mon 18 Jan", "Martin Luther King Day"), ("Mon 15 Feb", "Presidents' Day")),
                ),
            ),
            source="zone: America/Los_Angeles\n",
            saved_at=_at(4),
            saved_by="Susan Jacobs",
        ),
        "notifications": office.Notifications(
            title="Mail",
            part="notifications",
            lines=(
                office.NotificationLine(
                    1,
                    "Alexander James",
                    "New task: Write your self review",
                    "sent",
                    _at(12),
                    _at(12),
                    "the stage opened",
                    "250 2.0.0 OK",
                    "",
                    "/tasks/t2/explain",
                ),
                office.NotificationLine(
                    2,
                    "Lex Garcia",
                    "Reminder, 5 working days before",
                    "suppressed",
                    _at(22),
                    _at(22),
                    "on leave that day",
                ),
                office.NotificationLine(
                    3,
                    "Luis Popp",
                    "New task",
                    "failed",
                    _at(12),
                    _at(12),
                    "the address was refused",
                    "550 5.1.1 mailbox unavailable",
                ),
                office.NotificationLine(
                    4,
                    "Bruce Miller",
                    "Reminder, on the due date",
                    "queued",
                    _at(26),
                    _at(29),
                    "goes with the daily mail of that morning",
                ),
            ),
            counts=(
                Link("All", "/notifications", 412, True),
                Link("Sent", "/notifications?state=sent", 380),
                Link("Failed", "/notifications?state=failed", 1),
            ),
            filters=FILTERS,
            more=More(),
        ),
        "audit": office.Audit(
            title="Audit log",
            part="audit",
            lines=(
                office.AuditLine(
                    _at(26, 13, 58),
                    "Susan Jacobs, as HR",
                    "confirmed the launch",
                    CYCLE,
                    "106 people",
                    "/cycles/c1",
                ),
                office.AuditLine(
                    _at(26, 14, 3),
                    "Lex Garcia",
                    "submitted a task",
                    "Review Alexander James",
                    "revision 1",
                ),
            ),
            filters=FILTERS,
            more=More(),
            sealed="Sealed up to entry 1,204.",
        ),
        "workflows": office.Workflows(
            title="Workflows",
            part="workflows",
            lines=(
                office.WorkflowLine(
                    "stage-0199",
                    "StageWorkflow",
                    "Manager review, annual review 2026",
                    "failing, tries again",
                    "bad",
                    "the database",
                    _at(26, 14, 5),
                    _at(26, 13, 50),
                    3,
                    "IntegrityError in advance_stage",
                    _at(26, 14, 3),
                    "/x",
                    actions=(
                        ("/workflows/stage-0199/ring", "Ring"),
                        ("/workflows/stage-0199/retry", "Retry"),
                    ),
                ),
                office.WorkflowLine(
                    "cycle-0198",
                    "ReviewCycleWorkflow",
                    CYCLE,
                    "waiting",
                    "told",
                    "people",
                    _at(29),
                    _at(26, 9),
                    0,
                    "",
                    None,
                    "/x",
                    actions=(("/workflows/cycle-0198/ring", "Ring"),),
                ),
                office.WorkflowLine(
                    "mail",
                    "MailWorkflow",
                    "The sender",
                    "overdue",
                    "late",
                    "the next daily mail",
                    _at(26, 9),
                    _at(26, 8, 58),
                    0,
                    "",
                    None,
                    "",
                ),
            ),
            held=(
                office.HeldLine(
                    1,
                    "unknown_zone",
                    "A person's time zone is not known",
                    "Self review, person 113",
                    "HR, under People",
                    _at(26, 9),
                ),
            ),
            filters=FILTERS,
            more=More(),
            failing=1,
            late=1,
            engine="The engine answers.",
        ),
    }


def samples() -> dict[str, tuple[Page, Visit]]:
    """Every page by name, with whoever reads it."""
    doors: dict[str, Page] = {
        "sign-in": sign_in.AskLink(
            title="Sign in",
            email="alex@exampl",
            problems=(Problem("email", "Enter an address like name@company.com"),),
        ),
        "sign-in-sent": sign_in.LinkSent(
            title="Look into your inbox",
            email="ajames@example.com",
            minutes=15,
            inbox="http://127.0.0.1:8025/",
        ),
        "link-ready": sign_in.FollowLink(
            title="Hello Alexander", state="ready", action="/l/abc", name="Alexander"
        ),
        "link-other": sign_in.FollowLink(
            title="For somebody else", state="other_person", here_as="Lex Garcia"
        ),
        "link-expired": sign_in.FollowLink(title="Run out", state="expired", email=""),
        "link-revoked": sign_in.FollowLink(title="No longer works", state="revoked"),
        "link-unknown": sign_in.FollowLink(title="Unknown", state="unknown"),
    }
    inside = {
        **_tasks(),
        **_reading(),
        **_hr(),
        **_office(),
        "error": sign_in.Refusal(
            title="There is nothing here",
            status=404,
            text="Either it does not exist, or it is not for you to see; we do not tell which.",
            hint="Open the link from your mail once more, or go to your tasks.",
            reference="01J9Z",
        ),
    }
    return {
        **{k: (v, NOBODY) for k, v in doors.items()},
        **{k: (v, VISIT) for k, v in inside.items()},
    }


def main(folder: str) -> None:
    """Write every page, and what it needs, into a folder."""
    target = Path(folder)
    shutil.copytree(STATIC, target / "static", dirs_exist_ok=True)
    for name, (page, visit) in samples().items():
        html = render(page, visit).replace('"/static/', '"static/')
        (target / f"{name}.html").write_text(html, encoding="utf-8")
    sys.stdout.write(f"{len(samples())} pages in {target}\n")


if __name__ == "__main__":
    main(sys.argv[1])
