"""Whether Almanac is alive, and whether it can serve.

People are served from PostgreSQL alone: an engine that stands still is reported as degraded, never
as a failure, because taking the API away would help nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.authentication import GuardedRoute, anybody
from api.transaction import instant
from store.base.migrate import head
from store.base.seal_keys import KeysUnavailable
from store.base.session import Database
from store.kinds.feedback_round.seals import right_folder

log = structlog.get_logger("almanac.health")
router = APIRouter(route_class=GuardedRoute, tags=["health"])

LATE = timedelta(minutes=3)
"""An open process is rung again a minute after its instant; after three nobody is at work."""

State = Literal["ok", "degraded", "failing"]

_newest = lru_cache(maxsize=1)(head)  # of this build: it cannot change while it runs


class Health(BaseModel):
    """What was found. `status` is the worst of what people need.

    The engine only degrades it, and so does the folder of seal keys: whoever writes no feedback
    needs neither. `seal_keys` is degraded, too, while raters must be asked again for lost keys.
    `mail` is degraded while the mail server cannot be reached or refuses us.
    `database` is degraded while its disk is full: people read, and nothing that they write is kept.
    """

    model_config = ConfigDict(frozen=True)

    status: State
    database: State
    migrations: State
    engine: State
    seal_keys: State
    mail: State


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok"] = "ok"


@router.get("/livez")
async def livez(_: Annotated[None, anybody()]) -> Alive:
    """Whether the process answers at all; asks nothing of anybody."""
    return Alive()


@router.get("/healthz", responses={503: {"model": Health}})
@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(request: Request, response: Response, _: Annotated[None, anybody()]) -> Health:
    """Whether people can be served: database and migrations. 503 if they cannot."""
    found = await _look(request.app.state.database, instant(request))
    if found.status == "failing":
        response.status_code = 503
    return found


async def _look(database: Database, now: datetime) -> Health:
    try:
        async with database.begin() as conn:
            row = (await conn.execute(_FACTS, {"late": now - LATE})).one()
            seal_keys = await _seal_keys(conn) if row.revision == _newest() else "degraded"
    except (SQLAlchemyError, OSError) as error:
        # Without our tables there is a database, but nothing to serve from.
        reachable = "UndefinedTable" in type(getattr(error, "orig", None)).__name__
        return Health(
            status="failing",
            database="ok" if reachable else "failing",
            migrations="failing",
            engine="degraded",
            seal_keys="degraded",
            mail="degraded",
        )
    facts = _Facts(row.revision, row.late, row.no_mail)
    migrated = facts.revision == _newest()
    engine: State = "degraded" if facts.late else "ok"
    mail: State = "degraded" if facts.no_mail else "ok"
    room: State = "ok" if await look_for_room(database) else "degraded"
    good: State = "degraded" if "degraded" in (engine, seal_keys, mail, room) else "ok"
    return Health(
        status="failing" if not migrated else good,
        database=room,
        migrations="ok" if migrated else "failing",
        engine=engine,
        seal_keys=seal_keys,
        mail=mail,
    )


async def _seal_keys(conn: AsyncConnection) -> State:
    """Can this process write the keys of raters' answers where all others find them?"""
    try:
        await right_folder(conn)
    except KeysUnavailable as error:
        log.error("seal_keys_unavailable", reason=error.reason)
        return "degraded"
    return "degraded" if await conn.scalar(text("SELECT missing FROM seal_key_folder")) else "ok"


async def look_for_room(database: Database) -> bool:
    """Whether writes are taken, as far as this process knows; tells the log when that changes."""
    if not database.full:
        return True
    try:
        room = await database.has_room()
    except (SQLAlchemyError, OSError):
        return False
    if room:
        log.warning("database_has_room_again")
    return room


@dataclass(frozen=True, slots=True)
class _Facts:
    revision: str | None
    late: int
    no_mail: bool


_FACTS = text(
    """
    SELECT (SELECT max(version_num) FROM alembic_version) AS revision,
      EXISTS (SELECT FROM processes WHERE kind = 'mail' AND waits_for = 'relay') AS no_mail,
      (SELECT count(*) FROM processes WHERE state = 'open'
       AND coalesce(armed_until, CASE WHEN advanced_at IS NULL THEN created_at END) < :late) AS late
    """
)
