"""Before a launch: who reviews somebody with nobody up the line."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.shell import go, show, undo, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Link, Problem
from api.pages.tasks.reading_views import Steer, SteerField
from domain.access import Action, is_own_case
from domain.errors import IllegalState, Invalid
from store.launch.launching import name_reviewer
from store.views.lists.cycles import get_cycle
from store.views.people_pages import find_people

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Launches = Annotated[Call, allow(Action.LAUNCH)]

OWN_LINE = (
    "This person is you, or somebody above you. Ask another member of HR to name their reviewer."
)

ASKS = (
    SteerField("person", "Who takes part?", help="Mail address, employee id, or full name."),
    SteerField("reviewer", "Who reviews them?", help="Mail address, employee id, or full name."),
)


@router.get("/cycles/{cycle_id}/reviewer")
async def ask(call: Launches, cycle_id: UUID, person: str = "") -> Response:
    """Who is to be reviewed by whom?"""
    return await show(call, await _page(call, cycle_id, {"person": person}))


async def _page(
    call: Call, cycle_id: UUID, given: dict[str, str], problems: tuple[Problem, ...] = ()
) -> Steer:
    cycle = await get_cycle(call.conn, cycle_id)
    href = f"/cycles/{cycle_id}"
    return Steer(
        title=f"Name a reviewer: {cycle.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(cycle.title, f"{href}/check")),
        problems=problems,
        heading="Name a reviewer",
        action=f"{href}/reviewer",
        button="Name them",
        back=f"{href}/check",
        effects=(
            ("told", "The person takes part, and the reviewer gets the manager's tasks for them."),
            ("told", "Nobody is told before the launch is confirmed."),
        ),
        fields=tuple(
            SteerField(f.name, f.label, help=f.help, value=given.get(f.name, "")) for f in ASKS
        ),
    )


@router.post("/cycles/{cycle_id}/reviewer")
async def name(call: Launches, request: Request, cycle_id: UUID) -> Response:
    """Put it on record; the launch check is counted anew."""
    form = await typed(request)
    given = {field.name: words(form, field.name).strip() for field in ASKS}
    found: dict[str, int] = {}
    problems = []
    for field in ASKS:
        people = await find_people(call.conn, given[field.name]) if given[field.name] else []
        if len(people) == 1:
            found[field.name] = people[0]
        elif people:
            text = f"Several people are called {given[field.name]}; give the mail address."
            problems.append(Problem(f"f-{field.name}", text))
        else:
            text = (
                f"There is nobody by {given[field.name]}."
                if given[field.name]
                else "Name somebody."
            )
            problems.append(Problem(f"f-{field.name}", text))
    if not problems and is_own_case(await call.reader(), found["person"], cycle_id):
        # As it is said everywhere: HR decides nothing about herself or those above her.
        own = Problem("f-person", OWN_LINE)
        return await show(call, await _page(call, cycle_id, given, (own,)), HTTPStatus.FORBIDDEN)
    if not problems:
        try:
            await name_reviewer(
                call.conn, cycle_id, found["person"], found["reviewer"], call.actor, call.now
            )
        except (Invalid, IllegalState) as error:
            await undo(call)
            problems = [Problem("f-reviewer", error.detail)]
    if problems:
        page = await _page(call, cycle_id, given, tuple(problems))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"/cycles/{cycle_id}/check", "reviewer")
