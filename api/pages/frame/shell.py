"""The way from a call to a page: who visits, the answer, and what is said after a redirect."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData, UploadFile

from api.authentication import Call, SignedIn
from api.pages.frame.render import render
from api.pages.frame.typed import clean, not_shown, texts_of
from api.pages.frame.views import Notice, Page, Visit
from api.transaction import Transaction, connection
from domain.access import AccessRole, Level
from store.views.frame import company_zone, header

UTC = ZoneInfo("UTC")

SAID: Mapping[str, Notice] = MappingProxyType(
    {
        "saved": Notice("Draft saved.", "Nothing is sent until you submit."),
        "submitted": Notice("Submitted."),
        "list-kept": Notice("Kept.", "Nobody is asked yet."),
        "list-sent": Notice("Sent.", "Your list is looked over; then these people are asked."),
        "list-approved": Notice("Approved.", "The people on the list are asked."),
        "list-approved-next": Notice("Approved.", "They are asked. The next list is below."),
        "one-more": Notice("Thank you.", "They are asked at once."),
        "recorded": Notice("It is on record.", "What you wrote stays beside the review."),
        "withdrawn": Notice("Taken back.", "Your text is a draft again; nobody else reads it."),
        "sent-on": Notice("Sent on.", "The person who holds the task now goes on from your draft."),
        "thrown-away": Notice("Thrown away.", "Nobody has read your draft."),
        "nudge": Notice("Nudged.", "It is one line in their next daily mail, with your name."),
        "nudged": Notice("Nudged.", "It is one line in their next daily mail, with your name."),
        "released": Notice("Released.", "The managers concerned get one line by mail."),
        "launched": Notice("Launched.", "Watch the first minutes here; then it runs by itself."),
        "reviewer": Notice("Named.", "They take part now; the check below was counted anew."),
        "stopped": Notice("The launch was given up.", "Nobody was told of it."),
        "pause": Notice("Paused.", "From now on nothing goes out, opens or closes."),
        "resume": Notice("Resumed.", "Dates ahead move by the working days lost, in a moment."),
        "cancel": Notice("Cancelled.", "Everybody who had been told gets one mail."),
        "extend_stage": Notice("Extended.", "Due dates move in a moment; people are told."),
        "extend_cycle": Notice("The cycle ends later.", "No due date has moved."),
        "tried-again": Notice(
            "The addresses are tried again.", "What was missed goes with the next mails."
        ),
        "mended": Notice("The address is tried again.", "What was missed goes with the next mail."),
        "close_stage": Notice("Closed.", "What was open expires in a moment, with your reason."),
        "add": Notice("Added.", "Their first tasks open in a moment."),
        "remove": Notice("Taken out.", "Their open tasks were cancelled."),
        "extend": Notice("Extended.", "The person who holds the task is told at once."),
        "reassign": Notice("Reassigned.", "Both people are told at once."),
        "reopen": Notice("Reopened.", "The person who holds the task is told at once."),
        "excuse": Notice("Excused.", "The task counts as closed."),
        "published": Notice("Published.", "Cycles launched from now on can use this version."),
        "unchanged": Notice("Nothing to publish.", "The latest version says the same.", "told"),
        "imported": Notice("Imported."),
        "company": Notice("Saved.", "It holds for everything that is launched from now on."),
        "desk-waits": Notice(
            "Not saved yet.", "It changes who sits at a desk: a second member confirms it.", "told"
        ),
        "desk-withdrawn": Notice("Withdrawn.", "Who sits at a desk stays as it is.", "told"),
        "vouched": Notice("Noted.", "An address counts when two members of desks confirm it."),
        "same": Notice("Nothing to save.", "The settings say this already.", "told"),
        "rung": Notice("Checked.", "It looks at the facts in a moment."),
        "retried": Notice("Tried again.", "If the cause is mended, the row moves on."),
        "reviewed": Notice("Finished.", "The report can be read as soon as results are open."),
        "reviewed-so-far": Notice("Saved.", "Nobody reads the report before you finish."),
        "previewed": Notice("The preview is on its way to you."),
        "signed-out": Notice("You are signed out.", "", "told"),
    }
)
"""What can be said once after a redirect, by the code in the address."""


async def visit_of(call: Call) -> Visit:
    """Who reads the page."""
    if call.person is None:
        zone = _zone(await company_zone(call.conn))
        return Visit(call.now, zone)
    reader = await call.reader()
    head = await header(call.conn, reader, call.now)
    return _visit(call, call.person, head.name, head.company_zone, head.waiting)


def _visit(call: Call, person: SignedIn, name: str, company: str | None, waiting: int) -> Visit:
    return Visit(
        call.now,
        _zone(person.zone or company),
        name=name,
        person_id=person.person_id,
        manages=AccessRole.MANAGER in person.roles,
        hr=AccessRole.HR in person.roles,
        administrator=AccessRole.ADMINISTRATOR in person.roles,
        outside=AccessRole.OUTSIDE in person.roles,
        by_task=person.level is Level.TASK,
        waiting=waiting,
        company=_zone(company),
    )


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (LookupError, ValueError, OSError):
        # A record with an unknown zone must not keep its owner from reading a page.
        return UTC


async def show(call: Call, page: Page, status: int = HTTPStatus.OK) -> HTMLResponse:
    """Answer a page. A refusal never loses what was typed: it shows what the page does not."""
    visit = await visit_of(call)
    html = render(page, visit)
    if status >= HTTPStatus.BAD_REQUEST:
        kept = not_shown(await texts_of(call.request), html)
        html = render(replace(page, kept=kept), visit) if kept else html
    return HTMLResponse(html, int(status))


def go(path: str, said: str = "") -> RedirectResponse:
    """Go on after a POST; `said` is the code of what to say there."""
    place, mark, anchor = path.partition("#")
    if said:
        place += ("&" if "?" in place else "?") + urlencode({"said": said})
    return RedirectResponse(place + mark + anchor, int(HTTPStatus.SEE_OTHER))


def said(request: Request) -> Notice | None:
    """What is to be said on top of this page after a redirect."""
    return SAID.get(request.query_params.get("said", ""))


async def undo(call: Call) -> None:
    """Take back what the call did, to answer a refusal with the page it came from."""
    transaction = cast(Transaction, call.request.state.transaction)
    await transaction.rollback()
    call.conn = await connection(call.request)


def words(form: FormData, name: str) -> str:
    """The text of a field, with the line ends of a text and without what cannot be kept."""
    value = form.get(name, "")
    if isinstance(value, UploadFile):
        return ""
    return clean(value)


async def uploaded(form: FormData, name: str) -> tuple[str, bytes] | None:
    """Name and content of an uploaded file, if one was chosen. Closes what the form holds open."""
    upload = form.get(name)
    found: tuple[str, bytes] | None = None
    if isinstance(upload, UploadFile) and upload.filename:
        found = upload.filename, await upload.read()
    await form.close()
    return found
