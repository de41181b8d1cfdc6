"""The engine room: every workflow, why it waits, and what can be done about it."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.codes import in_words
from api.pages.frame.dates import say_relative
from api.pages.frame.shell import go, said, show, visit_of
from api.pages.frame.views import Choice, Filters, More, Select, Visit
from api.pages.office.views import HeldLine, WorkflowLine, Workflows
from api.paging import read_cursor, write_cursor
from domain.access import Action
from domain.errors import NotFound
from domain.processes.registry import PROCESSES
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.processes.waits import WAITS
from domain.states import CycleState, ProcessState
from store.base.audit import record
from store.engine.processes import release_held, ring
from store.views import workflow_pages as queries
from store.views.lists.processes import get_process, list_held

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_PROCESSES)]
Mends = Annotated[Call, allow(Action.MEND_PROCESSES)]

PAGE = 100

KINDS = {kind.code: kind.title for kind in PROCESSES.values()}

HELD = {
    "audit-seal-missing": "The end of the audit log was removed, or the database is an older copy. "
    "Run almanac audit verify on the machine, and see Is the audit log whole? in the guide",
    "cannot-open": "A task cannot be opened",
    "cannot-follow": "A change of somebody's record cannot be followed",
    "message-refused": "A mail was refused for what is in it",
    "server-refuses": "The mail server refuses mail from us. Nothing is lost: mails wait, "
    "and a few of them try again and again",
    "cannot-fire-rung": "A reminder or an escalation cannot be made",
    "cannot-report": "A feedback report cannot be made",
    "cannot-enter": "Somebody cannot enter the cycle",
    "cannot-move": "A date cannot be moved",
    "cannot-plan-launches": "The launches of a definition cannot be planned",
}


@router.get("/workflows")
async def workflows(
    call: Reads, request: Request, text: str = "", what: str = "", cursor: str | None = None
) -> Response:
    """Every workflow: failing ones first."""
    key = read_cursor(request, cursor, of="workflow-page", parts=2)
    rows = await queries.process_rows(
        call.conn,
        now=call.now,
        what=what,
        search=text,
        after=(int(key[0] or 0), str(key[1])) if key else (-1, ""),
        limit=PAGE + 1,
    )
    visit = await visit_of(call)
    shown = rows[:PAGE]
    more = More("", len(shown))
    if len(rows) > PAGE:
        last = [queries.place_of(shown[-1]), shown[-1].id]
        url = request.url.include_query_params(
            cursor=write_cursor(request, last, of="workflow-page")
        )
        more = More(f"{url.path}?{url.query}", len(shown))
    troubles = await queries.troubles(call.conn, call.now)
    kinds = (
        ("", "All"),
        ("open", "Open"),
        ("failing", "Failing"),
        ("late", "Overdue"),
        ("closed", "Closed"),
    )
    choices = tuple(Choice(value, label, chosen=value == what) for value, label in kinds)
    ui = _ui(request)
    page = Workflows(
        title="Workflows",
        part="workflows",
        notice=said(request),
        lines=tuple(_line(row, visit, ui) for row in shown),
        held=tuple(_held(row) for row in await queries.held_rows(call.conn)),
        filters=Filters("/workflows", text, (Select("what", "State", choices),)),
        more=more,
        failing=troubles.failing,
        late=troubles.late,
        engine=_engine(rows, visit),
        may_mend=visit.administrator,
    )
    return await show(call, page)


def _ui(request: Request) -> str:
    """Where Temporal shows the histories of our namespace; empty if it is not known."""
    settings = request.app.state.settings
    if not settings.temporal_ui_url:
        return ""
    return (
        f"{settings.temporal_ui_url.rstrip('/')}/namespaces/{settings.temporal_namespace}/workflows"
    )


def _engine(rows: list[queries.ProcessRow], visit: Visit) -> str:
    """What the rows tell of the engine: whether it looks when it should."""
    looked = max((row.advanced_at for row in rows if row.advanced_at), default=None)
    waiting = [row for row in rows if row.late]
    if waiting and len(waiting) == sum(row.state == ProcessState.OPEN for row in rows):
        return "The engine does not look: nothing is lost, and people can go on working."
    if looked is None:
        return ""
    return f"The engine looked {say_relative(looked, visit.now, visit.zone)}."


def _line(row: queries.ProcessRow, visit: Visit, ui: str) -> WorkflowLine:
    about = ", ".join(part for part in (row.stage, row.cycle) if part)
    name = quote(row.id, safe="")
    actions: list[tuple[str, str]] = []
    if row.state == ProcessState.OPEN:
        actions.append((f"/workflows/{name}/ring", "Check now"))
        if row.failures:
            actions.append((f"/workflows/{name}/retry", "Try again"))
    links: list[tuple[str, str]] = []
    # They act on the whole cycle, so they stand on its own row only.
    whole = row.cycle_id is not None and row.kind == REVIEW_CYCLE.code
    if whole and row.cycle_state == CycleState.OPEN:
        links.append((f"/cycles/{row.cycle_id}/steer/pause", "Pause the cycle"))
    if whole and row.cycle_state in (CycleState.OPEN, CycleState.PAUSED):
        links.append((f"/cycles/{row.cycle_id}/steer/cancel", "Cancel the cycle"))
    state, mood = _state(row)
    return WorkflowLine(
        id=row.id,
        kind=in_words(KINDS, row.kind, "a workflow"),
        about=about or KINDS.get(row.kind, row.kind),
        state=state,
        mood=mood,
        waits_for=_waits(row),
        until=row.armed_until if row.state == ProcessState.OPEN else None,
        advanced_at=row.advanced_at,
        failures=row.failures,
        failure=row.failure or "",
        failed_at=row.failed_at,
        temporal_href=f"{ui}/{name}" if ui else "",
        actions=tuple(actions),
        links=tuple(links),
        cycle_href=f"/cycles/{row.cycle_id}" if row.cycle_id else "",
    )


def _state(row: queries.ProcessRow) -> tuple[str, Literal["done", "late", "bad", "told"]]:
    if row.state == ProcessState.CLOSED:
        return "closed", "done"
    if row.failures:
        return "failing, tries again", "bad"
    if row.late:
        return "overdue", "late"
    if row.bells:
        return "about to look", "told"
    return "waiting", "told"


def _waits(row: queries.ProcessRow) -> str:
    if row.state == ProcessState.CLOSED:
        return ""
    code = row.waits_for or ""
    return in_words(WAITS, code, "its next look at the facts") or "its first look"


def _held(row: queries.HeldRowFacts) -> HeldLine:
    kind = row.code.partition(":")[0]
    where = ", ".join(part for part in (row.stage, row.cycle) if part) or row.process_id
    if row.what:
        where = row.what
    if row.employee_id:
        where += f"; employee {row.employee_id}"
    return HeldLine(
        row.id,
        row.code,
        in_words(HELD, kind, "Something cannot be done"),
        where,
        _mended_by(row),
        row.at,
    )


def _mended_by(row: queries.HeldRowFacts) -> str:
    if row.mended_by != "hr":
        return "administrators"
    return "HR, with a new version of the definition" if row.what else "HR, in the person's record"


@router.post("/workflows/{process_id}/ring")
async def ring_it(call: Mends, process_id: str) -> Response:
    """Let a process look at the facts now."""
    process = await get_process(call.conn, process_id)
    await ring(call.conn, process.id, urgent=True)
    await _record(call, process_id, "ring", call.now)
    return go("/workflows", "rung")


@router.post("/workflows/{process_id}/retry")
async def retry(call: Mends, process_id: str) -> Response:
    """Try everything of a process again that is held, and let it look now."""
    process = await get_process(call.conn, process_id)
    for row in await list_held(call.conn, process_id):
        await release_held(call.conn, row.id, call.now)
    await ring(call.conn, process.id, urgent=True)
    await _record(call, process_id, "retry", call.now)
    return go("/workflows", "retried")


@router.post("/workflows/held/{held_id}/clear")
async def clear(call: Mends, held_id: int) -> Response:
    """Let one held row be looked at again."""
    process_id = await release_held(call.conn, held_id, call.now)
    if process_id is None:
        raise NotFound("That row is no longer held.")
    await ring(call.conn, process_id, urgent=True)
    await _record(call, process_id, "retry", call.now)
    return go("/workflows", "retried")


async def _record(call: Call, process_id: str, action: str, at: datetime) -> None:
    process = await get_process(call.conn, process_id)
    await record(
        call.conn,
        at=at,
        actor=call.actor,
        action=action,
        object_type="process",
        object_id=process_id,
        cycle_id=process.cycle_id,
    )
