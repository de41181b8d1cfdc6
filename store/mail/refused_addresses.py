"""Addresses that a mail server refuses: HR hears of each once, and what was missed is made up for.

A bad address is HR's problem, not the person's: no ladder climbs before somebody was reached.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import ENGINE, Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.states import Desk
from store.access.address_changes import settle
from store.access.person_changes import follow_changes, stand
from store.base.arrays import literal
from store.base.audit import Change, record, record_each
from store.outbox.notices import tell_desk
from store.outbox.outbox import horizon, wake_sender
from store.people.company import company
from store.people.file_records import is_address
from store.people.times import company_calendars, lock_people, person_times


async def refuse_addresses(
    conn: AsyncConnection, codes: Mapping[UUID, int], as_of: datetime
) -> None:
    """Mark the receivers of these mails ({mail: SMTP code}) and tell HR, once for each address.

    If it was the former address of somebody whose changed one does not count yet, there is nobody
    who could object from it: the new one counts from now on.
    """
    if not codes:
        return
    rows = await conn.execute(
        text(
            "SELECT m.id, m.person_id, m.address, p.email FROM mails m "
            "JOIN people p ON p.id = m.person_id WHERE m.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(codes)},
    )
    found = rows.all()
    await _former_refused(conn, {row.person_id: row.address for row in found}, as_of)
    for row in found:
        if row.address.lower() != row.email.lower():
            continue  # mended meanwhile
        await conn.execute(
            text(
                "UPDATE people SET address_refused_at = :as_of "
                "WHERE id = :id AND address_refused_at IS NULL"
            ),
            {"id": row.person_id, "as_of": as_of},
        )
        digest = hashlib.sha256(row.address.lower().encode()).hexdigest()[:16]
        await tell_desk(
            conn,
            Desk.HR,
            Event.ADDRESS_REFUSED,
            key=f"address:{row.person_id}:{digest}",
            cause="smtp",
            now=as_of,
            subject_id=row.person_id,
            data={"code": codes[row.id]},
        )


async def _former_refused(conn: AsyncConnection, refused: Mapping[int, str], now: datetime) -> None:
    """Mail to these addresses of people was refused for good: {person: address}. Repeatable.

    An address that was refused may be replaced at once, also if that is found only by the mail that
    tells of the change. Not where time alone would not have made the new one count.
    """
    rows = await conn.execute(
        text(
            "SELECT a.person_id FROM address_changes a JOIN unnest(CAST(:people AS bigint[]),"
            " CAST(:addresses AS text[])) AS r(person_id, address) ON r.person_id = a.person_id"
            " AND lower(r.address) = lower(a.old_address)"
            " WHERE a.state = 'open' AND a.holds_until > :now"
        ),
        {"people": list(refused), "addresses": literal(refused.values()), "now": now},
    )
    await settle(conn, list(rows.scalars()), "at_once", ENGINE, now)


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """An address to which mail was refused for good, the server's words, and what is still unsaid.

    `waiting`: items that go out once the address is tried again.
    """

    person_id: int
    name: str
    address: str
    refused_at: datetime | None
    code: int | None
    answer: str | None
    waiting: int


async def refused_address(conn: AsyncConnection, person_id: int) -> RefusedAddress:
    """The address of somebody, and why it was refused if it was. Raises NotFound."""
    row = (await conn.execute(text(_REFUSED), {"id": person_id})).one_or_none()
    if row is None:
        raise NotFound(f"There is no person {person_id}.")
    return RefusedAddress(*row)


async def mend_address(
    conn: AsyncConnection, person_id: int, address: str | None, actor: Actor, now: datetime
) -> int:
    """Correct an address that refused mail, or try it again as it is (`address` none).

    Returns how many items are queued that were missed. Whether somebody sits at a desk hangs on
    their address, so those of a desk change in the company settings and the people file only.
    Raises NotFound, IllegalState if the address was not refused, Invalid.
    """
    await lock_people(conn)
    before = await stand(conn, now.date())
    known = await refused_address(conn, person_id)
    if known.refused_at is None:
        raise IllegalState(
            "No mail to this address was refused. Addresses change with the next people file."
        )
    corrected = (address or "").strip() or known.address
    changed = corrected.lower() != known.address.lower()
    if changed:
        await _of_the_company(conn, person_id)
        await _may_have(conn, known, corrected)
        await _let_go(conn, corrected)
        await conn.execute(
            text("UPDATE people SET email = :address, updated_at = :now WHERE id = :id"),
            {"address": corrected, "now": now, "id": person_id},
        )
        await follow_changes(conn, before, actor=actor, now=now)
    queued = await address_mended(conn, [person_id], now)
    await record(
        conn,
        at=now,
        actor=actor,
        action="address_mended",
        object_type="person",
        object_id=person_id,
        after={"corrected": "yes" if changed else "no", "items": queued},
    )
    return queued


async def _of_the_company(conn: AsyncConnection, person_id: int) -> None:
    """Whoever is asked for feedback from outside is known by their address alone."""
    if await conn.scalar(
        text("SELECT status = 'external' FROM people WHERE id = :id"), {"id": person_id}
    ):
        message = "Only whoever named somebody from outside can name them with another address."
        raise Invalid(message, ({"field": "address", "code": "outside", "message": message},))


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """How many addresses are tried again, and how many items are queued that were missed."""

    people: int
    items: int


async def try_again(conn: AsyncConnection, actor: Actor, now: datetime) -> TriedAgain:
    """Try every address again to which mail was refused, as it is. Repeatable.

    One that is refused once more is marked once more. The audit log gets one entry a person.
    """
    rows = await conn.execute(
        text("SELECT id FROM people WHERE address_refused_at IS NOT NULL ORDER BY id FOR UPDATE")
    )
    people = list(rows.scalars())
    if not people:
        return TriedAgain(0, 0)
    queued = await address_mended(conn, people, now)
    after = {"corrected": "no", "together": len(people)}
    entries = [Change("address_mended", person, {}, after) for person in people]
    await record_each(conn, entries, at=now, actor=actor, of="person")
    return TriedAgain(len(people), queued)


async def _may_have(conn: AsyncConnection, known: RefusedAddress, address: str) -> None:
    settings = await company(conn)
    desks = {member.lower() for member in (*settings.hr, *settings.administrators)}
    message = ""
    if not is_address(address):
        message = "This is not a mail address."
    elif desks & {address.lower(), known.address.lower()}:
        message = "This address stands at a desk; change it in the company settings first."
    elif await conn.scalar(
        text(
            "SELECT 1 FROM people WHERE lower(email) = lower(:address) AND id <> :id"
            " AND status <> 'left'"
        ),
        {"address": address, "id": known.person_id},
    ):
        message = "This address belongs to somebody else."
    if message:
        raise Invalid(message, ({"field": "address", "code": "address", "message": message},))


async def _let_go(conn: AsyncConnection, address: str) -> None:
    """Somebody who has left keeps no address that another one needs, as in an import."""
    await conn.execute(
        text(
            "UPDATE people SET email = '' WHERE lower(email) = lower(:address) AND status = 'left'"
        ),
        {"address": address},
    )


_REFUSED = """
SELECT p.id, p.first_name || ' ' || p.last_name, p.email, p.address_refused_at, m.smtp_code,
  m.smtp_answer,
  (SELECT count(*) FROM notifications n WHERE n.state IN ('failed', 'suppressed')
   AND n.reason = 'address_refused'
   AND (n.person_id = p.id OR n.mail_id IN (SELECT id FROM mails o WHERE o.person_id = p.id))
   AND (n.task_id IS NULL
     OR EXISTS (SELECT FROM tasks t WHERE t.id = n.task_id AND t.state = 'open')))
FROM people p LEFT JOIN LATERAL (
  SELECT smtp_code, smtp_answer FROM mails
  WHERE person_id = p.id AND state = 'failed' ORDER BY id DESC LIMIT 1) m ON true
WHERE p.id = :id
"""


async def address_mended(conn: AsyncConnection, person_ids: Sequence[int], now: datetime) -> int:
    """The addresses of these people can be tried again: clear their marks, queue what they missed.

    Called by whoever says so; an import that changes an address clears the mark itself. Returns
    how many items. Repeatable.
    """
    await conn.execute(
        text(
            "UPDATE people SET address_refused_at = NULL "
            "WHERE id = ANY(CAST(:ids AS bigint[])) AND address_refused_at IS NOT NULL"
        ),
        {"ids": list(person_ids)},
    )
    return await queue_missed(conn, person_ids, now)


async def queue_missed(conn: AsyncConnection, person_ids: Sequence[int], now: datetime) -> int:
    """Queue what those of these people missed whose address is not refused (any more).

    Only what is still worth saying; the sender makes one mail of it, by the latest rung. Returns
    how many items. Repeatable.
    """
    people = await _who_missed(conn, person_ids)
    if not people:
        return 0
    calendars = await company_calendars(conn, now.year - 1, now.year + 1)
    times = await person_times(conn, calendars, people, horizon=horizon(now))
    mornings = [times.get(person, calendars.company()).at_once(now) for person in people]
    result = await conn.execute(
        text(
            """
            UPDATE notifications n SET state = 'queued', reason = NULL, settled_at = NULL,
                mail_id = NULL, send_at = w.send_at
            FROM unnest(CAST(:people AS bigint[]), CAST(:at AS timestamptz[]))
                AS w(person_id, send_at)
            WHERE n.state IN ('failed', 'suppressed') AND n.reason = 'address_refused'
              AND (n.person_id = w.person_id
                OR n.mail_id IN (SELECT id FROM mails m WHERE m.person_id = w.person_id))
              AND (n.task_id IS NULL OR EXISTS (
                SELECT 1 FROM tasks t WHERE t.id = n.task_id AND t.state = 'open'))
            """
        ),
        {"people": people, "at": mornings},
    )
    if result.rowcount:
        await wake_sender(conn, min(mornings))
    return result.rowcount


async def _who_missed(conn: AsyncConnection, person_ids: Sequence[int]) -> list[int]:
    rows = await conn.execute(
        text(
            "SELECT p.id FROM people p WHERE p.id = ANY(CAST(:ids AS bigint[])) "
            "AND p.address_refused_at IS NULL AND EXISTS (SELECT 1 FROM mails m "
            "WHERE m.person_id = p.id AND m.state = 'failed')"
        ),
        {"ids": list(person_ids)},
    )
    return list(rows.scalars())
