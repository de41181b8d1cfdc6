"""Results: one's own once the conversation opened it, one's people's once HR released them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.dates import say_day
from api.pages.frame.shell import go, said, show, visit_of
from api.pages.frame.views import Person
from api.pages.kinds.feedback_round.report import readable_href, report_line
from api.pages.tasks.answering import rating_words, share_of
from api.pages.tasks.endings import answer_href
from api.pages.tasks.evidence import ACKNOWLEDGED, sections_read
from api.pages.tasks.reading_views import Chapter, MyReviews, ResultLine, Review
from api.pages.tasks.words import by_whom
from api.seen_comments import reports_to_review
from api.seen_days import days_of
from api.seen_reviews import readable_review, review_path
from api.seen_tasks import visible_answers
from definitions.models import Definition
from domain.access import AccessRole, Action, Reader, answers_for, may_read_review
from domain.errors import NotFound
from domain.kinds.registry import TRAITS
from domain.states import TaskState
from store.access.facts import task_facts
from store.definitions.versions import definition_of
from store.views import reviews as queries
from store.views.feedback_reports import FoundReport, found_reports
from store.views.lists.cycles import get_cycle
from store.views.lists.tasks import Submission, submission_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_ANSWERS)]


@router.get("/reviews")
async def reviews(call: Reads, request: Request) -> Response:
    """Every result that the reader may open, and why others are not open yet."""
    own = await queries.own_reviews(call.conn, call.person_id)
    below = await queries.reviews_below(call.conn, call.person_id, call.now.date())
    reader = await call.reader()
    reports = await found_reports(call.conn, reader, call.now)
    visit = await visit_of(call)
    rounds = {one.standing.about.cycle_id for one in reports if one.alone}
    hr = AccessRole.HR in call.signed_in.roles
    page = MyReviews(
        title="Reviews",
        part="reviews",
        notice=said(request),
        own=tuple(
            [
                await _own(call, row, reader, visit.today)
                for row in own
                if row.cycle_id not in rounds
            ]
        ),
        people=tuple(_of_people(row, reader) for row in below if row.cycle_id not in rounds),
        feedback=_reports(call, reports, own=True),
        feedback_people=_reports(call, reports, own=False),
        comments_wait=hr and bool(await reports_to_review(call)),
    )
    return await show(call, page)


def _reports(call: Call, found: Sequence[FoundReport], *, own: bool) -> tuple[ResultLine, ...]:
    mine = [one for one in found if (one.standing.about.subject_id == call.person_id) is own]
    return tuple(report_line(one, own=own) for one in mine)


async def _own(call: Call, row: queries.ReviewRow, reader: Reader, today: date) -> ResultLine:
    about = Person(row.person_id, row.name, row.department or "", row.first_name)
    if may_read_review(reader, row.access(frozenset())):
        state = f"talked on {say_day(row.held_on)}" if row.held_on else "open"
        return ResultLine(row.cycle, about, review_path(row.cycle_id, row.person_id), state)
    days = await days_of(call, row.cycle_id)
    if row.meets:
        state = f"opens when the conversation was held{_planned(days.talked_on, today)}"
    elif row.releases:
        state = f"opens with the release{_planned(days.released_on, today)}"
    else:
        state = "opens when your manager has submitted it"
    return ResultLine(row.cycle, about, "", state)


def _planned(day: date | None, today: date) -> str:
    """Until when it is planned; nothing of a day that has passed: its cycle is over."""
    return f", planned by {say_day(day, today)}" if day is not None and day >= today else ""


def _of_people(row: queries.ReviewRow, reader: Reader) -> ResultLine:
    """A line about somebody below the reader (`reviews_below`)."""
    about = Person(row.person_id, row.name, row.department or "", row.first_name)
    talked = f", talked on {say_day(row.held_on)}" if row.held_on else ""
    readable = may_read_review(reader, row.access(frozenset({reader.person_id or 0})))
    href = review_path(row.cycle_id, row.person_id) if readable else ""
    return ResultLine(row.name, about, href, f"{row.cycle}{talked}")


@router.get("/reviews/{cycle_id}/{person_id}")
async def review(call: Reads, request: Request, cycle_id: UUID, person_id: int) -> Response:
    """A whole review, for the person, who leads them, or HR. Everybody else finds nothing."""
    row = await readable_review(call, cycle_id, person_id)
    if row is None:
        raise NotFound(f"There is no review of {person_id} in {cycle_id}.")
    reader = await call.reader()
    cycle = await get_cycle(call.conn, cycle_id)
    definition = await definition_of(call.conn, cycle.version_id)
    chapters, acknowledged, words = await _chapters(call, reader, row, definition)
    rating, share = await _rating(call, reader, row, definition)
    own = person_id == call.person_id
    feedback = await readable_href(call, cycle_id, person_id)
    if feedback and not chapters:
        return go(feedback)  # a round that stands alone: its report is the whole result
    page = Review(
        title="Your review" if own else f"Review of {row.name}",
        part="reviews",
        notice=said(request),
        about=Person(person_id, row.name, row.department or "", row.first_name),
        cycle=cycle.title,
        period="",
        purpose=definition.purpose.strip(),
        own=own,
        rating=rating,
        share=share,
        ends=_ends(definition),
        chapters=chapters,
        held_on=row.held_on,
        acknowledgement=acknowledged,
        acknowledgement_text=words,
        answer_href=await answer_href(call, cycle_id) if own else "",
        feedback_href=feedback,
    )
    return await show(call, page)


def _ends(definition: Definition) -> tuple[str, str]:
    """Both ends of the scale, in numbers and words."""
    points = definition.scale
    return f"{points[0].value}, {points[0].label}", f"{points[-1].value}, {points[-1].label}"


async def _read(
    call: Call, reader: Reader, task: queries.SubjectTask, definition: Definition
) -> tuple[Submission, dict[str, object]] | None:
    facts = await task_facts(call.conn, task.id, call.now)
    reaches = answers_for(reader, facts.access) if facts else frozenset()
    if not reaches:
        return None
    submission = await submission_of(call.conn, task.id)
    if submission is None:
        return None
    return submission, visible_answers(definition, task.stage, submission.answers, reaches)


async def _chapters(
    call: Call, reader: Reader, row: queries.ReviewRow, definition: Definition
) -> tuple[tuple[Chapter, ...], str, str]:
    """The stages as they are read, the latest first; and what is on record beside them."""
    chapters: list[Chapter] = []
    acknowledged, words = "", ""
    names = await queries.authors(call.conn, row.cycle_id, row.person_id)
    for task in await queries.subject_tasks(call.conn, row.cycle_id, row.person_id):
        if TRAITS[task.kind].on_record and task.state == TaskState.EXPIRED:
            acknowledged = "Not answered. Silence is not consent."
            continue
        read = await _read(call, reader, task, definition)
        if read is None:
            continue
        submission, answers = read
        if TRAITS[task.kind].on_record:
            answer = ACKNOWLEDGED.get(str(answers.get("answer", "")), "")
            acknowledged = f"{row.first_name}: {answer}" if answer else ""
            words = str(answers.get("text", ""))
            continue
        stage = definition.stage(task.stage)
        sections = sections_read(
            definition, stage, answers, row.name, row.first_name, given_only=True
        )
        if sections:
            author = names.get(submission.author_id, "")
            heading = by_whom(task.title, author, mine=submission.author_id == reader.person_id)
            chapters.append(Chapter(heading, submission.submitted_at, sections))
    return tuple(reversed(chapters)), acknowledged, words


async def _rating(
    call: Call, reader: Reader, row: queries.ReviewRow, definition: Definition
) -> tuple[str, float | None]:
    """The final rating: the first source that exists (`outcome.rating`)."""
    tasks = await queries.subject_tasks(call.conn, row.cycle_id, row.person_id)
    for source in definition.outcome.rating:
        stage, _, question = source.partition(".")
        for task in tasks:
            if task.stage != stage or not question:
                continue
            read = await _read(call, reader, task, definition)
            if read is not None and question in read[1]:
                value = read[1][question]
                return rating_words(definition, value), share_of(definition, value)
    return "", None
