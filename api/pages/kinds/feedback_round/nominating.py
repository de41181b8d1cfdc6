"""Naming raters and looking lists over: each POST sends the whole list, and it is kept."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.dates import say_clock
from api.pages.frame.shell import go, said, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Notice
from api.pages.kinds.feedback_round.nominating_pages import choose_page, usual
from api.pages.kinds.feedback_round.nominating_reading import chosen_page, one_more_page
from api.pages.kinds.feedback_round.nominating_typed import (
    TypedList,
    read_list,
    read_outside,
    read_picked,
    read_relationship,
    version_of_list,
)
from api.pages.tasks import desk as task_desk
from api.pages.tasks.endings import reading_page
from api.seen_lists import KINDS, may_change_list, may_read_list
from api.seen_tasks import Seen, see_task
from domain.access import Action, Level
from domain.errors import EditConflict, IllegalState, Invalid, NotFound
from store.kinds.feedback_round.colleagues import Standing, other_lists, standing, standing_of
from store.kinds.feedback_round.leaving import name_replacement
from store.kinds.feedback_round.lists import Named, rater_list
from store.kinds.feedback_round.nominating import approve_nominations, keep_list, save_nominations
from store.people.outside import External
from store.tasks import submitting as store

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Own = Annotated[Call, allow(Action.OWN_TASKS, Level.TASK)]
Works = Annotated[Call, allow(Action.WORK_ON_TASK, Level.TASK)]

ELSEWHERE = Notice(
    "This list was changed in another window meanwhile.",
    "Below is what you have here. If you go on, it takes the place of the other.",
    "late",
)
NOBODY = "Nobody is on this list. Say that this is meant, or add somebody."
NOBODY_YET = (
    "Name at least one person, or leave it: then your manager gets suggestions to choose from."
)


async def list_page(call: Call, request: Request, desk: task_desk.Desk, seen: Seen) -> Response:
    """The page of a task that is a list of raters, for whoever may see the task."""
    list_ = await standing(call.conn, desk.facts.id)
    if list_ is None or not may_read_list(seen):
        return await show(call, await reading_page(call, desk, seen, notice=said(request)))
    if may_change_list(seen, list_):
        await store.seen(call.conn, desk.facts.id, call.now)
        return await show(call, await choose_page(call, desk, list_, notice=said(request)))
    return await show(call, await chosen_page(call, desk, list_, seen, notice=said(request)))


async def _desk(
    call: Call, task_id: UUID, *, lock: bool = False
) -> tuple[task_desk.Desk, Standing | None, Seen]:
    """The task, if the reader may see it. `lock`: its list is to be written."""
    seen = await see_task(call, task_id)
    if seen.facts.kind not in KINDS:
        raise NotFound(f"There is no list {task_id}.")
    desk = await task_desk.open_desk(call, task_id, lock=lock)
    return desk, await standing(call.conn, task_id), seen


@router.post("/tasks/{task_id}/raters")
async def write(call: Works, request: Request, task_id: UUID) -> Response:
    """Keep the list; then search, add, take off, send or approve, as the button says."""
    desk, list_, seen = await _desk(call, task_id, lock=True)
    if list_ is None or not may_change_list(seen, list_):
        page = await reading_page(call, desk, seen)
        if list_ is not None and may_read_list(seen):
            page = await chosen_page(call, desk, list_, seen)
        return await show(call, page, HTTPStatus.CONFLICT)
    sent = read_list(await typed(request), usual(list_.round))
    approving = desk.facts.kind == "approve"
    sends = sent.go in ("submit", "approve")
    problems: Sequence[Any] = _nobody(sent, approving) if sends else ()
    notice = None
    if not problems:
        try:
            await _must_match(call, list_, sent)
            await _write(call, desk, sent, sends=sends)
            return go(*await _after(call, desk, sent, approving, sends))
        except Invalid as error:
            problems = error.problems
        except EditConflict:
            notice = ELSEWHERE
        await undo(call)
    desk, list_, _ = await _desk(call, task_id)
    if list_ is None:
        raise NotFound(f"There is no list {task_id}.")
    page = await choose_page(call, desk, list_, typed=sent, problems=problems, notice=notice)
    status = HTTPStatus.PRECONDITION_FAILED if notice else HTTPStatus.UNPROCESSABLE_ENTITY
    return await show(call, page, status)


def _nobody(sent: TypedList, approving: bool) -> Sequence[dict[str, str]]:
    if sent.named or sent.externals or (approving and sent.confirmed):
        return ()
    if approving:
        return ({"code": "nobody", "field": "nobody", "message": NOBODY},)
    return ({"code": "empty", "field": "q", "message": NOBODY_YET},)


async def _write(call: Call, desk: task_desk.Desk, sent: TypedList, *, sends: bool) -> None:
    act = keep_list  # the caller has locked the task and compared what is kept
    if sends:
        act = approve_nominations if desk.facts.kind == "approve" else save_nominations
    await act(
        call.conn,
        desk.facts.id,
        call.actor,
        sent.named,
        sent.externals,
        now=call.now,
    )


async def _must_match(call: Call, list_: Standing, sent: TypedList) -> None:
    """Raises EditConflict if another window changed the list. Somebody new from outside is an
    addition to what is kept, and no change of it."""
    kept = (await rater_list(call.conn, list_.round, list_.subject_id)).raters
    if version_of_list(kept) not in (sent.version, version_of_list(sent.named)):
        raise EditConflict("This list was changed in another window meanwhile.")


async def _after(
    call: Call, desk: task_desk.Desk, sent: TypedList, approving: bool, sends: bool
) -> tuple[str, str]:
    if sends and approving:
        waiting = await other_lists(call.conn, desk.facts.cycle_id, call.person_id, desk.facts.id)
        return desk.href, "list-approved-next" if waiting else "list-approved"
    if sends:
        return desk.href, "list-sent"
    if sent.q and (sent.go == "search" or (sent.go == "enter" and not sent.externals)):
        return f"{desk.href}?q={quote(sent.q)}#found", ""
    if sent.go.startswith("remove:"):
        return f"{desk.href}#list", ""
    return f"{desk.href}#list", "list-kept"


@router.post("/tasks/{task_id}/raters/draft")
async def draft(call: Works, request: Request, task_id: UUID) -> Response:
    """Keep the list while somebody picks; the answer is for the script on the page.

    Whoever is outside enters by the button only: half an address is none.
    """
    _, list_, seen = await _desk(call, task_id, lock=True)
    if list_ is None or not may_change_list(seen, list_):
        raise IllegalState("This list cannot be changed any more.")
    sent = read_list(await typed(request), usual(list_.round))
    await _must_match(call, list_, sent)
    try:
        listing = await keep_list(call.conn, task_id, call.actor, sent.named, now=call.now)
    except Invalid as error:
        first = next((str(p["message"]) for p in error.problems), error.detail)
        raise Invalid(f"Not saved. {first}", error.problems) from error
    zone = (await visit_of(call)).zone
    return JSONResponse(
        {"version": version_of_list(listing.raters.raters), "clock": say_clock(call.now, zone)}
    )


# --- One more person -----------------------------------------------------------------------------


@router.get("/rounds/{round_id}/raters")
async def one_more(call: Own, request: Request, round_id: UUID) -> Response:
    """Whom I chose, and room for one more person if there is any."""
    list_ = await _own_list(call, round_id)
    q = request.query_params.get("q", "").strip()[:200]
    return await show(call, await one_more_page(call, list_, q=q, notice=said(request)))


@router.post("/rounds/{round_id}/raters")
async def name_one_more(call: Own, request: Request, round_id: UUID) -> Response:
    """Name one more person; or search for somebody."""
    list_ = await _own_list(call, round_id)
    form = await typed(request)
    q, button = words(form, "q").strip()[:200], words(form, "go")
    outside, picked = read_outside(form), read_picked(form)
    relationship = read_relationship(words(form, "relationship"), usual(list_.round))
    if button == "search" or (button == "enter" and q and not outside.typed):
        return go(f"/rounds/{round_id}/raters?q={quote(q)}#found")
    try:
        named: Named | External
        if outside.typed:
            named = External(outside.email, outside.first_name, outside.last_name)
        elif picked is not None:
            named = Named(picked, relationship)
        else:
            problem = {"field": "pick", "code": "required", "message": "Please choose somebody."}
            raise Invalid("Please choose somebody.", (problem,))
        await name_replacement(call.conn, round_id, call.actor, named, now=call.now)
    except Invalid as error:
        await undo(call)
        page = await one_more_page(
            call,
            list_,
            picked=picked,
            relationship=relationship,
            outside=outside,
            q=q,
            problems=error.problems,
        )
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    except IllegalState:
        await undo(call)
        return await show(call, await one_more_page(call, list_), HTTPStatus.CONFLICT)
    return go(f"/rounds/{round_id}/raters", "one-more")


async def _own_list(call: Call, round_id: UUID) -> Standing:
    """The reader's own list in a round. Raises NotFound for everybody else."""
    list_ = await standing_of(call.conn, round_id, call.person_id)
    if list_ is None or not list_.asked:
        raise NotFound(f"There is no round {round_id}.")
    return list_
