"""The import of a people file: which column is what, then everything that is wrong, at once."""

import base64
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.shell import go, show, undo, uploaded, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Choice, Link, Problem
from api.pages.office.views import ColumnChoice, Finding, Import, Meaning, Unread
from api.routes.people import LARGEST_FILE
from domain.access import Action
from domain.errors import Invalid
from store.changes.people_import import ImportResult, import_people
from store.people.file import PeopleFile, peek, read_people_file
from store.people.file_columns import DATE_FORMATS, FIELDS, REQUIRED, ColumnMapping, is_encoding
from store.people.file_records import unknown_states

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]

SAMPLE = 3
ENCODINGS = (
    ("", "Recognise it"),
    ("utf-8", "UTF-8"),
    ("cp1252", "Windows-1252 (Western Europe)"),
    ("cp1250", "Windows-1250 (Central Europe)"),
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp1254", "Windows-1254 (Turkish)"),
    ("mac_roman", "Mac Roman"),
    ("cp850", "DOS 850"),
    ("shift_jis", "Shift JIS"),
    ("gb18030", "GB 18030"),
    ("big5", "Big5"),
    ("euc_kr", "EUC-KR"),
)
MEANINGS = (("", "not decided"), ("active", "at work"), ("left", "has left"))

LABELS = {
    "employee_id": "Employee id",
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "First and last name in one column",
    "email": "Mail address",
    "phone": "Phone",
    "hire_date": "Hire date",
    "job_title": "Job title",
    "level": "Level",
    "manager_id": "Manager's employee id",
    "manager_email": "Manager's mail address",
    "manager": "Manager: name, id or address",
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
        findings = tuple(_finding("error", dict(problem)) for problem in error.problems)
        findings = findings or (Finding("error", "", error.detail),)
        page = _mapped(name, data, mapping, findings=findings, checked=True)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if step == "import":
        return go("/people", "imported")
    warnings = tuple(_finding("warning", problem.as_dict()) for problem in result.warnings)
    return await show(
        call,
        _mapped(
            name, data, mapping, warnings=warnings, changes=_changes(result), checked=True, may=True
        ),
    )


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
    """What the page was told; what it does not know is left out."""
    given = {k: v for k, v in form.multi_items() if isinstance(v, str) and v}
    columns = {key.removeprefix("map."): v for key, v in given.items() if key.startswith("map.")}
    states = {
        key.removeprefix("state."): value
        for key, value in given.items()
        if key.startswith("state.") and value in ("active", "left")
    }
    encoding = words(form, "encoding")
    date_format = words(form, "date_format")
    return ColumnMapping(
        columns={key: value for key, value in columns.items() if key in FIELDS},
        date_format=date_format if date_format in DATE_FORMATS else "YYYY-MM-DD",
        values={"status": states} if states else {},
        ignore=tuple(str(value) for value in form.getlist("ignore")),
        encoding=encoding if is_encoding(encoding) else "",
    )


def _mapped(
    name: str,
    data: bytes,
    mapping: ColumnMapping,
    *,
    findings: tuple[Finding, ...] = (),
    warnings: tuple[Finding, ...] = (),
    changes: tuple[tuple[str, int], ...] = (),
    checked: bool = False,
    may: bool = False,
) -> Import:
    read = read_people_file(data, mapping)
    headings, *sample = peek(data, read, SAMPLE) or ((),)
    if not headings:
        found = findings or tuple(_finding("error", problem.as_dict()) for problem in read.problems)
        return _import_page(tuple(Problem("f-file", f"{f.text} {f.hint}") for f in found[:1]))
    return Import(
        title="Import people",
        part="people",
        crumbs=(Link("People", "/people"),),
        columns=headings,
        mapping=tuple(
            ColumnChoice(field, LABELS[field], _required(field, read), read.columns.get(field, ""))
            for field in FIELDS
        ),
        unread=_unread(read, mapping),
        meanings=tuple(
            Meaning(state, _choices(MEANINGS, mapping.values.get("status", {}).get(state, "")))
            for state in unknown_states(data, mapping)
        ),
        encodings=_choices(ENCODINGS, mapping.encoding),
        read_as=read.encoding,
        date_formats=_choices(tuple((f, f) for f in DATE_FORMATS), mapping.date_format),
        sample=tuple(sample),
        findings=findings,
        warnings=warnings,
        changes=changes,
        content=base64.b64encode(data).decode(),
        name=quote(name, safe=" ._-()"),
        checked=checked,
        may_import=may,
    )


def _required(field: str, read: PeopleFile) -> bool:
    if "full_name" in read.columns and field in ("first_name", "last_name"):
        return False
    return field in REQUIRED


def _unread(read: PeopleFile, mapping: ColumnMapping) -> tuple[Unread, ...]:
    """The columns that were not read; those that look like something have to be decided on."""
    asked = {problem.column for problem in read.problems if problem.code == "unclear_column"}
    asked |= set(mapping.ignore)
    return tuple(Unread(h, h in asked, h in mapping.ignore) for h in _left_out(read, mapping))


def _left_out(read: PeopleFile, mapping: ColumnMapping) -> list[str]:
    return list(dict.fromkeys([*read.ignored, *mapping.ignore]))


def _choices(pairs: tuple[tuple[str, str], ...], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, chosen=value == chosen) for value, label in pairs)


def _finding(kind: Literal["error", "warning"], problem: dict[str, object]) -> Finding:
    row = problem.get("row")
    column = str(problem.get("column") or "")
    place = " ".join(part for part in (f"row {row}" if row else "", column) if part)
    return Finding(kind, place, str(problem.get("message", "")), str(problem.get("hint") or ""))


def _changes(result: ImportResult) -> tuple[tuple[str, int], ...]:
    return (
        ("new people", len(result.new)),
        ("records changed", len(result.changed)),
        ("managers changed", len(result.manager_changes)),
        ("unchanged", result.unchanged),
        ("have left", len(result.left)),
        ("not in the file", len(result.missing)),
    )
