"""The open tasks of a cycle, by deadline."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.frame import choices, more, tabs
from api.pages.cycles.views import CycleTasks
from api.pages.frame.shell import show, visit_of
from api.pages.frame.views import Filters, Link, Person, Select, Visit
from api.pages.kinds.words import About
from api.pages.tasks.reading_views import HeldTask
from api.pages.tasks.words import verb_of
from api.paging import read_cursor
from domain.access import Action
from store.access.facts import hidden_cases
from store.views import cycle_pages as queries
from store.views.lists.cycles import CycleItem, get_cycle, list_stages

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
PAGE = 100


@router.get("/cycles/{cycle_id}/tasks")
async def tasks(
    call: Reads,
    request: Request,
    cycle_id: UUID,
    text: str = "",
    stage: str = "",
    what: str = "",
    cursor: str | None = None,
) -> Response:
    """Open tasks by deadline."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    key = read_cursor(request, cursor, of="cycle-tasks", parts=2)
    rows = await queries.task_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader, cycle_id),
        open_only=True,
        stage=stage,
        what=what,
        search=text,
        after=(datetime.fromisoformat(str(key[0])), UUID(str(key[1]))) if key else None,
        limit=PAGE + 1,
    )
    visit = await visit_of(call)
    stages = await list_stages(call.conn, cycle_id, call.now, hidden=hidden_cases(reader, cycle_id))
    shown = rows[:PAGE]
    kinds = (("", "All"), ("late", "Late"), ("nobody", "Without an assignee"))
    page = CycleTasks(
        title=f"Open tasks of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "tasks"),
        tasks=tuple(_held(task, item, visit) for task in shown),
        filters=Filters(
            f"/cycles/{cycle_id}/tasks",
            text,
            (
                Select(
                    "stage",
                    "Stage",
                    choices((("", "All"), *((s.key, s.title) for s in stages)), stage),
                ),
                Select("what", "Which", choices(kinds, what)),
            ),
        ),
        more=more(
            request,
            "cycle-tasks",
            [shown[-1].due_at.isoformat(), str(shown[-1].id)] if len(rows) > PAGE else None,
            len(shown),
        ),
    )
    return await show(call, page)


def _held(task: queries.HeldTaskRow, item: CycleItem, visit: Visit) -> HeldTask:
    about = About(task.kind, task.role, task.title, task.subject, task.subject_first)
    holder = task.holder or ("HR desk" if task.desk else "Needs an assignee")
    return HeldTask(
        str(task.id),
        Person(task.holder_id or 0, holder, task.department or ""),
        verb_of(about),
        task.title if task.subject else item.title,
        task.due_on,
        task.state,
        max(1, (visit.today - task.due_on).days) if task.late else 0,
        explain_href=f"/tasks/{task.id}/explain",
        steer_href=f"/cycles/{item.id}/people/{task.subject_id}" if task.subject_id else "",
    )
