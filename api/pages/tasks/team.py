"""Managers: who in my tree holds what."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.shell import go, said, show, visit_of
from api.pages.frame.views import Choice, Filters, Person, Select, Visit
from api.pages.kinds.words import About
from api.pages.tasks.reading_views import HeldTask, Team
from api.pages.tasks.words import verb_of
from api.seen_tasks import see_task
from domain.access import Action
from domain.errors import Forbidden
from domain.states import Role
from store.steering.task import nudge
from store.views import team as queries

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Leads = Annotated[Call, allow(Action.READ_TEAM)]


@router.get("/team")
async def team(call: Leads, request: Request, text: str = "", who: str = "direct") -> Response:
    """Open tasks of people below, nearest deadline first."""
    visit = await visit_of(call)
    on = call.now.date()
    tree = await queries.tree_of(call.conn, call.person_id, on)
    reader = await call.reader()
    held = await queries.held_below(call.conn, reader, on, call.now, direct=who != "all")
    found = [task for task in held if _matches(task, text)]
    choices = (
        Choice("direct", "Who reports to me", chosen=who != "all"),
        Choice("all", "Everybody below me", chosen=who == "all"),
    )
    page = Team(
        title="My team",
        part="team",
        notice=said(request),
        tasks=tuple(_held(task, visit) for task in found),
        people=tree.people,
        done=tree.done,
        filters=Filters("/team", text, (Select("who", "Whose", choices),)),
    )
    return await show(call, page)


def _matches(task: queries.HeldBelow, text: str) -> bool:
    said_of = (
        f"{task.holder} {task.department or ''} {task.cycle} {task.title} {task.subject or ''}"
    )
    return all(word in said_of.lower() for word in text.lower().split())


def _held(task: queries.HeldBelow, visit: Visit) -> HeldTask:
    late_days = max(1, (visit.today - task.due_on).days) if task.late and task.due_on else 0
    return HeldTask(
        task_id=str(task.id),
        holder=Person(task.holder_id, task.holder, task.department or ""),
        verb=verb_of(About(task.kind, task.role, task.title, task.subject, task.subject_first)),
        cycle=task.cycle,
        due_on=task.due_on,
        state="open",
        late_days=late_days,
        may_nudge=task.running,
        nudged_at=task.nudged_at,
        explain_href=f"/tasks/{task.id}/explain",
    )


@router.post("/tasks/{task_id}/nudge")
async def send_nudge(call: Leads, request: Request, task_id: UUID) -> Response:
    """One friendly line with the person's next daily mail, at most once a day."""
    seen = await see_task(call, task_id)
    lead = call.person_id in seen.access.assignee_line
    if not lead or seen.access.role is Role.RATER:
        raise Forbidden("Only who leads somebody nudges them.")
    await nudge(call.conn, task_id, call.actor, call.now)
    return go("/team", "nudged")
