"""Choose what to launch and when; nothing opens."""

import secrets
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.saying import say_day
from api.pages.shell import go, show, typed, visit_of, words
from api.pages.views.frame import Choice, Link, Problem
from api.pages.views.hr import NewCycle
from domain.access import Action
from domain.errors import NotFound
from store import launch
from store.command_keys import fingerprint, run_once
from store.company import company_calendars
from store.definitions import get_version, list_latest

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Launches = Annotated[Call, allow(Action.LAUNCH)]


@router.get("/cycles/new")
async def new(call: Launches, request: Request, version: str = "") -> Response:
    """Choose what to launch and when."""
    return await show(call, await _new_page(call, version, ""))


async def _new_page(
    call: Call, version: str, launch_on: str, problems: tuple[Problem, ...] = ()
) -> NewCycle:
    visit = await visit_of(call)
    calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
    today = calendars.company().local_date(call.now)
    latest = await list_latest(call.conn)
    return NewCycle(
        title="Launch a cycle",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"),),
        problems=problems,
        definitions=tuple(
            Choice(
                str(v.id),
                v.title.replace("{period}", "").strip(),
                f"{v.definition}, version {v.version}, published "
                f"{say_day(v.published_at.astimezone(visit.zone).date(), visit.today)}",
                str(v.id) == version or len(latest) == 1,
            )
            for v in latest
        ),
        launch_on=launch_on or calendars.company().calendar.after(today, 1).isoformat(),
        earliest=today.isoformat(),
        key=secrets.token_urlsafe(16),
    )


@router.post("/cycles")
async def prepare(call: Launches, request: Request) -> Response:
    """Prepare the launch check; nothing opens."""
    form = await typed(request)
    version, day = words(form, "version"), words(form, "launch_on")
    problems: list[Problem] = []
    try:
        version_id = (await get_version(call.conn, UUID(version))).id
    except (ValueError, NotFound):
        problems.append(Problem("f-version", "Choose a definition.", "#f-version"))
    try:
        launch_on = date.fromisoformat(day)
    except ValueError:
        problems.append(Problem("f-launch_on", "Give the launch date.", "#f-launch_on"))
    if not problems:
        calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
        if launch_on < calendars.company().local_date(call.now):
            problems.append(
                Problem("f-launch_on", "This day has passed; choose today or a later one.")
            )
        elif launch_on.year > call.now.year + 1:
            problems.append(
                Problem("f-launch_on", "This is more than a year ahead; choose a nearer day.")
            )
    if problems:
        page = await _new_page(call, version, day, tuple(problems))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)

    async def effect() -> tuple[int, dict[str, object]]:
        cycle_id = await launch.prepare(
            call.conn, version_id, launch_on, "button", call.actor, call.now
        )
        return 201, {"cycle": str(cycle_id)}

    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    known = fingerprint("POST", "/cycles", f"{version_id} {launch_on}".encode())
    _, done = await run_once(
        call.conn, call.actor.key, f"{key[:100]}.{known}", known, call.now, effect
    )
    return go(f"/cycles/{done['cycle']}/check")
