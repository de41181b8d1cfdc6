"""Steering a cycle: answered at once, engine up or not. `preview=true` only says what it would do.

The orders are facts; what concerns many tasks is applied by the engine in chunks.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, Preview, Reason
from api.etags import expected_version
from api.idempotency import once
from domain.access import Action
from domain.errors import EditConflict
from store.steering import cycle as steering
from store.steering import pausing
from store.steering import stage as stage_steering
from store.views.lists.cycles import CycleItem, get_cycle

router = APIRouter(prefix="/api/cycles/{cycle_id}", route_class=GuardedRoute, tags=["steering"])

Steers = Annotated[Call, allow(Action.STEER_CYCLE)]
Decides = Annotated[Call, allow(Action.LAUNCH)]
Answer = CycleItem | steering.Preview


class Because(Body):
    """Why."""

    reason: Reason


class MoreDays(Body):
    """How many working days of the company more."""

    days: int = Field(ge=1, le=steering.MOST_DAYS, description="Working days.")


class MoreTime(Body):
    """How much more time. `and_after`: everything after the stage moves as well."""

    days: int = Field(ge=1, le=steering.MOST_DAYS, description="Working days.")
    and_after: bool = False


@router.post("/pause", response_model=Answer)
async def pause(call: Steers, cycle_id: UUID, preview: Preview = False) -> Response:
    """From the answer on no mail, rung, opening or close happens; submitting stays possible."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: pausing.preview_pause(call.conn, cycle_id, call.now),
        lambda: pausing.pause(call.conn, cycle_id, call.actor, call.now),
    )


@router.post("/resume", response_model=Answer)
async def resume(call: Steers, cycle_id: UUID, preview: Preview = False) -> Response:
    """Go on; every date ahead moves by the working days lost, per calendar."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: pausing.preview_resume(call.conn, cycle_id, call.now),
        lambda: pausing.resume(call.conn, cycle_id, call.actor, call.now),
    )


@router.post("/cancel", response_model=Answer)
async def cancel(call: Steers, cycle_id: UUID, body: Because, preview: Preview = False) -> Response:
    """Stop the cycle for good. What was submitted is kept."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: steering.preview_cancel(call.conn, cycle_id, call.now),
        lambda: steering.cancel_cycle(call.conn, cycle_id, body.reason, call.actor, call.now),
    )


@router.post("/extend", response_model=Answer)
async def extend_cycle(
    call: Decides, cycle_id: UUID, body: MoreDays, preview: Preview = False
) -> Response:
    """Move the cycle's last day, on which whatever is still open expires. No due date moves."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: steering.preview_extend_cycle(call.conn, cycle_id, body.days, call.now),
        lambda: steering.extend_cycle(call.conn, cycle_id, body.days, call.actor, call.now),
    )


@router.post("/stages/{stage_id}/extend", response_model=Answer)
async def extend_stage(
    call: Decides, cycle_id: UUID, stage_id: UUID, body: MoreTime, preview: Preview = False
) -> Response:
    """Give everybody in a stage more time, on each one's own calendar."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: stage_steering.preview_extend_stage(
            call.conn, cycle_id, stage_id, body.days, call.now, and_after=body.and_after
        ),
        lambda: stage_steering.extend_stage(
            call.conn,
            cycle_id,
            stage_id,
            body.days,
            call.actor,
            call.now,
            and_after=body.and_after,
        ),
    )


@router.post("/stages/{stage_id}/close", response_model=Answer)
async def close_stage(
    call: Decides, cycle_id: UUID, stage_id: UUID, body: Because, preview: Preview = False
) -> Response:
    """End a stage: what is open expires with the reason, what waits for it goes on."""
    return await _steer(
        call,
        cycle_id,
        preview,
        lambda: stage_steering.preview_close_stage(call.conn, cycle_id, stage_id, call.now),
        lambda: stage_steering.close_stage(
            call.conn, cycle_id, stage_id, body.reason, call.actor, call.now
        ),
    )


async def _steer(
    call: Call,
    cycle_id: UUID,
    preview: bool,
    look: Callable[[], Awaitable[steering.Preview]],
    act: Callable[[], Awaitable[object]],
) -> Response:
    async def effect() -> object:
        await _unchanged_since(call, cycle_id)
        if preview:
            return await look()
        await act()
        return await get_cycle(call.conn, cycle_id)

    return await once(call, effect)


async def _unchanged_since(call: Call, cycle_id: UUID) -> None:
    """With `If-Match` somebody steers what they have seen, or nothing."""
    expected = expected_version(call.request)
    if expected is None:
        return
    current = (await get_cycle(call.conn, cycle_id)).version
    if current != expected:
        raise EditConflict("The cycle was steered meanwhile; look at it again.", version=current)
