"""Choose what to launch, when and for whom; nothing opens."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.naming_people import (
    change_lines,
    chosen_ids,
    notes_on,
    odd_lines,
    team_choices,
    wrong_lines,
)
from api.pages.cycles.views import NewCycle
from api.pages.frame.dates import say_day
from api.pages.frame.shell import go, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Choice, Link, Problem
from api.pages.tasks.words import participant_reason
from definitions.calendar import Calendars
from domain.access import Action
from domain.errors import IllegalState, Invalid, NotFound
from domain.states import ParticipantState
from store.base.command_keys import fingerprint, run_once
from store.cycles.audience import Reason
from store.cycles.participants import foresee
from store.definitions.versions import definition_of, get_version, list_latest
from store.launch import launching
from store.people.company import company_calendars
from store.people.lookup import Line, read_lines

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Launches = Annotated[Call, allow(Action.LAUNCH)]


@dataclass(frozen=True, slots=True)
class _Typed:
    """The form as it was typed."""

    version: str = ""
    launch_on: str = ""
    by_name: bool = False
    people: str = ""
    department: str = ""
    manager: str = ""


@dataclass(frozen=True, slots=True)
class _Meant:
    """What the form means, where it is clear. `only` are ids; none: everybody."""

    version_id: UUID | None
    launch_on: date | None
    lines: Sequence[Line]
    only: list[int] | None
    problems: tuple[Problem, ...]


@router.get("/cycles/new")
async def new(call: Launches, request: Request, version: str = "") -> Response:
    """Choose what to launch and when."""
    calendars = await _calendars(call)
    return await show(call, await _page(call, calendars, _Typed(version)))


async def _calendars(call: Call) -> Calendars:
    return await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)


async def _page(
    call: Call,
    calendars: Calendars,
    form: _Typed,
    *,
    lines: Sequence[Line] = (),
    problems: tuple[Problem, ...] = (),
    ahead: Sequence[tuple[str, int]] = (),
) -> NewCycle:
    visit = await visit_of(call)
    today = calendars.company().local_date(call.now)
    latest = await list_latest(call.conn)
    departments, managers = await team_choices(
        call.conn, today, department=form.department, manager=form.manager
    )
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
                str(v.id) == form.version or len(latest) == 1,
            )
            for v in latest
        ),
        launch_on=form.launch_on or calendars.company().calendar.after(today, 1).isoformat(),
        earliest=today.isoformat(),
        key=secrets.token_urlsafe(16),
        by_name=form.by_name,
        people=form.people,
        odd=odd_lines(lines),
        departments=departments,
        managers=managers,
        ahead=tuple(ahead),
        notes=notes_on(lines),
    )


@router.post("/cycles")
async def prepare(call: Launches, request: Request) -> Response:
    """Prepare the launch check, or count before it, or name more people; nothing opens."""
    fields = await typed(request)
    calendars = await _calendars(call)
    act = words(fields, "go")
    form = _Typed(
        words(fields, "version"),
        words(fields, "launch_on"),
        words(fields, "whom") == "chosen",
        words(fields, "people"),
        words(fields, "department"),
        words(fields, "manager"),
    )
    changed = await change_lines(
        call.conn,
        act,
        form.people,
        calendars.company().local_date(call.now),
        department=form.department,
        manager=form.manager,
    )
    if changed is not None:
        form = _Typed(form.version, form.launch_on, True, changed, form.department, form.manager)
        lines = await read_lines(call.conn, changed)
        return await show(call, await _page(call, calendars, form, lines=lines))
    meant = await _meant(call, calendars, form)
    if meant.problems or act == "look" or meant.version_id is None or meant.launch_on is None:
        ahead = await _ahead(call, meant)
        page = await _page(
            call, calendars, form, lines=meant.lines, problems=meant.problems, ahead=ahead
        )
        status = HTTPStatus.UNPROCESSABLE_ENTITY if meant.problems else HTTPStatus.OK
        return await show(call, page, status)
    key = words(fields, "key").strip() or secrets.token_urlsafe(16)
    try:
        return await _prepare(call, key, meant.version_id, meant.launch_on, meant.only)
    except (Invalid, IllegalState) as error:
        await undo(call)
        wrong = (Problem("", f"{error.detail} {error.hint or ''}".strip()),)
        page = await _page(call, calendars, form, lines=meant.lines, problems=wrong)
        return await show(call, page, error.status)


async def _meant(call: Call, calendars: Calendars, form: _Typed) -> _Meant:
    problems: list[Problem] = []
    version_id: UUID | None = None
    launch_on: date | None = None
    try:
        version_id = (await get_version(call.conn, UUID(form.version))).id
    except (ValueError, NotFound):
        problems.append(Problem("f-version", "Choose a definition.", "#f-version"))
    try:
        launch_on = date.fromisoformat(form.launch_on)
    except ValueError:
        problems.append(Problem("f-launch_on", "Give the launch date.", "#f-launch_on"))
    if launch_on is not None:
        wrong = _wrong_day(launch_on, calendars.company().local_date(call.now))
        if wrong:
            problems.append(Problem("f-launch_on", wrong))
            launch_on = None
    lines = await read_lines(call.conn, form.people) if form.by_name else []
    if form.by_name:
        wrong = wrong_lines(lines) if lines else "Name at least one person, one a line."
        if wrong:
            problems.append(Problem("f-people", wrong))
    only = chosen_ids(lines) if form.by_name else None
    return _Meant(version_id, launch_on, lines, only, tuple(problems))


def _wrong_day(launch_on: date, today: date) -> str:
    if launch_on < today:
        return "This day has passed; choose today or a later one."
    if launch_on.year > today.year + 1:
        return "This is more than a year ahead; choose a nearer day."
    return ""


async def _ahead(call: Call, meant: _Meant) -> list[tuple[str, int]]:
    """How many would be in, and out for which reason, as far as the form is clear."""
    if meant.version_id is None or meant.launch_on is None or meant.only == []:
        return []
    definition = await definition_of(call.conn, meant.version_id)
    counted = await foresee(call.conn, definition, meant.launch_on, meant.only)
    return _said(counted)


def _said(counted: Mapping[tuple[ParticipantState, Reason], int]) -> list[tuple[str, int]]:
    members = sum(count for (state, _), count in counted.items() if state == "in")
    out = sorted(
        ((count, reason) for (state, reason), count in counted.items() if state != "in"),
        reverse=True,
    )
    return [
        ("people take part", members),
        *(
            (f"out: {participant_reason('out', reason.value, None, False)}", count)
            for count, reason in out
        ),
    ]


async def _prepare(
    call: Call, key: str, version_id: UUID, launch_on: date, only: list[int] | None
) -> Response:
    async def effect() -> tuple[int, dict[str, object]]:
        cycle_id = await launching.prepare(
            call.conn, version_id, launch_on, "button", call.actor, call.now, only=only
        )
        return 201, {"cycle": str(cycle_id)}

    chosen = "" if only is None else f" {sorted(only)}"
    known = fingerprint("POST", "/cycles", f"{version_id} {launch_on}{chosen}".encode())
    _, done = await run_once(
        call.conn, call.actor.key, f"{key[:100]}.{known}", known, call.now, effect
    )
    return go(f"/cycles/{done['cycle']}/check")
