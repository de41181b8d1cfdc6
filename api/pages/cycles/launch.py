"""The launch check, its confirmation, and giving a launch up."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles import progress_pictures
from api.pages.cycles.first_mail import first_mail
from api.pages.cycles.pictures import holidays, working
from api.pages.cycles.steering_acts import reason as reason_in
from api.pages.cycles.views import CheckMood, CheckPoint, LaunchCheckPage, Load, OutReason
from api.pages.frame import pictures
from api.pages.frame.dates import plural, say_day, say_instant
from api.pages.frame.shell import go, said, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Link, Problem, Visit
from api.pages.tasks.reading_views import Steer, SteerField
from api.pages.tasks.words import participant_reason
from definitions.calendar import Calendars
from domain.access import Action, is_own_case
from domain.errors import IllegalState, Invalid, NotFound
from domain.states import CycleState
from store.base.command_keys import fingerprint, run_once
from store.launch import launching
from store.launch.check import LaunchCheck, StageLoad, report
from store.launch.first_minutes import send_preview
from store.people.company import company_calendars
from store.steering.giving_up import give_up_launch

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
Launches = Annotated[Call, allow(Action.LAUNCH)]

UNLAUNCHED = (CycleState.CHECK, CycleState.WAITING)


@router.get("/cycles/{cycle_id}/check")
async def check(
    call: Reads, request: Request, cycle_id: UUID, person: str | None = None
) -> Response:
    """What will happen, to whom, what is odd, and the first mail to `person`."""
    found = await report(call.conn, cycle_id, call.now)
    if found.state not in UNLAUNCHED:
        return go(f"/cycles/{cycle_id}")
    return await show(call, await _page(call, found, request, person=person))


async def _page(
    call: Call,
    found: LaunchCheck,
    request: Request,
    problems: Sequence[Problem] = (),
    *,
    person: str | None = None,
) -> LaunchCheckPage:
    visit = await visit_of(call)
    calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
    approve = visit.hr and found.may_confirm
    why_not = ""
    if not visit.hr:
        why_not = "HR confirms the launch; administrators only look."
    elif not found.may_confirm:
        why_not = "It cannot be confirmed before what is marked above is mended."
    return LaunchCheckPage(
        title=f"Launch check: {found.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"),),
        notice=said(request),
        problems=tuple(problems),
        heading=found.title,
        cycle_href=f"/cycles/{found.cycle_id}",
        state=found.state,
        launch_on=found.launch_on,
        opens=_opens(found, visit),
        people_in=found.people_in,
        people_out=found.people_out,
        out=tuple(
            OutReason(
                participant_reason("out", g.reason, g.because, False),
                g.count,
                g.names,
                f"/cycles/{found.cycle_id}/reviewer"
                if g.reason == "no_manager" and visit.hr
                else "",
            )
            for g in found.out
        ),
        loads=tuple(Load(x.name, x.title, x.tasks, x.working_days) for x in found.loads),
        load_histogram=_histogram(found.stage_loads),
        points=tuple(_points(found)),
        first=tuple(_first(found, visit)),
        timeline=_timeline(found, calendars, visit.today),
        key=secrets.token_urlsafe(16),
        may_confirm=approve,
        why_not=why_not,
        mail=await first_mail(call, found, visit, person),
    )


def _opens(found: LaunchCheck, visit: Visit) -> str:
    if found.opens_at <= visit.now:
        return "at once where people are at work now, else in their next morning"
    start = say_instant(found.opens_at, visit.zone, visit.today)
    return f"from {start} on, in each person's own morning"


def _first(found: LaunchCheck, visit: Visit) -> list[str]:
    """What will happen first, in sentences."""
    lines = []
    people = sum(mails.mails for mails in found.first_mails)
    if found.first_mails:
        first, last = found.first_mails[0].at, found.first_mails[-1].at
        when = say_instant(first, visit.zone, visit.today)
        if last != first:
            when += (
                f", where it is morning first, until {say_instant(last, visit.zone, visit.today)}"
            )
        lines.append(f"{plural(people, 'person gets', 'people get')} one mail each: {when}.")
    for mails in found.first_mails:
        if len(found.first_mails) > 1:
            when = say_instant(mails.at, visit.zone, visit.today)
            lines.append(
                f"{when}: {plural(mails.mails, 'mail')} about {plural(mails.tasks, 'task')}."
            )
    if found.stages:
        first_stage = found.stages[0]
        due = say_day(first_stage.due, visit.today)
        lines.append(
            f"The first stage, {first_stage.title}, is due {due}, each on their own calendar."
        )
    total = sum(load.tasks for load in found.stage_loads)
    more = ", and what the named raters are asked to write" if found.names_raters else ""
    lines.append(f"{plural(total, 'task')} in all, if nobody joins or leaves{more}.")
    if found.ends_on:
        lines.append(f"It ends on {say_day(found.ends_on, visit.today)} at the latest.")
    return lines


def _points(found: LaunchCheck) -> list[CheckPoint]:
    moods: dict[str, CheckMood] = {"fine": "done", "look": "late", "stop": "bad"}
    return [CheckPoint(f.text, moods[f.mood], f.detail, f.names) for f in found.findings]


def _histogram(loads: Sequence[StageLoad]) -> progress_pictures.Histogram | None:
    """How many people hold how many tasks in one stage."""
    groups = ((1, 1, "1"), (2, 3, "2-3"), (4, 6, "4-6"), (7, 9, "7-9"), (10, 10**9, "10 or more"))
    counts = [
        (
            label,
            sum(people for load in loads for tasks, people in load.spread if low <= tasks <= high),
        )
        for low, high, label in groups
    ]
    if not any(count for _, count in counts):
        return None
    return progress_pictures.histogram("How many tasks one person gets in a stage", counts)


def _timeline(found: LaunchCheck, calendars: Calendars, today: date) -> pictures.Timeline:
    return pictures.timeline(
        f"Plan of {found.title}",
        [pictures.Span(s.title, "waiting", s.opens, s.due, s.closes) for s in found.stages],
        works=working(calendars),
        holidays=holidays(calendars),
        today=today,
        say=say_day,
    )


@router.post("/cycles/{cycle_id}/confirm")
async def confirm(call: Launches, request: Request, cycle_id: UUID) -> Response:
    """Launch, once; the number of people confirms it."""
    form = await typed(request)
    found = await report(call.conn, cycle_id, call.now)
    if found.state in UNLAUNCHED:
        given = words(form, "confirm").strip().replace(",", "")
        if given != str(found.people_in):
            text = f"Type {found.people_in} to confirm; {found.people_in} people take part."
            wrong = Problem("f-confirm", text, "#f-confirm")
            page = await _page(call, found, request, (wrong,))
            return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    path = f"/cycles/{cycle_id}/confirm"

    async def effect() -> tuple[int, dict[str, object]]:
        await launching.confirm(call.conn, cycle_id, call.actor, call.now)
        return 200, {"done": "confirm"}

    try:
        await run_once(
            call.conn, call.actor.key, key, fingerprint("POST", path, b""), call.now, effect
        )
    except IllegalState as error:
        await undo(call)
        page = await _page(call, found, request)
        other = error.extra.get("cycle_id")
        way = f"/cycles/{other}" if other else ""
        problem = Problem("", error.hint or error.detail, way)
        return await show(call, replace(page, problems=(problem,)), error.status)
    return go(f"/cycles/{cycle_id}/first-minutes", "launched")


@router.post("/cycles/{cycle_id}/first-mail")
async def send_first_mail(call: Launches, request: Request, cycle_id: UUID) -> Response:
    """The first mail to a person, as a preview, to the member of HR who asks."""
    asks = call.person_id  # a script has no mailbox
    given = words(await typed(request), "person")
    if not given.isdecimal() or len(given) > 18:
        raise NotFound("There is no such person.")
    found = await report(call.conn, cycle_id, call.now)
    if found.state not in UNLAUNCHED:
        return go(f"/cycles/{cycle_id}")
    if is_own_case(await call.reader(), int(given), cycle_id):
        raise NotFound("There is no such person for this reader.")
    await send_preview(call.conn, cycle_id, asks, int(given), call.now)
    return go(f"/cycles/{cycle_id}/check", "previewed")


@router.get("/cycles/{cycle_id}/stop")
async def ask_stop(call: Launches, cycle_id: UUID) -> Response:
    """Why should it not be launched?"""
    found = await report(call.conn, cycle_id, call.now)
    return await show(call, _stop_page(found))


def _stop_page(found: LaunchCheck, problems: tuple[Problem, ...] = (), given: str = "") -> Steer:
    href = f"/cycles/{found.cycle_id}"
    return Steer(
        title=f"Do not launch {found.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(found.title, f"{href}/check")),
        problems=problems,
        heading=f"Do not launch {found.title}?",
        action=f"{href}/stop",
        button="Give this launch up",
        back=f"{href}/check",
        grave=True,
        effects=(
            ("told", "Nothing opens, and nobody is told: nobody was told of it before."),
            ("told", "You can prepare another launch at any time."),
        ),
        fields=(SteerField("reason", "Why?", "words", help="Kept on record.", value=given),),
    )


@router.post("/cycles/{cycle_id}/stop")
async def stop(call: Launches, request: Request, cycle_id: UUID) -> Response:
    """Give a launch up before it was confirmed."""
    given = words(await typed(request), "reason")
    try:
        reason = reason_in({"reason": given})
    except Invalid as error:
        found = await report(call.conn, cycle_id, call.now)
        wrong = Problem("f-reason", error.detail, "#f-reason")
        return await show(call, _stop_page(found, (wrong,), given), HTTPStatus.UNPROCESSABLE_ENTITY)
    await give_up_launch(call.conn, cycle_id, call.actor, call.now, reason)
    return go("/cycles", "stopped")
