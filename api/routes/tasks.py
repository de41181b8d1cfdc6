"""Tasks: read, write a draft, submit, take back; and why a task looks as it does."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import LARGEST_ID, Body, Day
from api.etags import expected_version, set_etag
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from api.seen_tasks import Seen, answers_seen_by, see_task
from domain.access import AccessRole, Action, Level, may_steer_task, may_work_on
from domain.states import Role, TaskState
from store.access.facts import hidden_cases
from store.tasks import drafts
from store.tasks import submitting as store
from store.views.explain import Explanation, explain
from store.views.lists.cycles import get_cycle
from store.views.lists.tasks import (
    Draft,
    Submission,
    TaskItem,
    draft_of,
    get_task,
    list_cycle_tasks,
    list_my_tasks,
)

router = APIRouter(prefix="/api", route_class=GuardedRoute, tags=["tasks"])

Reads = Annotated[Call, allow(Action.READ_TASK, Level.TASK)]
Works = Annotated[Call, allow(Action.WORK_ON_TASK, Level.TASK)]
Own = Annotated[Call, allow(Action.OWN_TASKS, Level.TASK)]
Oversees = Annotated[Call, allow(Action.READ_CYCLE)]

Answers = Annotated[
    dict[str, Any],
    Field(max_length=500, description="By question id; the form says what each takes."),
]


class Writing(Body):
    """What was typed so far. `held_on`: for a meeting, the day, as far as it was said."""

    answers: Answers
    held_on: Day | None = None


class Submitting(Body):
    """What is submitted. `held_on`: for a meeting, the day on which it was held."""

    answers: Answers
    held_on: Day | None = None


class TaskDetail(BaseModel):
    """A task as this reader may see it.

    `draft` is the reader's own; `submission` holds only the answers that the reader may see.
    """

    model_config = ConfigDict(frozen=True)

    task: TaskItem
    draft: Draft | None
    submission: Submission | None
    may_work: bool
    may_steer: bool


class SavedAnswer(BaseModel):
    """What was kept, and the version that the next change is based on."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    task_id: UUID
    version: int
    at: datetime
    revision: int


class DraftGone(BaseModel):
    """The task whose draft is not the sender's any more."""

    model_config = ConfigDict(frozen=True)

    task_id: UUID


@router.get("/my/tasks")
async def my_tasks(
    call: Own, request: Request, response: Response, cursor: Cursor = None, limit: Limit = 50
) -> Page[TaskItem]:
    """What I must do now, the most urgent first; also what I do for somebody on leave."""
    key = read_cursor(request, cursor, of="my-tasks", parts=2)
    reader = await call.reader()
    rows = await list_my_tasks(
        call.conn,
        call.person_id,
        now=call.now,
        desk_hr=AccessRole.HR in reader.roles,
        hidden=hidden_cases(reader),
        after=(datetime.fromisoformat(str(key[0])), UUID(str(key[1]))) if key else None,
        limit=limit + 1,
    )
    return page_of(
        request, response, rows, limit, of="my-tasks", key=lambda t: [str(t.due_at), t.id]
    )


@router.get("/cycles/{cycle_id}/tasks", tags=["cycles"])
async def cycle_tasks(
    call: Oversees,
    request: Request,
    response: Response,
    cycle_id: UUID,
    stage_id: UUID | None = None,
    state: TaskState | None = None,
    assignee_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None,
    subject_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskItem]:
    """The tasks of a cycle, without the reader's own case and without raters at work."""
    await get_cycle(call.conn, cycle_id)
    key = read_cursor(request, cursor, of="cycle-tasks", parts=1)
    rows = await list_cycle_tasks(
        call.conn,
        cycle_id,
        filters={
            "stage_id": stage_id,
            "state": state,
            "assignee_id": assignee_id,
            "subject_id": subject_id,
        },
        hidden=hidden_cases(await call.reader(), cycle_id),
        after=UUID(str(key[0])) if key else None,
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="cycle-tasks", key=lambda row: [row.id])


@router.get("/tasks/{task_id}")
async def get_one(call: Reads, response: Response, task_id: UUID) -> TaskDetail:
    """One task, with its version as ETag; 404 for what the reader may not see.

    A due date that is past, and the ladder, are there for the person, whoever it was escalated to,
    and HR; for other readers they are null.
    """
    seen = await see_task(call, task_id)
    task = await get_task(call.conn, task_id)
    if not seen.knows_lateness:
        task = task.without_lateness(call.now)
    set_etag(response, task.version)
    return TaskDetail(
        task=task,
        draft=await draft_of(call.conn, task_id, call.person_id) if call.person else None,
        submission=await answers_seen_by(call, seen),
        may_work=may_work_on(seen.reader, seen.access)
        and task.state == TaskState.OPEN
        and task.role != Role.RATER,  # see feedback-requests: what raters write is sealed
        may_steer=may_steer_task(seen.reader, seen.access),
    )


@router.get("/tasks/{task_id}/explain")
async def why(call: Reads, task_id: UUID) -> Explanation:
    """Why it looks like this: what opened it, each mail and its fate, the next rung."""
    seen: Seen = await see_task(call, task_id)
    return await explain(call.conn, task_id, seen.reader, call.now)


@router.put("/tasks/{task_id}/draft", response_model=SavedAnswer)
async def save_draft(call: Works, task_id: UUID, body: Writing) -> Response:
    """Keep what was typed. `If-Match` is required: two windows must not overwrite each other."""
    version = expected_version(call.request, required=True)
    held_on: date | None = body.held_on

    async def effect() -> SavedAnswer:
        saved = await store.save_draft(
            call.conn,
            task_id,
            call.actor,
            body.answers,
            now=call.now,
            expected_version=version,
            held_on=held_on,
        )
        return SavedAnswer.model_validate(saved)

    return await once(call, effect)


@router.post("/tasks/{task_id}/submit", response_model=SavedAnswer)
async def submit(call: Works, task_id: UUID, body: Submitting) -> Response:
    """Submit. From the answer on nobody is reminded or told about it any more."""
    version = expected_version(call.request)
    held_on: date | None = body.held_on

    async def effect() -> SavedAnswer:
        saved = await store.submit(
            call.conn,
            task_id,
            call.actor,
            body.answers,
            now=call.now,
            expected_version=version,
            held_on=held_on,
        )
        return SavedAnswer.model_validate(saved)

    return await once(call, effect)


@router.post("/tasks/{task_id}/withdraw", response_model=SavedAnswer)
async def withdraw(call: Works, task_id: UUID) -> Response:
    """Take a submission back, until what builds on it has opened."""

    async def effect() -> SavedAnswer:
        saved = await store.withdraw(call.conn, task_id, call.actor, now=call.now)
        return SavedAnswer.model_validate(saved)

    return await once(call, effect)


@router.post("/tasks/{task_id}/draft/send-on", response_model=DraftGone)
async def send_on_draft(call: Works, task_id: UUID) -> Response:
    """Give my draft of a task that was mine to whoever holds it now, within five working days."""

    async def effect() -> DraftGone:
        await drafts.send_on_draft(call.conn, task_id, call.actor, call.now)
        return DraftGone(task_id=task_id)

    return await once(call, effect)


@router.delete("/tasks/{task_id}/draft", response_model=DraftGone)
async def discard_draft(call: Works, task_id: UUID) -> Response:
    """Throw away my draft of a task that somebody else holds now."""

    async def effect() -> DraftGone:
        await drafts.discard_draft(call.conn, task_id, call.actor, call.now)
        return DraftGone(task_id=task_id)

    return await once(call, effect)
