"""Who sits at a desk is changed by two, and never by those whom it concerns.

A member of a desk sees more than others, and names who else does. So a company file that changes
who sits at one waits until a second member confirms it: row, page, API. Nobody puts themselves at a
desk or takes themselves from one; a script never does. Where the company file names one person
alone, there is no second: what they write holds at once. Whoever has a shell on the machine is
trusted (`almanac company set`). All of it is written down and mailed to both desks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.company import Company
from definitions.loader import parse_company
from domain.access import Actor
from domain.errors import Forbidden, IllegalState, Invalid, NotFound
from domain.notifications import Event
from store.base.audit import record
from store.changes.people_events import set_company
from store.outbox.notices import tell
from store.people.company import (
    Addresses,
    at_desks,
    company,
    desks_differ,
    people_at,
    settings_hash,
)
from store.people.times import lock_people


class Saved(StrEnum):
    """What came of a company file."""

    SAVED = "saved"
    SAME = "same"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class DeskChange:
    """A company file that waits for a second member. Names where an address is somebody's."""

    id: int
    joining: Addresses
    leaving: Addresses
    proposed_at: datetime
    proposed_by_id: int
    proposed_by: str


async def offer_company(
    conn: AsyncConnection, settings: Company, source: str, *, actor: Actor, now: datetime
) -> Saved:
    """Save a company file, or let it wait for a second member if it changes who sits at a desk.

    Raises Invalid for what nobody may do to their own desk, Forbidden for a script, IllegalState
    while another change waits. The same file again changes nothing.
    """
    await lock_people(conn)
    old = await _present(conn)
    joining, leaving = desks_differ(old, settings)
    if old is None or not (joining or leaving):
        saved = await set_company(conn, settings, source, actor=actor, now=now)
        return Saved.SAVED if saved else Saved.SAME
    if actor.person_id is None:
        raise Forbidden("A service key does not change who sits at a desk. Two of its members do.")
    own = await _address(conn, actor.person_id)
    _must_not_be_own(own, joining, leaving)
    if _named(old) <= {own}:
        await set_company(conn, settings, source, actor=actor, now=now)
        return Saved.SAVED
    await _propose(conn, source, joining, leaving, actor, now)
    return Saved.WAITS


async def waiting_change(conn: AsyncConnection) -> DeskChange | None:
    """The change that waits for a second member, if there is one."""
    row = (await conn.execute(text(_WAITING))).one_or_none()
    return None if row is None else DeskChange(*row)


async def confirm_desks(
    conn: AsyncConnection, change_id: int, *, actor: Actor, now: datetime
) -> None:
    """A second member of a desk confirms; the file holds from now on.

    Raises NotFound, Forbidden for a script, whoever wrote it and whoever would join a desk by it,
    IllegalState if the settings have changed since it was written.
    """
    await lock_people(conn)
    row = await _locked(conn, change_id)
    if actor.person_id is None:
        raise Forbidden("A service key does not confirm who sits at a desk.")
    if actor.person_id == row.proposed_by_id:
        raise Forbidden("You wrote this; somebody else at a desk has to confirm it.")
    own = await _address(conn, actor.person_id)
    if own in _all(row.joining):
        raise Forbidden("Nobody confirms that they come to a desk themselves.")
    if await settings_hash(conn) != row.based_on:
        raise IllegalState(
            "The company settings have changed since this was written; nothing was confirmed.",
            hint="Withdraw it, and save the file once more on the page Company.",
        )
    await _settle(conn, change_id, "confirmed", actor, now)
    settings = parse_company(row.source, "company.yaml")
    await set_company(conn, settings, row.source, actor=actor, now=now)


async def withdraw_desks(
    conn: AsyncConnection, change_id: int, *, actor: Actor, now: datetime
) -> None:
    """A member of a desk takes a waiting change back. Raises NotFound, Forbidden for a script."""
    if actor.person_id is None:
        raise Forbidden("A service key does not decide who sits at a desk.")
    await _locked(conn, change_id)
    await _settle(conn, change_id, "withdrawn", actor, now)


# --- Inside --------------------------------------------------------------------------------------


async def _present(conn: AsyncConnection) -> Company | None:
    try:
        return await company(conn)
    except IllegalState:
        return None


def _named(settings: Company) -> set[str]:
    return {address.lower() for address in (*settings.hr, *settings.administrators)}


def _all(addresses: Addresses) -> set[str]:
    return {address.lower() for some in addresses.values() for address in some}


def _must_not_be_own(own: str, joining: Addresses, leaving: Addresses) -> None:
    if own in _all(joining) | _all(leaving):
        message = "Nobody puts themselves at a desk or takes themselves from one. A colleague does."
        problem = {"field": "source", "code": "own_desk", "message": message}
        raise Invalid(message, (problem,))


async def _address(conn: AsyncConnection, person_id: int) -> str:
    return str(
        await conn.scalar(text("SELECT lower(email) FROM people WHERE id = :id"), {"id": person_id})
    )


async def _propose(
    conn: AsyncConnection,
    source: str,
    joining: Addresses,
    leaving: Addresses,
    actor: Actor,
    now: datetime,
) -> None:
    if await waiting_change(conn) is not None:
        raise IllegalState(
            "Another change of a desk waits for a second member; nothing was saved.",
            hint="Confirm or withdraw that one first.",
        )
    change_id = await conn.scalar(
        text(
            "INSERT INTO desk_changes (source, based_on, joining, leaving, proposed_at,"
            " proposed_by_id, state) VALUES (:source, :based_on, CAST(:joining AS jsonb),"
            " CAST(:leaving AS jsonb), :now, :by, 'open') RETURNING id"
        ),
        {
            "source": source,
            "based_on": await settings_hash(conn),
            "joining": json.dumps(joining),
            "leaving": json.dumps(leaving),
            "now": now,
            "by": actor.person_id,
        },
    )
    people = {
        "joining": await people_at(conn, joining),
        "leaving": await people_at(conn, leaving),
    }
    await _audit(conn, "desk_change_proposed", change_id, actor, now, people)
    await tell(
        conn,
        await at_desks(conn),
        Event.DESK_CHANGE,
        key=f"desk-change:{change_id}",
        cause="proposed",
        now=now,
        data={"by": actor.person_id, "waits": True, **people},
    )


async def _locked(conn: AsyncConnection, change_id: int) -> Any:
    row = (
        await conn.execute(
            text("SELECT * FROM desk_changes WHERE id = :id AND state = 'open' FOR UPDATE"),
            {"id": change_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no change of a desk {change_id} that waits.")
    return row


async def _settle(
    conn: AsyncConnection, change_id: int, state: str, actor: Actor, now: datetime
) -> None:
    await conn.execute(
        text(
            "UPDATE desk_changes SET state = :state, settled_at = :now, settled_by_id = :by"
            " WHERE id = :id"
        ),
        {"state": state, "now": now, "by": actor.person_id, "id": change_id},
    )
    await _audit(conn, f"desk_change_{state}", change_id, actor, now, {})


async def _audit(
    conn: AsyncConnection,
    action: str,
    change_id: int,
    actor: Actor,
    now: datetime,
    after: Mapping[str, Any],
) -> None:
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="desk_change",
        object_id=change_id,
        after=after,
    )


_WAITING = """
SELECT d.id, d.joining, d.leaving, d.proposed_at, d.proposed_by_id,
  p.first_name || ' ' || p.last_name
FROM desk_changes d JOIN people p ON p.id = d.proposed_by_id WHERE d.state = 'open'
"""
