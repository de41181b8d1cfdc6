"""The report of a 360 round about somebody: as a page, and as a file to take along."""

import asyncio
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.dates import say_day
from api.pages.frame.shell import said, show
from api.pages.frame.views import Link, Person
from api.pages.kinds.feedback_round.report_pdf import written
from api.pages.kinds.feedback_round.report_views import (
    FeedbackReportPage,
    FeedbackWaits,
    ReportRead,
)
from api.pages.kinds.feedback_round.report_words import in_short, report_read
from api.pages.tasks.reading_views import ResultLine
from api.pages.tasks.views import NOT_YET, Evidence
from api.seen_reports import NOTHING, SeenReport, read_standing, see_report
from domain.access import Action
from domain.errors import NotFound
from store.kinds.feedback_round.report_access import Because, ReportStanding, report_standing
from store.views.feedback_reports import FoundReport
from store.views.reviews import review_row

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_ANSWERS)]

PRIVATE = "private, no-store"


def report_href(cycle_id: UUID, person_id: int) -> str:
    """Where the report about somebody is read; mails lead there, too."""
    return f"/reviews/{cycle_id}/{person_id}/feedback"


async def readable_href(call: Call, cycle_id: UUID, person_id: int) -> str:
    """The same, where the reader may read it now; else nothing."""
    standing = await report_standing(call.conn, await call.reader(), cycle_id, person_id, call.now)
    if standing is None or standing.read_as is None:
        return ""
    return report_href(cycle_id, person_id)


@router.get("/reviews/{cycle_id}/{person_id}/feedback")
async def feedback_report(
    call: Reads, request: Request, cycle_id: UUID, person_id: int, stage: str | None = None
) -> Response:
    """The report, for the person, who leads them, or HR. Everybody else finds nothing."""
    standing = await report_standing(
        call.conn, await call.reader(), cycle_id, person_id, call.now, stage=stage
    )
    if standing is None or standing.because in (Because.NOT_YOURS, Because.NONE):
        raise NotFound(NOTHING)
    if standing.read_as is None:
        return await show(call, await _waiting(call, standing))
    report = _in_words(await read_standing(call, standing))
    page = FeedbackReportPage(
        title=report.title,
        part="reviews",
        crumbs=(Link("Reviews", "/reviews"),),
        notice=said(request),
        report=report,
        pdf_href=f"{report_href(cycle_id, person_id)}.pdf" + (f"?stage={stage}" if stage else ""),
    )
    return await show(call, page)


@router.get("/reviews/{cycle_id}/{person_id}/feedback.pdf")
async def feedback_pdf(
    call: Reads, cycle_id: UUID, person_id: int, stage: str | None = None
) -> Response:
    """The same as a PDF. Its name says neither who it is about nor when it was fetched."""
    report = _in_words(await see_report(call, cycle_id, person_id, stage=stage))
    file = await asyncio.to_thread(written, report)
    headers = {
        "Cache-Control": PRIVATE,
        "Content-Disposition": f'attachment; filename="feedback-{report.made_on:%Y-%m-%d}.pdf"',
    }
    return Response(file, int(HTTPStatus.OK), headers, "application/pdf")


async def report_beside(
    call: Call, cycle_id: UUID, person_id: int, stage: str, *, scores: bool
) -> Evidence | None:
    """The report in short, beside a form that is written with it; none where it is not theirs.

    `stage` as the definition names it. Without `scores` there are words only: ratings of others
    appear after the reader's own (language reference §2, beside).
    """
    standing = await report_standing(
        call.conn, await call.reader(), cycle_id, person_id, call.now, stage=stage
    )
    if standing is None or standing.because is Because.NOT_YOURS:
        return None
    title = standing.about.title
    if standing.because is Because.NONE:
        return Evidence(title, None, withheld="Nobody was asked.")
    if standing.read_as is None:
        waits = waiting_words(standing.because, own=False)
        return Evidence(title, None, withheld=waits)
    report = _in_words(await read_standing(call, standing))
    return Evidence(
        title,
        None,
        in_short(report, scores=scores),
        withheld="" if scores or not report.rows else NOT_YET,
        href=f"{report_href(cycle_id, person_id)}?stage={stage}" if scores else "",
        link="Read the whole report",
    )


def _in_words(seen: SeenReport) -> ReportRead:
    return report_read(
        seen.standing,
        seen.content,
        seen.definition,
        seen.form,
        cycle=seen.row.cycle,
        name=seen.row.name,
        first=seen.row.first_name,
    )


async def _waiting(call: Call, standing: ReportStanding) -> FeedbackWaits:
    """For whom there will be a report: that it is under way, or what it waits for; no more."""
    about = standing.about
    row = await review_row(call.conn, about.cycle_id, about.subject_id)
    if row is None:
        raise NotFound(NOTHING)
    own = about.subject_id == call.person_id
    return FeedbackWaits(
        title="Feedback about you" if own else f"Feedback about {row.name}",
        part="reviews",
        crumbs=(Link("Reviews", "/reviews"),),
        heading="Under way" if standing.because is Because.UNDER_WAY else "Not open yet",
        text=waiting_words(standing.because, own=own),
        cycle=row.cycle,
    )


def waiting_words(because: Because, *, own: bool) -> str:
    """What is said of a report that somebody will read later."""
    if because is Because.UNDER_WAY:
        return "Under way. Until it is finished nobody sees who has written, or how many."
    if own:
        return "Finished. It opens with your result; your manager may read it some days earlier."
    return "Finished. You can read it once the result is released."


def report_line(found: FoundReport, *, own: bool) -> ResultLine:
    """A report in a list: a way to it where it can be read, else that it is under way."""
    about = found.standing.about
    person = Person(about.subject_id, found.name, found.department or "", found.first_name)
    title = found.cycle if own else found.name
    if found.standing.read_as is None:
        return ResultLine(title, person, "", waiting_words(found.standing.because, own=own))
    made = f"made on {say_day(about.made_on, about.today)}" if about.made_on else ""
    state = made if own else f"{found.cycle}, {made}"
    href = report_href(about.cycle_id, about.subject_id)
    return ResultLine(title, person, f"{href}?stage={about.stage}", state)
