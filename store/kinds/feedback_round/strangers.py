"""Links of raters from outside in the wrong hands: all doors close, and a fresh link is mailed.

Somebody outside has nothing but their links, and may forward a mail as anybody may. Whoever opens
it is told for whom it is meant, and can say that they are somebody else.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.notifications import Event
from store.access.links import revoke_for_person
from store.access.sessions import revoke_all
from store.base.audit import record
from store.outbox.outbox import NewNotification, queue
from store.people.outside import EXTERNAL


async def not_them(conn: AsyncConnection, person_id: int, now: datetime) -> bool:
    """End every session and link of somebody outside, and mail them a fresh link.

    Nothing is declined and nothing they wrote is lost. Said again, there is nothing
    left to be ended and nothing is mailed. Of colleagues, and of
    people without links, nothing changes; False then.
    """
    known = await conn.scalar(
        text("SELECT true FROM people WHERE id = :id AND status = :external FOR UPDATE"),
        {"id": person_id, "external": EXTERNAL},
    )
    if not known:
        return False
    sessions = await revoke_all(conn, person_id, now)
    links = await revoke_for_person(conn, person_id, now)
    if not sessions and not links:
        return False
    await queue(
        conn,
        [
            NewNotification(
                key=f"sign-in:{person_id}:{now.isoformat()}",
                event=Event.SIGN_IN,
                person_id=person_id,
                at=now,
                send_at=now,
                cause="asked",
                data={"target": "/feedback"},
            )
        ],
    )
    await record(
        conn,
        at=now,
        actor=Actor(None, "engine"),
        action="sign_out_everywhere",
        object_type="person",
        object_id=person_id,
        after={"because": "not_them"},
    )
    return True
