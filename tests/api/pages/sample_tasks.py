"""Invented tasks and forms."""

from datetime import date

from api.pages.frame.views import Choice, Notice, Page, Person, Problem
from api.pages.tasks import views
from tests.api.pages.sample_frame import (
    ALEX,
    BESIDE,
    CYCLE,
    FIELDS,
    HEAD,
    SCALE,
    STEPS,
    ZONE,
    at,
    end_of,
)


def tasks_pages() -> dict[str, Page]:
    """By name."""
    line = views.TaskLine
    todo = (
        line(
            "/tasks/t0",
            "Review Bruce Miller",
            CYCLE,
            "late",
            end_of(22),
            25,
            60,
            Person(104, "Bruce Miller", "IT"),
        ),
        line("/tasks/t1", "Review Alexander James", CYCLE, "draft", end_of(29), 25, 40, ALEX),
        line(
            "/tasks/t5",
            "Review Diana Nguyen",
            CYCLE,
            "new",
            end_of(29),
            25,
            None,
            Person(107, "Diana Nguyen", "IT"),
        ),
        line(
            "/tasks/t6",
            "Talk with Valli Jackson",
            "Check-in Q4 2026",
            "new",
            end_of(9, 2),
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
            end_of(26),
            ended="Submitted",
            ended_at=at(22, 14, 2),
            seen_by="Neena Yang and HR read it.",
        ),
        line(
            "/tasks/t8",
            "Review David Williams",
            CYCLE,
            "done",
            end_of(26),
            ended="Submitted",
            ended_at=at(25, 16, 40),
            seen_by="David sees it when results are released, planned for Tue 16 Feb.",
        ),
    )
    form = views.TaskForm(
        title="Review for Alexander James, due Fri 29 Jan",
        part="tasks",
        task=HEAD,
        steps=STEPS,
        section="Looking back",
        fields=FIELDS,
        version="3",
        saved_at=at(26, 14, 2),
        beside=BESIDE,
    )
    wrong = (
        views.Field(
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
        views.Field(
            "told",
            "Were the concerns raised in an earlier talk?",
            "choice",
            choices=(Choice("Yes", "Yes"), Choice("No", "No")),
            only_if='Only if you do not recommend "Confirm".',
            error="Please answer this question.",
        ),
        views.Field(
            "goals",
            "Your goals of the year",
            "goals",
            required=False,
            goals=(
                views.Goal("Move the order system by June", "100", "Four weeks early"),
                views.Goal("Train two colleagues in billing", "50"),
                views.Goal(),
            ),
        ),
        views.Field(
            "competencies",
            "How do you see each of these?",
            "competencies",
            choices=(*SCALE, Choice("-", "I cannot say")),
            rows=(
                views.Row("clarity", "Says clearly what is needed", "4"),
                views.Row("care", "Leaves things better than found"),
            ),
        ),
        views.Field("days", "How many days of training?", "number", value="3"),
        views.Field("start", "From when?", "date", value="2027-02-01"),
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
        views.Section(
            "Looking back",
            (
                views.Said(
                    "Which results mattered most, and how did Alexander reach them?",
                    FIELDS[0].value,
                ),
                views.Said("Taking the whole year together", "", "4 More", 0.75),
                views.Said(
                    "Is there a risk that Alexander leaves?",
                    "He was asked by a competitor.",
                    private="Only the managers above you and HR read this.",
                ),
            ),
            "/tasks/t1?step=1",
        ),
        views.Section(
            "Looking ahead",
            (views.Said("Which strength should be used more?"),),
            "/tasks/t1?step=2",
        ),
    )
    return {
        "my-tasks": views.MyTasks(
            title="My tasks",
            part="tasks",
            open=todo,
            ended=ended,
            results=(("Your result of the annual review 2026 is open.", "/reviews/c1/102"),),
            drafts=(
                views.LeftDraft(
                    "/tasks/t9/draft",
                    "Write Susan Fox's review",
                    CYCLE,
                    "Luis Popp",
                    False,
                    date(2027, 2, 2),
                ),
                views.LeftDraft(
                    "/tasks/t10/draft",
                    "Write Hermann Fox's review",
                    CYCLE,
                    "",
                    False,
                    date(2027, 2, 3),
                ),
            ),
        ),
        "my-tasks-empty": views.MyTasks(
            title="My tasks",
            part="tasks",
            open=(),
            next_thing="manager review",
            next_on=date(2027, 2, 4),
        ),
        "task-form": form,
        "task-form-wrong": views.TaskForm(
            title="Recommendation for Alexander James",
            part="tasks",
            task=views.TaskHead(
                id="t1",
                verb="Recommendation for Alexander James",
                cycle="Your first 90 days",
                due_at=end_of(22),
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
        "task-meeting": views.TaskForm(
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
        "task-preview": views.TaskPreview(
            title="Check: review for Alexander James",
            part="tasks",
            task=HEAD,
            steps=tuple(
                views.Step(s.number, s.title, s.href, "full" if s.number == 1 else "part")
                for s in STEPS
            ),
            sections=sections,
            version="3",
            complete=False,
            saved_at=at(26, 14, 2),
            problems=problems,
        ),
        "task-done": views.TaskDone(
            title="Review of Alexander James submitted",
            part="tasks",
            task=HEAD,
            state="done",
            at=at(26, 14, 3),
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
        "task-ahead": views.TaskAhead(
            title="Not open yet",
            part="tasks",
            task=HEAD,
            text="This task has not opened yet.",
            opens_at=at(29),
        ),
        "task-conflict": views.TaskConflict(
            title="Changed in another window",
            part="tasks",
            task=HEAD,
            clashes=(
                views.Clash(
                    "results",
                    FIELDS[0].ask,
                    FIELDS[0].value,
                    "The order system moved in May, four weeks early, without a day of outage.",
                ),
            ),
            typed=(("a.results", FIELDS[0].value),),
            version="7",
            saved_at=at(26, 14, 1),
            action="/tasks/t1",
        ),
        "acknowledge": views.Acknowledge(
            title="Acknowledge your review",
            part="tasks",
            task=views.TaskHead(
                id="t9",
                verb="Acknowledge your review",
                cycle=CYCLE,
                due_at=end_of(4, 3),
                zone=ZONE,
                minutes=5,
            ),
            version="1",
            result_href="/reviews/c1/103",
            answer="disagree",
        ),
        "release": views.ReleaseTask(
            title="Release results",
            part="tasks",
            task=views.TaskHead(
                id="t10", verb="Release the results", cycle=CYCLE, due_at=end_of(16, 2), zone=ZONE
            ),
            version="1",
            parts=(
                views.ReleasePart("Sales", 34, 0, 0),
                views.ReleasePart("IT", 4, 1, 0),
                views.ReleasePart("Executive", 0, 0, 2),
            ),
            next_step="Each person sees their own when the conversation was held.",
        ),
    }
