"""Telling the desk that mends it of what is held."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import IllegalState
from domain.notifications import Event
from store.outbox.notices import tell_desk


async def tell_held(conn: AsyncConnection, process_id: str, as_of: datetime) -> None:
    """Tell each desk once a day of what a process holds and the desk was not told of yet.

    The mail lists everything that is held, so one a day says it all. Before there are company
    settings there is nobody to tell; it is said later. Idempotent.
    """
    found = await conn.execute(
        text(
            "UPDATE held_rows SET told_at = :as_of WHERE process_id = :id AND told_at IS NULL "
            "AND cleared_at IS NULL RETURNING mended_by"
        ),
        {"id": process_id, "as_of": as_of},
    )
    for desk in sorted(set(found.scalars())):
        try:
            async with conn.begin_nested():
                await tell_desk(
                    conn,
                    desk,
                    Event.HELD_ROW,
                    key=f"held-rows:{desk}:{as_of.date().isoformat()}",
                    cause="held",
                    now=as_of,
                )
        except IllegalState:
            await conn.execute(
                text(
                    "UPDATE held_rows SET told_at = NULL WHERE process_id = :id "
                    "AND told_at = :as_of AND mended_by = :desk"
                ),
                {"id": process_id, "as_of": as_of, "desk": desk},
            )
