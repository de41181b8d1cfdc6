"""Definitions: list, read, validate, publish."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from definitions.loader import parse_definition
from definitions.problems import DefinitionError, Problem
from definitions.runnable import runnable
from domain.access import Action
from store.definitions import versions as store

router = APIRouter(prefix="/api/definitions", route_class=GuardedRoute, tags=["definitions"])

Reads = Annotated[Call, allow(Action.READ_DEFINITIONS)]
Publishes = Annotated[Call, allow(Action.PUBLISH_DEFINITION)]
Name = Annotated[str, Path(max_length=200)]


class File(Body):
    """A definition as HR wrote it, in YAML."""

    text: str
    source: str = Field("definition.yaml", max_length=200, description="The file's name.")


class FoundProblem(BaseModel):
    """What is wrong, where, and what would be right. Lines and columns count from 1."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    severity: str
    source: str
    line: int
    column: int
    path: str
    code: str
    message: str
    hint: str


class Validation(BaseModel):
    """The outcome of a validation. `hash` identifies the content that would be published."""

    model_config = ConfigDict(frozen=True)

    valid: bool
    definition: str | None = None
    title: str | None = None
    hash: str | None = None
    problems: list[FoundProblem]


class VersionText(BaseModel):
    """A published version with the text that was published."""

    model_config = ConfigDict(frozen=True)

    version: store.DefinitionVersion
    source: str


@router.get("")
async def list_definitions(
    call: Reads, request: Request, response: Response, cursor: Cursor = None, limit: Limit = 50
) -> Page[store.DefinitionVersion]:
    """The newest version of each definition, by name."""
    key = read_cursor(request, cursor, of="definitions", parts=1)
    rows = await store.list_latest(call.conn, after=str(key[0]) if key else "", limit=limit + 1)
    return page_of(
        request, response, rows, limit, of="definitions", key=lambda row: [row.definition]
    )


@router.post("/validate")
async def validate(_: Reads, file: File) -> Validation:
    """Check a definition without publishing it: everything that is wrong, with positions."""
    try:
        parsed = parse_definition(file.text, file.source)
    except DefinitionError as error:
        return Validation(valid=False, problems=[_found(problem) for problem in error.found])
    unready = runnable(parsed.definition, parsed.document)
    return Validation(
        valid=not unready,
        definition=parsed.definition.definition,
        title=parsed.definition.title,
        hash=parsed.hash,
        problems=[_found(problem) for problem in unready],
    )


@router.post("", status_code=201, response_model=store.DefinitionVersion)
async def publish(call: Publishes, file: File) -> Response:
    """Publish a definition as its next version.

    Publishing what the latest version says already answers that version and changes nothing.
    """

    async def effect() -> store.DefinitionVersion:
        parsed = parse_definition(file.text, file.source)
        return await store.publish(
            call.conn, parsed, source=file.text, actor=call.actor, now=call.now
        )

    return await once(call, effect, status=201)


@router.get("/versions/{version_id}")
async def get_version(call: Reads, version_id: UUID) -> VersionText:
    """One version with its text."""
    version = await store.get_version(call.conn, version_id)
    return VersionText(version=version, source=await store.source_of(call.conn, version_id))


@router.get("/{definition}/versions")
async def list_versions(
    call: Reads,
    request: Request,
    response: Response,
    definition: Name,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[store.DefinitionVersion]:
    """All versions of a definition, the newest first."""
    key = read_cursor(request, cursor, of="versions", parts=1)
    rows = await store.list_versions(
        call.conn, definition, before=int(key[0] or 0) if key else None, limit=limit + 1
    )
    return page_of(request, response, rows, limit, of="versions", key=lambda row: [row.version])


def _found(problem: Problem) -> FoundProblem:
    return FoundProblem.model_validate(problem)
