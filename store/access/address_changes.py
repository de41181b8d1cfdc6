"""A changed address signs nobody in before it counts as the person's own.

Whoever can change an address could otherwise become its owner: change it, ask for a link there,
read and write in their name, change it back. So a change ends sessions and links, is told to the
address that counted before, and holds: for 72 hours nobody signs in as that person, unless they
confirm it from there, or two members of desks stand for it. The old address can take it back.

One exception: an address that its server refused, or of somebody who never signed in, is replaced
at once, also if the refusal comes only afterwards (`store.addresses`). It must be the last one that
counted, not one that was put there meanwhile. Until an address counts, no mail goes there but
sign-in links.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor, Reader, is_own_case
from domain.errors import Forbidden, IllegalState, NotFound
from domain.notifications import Event
from domain.states import Desk
from store.access.links import HELD, LinkPurpose, LinkState, find_link
from store.base.arrays import literal
from store.base.audit import record
from store.outbox.notices import tell_desk
from store.outbox.outbox import NewNotification, queue

HOLD = timedelta(hours=72)
"""How long the owner of the old address can object before anybody signs in by the new one."""

NO_ADDRESS = "@invalid"
"""What stands for the address of somebody who has none (any more) ends like this."""

VOICES = 2
"""So many members of desks stand for a changed address; whoever changed it is one of them."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody's address before and after an act, as it stood in their record.

    `refused`: its server had refused the former one. `signed_in`: they had signed in before.
    """

    person_id: int
    old: str
    new: str
    refused: bool
    signed_in: bool

    @property
    def changed(self) -> bool:
        """Letter case says nothing about who reads what is sent there.

        Somebody who has left and whose address is another's now has none: nobody signs in by it.
        """
        return self.new != "" and self.old.lower() != self.new.lower()


async def addresses_moved(
    conn: AsyncConnection,
    moves: Sequence[Moved],
    *,
    desks: Iterable[int],
    actor: Actor,
    now: datetime,
) -> list[int]:
    """Hold changed addresses, tell the old ones, end sessions and links. Returns whose changed.

    `desks` are the people who sit at one: theirs count when somebody has stood for them, however
    much time goes by. Call it in the transaction of the change, after the records were written.
    Changing an address back to the one that counted before ends the hold.
    """
    changed = {move.person_id: move for move in moves if move.changed}
    if not changed:
        return []
    people = sorted(changed)
    await _lapse(conn, people, now)
    counted = await _counted(conn, people)
    back = [p for p in people if p in counted and counted[p].lower() == changed[p].new.lower()]
    at_once = [p for p in people if p not in counted and _at_once(changed[p])]
    held = [p for p in people if p not in back and p not in at_once]
    await _close_doors(conn, people, now)
    await settle(conn, back, "reverted", actor, now)
    await _write(conn, [changed[p] for p in at_once], "at_once", {}, (), actor, now)
    await _write(conn, [changed[p] for p in held], "open", counted, desks, actor, now)
    await _shut(conn, [p for p in people if p not in back], shut=True)
    await _shut(conn, back, shut=False)
    await _tell_old(conn, held, now)
    return people


def _at_once(move: Moved) -> bool:
    return move.refused or not move.signed_in


async def _lapse(conn: AsyncConnection, people: Sequence[int], now: datetime) -> None:
    """Changes to which nobody objected in time count; what follows is a change of its own."""
    await conn.execute(
        text(
            "UPDATE address_changes SET state = 'lapsed', settled_at = holds_until"
            " WHERE state = 'open' AND holds_until <= :now"
            " AND person_id = ANY(CAST(:people AS bigint[]))"
        ),
        {"people": list(people), "now": now},
    )


async def _counted(conn: AsyncConnection, people: Sequence[int]) -> dict[int, str]:
    """The address that counts of everybody whose present one does not."""
    rows = await conn.execute(
        text(
            "SELECT person_id, old_address FROM address_changes WHERE state = 'open'"
            " AND person_id = ANY(CAST(:people AS bigint[]))"
        ),
        {"people": list(people)},
    )
    return dict(rows.all())


async def _close_doors(conn: AsyncConnection, people: Sequence[int], now: datetime) -> None:
    """End what signs in. The old address may still say whose the new one is."""
    for statement in _CLOSE_DOORS:
        await conn.execute(statement, {"people": list(people), "now": now})


_CLOSE_DOORS = (
    text(
        "UPDATE sessions SET revoked_at = :now WHERE revoked_at IS NULL"
        " AND person_id = ANY(CAST(:people AS bigint[]))"
    ),
    text(
        "UPDATE links SET revoked_at = :now WHERE revoked_at IS NULL AND purpose <> 'address'"
        " AND person_id = ANY(CAST(:people AS bigint[]))"
    ),
)


async def _shut(conn: AsyncConnection, people: Sequence[int], *, shut: bool) -> None:
    """What they wrote as raters: out of reach, whoever comes by another address than its author."""
    if people:
        await conn.execute(
            text(
                "UPDATE sealed_answers s SET shut = :shut FROM tasks t WHERE t.id = s.task_id"
                " AND t.assignee_id = ANY(CAST(:people AS bigint[])) AND s.shut <> :shut"
            ),
            {"people": list(people), "shut": shut},
        )


async def _write(
    conn: AsyncConnection,
    moves: Sequence[Moved],
    state: str,
    counted: dict[int, str],
    desks: Iterable[int],
    actor: Actor,
    now: datetime,
) -> None:
    if not moves:
        return
    at_desks = sorted(set(desks))
    await conn.execute(
        text(_WRITE),
        {
            "people": [move.person_id for move in moves],
            "old": literal(counted.get(move.person_id, move.old) for move in moves),
            "new": literal(move.new for move in moves),
            "state": state,
            "now": now,
            "until": now + HOLD,
            "by": actor.person_id,
            "kind": actor.kind,
            "voices": [] if actor.person_id is None else [actor.person_id],
            "desks": at_desks,
            "others": len(at_desks) > 1,
            "none": f"%{NO_ADDRESS}",
        },
    )


# Time alone does not make an address count: where the old one cannot be told, because somebody else
# has it now or there is none; where it was taken back before; and at a desk, if there are others.
_WRITE = """
INSERT INTO address_changes (person_id, old_address, new_address, changed_at, changed_by_id,
  changed_by_kind, state, holds_until, vouched_by, settled_at)
SELECT m.person_id, m.old, m.new, :now, CAST(:by AS bigint), :kind, :state,
  CASE WHEN m.old LIKE :none OR m.old = ''
    OR EXISTS (SELECT FROM people p WHERE lower(p.email) = lower(m.old) AND p.id <> m.person_id)
    OR EXISTS (SELECT FROM address_changes e WHERE e.person_id = m.person_id
               AND e.state = 'objected' AND lower(e.new_address) = lower(m.new))
    OR (:others AND m.person_id = ANY(CAST(:desks AS bigint[])))
  THEN NULL ELSE CAST(:until AS timestamptz) END,
  CAST(:voices AS bigint[]), CASE WHEN :state = 'open' THEN NULL ELSE CAST(:now AS timestamptz) END
FROM unnest(CAST(:people AS bigint[]), CAST(:old AS text[]), CAST(:new AS text[]))
  AS m(person_id, old, new)
ON CONFLICT (person_id) WHERE state = 'open' DO UPDATE SET new_address = excluded.new_address,
  changed_at = excluded.changed_at, changed_by_id = excluded.changed_by_id,
  changed_by_kind = excluded.changed_by_kind, holds_until = excluded.holds_until,
  vouched_by = excluded.vouched_by
"""


async def _tell_old(conn: AsyncConnection, people: Sequence[int], now: datetime) -> None:
    """Mail the address that counted, unless it is somebody else's by now."""
    rows = await conn.execute(
        text(
            "SELECT a.id, a.person_id, a.holds_until FROM address_changes a WHERE a.state = 'open'"
            " AND a.person_id = ANY(CAST(:people AS bigint[])) AND a.old_address NOT LIKE :none"
            " AND NOT EXISTS (SELECT FROM people p WHERE lower(p.email) = lower(a.old_address)"
            "  AND p.id <> a.person_id) ORDER BY a.id"
        ),
        {"people": list(people), "none": f"%{NO_ADDRESS}"},
    )
    await queue(
        conn,
        [
            NewNotification(
                key=f"address-changed:{change}:{now.isoformat()}",
                event=Event.ADDRESS_CHANGED,
                person_id=person,
                at=now,
                send_at=now,
                cause="address_changed",
                data={"change": change, "until": until.isoformat() if until else None},
            )
            for change, person, until in rows
        ],
    )


# --- Saying whose it is --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddressChange:
    """A changed address that does not count yet. `holds_until` none: until it is vouched for."""

    id: int
    person_id: int
    name: str
    old_address: str
    new_address: str
    changed_at: datetime
    changed_by: str | None
    holds_until: datetime | None
    vouched_by: Sequence[int]


_CHANGE = f"""
SELECT a.id, a.person_id, p.first_name || ' ' || p.last_name, a.old_address, a.new_address,
  a.changed_at, b.first_name || ' ' || b.last_name, a.holds_until, a.vouched_by
FROM address_changes a JOIN people p ON p.id = a.person_id
LEFT JOIN people b ON b.id = a.changed_by_id
WHERE {HELD}
"""


async def held_addresses(conn: AsyncConnection, now: datetime) -> list[AddressChange]:
    """Changed addresses by which nobody signs in yet, the oldest first."""
    rows = await conn.execute(text(f"{_CHANGE} ORDER BY a.id LIMIT 500"), {"now": now})
    return [_change(row) for row in rows]


def _change(row: Any) -> AddressChange:
    return AddressChange(*row)


def may_vouch(reader: Reader, change: AddressChange) -> bool:
    """Whether a member of a desk may stand for it: not for themselves, their line, nor twice."""
    return (
        reader.person_id is not None
        and (reader.is_hr or reader.is_administrator)
        and reader.person_id not in change.vouched_by
        and not is_own_case(reader, change.person_id)
    )


async def vouch(
    conn: AsyncConnection, change_id: int, reader: Reader, actor: Actor, now: datetime
) -> bool:
    """A member of a desk stands for a changed address. True: it counts from now on.

    Two have to; who changed it is one of them, unless a script did. A service key never stands for
    anybody. Raises NotFound, Forbidden.
    """
    row = (
        await conn.execute(
            text(f"{_CHANGE} AND a.id = :id FOR UPDATE OF a"), {"id": change_id, "now": now}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no changed address {change_id} that waits.")
    change = _change(row)
    if not may_vouch(reader, change):
        raise Forbidden(
            "Somebody else at a desk has to stand for this: not whoever changed it, nor the "
            "person, nor somebody who reports to them."
        )
    voices = [*change.vouched_by, reader.person_id]
    await conn.execute(
        text("UPDATE address_changes SET vouched_by = CAST(:voices AS bigint[]) WHERE id = :id"),
        {"voices": voices, "id": change_id},
    )
    if len(voices) >= VOICES:
        await settle(conn, [change.person_id], "vouched", actor, now)
    else:
        await _audit(conn, change.person_id, "address_vouched", actor, now, change_id)
    return len(voices) >= VOICES


async def by_token(conn: AsyncConnection, token: str, now: datetime) -> AddressChange | None:
    """The change of which the mail to the old address told; none once it is settled. Reads only."""
    link = await find_link(conn, token, now)
    if link.purpose != LinkPurpose.ADDRESS or link.state is not LinkState.VALID:
        return None
    row = (
        await conn.execute(
            text(f"{_CHANGE.replace(HELD, _OPEN)} AND a.id = :id"),
            {"id": int(link.target.rpartition("/")[2]), "now": now},
        )
    ).one_or_none()
    return None if row is None or row.person_id != link.person_id else _change(row)


_OPEN = "a.state = 'open' AND CAST(:now AS timestamptz) IS NOT NULL"
"""Also after its time: the owner of the old address may still take it back."""


async def confirm_address(conn: AsyncConnection, token: str, now: datetime) -> AddressChange:
    """The owner of the old address says that the new one is theirs. Raises IllegalState."""
    change = await _by_token(conn, token, now)
    await settle(
        conn, [change.person_id], "confirmed", Actor(change.person_id, "person"), now, shut=False
    )
    return change


async def object_to_address(conn: AsyncConnection, token: str, now: datetime) -> AddressChange:
    """The owner of the old address takes the change back: it is theirs again, and desks are told.

    Where somebody else has the old address by now, the new one never counts by itself. Raises
    IllegalState.
    """
    change = await _by_token(conn, token, now)
    actor = Actor(change.person_id, "person")
    await _close_doors(conn, [change.person_id], now)
    restored = await conn.execute(
        text(
            "UPDATE people SET email = :old, address_refused_at = NULL, updated_at = :now"
            " WHERE id = :id AND NOT EXISTS ("
            "  SELECT FROM people o WHERE lower(o.email) = lower(:old) AND o.id <> :id)"
        ),
        {"old": change.old_address, "id": change.person_id, "now": now},
    )
    if restored.rowcount:
        await settle(conn, [change.person_id], "objected", actor, now, shut=False)
    else:
        await conn.execute(
            text("UPDATE address_changes SET holds_until = NULL WHERE id = :id"), {"id": change.id}
        )
        await _audit(conn, change.person_id, "address_objected", actor, now, change.id)
    for desk in (Desk.HR, Desk.ADMINISTRATORS):
        await tell_desk(
            conn,
            desk,
            Event.ADDRESS_OBJECTED,
            key=f"address-objected:{change.id}",
            cause="address_objected",
            now=now,
            subject_id=change.person_id,
        )
    return change


async def _by_token(conn: AsyncConnection, token: str, now: datetime) -> AddressChange:
    found = await by_token(conn, token, now)
    if found is None:
        raise IllegalState("This was settled already, or the link does not work any more.")
    return found


async def settle(
    conn: AsyncConnection,
    people: Sequence[int],
    state: str,
    actor: Actor,
    now: datetime,
    *,
    shut: bool | None = None,
) -> None:
    """The open changes of these people end in a state; with an entry each. Repeatable.

    `shut`: whether what they wrote as raters under the former address is out of reach from now on.
    """
    rows = await conn.execute(
        text(
            "UPDATE address_changes SET state = :state, settled_at = :now, settled_by_id = :by"
            " WHERE state = 'open' AND person_id = ANY(CAST(:people AS bigint[]))"
            " RETURNING id, person_id"
        ),
        {"people": list(people), "state": state, "by": actor.person_id, "now": now},
    )
    for change_id, person_id in rows.all():
        await _audit(conn, person_id, f"address_{state}", actor, now, change_id)
    if shut is not None:
        await _shut(conn, people, shut=shut)


async def _audit(
    conn: AsyncConnection, person_id: int, action: str, actor: Actor, now: datetime, change: int
) -> None:
    await record(
        conn,
        at=now,
        actor=actor,
        action=action,
        object_type="person",
        object_id=person_id,
        after={"change": change},
    )


async def confirm_on_the_machine(
    conn: AsyncConnection, employee_id: str, actor: Actor, now: datetime
) -> None:
    """Let a changed address count, said by whoever has a shell. Raises NotFound."""
    person_id = await conn.scalar(
        text(
            f"SELECT p.id FROM people p JOIN address_changes a ON a.person_id = p.id AND {HELD}"
            " WHERE p.employee_id = :id"
        ),
        {"id": employee_id, "now": now},
    )
    if person_id is None:
        raise NotFound(f"No changed address of the employee {employee_id} waits.")
    await settle(conn, [person_id], "vouched", actor, now)
