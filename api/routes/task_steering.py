"""Steering one task: HR's acts, and what somebody may do who was told that it is overdue.

Never in their own case or that of their own manager line (`domain.access.moves_on`).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, PersonNumber, Preview, Reason
from api.etags import expected_version
from api.idempotency import once
from api.seen_tasks import see_task, see_to_move
from domain.access import Action, Level, Move, may_steer_task
from domain.errors import EditConflict, Forbidden
from store.kinds.release import preview_release
from store.kinds.release import release as release_results
from store.steering import task as store
from store.steering.cycle import MOST_DAYS
from store.steering.cycle import Preview as Foreseen
from store.steering.task_previews import preview_excuse, preview_reassign, preview_reopen
from store.views.lists.tasks import TaskItem, get_task

router = APIRouter(prefix="/api/tasks/{task_id}", route_class=GuardedRoute, tags=["steering"])

Steers = Annotated[Call, allow(Action.STEER_TASK)]
Moves = Annotated[Call, allow(Action.MOVE_TASK, Level.TASK)]


class MoreTime(Body):
    """How much more time."""

    days: int = Field(ge=1, le=MOST_DAYS, description="Working days of whoever holds it.")


class Because(Body):
    """Why."""

    reason: Reason


class NewAssignee(Body):
    """Who is to do it from now on."""

    person_id: PersonNumber


class Departments(Body):
    """Whose results are released; none: everybody's. An empty name: people of no department."""

    departments: list[Annotated[str, Field(max_length=200)]] | None = Field(None, max_length=500)


@router.post("/extend", response_model=TaskItem | Foreseen)
async def extend(call: Moves, task_id: UUID, body: MoreTime, preview: Preview = False) -> Response:
    """Give one task more time. Its holder is told at once."""
    if preview:
        return await _steer(
            call,
            task_id,
            lambda: store.preview_extend_task(call.conn, task_id, body.days, call.actor, call.now),
            Move.EXTEND,
        )
    return await _change(
        call,
        task_id,
        lambda: store.extend_task(call.conn, task_id, body.days, call.actor, call.now),
        Move.EXTEND,
    )


@router.post("/reassign", response_model=TaskItem | Foreseen)
async def reassign(
    call: Moves, task_id: UUID, body: NewAssignee, preview: Preview = False
) -> Response:
    """Give a task to somebody else, who has at least three working days. Both are told."""
    if preview:
        return await _steer(
            call,
            task_id,
            lambda: preview_reassign(call.conn, task_id, body.person_id, call.actor, call.now),
            Move.REASSIGN,
        )
    return await _change(
        call,
        task_id,
        lambda: store.reassign(call.conn, task_id, body.person_id, call.actor, call.now),
        Move.REASSIGN,
    )


@router.post("/reopen", response_model=TaskItem | Foreseen)
async def reopen(call: Steers, task_id: UUID, body: Because, preview: Preview = False) -> Response:
    """Open an ended task again, before results were released."""
    if preview:
        return await _steer(
            call, task_id, lambda: preview_reopen(call.conn, task_id, call.now), Move.REOPEN
        )
    return await _change(
        call,
        task_id,
        lambda: store.reopen(call.conn, task_id, body.reason, call.actor, call.now),
        Move.REOPEN,
    )


@router.post("/excuse", response_model=TaskItem | Foreseen)
async def excuse(call: Moves, task_id: UUID, body: Because, preview: Preview = False) -> Response:
    """Ask it of nobody any more; it counts as closed."""
    if preview:
        return await _steer(
            call,
            task_id,
            lambda: preview_excuse(call.conn, task_id, call.actor, call.now),
            Move.EXCUSE,
        )
    return await _change(
        call,
        task_id,
        lambda: store.excuse(call.conn, task_id, body.reason, call.actor, call.now),
        Move.EXCUSE,
    )


@router.post("/nudge", response_model=TaskItem)
async def nudge(call: Moves, task_id: UUID) -> Response:
    """Remind whoever holds it with the next daily mail, at most once a day."""
    return await _change(
        call, task_id, lambda: store.nudge(call.conn, task_id, call.actor, call.now), Move.NUDGE
    )


@router.post("/release", response_model=TaskItem | Foreseen)
async def release(
    call: Steers, task_id: UUID, body: Departments, preview: Preview = False
) -> Response:
    """Release results, for the cycle or department by department. It cannot be taken back."""
    if preview:
        return await _steer(
            call,
            task_id,
            lambda: preview_release(call.conn, task_id, body.departments, call.now),
            None,
        )
    return await _change(
        call,
        task_id,
        lambda: release_results(
            call.conn, task_id, call.actor, call.now, departments=body.departments
        ),
        None,
    )


async def _change(
    call: Call, task_id: UUID, act: Callable[[], Awaitable[object]], move: Move | None
) -> Response:
    async def effect() -> TaskItem:
        await act()
        return await get_task(call.conn, task_id)

    return await _steer(call, task_id, effect, move)


async def _steer(
    call: Call, task_id: UUID, effect: Callable[[], Awaitable[object]], move: Move | None
) -> Response:
    async def allowed() -> object:
        if move is not None:
            seen = await see_to_move(call, task_id, move)
        else:
            seen = await see_task(call, task_id)
            if not may_steer_task(seen.reader, seen.access):
                raise Forbidden("Nobody steers their own case, or that of their own manager line.")
        expected = expected_version(call.request)
        if expected is not None and expected != seen.facts.version:
            raise EditConflict("The task has changed meanwhile.", version=seen.facts.version)
        return await effect()

    return await once(call, allowed)
