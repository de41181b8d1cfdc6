"""What the invented pages share: a reader, a company, pictures."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.pages.cycles import progress_pictures
from api.pages.frame import dates, pictures
from api.pages.frame.views import Choice, Filters, Link, Person, Select, Visit
from api.pages.office import views as office
from api.pages.tasks import reading_views
from api.pages.tasks import views as tasks
from domain.counts import Counts

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


def at(day: int, hour: int = 9, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def end_of(day: int, month: int = 1) -> datetime:
    return datetime(2027, month, day, 23, 59, 59, tzinfo=ZONE).astimezone(UTC)


HEAD = tasks.TaskHead(
    id="t1",
    verb="Review Alexander James",
    cycle=CYCLE,
    due_at=end_of(29),
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
        "Self review, by Alexander James",
        at(20, 15),
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


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


HOLIDAYS = {date(2027, 1, 18): "Martin Luther King Day", date(2027, 2, 15): "Presidents' Day"}
SPANS = (
    pictures.Span(
        "Self review",
        "closed",
        date(2027, 1, 12),
        date(2027, 1, 26),
        date(2027, 2, 2),
        ended=date(2027, 1, 29),
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
    works=works,
    holidays=HOLIDAYS,
    today=date(2027, 2, 3),
    say=dates.say_day,
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
    say=dates.say_day,
)
PARTS = (
    progress_pictures.Part("Sales", Counts(30, 26, 9, 12, 3)),
    progress_pictures.Part("Shipping", Counts(41, 40, 6, 18, 3)),
    progress_pictures.Part("Finance", Counts(9, 3, 0, 4)),
    progress_pictures.Part("IT", Counts(6, 4, 0, 3)),
    progress_pictures.Part("Executive", Counts(2, 2)),
    progress_pictures.Part("Human Resources", Counts(2)),
)
STACKS = progress_pictures.stacks("Tasks per department", PARTS)
STAGE_NAMES = ("Self review", "Manager review", "Release", "Conversation", "Acknowledgement")
CELLS = {
    (part.name, stage): Counts(done=done, late=late, to_come=total - done - late)
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
    reading_views.HeldTask(
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
    reading_views.HeldTask(
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
    reading_views.HeldTask(
        "t3",
        Person(2, "Diana Nguyen", "IT"),
        "Write your self review",
        CYCLE,
        date(2027, 1, 28),
        "open",
        0,
        False,
        at(26, 9),
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
