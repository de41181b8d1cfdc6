"""People: list, read, import from a CSV file."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, PersonPath, WordQuery
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from domain.access import Action
from domain.states import PersonStatus
from store.changes.people_import import import_people
from store.mail.refused_addresses import mend_address, try_again
from store.people.file_columns import LARGEST_MAPPING, parse_mapping
from store.views.lists.people import PersonItem, get_person, list_people

router = APIRouter(prefix="/api/people", route_class=GuardedRoute, tags=["people"])

Reads = Annotated[Call, allow(Action.READ_PEOPLE)]
Changes = Annotated[Call, allow(Action.CHANGE_PEOPLE)]

IMPORT = "/api/people/import"
LARGEST_FILE = 64_000_000
"""Bytes; a worker record has a few hundred."""


class OddRow(BaseModel):
    """What looks odd in a row (0: in the file as a whole)."""

    model_config = ConfigDict(frozen=True)

    row: int
    column: str
    code: str
    message: str
    hint: str


class Imported(BaseModel):
    """What an import did, or would do. Lists hold employee ids."""

    model_config = ConfigDict(frozen=True)

    rows: int
    encoding: str
    delimiter: str
    columns: dict[str, str]
    effective_on: date
    new: list[str]
    changed: list[str]
    unchanged: int
    manager_changes: list[str]
    returned: list[str]
    left: list[str]
    missing: list[str]
    new_profiles: int
    ignored: list[str] = Field(description="Headings of columns that were not read.")
    warnings: list[OddRow] = Field(description="What looks odd and stopped nothing.")
    dry_run: bool


@router.get("")
async def list_all(
    call: Reads,
    request: Request,
    response: Response,
    search: WordQuery = None,
    status: PersonStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PersonItem]:
    """Worker records by id. `search` is a part of a name, an address or an employee id."""
    key = read_cursor(request, cursor, of="people", parts=1)
    rows = await list_people(
        call.conn,
        on=call.now.date(),
        search=search,
        status=status,
        after=int(key[0] or 0) if key else 0,
        limit=limit + 1,
    )
    return page_of(request, response, rows, limit, of="people", key=lambda row: [row.id])


@router.get("/{person_id}")
async def get_one(call: Reads, person_id: PersonPath) -> PersonItem:
    """One worker record."""
    return await get_person(call.conn, person_id, call.now.date())


class MendedAddress(Body):
    """The corrected address; without one the present address is tried again."""

    address: Annotated[str, Field(max_length=254)] | None = None


class Mended(BaseModel):
    """How many items are queued that the person had missed."""

    model_config = ConfigDict(frozen=True)

    person_id: int
    queued: int


@router.post("/{person_id}/address", response_model=Mended)
async def mend(call: Changes, person_id: PersonPath, body: MendedAddress) -> Response:
    """Correct an address to which mail was refused, or try it again; what was missed goes out."""

    async def effect() -> Mended:
        queued = await mend_address(call.conn, person_id, body.address, call.actor, call.now)
        return Mended(person_id=person_id, queued=queued)

    return await once(call, effect)


class TriedAgain(BaseModel):
    """How many addresses are tried again, and how many items are queued that were missed."""

    model_config = ConfigDict(frozen=True)

    people: int
    queued: int


@router.post("/addresses/try-again", response_model=TriedAgain)
async def try_addresses(call: Changes) -> Response:
    """Try every address again to which mail was refused, as it is; what was missed goes out."""

    async def effect() -> TriedAgain:
        tried = await try_again(call.conn, call.actor, call.now)
        return TriedAgain(people=tried.people, queued=tried.items)

    return await once(call, effect)


CSV: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: CSV in UTF-8, UTF-16 or Windows-1252.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.post("/import", response_model=Imported, openapi_extra=CSV)
async def bring_in(
    call: Changes,
    request: Request,
    effective_on: date | None = None,
    missing: Annotated[
        Literal["report", "leave"],
        Query(description="What to do with people whom the file does not mention."),
    ] = "report",
    dry_run: bool = False,
    mapping: Annotated[
        str | None,
        Query(
            max_length=LARGEST_MAPPING,
            description="YAML or JSON: `field: heading` lines, `date_format`, `values`, `ignore`, "
            "`encoding`, as in `almanac people import --mapping`.",
        ),
    ] = None,
) -> Response:
    """Bring people to what the file says: all of it, or nothing and every problem at once.

    A column that looks like a manager or a state and was not understood is such a problem: say what
    it is, or that it is to be left out, with `mapping`.
    """
    data = await request.body()
    columns = None if mapping is None else parse_mapping(mapping)

    async def effect() -> Imported:
        result = await import_people(
            call.conn,
            data,
            mapping=columns,
            effective_on=effective_on or call.now.date(),
            actor=call.actor,
            now=call.now,
            missing=missing,
            dry_run=dry_run,
        )
        return Imported.model_validate(result.as_dict())

    return await once(call, effect)
