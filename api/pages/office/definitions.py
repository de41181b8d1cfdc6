"""Definitions: the list, a version in pictures and words, and publishing with every problem."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.pictures import plan_timeline
from api.pages.frame.pictures import Timeline
from api.pages.frame.shell import go, said, show, undo, uploaded, visit_of, words
from api.pages.frame.typed import clean, typed
from api.pages.frame.views import Link
from api.pages.office.definition_words import finding, runs_words, stage_words
from api.pages.office.views import DefinitionLine, DefinitionPage, Definitions, Finding, Publish
from definitions.calendar import Calendars
from definitions.lint import lint
from definitions.loader import Parsed, parse_definition
from definitions.models import Definition
from definitions.problems import DefinitionError
from definitions.runnable import runnable
from definitions.timeline import period_of, plan_cycle
from domain.access import Action
from domain.errors import AlmanacError, Invalid, NotFound
from store.definitions import versions as store
from store.people.company import company, company_calendars
from store.views.definition_pages import cycles_by_definition, names_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_DEFINITIONS)]
LONGEST_FILE = 500_000
"""Characters; the longest shipped definition has six thousand."""

Publishes = Annotated[Call, allow(Action.PUBLISH_DEFINITION)]


@router.get("/definitions")
async def definitions(call: Reads, request: Request) -> Response:
    """All definitions with their newest version."""
    visit = await visit_of(call)
    latest = await store.list_latest(call.conn)
    launched = await cycles_by_definition(call.conn)
    names = await names_of(call.conn, [v.published_by_id for v in latest])
    lines = []
    for version in latest:
        content = await store.definition_of(call.conn, version.id)
        lines.append(
            DefinitionLine(
                f"/definitions/{version.definition}/{version.version}",
                _title(version.title),
                version.definition,
                version.version,
                version.hash,
                version.published_at,
                names.get(version.published_by_id or 0, ""),
                runs_words(content),
                launched.get(version.definition, 0),
            )
        )
    page = Definitions(
        title="Definitions",
        part="definitions",
        notice=said(request),
        lines=tuple(lines),
        may_publish=visit.hr,
    )
    return await show(call, page)


def _title(title: str) -> str:
    return title.replace("{period}", "").strip()


@router.get("/definitions/publish")
async def ask(call: Publishes) -> Response:
    """Upload a file, or paste it."""
    return await show(call, _publish_page())


def _publish_page() -> Publish:
    return Publish(
        title="Publish a definition",
        part="definitions",
        crumbs=(Link("Definitions", "/definitions"),),
    )


@router.post("/definitions/publish")
async def publish(call: Publishes, request: Request) -> Response:
    """Check a file, or publish it when nothing is wrong with it."""
    form = await typed(request, LONGEST_FILE + 1000)
    name, text = await _file(form)
    if len(text) > LONGEST_FILE:
        problem = Finding("error", "", f"The file has more than {LONGEST_FILE:,} characters.")
        return await show(call, _checked(name, "", (problem,)), HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        parsed = parse_definition(text, name or "definition.yaml")
    except DefinitionError as error:
        page = _checked(name, text, tuple(map(finding, error.found)))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    unready = runnable(parsed.definition, parsed.document)
    if unready:
        page = _checked(name, text, tuple(map(finding, unready)))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if words(form, "go") == "publish":
        return await _publish(call, parsed, text)
    odd = lint(
        parsed.definition,
        await company(call.conn),
        since=call.now.date(),
        document=parsed.document,
    )
    stops = any(problem.severity == "error" for problem in odd)
    picture = await _picture(call, parsed.definition)
    page = _checked(name, text, tuple(map(finding, odd)), picture, may=not stops)
    return await show(call, page)


async def _publish(call: Call, parsed: Parsed, text: str) -> Response:
    try:
        version = await store.publish(
            call.conn, parsed, source=text, actor=call.actor, now=call.now
        )
    except Invalid as error:
        await undo(call)
        page = _checked("", text, (Finding("error", "", error.detail),))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    path = f"/definitions/{version.definition}/{version.version}"
    return go(path, "published" if version.created else "unchanged")


async def _file(form: FormData) -> tuple[str, str]:
    """The uploaded file, else the pasted text: (name, text)."""
    upload = await uploaded(form, "file")
    if upload is not None:
        name, data = upload
        return name, clean(data.decode("utf-8-sig", "replace"))
    return "", words(form, "source")


def _checked(
    name: str,
    text: str,
    findings: Sequence[Finding],
    picture: Timeline | None = None,
    *,
    may: bool = False,
) -> Publish:
    return Publish(
        title="Publish a definition",
        part="definitions",
        crumbs=(Link("Definitions", "/definitions"),),
        findings=tuple(findings),
        source=text,
        checked=True,
        may_publish=may,
        name=name,
        timeline=picture,
    )


async def _picture(
    call: Call, definition: Definition, launch_on: date | None = None
) -> Timeline | None:
    """How it would be planned; none for a rolling cycle, or where dates cannot be computed."""
    if definition.launch.every == "hire":
        return None
    calendars: Calendars = await company_calendars(
        call.conn, call.now.year - 1, max(call.now.year, (launch_on or call.now).year) + 2
    )
    company_time = calendars.company()
    today = company_time.local_date(call.now)
    launch_on = launch_on or company_time.calendar.after(today, 1)
    try:
        plan = plan_cycle(definition, launch_on, company_time, period_of(definition, launch_on))
    except AlmanacError:
        return None
    return plan_timeline(_title(definition.title), definition, plan, calendars, today)


@router.get("/definitions/{definition}/{number}")
async def version(
    call: Reads, request: Request, definition: str, number: int, on: str = ""
) -> Response:
    """One version: its picture, its stages in words, its source."""
    versions = await store.list_versions(call.conn, definition)
    found = next((v for v in versions if v.version == number), None)
    if found is None:
        raise NotFound(f"There is no version {number} of {definition}.")
    content = await store.definition_of(call.conn, found.id)
    visit = await visit_of(call)
    launch_on = _day(on) or visit.today
    names = await names_of(call.conn, [found.published_by_id])
    newest = versions[0].version == number
    page = DefinitionPage(
        title=_title(found.title),
        part="definitions",
        crumbs=(Link("Definitions", "/definitions"),),
        notice=said(request),
        heading=_title(found.title),
        definition=definition,
        version=number,
        hash=found.hash,
        purpose=content.purpose.strip(),
        published_at=found.published_at,
        published_by=names.get(found.published_by_id or 0, ""),
        versions=tuple(
            Link(f"version {v.version}", f"/definitions/{definition}/{v.version}", None, v is found)
            for v in versions
        ),
        stages=tuple(stage_words(content, stage) for stage in content.stages),
        timeline=await _picture(call, content, launch_on),
        source=await store.source_of(call.conn, found.id),
        launch_on=launch_on,
        launch_href=f"/cycles/new?version={found.id}"
        if visit.hr and newest and content.launch.every != "hire"
        else "",
    )
    return await show(call, page)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
