"""Who is in a cycle, who is out and why, and one participant's tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.frame import choices, more, tabs
from api.pages.cycles.views import CyclePeople, ParticipantLine, ParticipantPage, SteerableTask
from api.pages.frame.dates import say_day
from api.pages.frame.shell import said, show, visit_of
from api.pages.frame.views import Filters, Link, Person, Select, Visit
from api.pages.kinds.feedback_round.report import readable_href
from api.pages.tasks.words import ended_word, participant_reason, skip_reason
from api.paging import read_cursor
from api.seen_reviews import review_href
from domain.access import Action, Reader, hr_over, is_own_case
from domain.errors import NotFound
from domain.states import CycleState, TaskState
from store.access.facts import hidden_cases
from store.views import cycle_pages as queries
from store.views.lists.cycles import get_cycle

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
PAGE = 100


@router.get("/cycles/{cycle_id}/people")
async def people(
    call: Reads,
    request: Request,
    cycle_id: UUID,
    text: str = "",
    state: str = "",
    department: str = "",
    cursor: str | None = None,
) -> Response:
    """Everybody of the company: in, or out with one reason."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    key = read_cursor(request, cursor, of="cycle-people", parts=2)
    rows = await queries.participant_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader, cycle_id),
        state=state,
        department=department,
        search=text,
        not_chosen=state == "out" or bool(text),
        after=(str(key[0]), int(key[1] or 0)) if key else ("", 0),
        limit=PAGE + 1,
    )
    visit = await visit_of(call)
    shown = rows[:PAGE]
    states = (("", "In or out"), ("in", "In"), ("out", "Out"), ("removed", "Taken out"))
    departments = await queries.departments_of(call.conn, cycle_id)
    page = CyclePeople(
        title=f"People of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        notice=said(request),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "people"),
        people=tuple(_participant(row, cycle_id) for row in shown),
        filters=Filters(
            f"/cycles/{cycle_id}/people",
            text,
            (
                Select("state", "In or out", choices(states, state)),
                Select(
                    "department",
                    "Department",
                    choices((("", "All"), *((d, d) for d in departments)), department),
                ),
            ),
        ),
        more=more(
            request,
            "cycle-people",
            [shown[-1].sort_name, shown[-1].person_id] if len(rows) > PAGE else None,
            len(shown),
        ),
        add_href=f"/cycles/{cycle_id}/steer/add"
        if visit.hr and item.state == CycleState.OPEN
        else "",
        others=0 if state or text else await queries.not_chosen(call.conn, cycle_id),
    )
    return await show(call, page)


def _participant(row: queries.ParticipantRow, cycle_id: UUID) -> ParticipantLine:
    return ParticipantLine(
        Person(row.person_id, row.name, row.department or "", row.first_name),
        "" if row.hidden else f"/cycles/{cycle_id}/people/{row.person_id}",
        row.state,
        "your own line: HR's rights end here"
        if row.hidden and row.state == "in"
        else participant_reason(row.state, row.reason, row.because, row.late),
        row.entered_on,
        row.done,
        row.open,
        row.overdue,
        row.manager or "",
    )


@router.get("/cycles/{cycle_id}/people/{person_id}")
async def participant(call: Reads, request: Request, cycle_id: UUID, person_id: int) -> Response:
    """A participant with their tasks, and what HR may do about each."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    if is_own_case(reader, person_id, cycle_id):
        raise NotFound(f"There is no participant {person_id} for this reader.")
    rows = await queries.participant_rows(
        call.conn, cycle_id, now=call.now, hidden=[], person_id=person_id, limit=1
    )
    if not rows:
        raise NotFound(f"There is no participant {person_id}.")
    row = rows[0]
    visit = await visit_of(call)
    tasks = await queries.task_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader, cycle_id),
        open_only=False,
        subject_id=person_id,
    )
    skipped = await queries.skipped_stages(call.conn, cycle_id, person_id)
    running = item.state == CycleState.OPEN and hr_over(reader, person_id, cycle_id)
    page = ParticipantPage(
        title=f"{row.name} in {item.title}",
        part="cycles",
        crumbs=(
            Link("Cycles", "/cycles"),
            Link(item.title, f"/cycles/{cycle_id}"),
            Link("People", f"/cycles/{cycle_id}/people"),
        ),
        notice=said(request),
        person=Person(person_id, row.name, row.department or "", row.first_name),
        heading=item.title,
        facts=tuple(_participant_facts(row, visit)),
        tasks=tuple(_steerable(task, reader, running, visit) for task in tasks),
        skipped=tuple((title, skip_reason(reason)) for title, reason in skipped),
        actions=(Link("Take out of the cycle", f"/cycles/{cycle_id}/steer/remove?of={person_id}"),)
        if running and row.state == "in"
        else (),
        result_href=await review_href(call, cycle_id, person_id),
        feedback_href=await readable_href(call, cycle_id, person_id),
    )
    return await show(call, page)


def _participant_facts(row: queries.ParticipantRow, visit: Visit) -> list[tuple[str, str]]:
    since = f" since {say_day(row.entered_on, visit.today)}" if row.entered_on else ""
    reason = participant_reason(row.state, row.reason, row.because, row.late)
    return [
        ("In or out", f"{row.state}{since}: {reason}"),
        ("Department", row.department or "none"),
        ("Reports to", row.manager or "nobody"),
    ]


def _steerable(
    task: queries.HeldTaskRow, reader: Reader, running: bool, visit: Visit
) -> SteerableTask:
    href = f"/tasks/{task.id}"
    actions: tuple[Link, ...] = ()
    live = task.state in (TaskState.OPEN, TaskState.PLANNED)
    if running and live:
        # Nobody but the person speaks for themselves.
        ways = ("extend", "excuse") if task.role == "subject" else ("extend", "reassign", "excuse")
        actions = tuple(Link(way.capitalize(), f"{href}/steer/{way}") for way in ways)
    elif running:
        actions = (Link("Reopen", f"{href}/steer/reopen"),)
    return SteerableTask(
        task.title,
        {"subject": "their own", "manager": "by the manager"}.get(task.role, f"by {task.role}"),
        task.holder or ("HR desk" if task.desk else "nobody yet"),
        task.state,
        task.due_on,
        _ended(task, visit),
        f"{href}/explain",
        max(1, (visit.today - task.due_on).days) if task.late else 0,
        actions,
    )


def _ended(task: queries.HeldTaskRow, visit: Visit) -> str:
    if task.ended_at is None:
        return ""
    word = ended_word(task.state, task.kind).lower()
    return f"{word} {say_day(task.ended_at.astimezone(visit.zone).date(), visit.today)}"
