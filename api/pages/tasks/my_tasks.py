"""My tasks; and a task's page: its form, its preview, what became of it."""

from dataclasses import replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.dates import say_clock
from api.pages.frame.shell import go, said, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import More, Page, Problem, Visit
from api.pages.frame.windows import version_of
from api.pages.kinds import release as task_release
from api.pages.kinds.feedback_round import nominating, rating_desk
from api.pages.kinds.words import About
from api.pages.tasks import desk as task_desk
from api.pages.tasks import drafts as task_drafts
from api.pages.tasks import endings
from api.pages.tasks import forms as task_forms
from api.pages.tasks.lines import line_of
from api.pages.tasks.views import (
    FeedbackAsked,
    LeftDraft,
    MyTasks,
    TaskConflict,
    TaskDone,
)
from api.pages.tasks.words import verb
from api.paging import read_cursor, write_cursor
from api.seen_lists import KINDS as LISTS
from api.seen_reviews import review_path
from api.seen_tasks import Seen, see_task
from domain.access import Action, Level, Reader, may_work_on
from domain.errors import EditConflict, IllegalState, Invalid, NotFound
from domain.kinds.registry import TRAITS
from domain.states import Role, TaskState
from store.definitions.versions import definition_of
from store.tasks import drafts
from store.tasks import submitting as store
from store.views import my_tasks as queries
from store.views.lists.tasks import submission_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Own = Annotated[Call, allow(Action.OWN_TASKS, Level.TASK)]
Reads = Annotated[Call, allow(Action.READ_TASK, Level.TASK)]
Works = Annotated[Call, allow(Action.WORK_ON_TASK, Level.TASK)]
Releases = Annotated[Call, allow(Action.WORK_ON_TASK)]


ENDED = "my-ended-tasks"
SHOWN = 20
"""So many tasks that have ended are shown at a time."""


# --- My tasks ----------------------------------------------------------------------------------


@router.get("/tasks")
async def my_tasks(
    call: Own, request: Request, cycle: str = "", stage: str = "", cursor: str | None = None
) -> Response:
    """Everything that waits for whoever is signed in, nearest deadline first.

    `cycle` and `stage`: only the tasks of this stage, as the mail about them leads to them.
    """
    reader = await call.reader()
    visit = await visit_of(call)
    today = visit.today
    waiting = await queries.open_tasks(call.conn, reader, call.now)
    asked = await rating_desk.asked(call)
    alike = [t for t in waiting if (str(t.cycle_id), t.stage) == (cycle, stage)]
    narrowed = bool(alike) and len(alike) < len(waiting)
    if narrowed:
        waiting, asked = alike, FeedbackAsked()
    ended, more = await _ended(call, request, reader, cursor)
    results = await queries.open_results(call.conn, call.person_id)
    lines = [
        await line_of(call, task, today)
        for task in waiting
        if task.role != Role.RATER or not asked.grouped
    ]
    title, on = ("", None) if lines or asked.grouped else await _next(call, visit)
    page = MyTasks(
        title="My tasks",
        part="tasks",
        notice=said(request),
        open=tuple(lines),
        narrowed=narrowed,
        feedback=asked,
        ended=tuple([await line_of(call, task, today) for task in ended]),
        ended_total=more.total or len(ended),
        more=more,
        later=cursor is not None,
        next_thing=title,
        next_on=on,
        results=tuple(
            (f"Your result of {r.cycle} is open.", review_path(r.cycle_id, call.person_id))
            for r in results
        ),
        drafts=tuple(
            _left(draft, visit)
            for draft in await drafts.kept_drafts(call.conn, call.person_id, call.now)
        ),
    )
    return await show(call, page)


async def _ended(
    call: Call, request: Request, reader: Reader, cursor: str | None
) -> tuple[list[queries.MyTask], More]:
    """A page of what has ended, and the way to the next one."""
    key = read_cursor(request, cursor, of=ENDED, parts=2)
    after = (datetime.fromisoformat(str(key[0])), UUID(str(key[1]))) if key else None
    rows = await queries.ended_tasks(call.conn, reader, after=after, limit=SHOWN + 1)
    shown = rows[:SHOWN]
    if len(rows) == len(shown) and after is None:
        return shown, More()
    total = await queries.ended_count(call.conn, reader)
    if len(rows) == len(shown):
        return shown, More("", len(shown), total)
    following = write_cursor(request, shown[-1].ended_key, of=ENDED)
    return shown, More(f"/tasks?{urlencode({'cursor': following})}#ended", len(shown), total)


def _left(draft: drafts.KeptDraft, visit: Visit) -> LeftDraft:
    about = About(draft.kind, draft.role, draft.title, draft.subject, draft.subject_first)
    return LeftDraft(
        href=f"/tasks/{draft.task_id}/draft",
        verb=verb(about),
        cycle=draft.cycle,
        holder=draft.holder or "",
        begun=draft.begun,
        until=draft.until.astimezone(visit.zone).date(),
    )


async def _next(call: Call, visit: Visit) -> tuple[str, date | None]:
    """What comes next for somebody for whom nothing waits: a planned task, else a planned stage."""
    planned = await queries.next_task(call.conn, call.person_id)
    if planned is not None:
        about = About(
            planned.kind, planned.role, planned.title, planned.subject, planned.subject_first
        )
        words_of = verb(about)
        day = planned.opens_at.astimezone(visit.zone).date()
        return words_of[0].lower() + words_of[1:], day
    for stage in await queries.upcoming(call.conn, call.person_id, visit.today):
        spec = (await definition_of(call.conn, stage.version_id)).stage(stage.stage)
        theirs = "subject" if stage.own else "manager"
        if spec.assignee == theirs or (stage.own and spec.traits.held):
            return stage.title, stage.opens_on
    return "", None


# --- One task ----------------------------------------------------------------------------------


@router.get("/tasks/{task_id}")
async def task(call: Reads, request: Request, task_id: UUID, step: int = 1) -> Response:
    """The form, or what became of it."""
    try:
        seen = await see_task(call, task_id)
    except NotFound:
        if not await _left_behind(call, task_id):
            raise
        return go("/tasks#drafts")
    if seen.facts.kind == rating_desk.KIND and rating_desk.mine(call, seen):
        return go(f"/feedback/{task_id}")
    desk = await task_desk.open_desk(call, task_id)
    if desk.facts.kind in LISTS:
        return await nominating.list_page(call, request, desk, seen)
    if seen.facts.state == TaskState.OPEN and may_work_on(seen.reader, seen.access):
        await store.seen(call.conn, task_id, call.now)
        page = await task_forms.working_page(call, desk, step, notice=said(request))
    else:
        page = await endings.reading_page(call, desk, seen, notice=said(request))
        if isinstance(page, TaskDone) and call.person is not None:
            page = await _with_next(call, page)
    return await show(call, page)


async def _with_next(call: Call, page: TaskDone) -> TaskDone:
    """The page of what is done, with what waits for the reader now."""
    reader = await call.reader()
    waiting = await queries.open_tasks(call.conn, reader, call.now)
    if not waiting:
        return page
    today = (await visit_of(call)).today
    return replace(
        page, next_task=await line_of(call, waiting[0], today), more_waiting=len(waiting) - 1
    )


async def _left_behind(call: Call, task_id: UUID) -> bool:
    """Has the reader a draft of this task, which somebody else holds now?"""
    if call.person is None:
        return False
    left = await drafts.kept_drafts(call.conn, call.person_id, call.now)
    return any(draft.task_id == task_id for draft in left)


@router.get("/tasks/{task_id}/preview")
async def preview(call: Works, request: Request, task_id: UUID) -> Response:
    """Everything once more before it is submitted."""
    desk = await _own_desk(call, task_id)
    if desk is None:
        return go(f"/tasks/{task_id}")
    return await show(call, await task_forms.preview_page(call, desk))


async def _own_desk(call: Call, task_id: UUID, *, lock: bool = False) -> task_desk.Desk | None:
    """The task, if it is the reader's to do now. Raises NotFound if it is not theirs to see.

    `lock`: something is to be written.
    """
    seen: Seen = await see_task(call, task_id)
    if seen.facts.kind == rating_desk.KIND:
        # What raters write is sealed: it must never come near the drafts and responses of forms.
        raise NotFound(f"There is no form {task_id}.")
    if seen.facts.state != TaskState.OPEN or not may_work_on(seen.reader, seen.access):
        return None
    desk = await task_desk.open_desk(call, task_id, lock=lock)
    # While we waited for the lock, the same button pressed twice may have submitted it.
    return desk if desk.facts.state == TaskState.OPEN else None


@router.post("/tasks/{task_id}")
async def write(call: Works, request: Request, task_id: UUID) -> Response:
    """Save a step and go on: to the next one, to the preview, or stay."""
    form = await typed(request)
    desk = await _own_desk(call, task_id, lock=True)
    if desk is None:
        return await _too_late(call, task_id, form)
    typed_in = task_drafts.read_typed(desk, form)
    go_to = words(form, "go") or "save"
    try:
        await task_drafts.save(call, desk, typed_in)
    except EditConflict:
        await undo(call)
        return await _conflict(call, task_id, typed_in)
    except Invalid as error:
        await undo(call)
        page = await task_forms.working_page(
            call, desk, typed_in.step, typed_in=typed_in, errors=task_drafts.errors_of(error)
        )
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if go_to == "submit":
        return await _submit(call, desk)
    return go(_after(desk, typed_in.step, go_to), "saved" if go_to == "save" else "")


def _after(desk: task_desk.Desk, step: int, go_to: str) -> str:
    match go_to.partition(":"):
        case ("next", _, _):
            return desk.path(step + 1)
        case ("preview", _, _):
            return desk.path(place="/preview")
        case ("goal", _, name):
            path = desk.path(step)
            return f"{path}{'&' if '?' in path else '?'}goals=1#f-{name}"
        case _:
            return desk.path(step)


@router.post("/tasks/{task_id}/draft")
async def draft(call: Works, request: Request, task_id: UUID) -> Response:
    """Keep what is being typed; the answer is for the script on the page."""
    desk = await _own_desk(call, task_id, lock=True)
    if desk is None:
        raise IllegalState("This task is not open any more; your text is still on this page.")
    typed_in = task_drafts.read_typed(desk, await typed(request))
    await task_drafts.save(call, desk, typed_in)
    fresh = await task_desk.open_desk(call, task_id)
    zone = (await visit_of(call)).zone
    return JSONResponse(
        {
            "version": fresh.version_at(typed_in.step),
            "clock": say_clock(call.now, zone),
            "asked": task_drafts.asked(fresh, typed_in.answers),
        }
    )


@router.post("/tasks/{task_id}/draft/send-on")
async def send_on_draft(call: Works, task_id: UUID) -> Response:
    """Give the draft of a former task to whoever holds it now."""
    await drafts.send_on_draft(call.conn, task_id, call.actor, call.now)
    return go("/tasks", "sent-on")


@router.post("/tasks/{task_id}/draft/discard")
async def discard_draft(call: Works, task_id: UUID) -> Response:
    """Throw the draft of a former task away."""
    await drafts.discard_draft(call.conn, task_id, call.actor, call.now)
    return go("/tasks", "thrown-away")


@router.post("/tasks/{task_id}/submit")
async def submit(call: Works, request: Request, task_id: UUID) -> Response:
    """Submit what the draft holds."""
    form = await typed(request)
    desk = await _own_desk(call, task_id, lock=True)
    if desk is None:
        return await _too_late(call, task_id, form)
    if words(form, "version") != desk.version:
        # Somebody wrote on in another window after this preview: it must be read once more.
        return await show(call, await task_forms.preview_page(call, desk, stale=True), 412)
    return await _submit(call, desk)


async def _submit(call: Call, before: task_desk.Desk) -> Response:
    task_id, kind = before.facts.id, before.facts.kind
    desk = await task_desk.open_desk(call, task_id)
    try:
        answers, held_on = task_drafts.to_submit(desk)
        await store.submit(
            call.conn,
            task_id,
            call.actor,
            answers,
            now=call.now,
            expected_version=desk.facts.version,
            held_on=held_on,
        )
    except Invalid as error:
        # It is raised before anything is submitted; what was saved with this call stays saved.
        errors = task_drafts.errors_of(error)
        page: Page
        if TRAITS[kind].on_record:
            page = await task_forms.working_page(call, desk, 1, errors=errors)
        else:
            page = await task_forms.preview_page(call, desk, errors=errors)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"/tasks/{task_id}", _said_after(kind))


def _said_after(kind: str) -> str:
    """What is said on top of the page of what was just submitted."""
    return "recorded" if TRAITS[kind].on_record else "submitted"


async def _too_late(call: Call, task_id: UUID, form: FormData) -> Response:
    """It was submitted or closed meanwhile: say so on its page, which shows what holds.

    If the reader has submitted the same, the button was pressed twice, and all is well.
    """
    seen = await see_task(call, task_id)
    desk = await task_desk.open_desk(call, task_id)
    submitted = await submission_of(call.conn, task_id)
    if submitted and desk.facts.state == TaskState.DONE and submitted.author_id == call.person_id:
        day = desk.facts.held_on.isoformat() if desk.facts.held_on else ""
        sent = words(form, "version")
        if desk.stage.traits.on_record:
            sent = version_of([task_drafts.read_typed(desk, form).answers, ""])
        if version_of([submitted.answers, day]) == sent:
            return go(desk.href, _said_after(desk.facts.kind))
    page = await endings.reading_page(call, desk, seen)
    return await show(call, page, HTTPStatus.CONFLICT)


async def _conflict(call: Call, task_id: UUID, typed_in: task_drafts.Typed) -> Response:
    desk = await task_desk.open_desk(call, task_id)
    page: TaskConflict = await task_forms.conflict_page(call, desk, typed_in)
    return await show(call, page, HTTPStatus.PRECONDITION_FAILED)


@router.post("/tasks/{task_id}/withdraw")
async def withdraw(call: Works, task_id: UUID) -> Response:
    """Take a submission back."""
    await see_task(call, task_id)
    await store.withdraw(call.conn, task_id, call.actor, now=call.now)
    return go(f"/tasks/{task_id}", "withdrawn")


# --- Release -----------------------------------------------------------------------------------


@router.post("/tasks/{task_id}/release")
async def release(call: Releases, request: Request, task_id: UUID) -> Response:
    """Release results of the chosen departments; the number confirms it."""
    desk = await _own_desk(call, task_id)
    if desk is None or not desk.stage.traits.for_all:
        raise NotFound(f"There is no release {task_id}.")
    form = await typed(request)
    chosen = [value for value in form.getlist("department") if isinstance(value, str)]
    problems = await task_release.release(call, desk, chosen, words(form, "confirm").strip())
    if problems:
        await undo(call)
        page = await task_forms.working_page(call, desk, 1, chosen=tuple(chosen))
        return await show(call, _with(page, problems), HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"/tasks/{task_id}", "released")


def _with(page: Page, problems: tuple[Problem, ...]) -> Page:
    return replace(page, problems=problems)
