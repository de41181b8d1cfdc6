"""Writing feedback: all requests of somebody in one sitting, and each of them on one page."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.authentication import Call, UnrecordedRoute, allow, drop_session_cookie
from api.pages.frame.dates import say_clock
from api.pages.frame.shell import go, said, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Notice
from api.pages.kinds.feedback_round import rating_forms
from api.pages.kinds.feedback_round.rating_desk import (
    Desk,
    Typed,
    all_desks,
    following,
    line,
    must_match,
    open_desk,
    read_typed,
    save,
    sitting,
)
from api.pages.kinds.feedback_round.rating_views import RateList, RateStranger, RateThanks
from api.pages.tasks.drafts import errors_of
from definitions.answers import relevant
from domain.access import AccessRole, Action, Level
from domain.errors import EditConflict, IllegalState, Invalid, NotFound
from domain.lengths import LONGEST_REASON, too_long
from store.access.links import find_link
from store.kinds.feedback_round.leaving import decline_request
from store.kinds.feedback_round.rating import FINISHED, submit_rating, withdraw_rating
from store.kinds.feedback_round.strangers import not_them

router = APIRouter(route_class=UnrecordedRoute, include_in_schema=False)

Gives = Annotated[Call, allow(Action.GIVE_FEEDBACK, Level.TASK)]
Anyone = Annotated[Call, allow(Action.PUBLIC)]

THANKS = Notice("Thank you.", "It is kept sealed until the round closes.")


# --- All of them -------------------------------------------------------------------------------


@router.get("/feedback")
async def sitting_page(call: Gives, request: Request) -> Response:
    """Everything that the reader is asked to write, over all rounds: by deadline, then by name."""
    desks = await all_desks(call)
    lines = [line(call, desk) for desk in desks]
    page = RateList(
        title="Feedback to write",
        part="tasks",
        notice=said(request),
        waiting=tuple(one for one in lines if one.open and one.standing in ("new", "draft")),
        done=tuple(one for one in lines if one.open and one.standing == "done"),
        over=tuple(one for one in lines if not one.open),
        sitting=sitting(desks),
    )
    return await show(call, page)


@router.get("/feedback/thank-you")
async def thanks(call: Gives) -> Response:
    """Nothing is left to write. Whoever still has something is sent there."""
    desks = await all_desks(call)
    if following(desks, None) is not None:
        return go("/feedback")
    done = sitting(desks).done
    return await show(call, RateThanks(title="Thank you", part="tasks", done=done))


# --- Not the one who was meant -----------------------------------------------------------------


@router.post("/feedback/stranger")
async def stranger(call: Gives, request: Request) -> Response:
    """Whoever is here is not whom the link was mailed to: all doors close, a fresh one is mailed.

    Nothing is declined, and nothing that was written is lost.
    """
    if AccessRole.OUTSIDE not in call.signed_in.roles:
        raise NotFound("There is nothing like that here.")
    await not_them(call.conn, call.person_id, call.now)
    call.person = None
    response = await show(call, RateStranger(title="Thank you for telling us"))
    drop_session_cookie(request, response)
    return response


@router.post("/l/{token}/stranger")
async def stranger_at_the_door(call: Anyone, token: str) -> Response:
    """The same, said before anything was opened."""
    link = await find_link(call.conn, token, call.now)
    if link.person_id is None or not link.outside:
        raise NotFound("There is nothing like that here.")
    await not_them(call.conn, link.person_id, call.now)
    return await show(call, RateStranger(title="Thank you for telling us"))


# --- One ---------------------------------------------------------------------------------------


@router.get("/feedback/{task_id}")
async def request_page(call: Gives, request: Request, task_id: UUID, change: int = 0) -> Response:
    """The form; or what became of the request. `change`: what is submitted is to be changed."""
    desk = await open_desk(call, task_id)
    if desk.request.waits or (change and desk.request.open):
        return await show(call, await rating_forms.form_page(call, desk, notice=said(request)))
    notice = THANKS if request.query_params.get("said") == "submitted" else said(request)
    return await show(call, await rating_forms.done_page(call, desk, notice=notice))


@router.post("/feedback/{task_id}")
async def write(call: Gives, request: Request, task_id: UUID) -> Response:
    """Keep what was typed and stay, go on to the next person, or submit."""
    desk = await open_desk(call, task_id, lock=True)
    if not desk.request.open:
        return await _too_late(call, desk)
    form = await typed(request)
    typed_in = read_typed(desk, form)
    go_to = words(form, "go")
    try:
        if go_to == "submit":
            return await _submit(call, desk, typed_in)
        await save(call, desk, typed_in)
    except EditConflict:
        await undo(call)
        fresh = await open_desk(call, task_id)
        page = rating_forms.conflict_page(call, fresh, typed_in)
        return await show(call, page, HTTPStatus.PRECONDITION_FAILED)
    except Invalid as error:
        await undo(call)
        return await _wrong(call, task_id, typed_in, error)
    if go_to == "next":
        after = following(await all_desks(call), desk)
        return go(after.href, "saved") if after else go("/feedback", "saved")
    change = "?change=1" if desk.request.standing == "done" else ""
    return go(desk.href + change, "saved")


async def _submit(call: Call, desk: Desk, typed_in: Typed) -> Response:
    must_match(desk, typed_in)
    await submit_rating(
        call.conn,
        desk.request.task_id,
        call.actor,
        typed_in.answers,
        now=call.now,
        expected_version=desk.request.version,
        agrees=typed_in.agrees,
    )
    left = following(await all_desks(call), None)
    changed = desk.request.standing == "done"
    if left is None and not changed:
        return go("/feedback/thank-you")
    return go(desk.href, "submitted")


async def _wrong(call: Call, task_id: UUID, typed_in: Typed, error: Invalid) -> Response:
    """Something is missing or wrong: it is said, and what was typed is kept nevertheless."""
    desk = await open_desk(call, task_id, lock=True)
    try:
        await save(call, desk, typed_in)
    except Invalid:
        await undo(call)
    fresh = await open_desk(call, task_id)
    page = await rating_forms.form_page(call, fresh, typed=typed_in, errors=errors_of(error))
    return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _too_late(call: Call, desk: Desk) -> Response:
    notice = Notice("This was not kept.", FINISHED, "late")
    page = await rating_forms.done_page(call, desk, notice=notice)
    return await show(call, page, HTTPStatus.CONFLICT)


@router.post("/feedback/{task_id}/draft")
async def draft(call: Gives, request: Request, task_id: UUID) -> Response:
    """Keep what is being typed; the answer is for the script on the page."""
    desk = await open_desk(call, task_id, lock=True)
    if not desk.request.open:
        raise IllegalState(f"{FINISHED} Your text is still on this page.")
    typed_in = read_typed(desk, await typed(request))
    await save(call, desk, typed_in)
    fresh = await open_desk(call, task_id)
    zone = (await visit_of(call)).zone
    return JSONResponse(
        {
            "version": fresh.version,
            "clock": say_clock(call.now, zone),
            "asked": [question.id for question in relevant(fresh.form, fresh.answers)],
        }
    )


@router.post("/feedback/{task_id}/withdraw")
async def withdraw(call: Gives, task_id: UUID) -> Response:
    """Take a submission back; it becomes a draft again."""
    desk = await open_desk(call, task_id)
    if desk.request.standing == "done" and not desk.request.open:
        return await _too_late(call, desk)
    await withdraw_rating(call.conn, task_id, call.actor, now=call.now)
    return go(f"/feedback/{task_id}", "withdrawn")


@router.get("/feedback/{task_id}/decline")
async def ask_why(call: Gives, task_id: UUID) -> Response:
    """Before somebody says no: what will happen."""
    desk = await open_desk(call, task_id)
    if not desk.request.waits:
        return go(desk.href)
    return await show(call, rating_forms.decline_page(call, desk))


@router.post("/feedback/{task_id}/decline")
async def decline(call: Gives, request: Request, task_id: UUID) -> Response:
    """Say no, with a reason."""
    desk = await open_desk(call, task_id)
    if not desk.request.waits:
        return go(desk.href)
    reason = words(await typed(request), "reason")
    try:
        over = too_long(reason.strip(), LONGEST_REASON)
        if over:
            raise Invalid(over, ({"field": "reason", "message": over},))
        await decline_request(call.conn, task_id, call.actor, reason, now=call.now)
    except Invalid as error:
        await undo(call)
        page = rating_forms.decline_page(call, desk, reason=reason, errors={"": error.detail})
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(desk.href)
