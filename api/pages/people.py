"""People: the list, and the import of a file with everything that is wrong at once."""

import base64
import csv
import io
from http import HTTPStatus
from itertools import islice
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.authentication import Call, GuardedRoute, allow
from api.pages.shell import go, said, show, typed, undo, uploaded, words
from api.pages.views.frame import Choice, Filters, Link, More, Person, Problem, Select
from api.pages.views.office import ColumnChoice, Finding, Import, People, PersonLine
from api.paging import read_cursor, write_cursor
from api.routes.people import LARGEST_FILE
from domain.access import Action
from domain.errors import Invalid
from store.address_changes import held_addresses
from store.people_file import FIELDS, REQUIRED, ColumnMapping, read_people_file
from store.people_import import ImportResult, import_people
from store.views import people_pages as queries

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_PEOPLE)]
Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]

PAGE = 100
SAMPLE = 3

LABELS = {
    "employee_id": "Employee id",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Mail address",
    "phone": "Phone",
    "hire_date": "Hire date",
    "job_title": "Job title",
    "level": "Level",
    "manager_id": "Manager's employee id",
    "manager_email": "Manager's mail address",
    "department": "Department",
    "office": "Office (city)",
    "country": "Country",
    "time_zone": "Time zone",
    "work_days": "Working days",
    "projects": "Projects",
    "employment": "Employment",
    "language": "Language",
    "status": "Status",
    "left_on": "Leaving date",
}


@router.get("/people")
async def people(
    call: Reads,
    request: Request,
    text: str = "",
    status: str = "",
    department: str = "",
    cursor: str | None = None,
) -> Response:
    """Everybody in the company, by name."""
    key = read_cursor(request, cursor, of="people-page", parts=2)
    rows = await queries.people_rows(
        call.conn,
        call.now.date(),
        search=text,
        status=status,
        department=department,
        after=(str(key[0]), int(key[1] or 0)) if key else ("", 0),
        limit=PAGE + 1,
    )
    counts = await queries.people_counts(call.conn)
    shown = rows[:PAGE]
    states = (("", "All"), ("active", "At work"), ("left", "Left"), ("refused", "Refused mail"))
    more = More("", len(shown))
    if len(rows) > PAGE:
        last = [shown[-1].last_first, shown[-1].id]
        url = request.url.include_query_params(cursor=write_cursor(request, last, of="people-page"))
        more = More(f"{url.path}?{url.query}", len(shown))
    page = People(
        title="People",
        part="people",
        notice=said(request),
        lines=tuple(_line(row) for row in shown),
        filters=Filters(
            "/people",
            text,
            (
                Select("status", "State", _choices(states, status)),
                Select(
                    "department",
                    "Department",
                    _choices((("", "All"), *((d, d) for d in counts.departments)), department),
                ),
            ),
        ),
        more=more,
        active=counts.active,
        refused=counts.refused,
        changed=len(await held_addresses(call.conn, call.now)),
    )
    return await show(call, page)


def _choices(pairs: tuple[tuple[str, str], ...], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, chosen=value == chosen) for value, label in pairs)


def _line(row: queries.PersonRow) -> PersonLine:
    return PersonLine(
        Person(row.id, row.name, row.department or "", row.first_name),
        row.email,
        row.job_title or "",
        row.office or "",
        row.manager or "",
        row.status,
        row.refused,
    )


# --- Import ------------------------------------------------------------------------------------


@router.get("/people/import")
async def ask(call: Changes) -> Response:
    """Which file?"""
    return await show(call, _import_page())


def _import_page(problems: tuple[Problem, ...] = ()) -> Import:
    return Import(
        title="Import people",
        part="people",
        crumbs=(Link("People", "/people"),),
        problems=problems,
    )


@router.post("/people/import")
async def bring_in(call: Changes, request: Request) -> Response:
    """Read the file, check it, or import it."""
    form = await typed(request, 2 * LARGEST_FILE)
    name, data = await _file(form)
    if not data.strip():
        wrong = Problem("f-file", "Choose a CSV file that is not empty.", "#f-file")
        return await show(call, _import_page((wrong,)), HTTPStatus.UNPROCESSABLE_ENTITY)
    mapping = _mapping(form)
    step = words(form, "go")
    if step == "read":
        return await show(call, _mapped(name, data, mapping))
    try:
        result = await import_people(
            call.conn,
            data,
            mapping=mapping,
            effective_on=call.now.date(),
            actor=call.actor,
            now=call.now,
            dry_run=step != "import",
        )
    except Invalid as error:
        await undo(call)
        findings = tuple(_finding(dict(problem)) for problem in error.problems)
        page = _mapped(name, data, mapping, findings=findings or _one(error), checked=True)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if step == "import":
        return go("/people", "imported")
    return await show(
        call, _mapped(name, data, mapping, changes=_changes(result), checked=True, may=True)
    )


def _one(error: Invalid) -> tuple[Finding, ...]:
    return (Finding("error", "", error.detail),)


async def _file(form: FormData) -> tuple[str, bytes]:
    """The uploaded file, or the one that was read before and came back with the page."""
    upload = await uploaded(form, "file")
    if upload is not None:
        return upload
    try:
        return words(form, "name"), base64.b64decode(words(form, "content"), validate=True)
    except ValueError:  # no base64, or not even ASCII
        return "", b""


def _mapping(form: FormData) -> ColumnMapping:
    given = {
        key.removeprefix("map."): value
        for key, value in form.multi_items()
        if key.startswith("map.") and isinstance(value, str) and value
    }
    return ColumnMapping({key: value for key, value in given.items() if key in FIELDS})


def _mapped(
    name: str,
    data: bytes,
    mapping: ColumnMapping,
    *,
    findings: tuple[Finding, ...] = (),
    changes: tuple[tuple[str, int], ...] = (),
    checked: bool = False,
    may: bool = False,
) -> Import:
    read = read_people_file(data, mapping)
    headings, sample = _peek(data, read.encoding, read.delimiter)
    if not headings:
        found = findings or tuple(_finding(problem.as_dict()) for problem in read.problems)
        return Import(
            title="Import people",
            part="people",
            crumbs=(Link("People", "/people"),),
            problems=tuple(Problem("f-file", f.text) for f in found[:1]),
        )
    return Import(
        title="Import people",
        part="people",
        crumbs=(Link("People", "/people"),),
        columns=headings,
        mapping=tuple(
            ColumnChoice(field, LABELS[field], field in REQUIRED, read.columns.get(field, ""))
            for field in FIELDS
        ),
        sample=sample,
        findings=findings,
        changes=changes,
        content=base64.b64encode(data).decode(),
        name=quote(name, safe=" ._-()"),
        checked=checked,
        may_import=may,
    )


Cells = tuple[str, ...]


def _peek(data: bytes, encoding: str, delimiter: str) -> tuple[Cells, tuple[Cells, ...]]:
    """The headings and the first rows, to recognise the columns by."""
    if not encoding:
        return (), ()
    content = data[:200_000].decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")
    try:
        reader = csv.reader(io.StringIO(content), delimiter=delimiter or ",")
        rows = [tuple(row) for row in islice(reader, SAMPLE + 1)]
    except csv.Error:
        return (), ()
    if not rows:
        return (), ()
    return tuple(heading.strip() for heading in rows[0]), tuple(rows[1:])


def _finding(problem: dict[str, object]) -> Finding:
    row = problem.get("row")
    column = str(problem.get("column") or "")
    place = " ".join(part for part in (f"row {row}" if row else "", column) if part)
    return Finding("error", place, str(problem.get("message", "")), str(problem.get("hint") or ""))


def _changes(result: ImportResult) -> tuple[tuple[str, int], ...]:
    return (
        ("new people", len(result.new)),
        ("records changed", len(result.changed)),
        ("managers changed", len(result.manager_changes)),
        ("unchanged", result.unchanged),
        ("have left", len(result.left)),
        ("not in the file", len(result.missing)),
    )
