"""Published definitions: immutable versions, numbered by Almanac, identified by their hash."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.loader import Parsed
from definitions.models import Definition
from definitions.problems import as_json
from definitions.runnable import runnable
from definitions.unfolding import running
from domain.access import Actor
from domain.errors import Invalid, NotFound
from domain.ids import VersionId
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from store.base.audit import record
from store.engine.processes import ring


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """A published version without its content."""

    id: VersionId
    definition: str
    version: int
    hash: str
    title: str
    published_at: datetime
    published_by_id: int | None
    created: bool = False  # by this very call of `publish`


_COLUMNS = "id, definition, version, hash, title, published_at, published_by_id"


async def publish(
    conn: AsyncConnection, parsed: Parsed, *, source: str, actor: Actor, now: datetime
) -> DefinitionVersion:
    """Publish a parsed definition as its next version.

    `source` is the text as it was written, comments included. Idempotent: publishing what the
    latest version says already returns that version. Raises Invalid if the definition uses a kind
    of stage that does not run yet.
    """
    problems = runnable(parsed.definition, parsed.document)
    if problems:
        raise Invalid(
            "This definition uses something that Almanac does not run yet.",
            tuple(as_json(problem) for problem in problems),
        )
    name = parsed.definition.definition
    # Two people publishing at the same moment get two numbers, or one version if they agree.
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": name}
    )
    before = await latest(conn, name)
    if before is not None and before.hash == parsed.hash:
        return before
    version = await _insert(conn, parsed, before.version + 1 if before else 1, source, actor, now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="publish",
        object_type="definition",
        object_id=version.id,
        before={"hash": before.hash, "version": before.version} if before else None,
        after={"hash": version.hash, "version": version.version},
    )
    # Its launches are written down at once, not with the calendar's next daily look.
    await ring(conn, LAUNCH_CALENDAR.id, urgent=True)
    return version


async def _insert(
    conn: AsyncConnection, parsed: Parsed, number: int, source: str, actor: Actor, now: datetime
) -> DefinitionVersion:
    row = (
        await conn.execute(
            text(
                "INSERT INTO definition_versions (definition, version, hash, title, content,"
                " source, published_at, published_by_id) VALUES (:definition, :version, :hash,"
                f" :title, CAST(:content AS jsonb), :source, :now, :by) RETURNING {_COLUMNS}"
            ),
            {
                "definition": parsed.definition.definition,
                "version": number,
                "hash": parsed.hash,
                "title": parsed.definition.title,
                "content": json.dumps(parsed.content),
                "source": source,
                "now": now,
                "by": actor.person_id,
            },
        )
    ).one()
    return _version(row, created=True)


def _version(row: Row[Any], *, created: bool = False) -> DefinitionVersion:
    return DefinitionVersion(
        VersionId(row.id),
        row.definition,
        row.version,
        row.hash,
        row.title,
        row.published_at,
        row.published_by_id,
        created,
    )


async def latest(conn: AsyncConnection, definition: str) -> DefinitionVersion | None:
    """The newest version of a definition, if it was ever published."""
    row = (
        await conn.execute(
            text(
                f"SELECT {_COLUMNS} FROM definition_versions WHERE definition = :definition"
                " ORDER BY version DESC LIMIT 1"
            ),
            {"definition": definition},
        )
    ).one_or_none()
    return None if row is None else _version(row)


async def get_version(conn: AsyncConnection, version_id: UUID) -> DefinitionVersion:
    """One version. Raises NotFound."""
    row = (
        await conn.execute(
            text(f"SELECT {_COLUMNS} FROM definition_versions WHERE id = :id"), {"id": version_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no definition version {version_id}.")
    return _version(row)


async def list_latest(
    conn: AsyncConnection, *, after: str = "", limit: int = 100
) -> list[DefinitionVersion]:
    """The newest version of each definition, by name."""
    rows = await conn.execute(
        text(
            f"SELECT DISTINCT ON (definition) {_COLUMNS} FROM definition_versions"
            " WHERE definition > :after ORDER BY definition, version DESC LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [_version(row) for row in rows]


async def list_versions(
    conn: AsyncConnection, definition: str, *, before: int | None = None, limit: int = 100
) -> list[DefinitionVersion]:
    """The versions of a definition, newest first; those below the number `before`."""
    rows = await conn.execute(
        text(
            f"SELECT {_COLUMNS} FROM definition_versions WHERE definition = :definition"
            " AND (CAST(:before AS integer) IS NULL OR version < :before)"
            " ORDER BY version DESC LIMIT :limit"
        ),
        {"definition": definition, "before": before, "limit": limit},
    )
    return [_version(row) for row in rows]


async def source_of(conn: AsyncConnection, version_id: UUID) -> str:
    """The text that was published, comments included. Raises NotFound."""
    source = await conn.scalar(
        text("SELECT source FROM definition_versions WHERE id = :id"), {"id": version_id}
    )
    if source is None:
        raise NotFound(f"There is no definition version {version_id}.")
    return str(source)


async def definition_of(conn: AsyncConnection, version_id: UUID) -> Definition:
    """The definition that a version pins. Versions never change, so they are kept in memory.

    Raises NotFound.
    """
    content = await conn.scalar(
        text("SELECT CAST(content AS text) FROM definition_versions WHERE id = :id"),
        {"id": version_id},
    )
    if content is None:
        raise NotFound(f"There is no definition version {version_id}.")
    return _restored(str(content))


@lru_cache(maxsize=64)
def _restored(content: str) -> Definition:
    return running(json.loads(content))
