"""Workflows: every durable process, why it waits, and what can be done about it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from api.authentication import Call, GuardedRoute, allow
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from domain.access import Action
from domain.states import ProcessState
from store.base.audit import record
from store.engine.processes import release_held, ring
from store.views.lists.processes import (
    HeldItem,
    ProcessItem,
    get_process,
    list_held,
    list_processes,
)

router = APIRouter(prefix="/api/workflows", route_class=GuardedRoute, tags=["workflows"])

Reads = Annotated[Call, allow(Action.READ_PROCESSES)]
Mends = Annotated[Call, allow(Action.MEND_PROCESSES)]
Name = Annotated[str, Path(max_length=200, description="The workflow id.")]


class ProcessDetail(BaseModel):
    """A process with the rows that it has parked."""

    model_config = ConfigDict(frozen=True)

    process: ProcessItem
    held: list[HeldItem]


class Rung(BaseModel):
    """The bell was written; the engine looks as soon as it can. `retried`: held rows set free."""

    model_config = ConfigDict(frozen=True)

    process_id: str
    retried: int = 0


@router.get("")
async def list_all(
    call: Reads,
    request: Request,
    response: Response,
    state: ProcessState | None = None,
    cycle_id: UUID | None = None,
    failing: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ProcessItem]:
    """Processes with state, what each waits for and until when, and the last failure."""
    key = read_cursor(request, cursor, of="workflows", parts=1)
    rows = await list_processes(
        call.conn,
        state=state,
        failing=failing,
        cycle_id=cycle_id,
        after=str(key[0]) if key else "",
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="workflows", key=lambda row: [row.id])


@router.get("/{process_id}")
async def get_one(call: Reads, process_id: Name) -> ProcessDetail:
    """One process, with its held rows."""
    process = await get_process(call.conn, process_id)
    return ProcessDetail(process=process, held=await list_held(call.conn, process_id))


@router.post("/{process_id}/ring", response_model=Rung)
async def ring_it(call: Mends, process_id: Name) -> Response:
    """Let a process look at the facts now. Harmless at any time."""

    async def effect() -> Rung:
        process = await get_process(call.conn, process_id)
        await ring(call.conn, process.id, urgent=True)
        await _audit(call, process, "ring", 0)
        return Rung(process_id=process.id)

    return await once(call, effect)


@router.post("/{process_id}/retry", response_model=Rung)
async def retry(call: Mends, process_id: Name) -> Response:
    """Try the held rows of a process again, and let it look now."""

    async def effect() -> Rung:
        process = await get_process(call.conn, process_id)
        held = await list_held(call.conn, process_id)
        for row in held:
            await release_held(call.conn, row.id, call.now)
        await ring(call.conn, process.id, urgent=True)
        await _audit(call, process, "retry", len(held))
        return Rung(process_id=process.id, retried=len(held))

    return await once(call, effect)


async def _audit(call: Call, process: ProcessItem, action: str, retried: int) -> None:
    await record(
        call.conn,
        at=call.now,
        actor=call.actor,
        action=action,
        object_type="process",
        object_id=process.id,
        cycle_id=process.cycle_id,
        after={"retried": retried} if retried else None,
    )
