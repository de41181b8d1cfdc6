"""Everybody in the company, as a list."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.shell import said, show
from api.pages.frame.views import Choice, Filters, More, Person, Select
from api.pages.office.views import People, PersonLine
from api.paging import read_cursor, write_cursor
from domain.access import Action
from store.access.address_changes import held_addresses
from store.views import people_pages as queries

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_PEOPLE)]

PAGE = 100


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
