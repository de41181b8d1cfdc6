"""The company settings: what holds, and saving a new file."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Number
from api.pages.frame.dates import say_day
from api.pages.frame.shell import go, said, show, undo, visit_of, words
from api.pages.frame.typed import typed
from api.pages.office.definition_words import finding
from api.pages.office.views import CompanyPage, Finding, WaitingDesk
from definitions.company import Company
from definitions.loader import parse_company
from definitions.problems import DefinitionError
from definitions.recurrence import WEEKDAYS
from domain.access import Action
from domain.errors import IllegalState, Invalid
from domain.states import Desk
from store.changes.desk_changes import (
    Saved,
    confirm_desks,
    offer_company,
    waiting_change,
    withdraw_desks,
)
from store.people.company import Addresses, company, company_calendars
from store.views.definition_pages import company_source, names_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_PEOPLE)]
Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]

AHEAD = timedelta(days=365)


@router.get("/company")
async def settings(call: Reads, request: Request) -> Response:
    """What every definition leans on."""
    return await show(call, await _page(call, request))


async def _page(
    call: Call, request: Request, findings: tuple[Finding, ...] = (), source: str | None = None
) -> CompanyPage:
    holds = await company_source(call.conn)
    settings = await _settings(call)
    visit = await visit_of(call)
    names = await names_of(call.conn, [holds.saved_by_id] if holds else [])
    return CompanyPage(
        title="Company",
        part="company",
        notice=said(request),
        facts=_facts(settings) if settings else (),
        offices=tuple((name, o.calendar, o.zone or "") for name, o in settings.offices.items())
        if settings
        else (),
        closures=tuple((say_day(c.first), say_day(c.last), c.why) for c in settings.closures)
        if settings
        else (),
        desks=(("HR", settings.hr), ("Administrators", settings.administrators))
        if settings
        else (),
        holidays=await _holidays(call, visit.today) if settings else (),
        source=source if source is not None else holds.source if holds else "",
        saved_at=holds.saved_at if holds else None,
        saved_by=names.get(holds.saved_by_id or 0, "") if holds else "",
        findings=findings,
        may_save=visit.hr or visit.administrator,
        waiting=await _waiting(call) if call.person else None,
    )


async def _settings(call: Call) -> Company | None:
    try:
        return await company(call.conn)
    except IllegalState:
        return None


def _facts(settings: Company) -> tuple[tuple[str, str], ...]:
    week = ", ".join(WEEKDAYS[day] for day in sorted(settings.work_week))
    return (
        ("Zone", settings.zone),
        ("Calendar", settings.calendar),
        ("Working days", week),
        ("Daily mail, opening of tasks", f"{settings.mail_at:%H:%M}, where each person is"),
    )


async def _holidays(call: Call, today: date) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
    return tuple(
        (
            name,
            tuple(
                (say_day(day, today), why)
                for day, why in sorted(days.items())
                if today <= day <= today + AHEAD and day.weekday() < 5
            ),
        )
        for name, days in calendars.holidays.items()
    )


@router.post("/company")
async def save(call: Changes, request: Request) -> Response:
    """Save a new file, or say everything that is wrong with it."""
    source = words(await typed(request), "source")
    try:
        settings = parse_company(source, "company.yaml")
    except DefinitionError as error:
        page = await _page(call, request, tuple(finding(p) for p in error.found), source)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = await offer_company(call.conn, settings, source, actor=call.actor, now=call.now)
    except (Invalid, IllegalState) as error:
        await undo(call)
        wrong = Finding("error", "", error.detail, error.hint or "")
        return await show(call, await _page(call, request, (wrong,), source), error.status)
    return go("/company", {Saved.SAVED: "company", Saved.SAME: "same"}.get(saved, "desk-waits"))


@router.post("/company/desks/{change_id}")
async def decide(call: Changes, request: Request, change_id: Number) -> Response:
    """A second member confirms a change of a desk, or somebody withdraws it."""
    if words(await typed(request), "go") == "confirm":
        await confirm_desks(call.conn, change_id, actor=call.actor, now=call.now)
        return go("/company", "company")
    await withdraw_desks(call.conn, change_id, actor=call.actor, now=call.now)
    return go("/company", "desk-withdrawn")


async def _waiting(call: Call) -> WaitingDesk | None:
    change = await waiting_change(call.conn)
    if change is None:
        return None
    own = change.proposed_by_id == call.person_id
    return WaitingDesk(
        action=f"/company/desks/{change.id}",
        by=change.proposed_by,
        at=change.proposed_at,
        joining=_said(change.joining),
        leaving=_said(change.leaving),
        may_confirm=not own,
    )


def _said(addresses: Addresses) -> tuple[tuple[str, str], ...]:
    names = {Desk.HR.value: "HR", Desk.ADMINISTRATORS.value: "Administrators"}
    return tuple((names[desk], ", ".join(some)) for desk, some in addresses.items())
