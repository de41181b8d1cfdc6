"""The claim: of all that is due, take some people's items, decide, and write down their mails.

One transaction of a handful of statements, however many people. From its commit on the mails of
the claim are this sender's until the lease ends; nothing was handed over yet, so that whoever
takes them over may simply go on. A person's row is locked while theirs are decided, so that two
senders side by side never make two mails of one morning.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import CalendarRange, Calendars
from domain.notifications import Event
from domain.processes.mail import MAIL
from store.access.links import HELD
from store.engine.processes import hold
from store.mail.deciding import Deciding, Waiting, decide, delegates_last, resolve, write_down
from store.mail.delivery import held_cycles
from store.mail.leases import Lease, new_lease
from store.mail.writing import ClaimedMail, Written, write
from store.outbox.choice import Choice, Item, Somebody
from store.outbox.outbox import horizon
from store.people.times import company_calendars, delegate_on, person_times

URGENT = tuple(event.value for event in Event if event.always)
CAUSING = tuple(event.value for event in Event if not event.ride_along)

CANDIDATES = 4
"""People looked at for each one wanted: the first ones another sender may have locked just now."""

WINDOW = 8
"""Items looked at for each person wanted: a person has several that are due at once."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What was taken. `lease` is the token with which the mails are marked.

    `more`: something was decided, so that more may be due. `full`: there were as many people as
    were asked for.
    """

    mails: tuple[ClaimedMail, ...]
    lease: Lease
    more: bool
    full: bool = False


async def claim(
    conn: AsyncConnection,
    as_of: datetime,
    *,
    people: int,
    message_id: Callable[[str], str],
    urgent: bool = False,
    lease: Lease | None = None,
    helping: bool = False,
) -> Claim:
    """Take what is due at `as_of` for up to so many people, the longest due first.

    `message_id` makes a Message-ID of a mail's key, which is made of the person and the items.
    Whatever is due and may not be said any more is suppressed with its reason; what has come
    outside the receiver's hours is postponed. `urgent`: only what waits for nothing, for nobody.
    `lease` is the sender's; without one it is a new one. `helping`: another sender is at it, too.
    Then only people are taken for whom nobody acts and who act for nobody, with what was never
    tried: what goes to one receiver is decided by one sender.
    """
    held, _ = await held_cycles(conn, as_of)
    events = URGENT if urgent else CAUSING
    owners = await _lock_people(conn, as_of, held, people, events, helping=helping)
    full = len(owners) >= people
    lease = lease or new_lease(as_of)
    if not owners:
        return Claim((), lease, more=False)
    if not urgent:
        owners = await _with_stand_ins(conn, owners, as_of)
    waiting = [] if urgent else await _waiting(conn, owners, as_of)
    items = await _items(conn, owners, waiting, held, as_of)
    waiting, items = _complete(waiting, items)
    if urgent:
        items = [item for item in items if item.event.always]
    somebody, acting = await _receivers(conn, owners, as_of)
    told = await _told_today(conn, [*somebody.values(), *acting.values()], as_of)
    written = Written()
    deciding = Deciding(somebody, acting, told, held, as_of)
    await _decide_all(conn, written, owners, deciding, waiting, items, message_id)
    more = written.anything
    await write(conn, written, lease, as_of)
    return Claim(tuple(mail for mail, _ in written.mails), lease, more, full)


async def claim_alone(
    conn: AsyncConnection,
    as_of: datetime,
    *,
    person_id: int,
    cycle_id: UUID,
    message_id: Callable[[str], str],
) -> tuple[ClaimedMail, ...]:
    """Make the mails for what one person is told of one cycle at `as_of`, as `claim` would.

    For a transaction that is taken back: nothing else that waits for the person is in them.
    """
    owners = [person_id]
    items = [i for i in await _items(conn, owners, [], [], as_of) if i.cycle_id == cycle_id]
    somebody, acting = await _receivers(conn, owners, as_of)
    written = Written()
    deciding = Deciding(somebody, acting, set(), [], as_of)
    await _decide_all(conn, written, owners, deciding, [], items, message_id)
    await write(conn, written, new_lease(as_of), as_of)
    return tuple(mail for mail, _ in written.mails)


async def _decide_all(
    conn: AsyncConnection,
    written: Written,
    owners: Sequence[int],
    deciding: Deciding,
    waiting: Sequence[Waiting],
    items: Sequence[Item],
    message_id: Callable[[str], str],
) -> None:
    """Decide for one person after the other, then make one mail for each receiver.

    Somebody whose days lie outside the calendars is held alone, and asked about again tomorrow.
    """
    tomorrow = deciding.as_of + timedelta(days=1)
    doubtful = {mail.id: mail for mail in waiting if mail.handed_over or mail.unanswered}
    refused = {mail.id: mail for mail in waiting if mail.id not in doubtful}
    for mail in doubtful.values():
        try:
            resolve(written, mail, [i for i in items if i.mail_id == mail.id], deciding)
        except CalendarRange as error:
            await _hold_dates(conn, mail.person_id, error, deciding.as_of)
            written.waits.append((mail.id, tomorrow))
    pool = [item for item in items if item.mail_id not in doubtful]
    choices: dict[int, Choice] = {}
    for owner in delegates_last(owners, deciding):
        own = [item for item in pool if item.person_id == owner]
        try:
            choices[owner] = decide(written, own, owner, deciding, choices.values())
        except CalendarRange as error:
            await _hold_dates(conn, owner, error, deciding.as_of)
            written.postponed += [(item.id, tomorrow) for item in own if item.mail_id is None]
            for mail_id in {item.mail_id for item in own if item.mail_id in refused}:
                written.waits.append((refused.pop(mail_id).id, tomorrow))
    write_down(written, choices, refused, message_id)


# --- Reading under locks ------------------------------------------------------------------------


async def _lock_people(
    conn: AsyncConnection,
    as_of: datetime,
    held: Sequence[UUID],
    limit: int,
    events: Sequence[str],
    *,
    helping: bool,
) -> list[int]:
    rows = await conn.execute(
        text(
            """
            WITH items AS (
                SELECT n.person_id, n.send_at AS due, '' AS mail FROM notifications n
                WHERE n.state = 'queued' AND n.send_at <= :as_of
                  AND n.event = ANY(CAST(:events AS text[]))
                  AND (n.cycle_id IS NULL OR n.event = 'paused'
                    OR n.cycle_id <> ALL(CAST(:held AS uuid[])))
                ORDER BY n.send_at LIMIT :window
            ), again AS (
                SELECT coalesce(instead_of_id, person_id) AS person_id, created_at AS due,
                    CAST(id AS text) AS mail
                FROM mails WHERE state = 'sending' AND next_try_at <= :as_of
                  AND (claimed_until IS NULL OR claimed_until <= :as_of)
                ORDER BY id LIMIT :limit
            ), chosen AS (
                SELECT person_id, min(due) AS due, max(mail) AS mail
                FROM (SELECT * FROM items UNION ALL SELECT * FROM again) d
                WHERE NOT :helping OR NOT (
                    EXISTS (SELECT FROM mails m WHERE m.person_id = d.person_id
                        AND m.state = 'sending')
                    OR EXISTS (SELECT FROM leaves l WHERE l.withdrawn_at IS NULL
                        AND l.delegate_id IS NOT NULL
                        AND l.first_day <= :last AND l.last_day >= :first
                        AND (l.person_id = d.person_id OR l.delegate_id = d.person_id)))
                GROUP BY person_id ORDER BY 2, 3, 1 LIMIT :candidates
            )
            SELECT p.id FROM chosen c JOIN people p ON p.id = c.person_id
            ORDER BY c.due, c.mail, p.id LIMIT :limit FOR NO KEY UPDATE OF p SKIP LOCKED
            """
        ),
        {
            "as_of": as_of,
            "events": list(events),
            "held": list(held),
            "window": limit * WINDOW,
            "candidates": limit * CANDIDATES,
            "helping": helping,
            "first": (as_of - timedelta(days=1)).date(),
            "last": (as_of + timedelta(days=1)).date(),
            "limit": limit,
        },
    )
    return list(rows.scalars())


async def _with_stand_ins(
    conn: AsyncConnection, owners: Sequence[int], as_of: datetime
) -> list[int]:
    """Lock as well whose mail goes to the same receivers today: so that each gets one.

    Those for whom the same people act, those who act, and whose items stand in a mail that is to be
    tried again. Somebody whom another sender has locked is left to it.
    """
    rows = await conn.execute(
        text(
            """
            WITH owners AS (SELECT unnest(CAST(:owners AS bigint[])) AS id),
            acting AS (
                SELECT person_id, delegate_id FROM leaves WHERE withdrawn_at IS NULL
                  AND delegate_id IS NOT NULL AND first_day <= :last AND last_day >= :first
            ), receivers AS (
                SELECT id FROM owners UNION
                SELECT a.delegate_id FROM acting a JOIN owners o ON o.id = a.person_id
            ), concerned AS (
                SELECT id FROM receivers UNION
                SELECT a.person_id FROM acting a JOIN receivers r ON r.id = a.delegate_id UNION
                SELECT n.person_id FROM mails m JOIN receivers r ON r.id = m.person_id
                  JOIN notifications n ON n.mail_id = m.id
                WHERE m.state = 'sending' AND m.next_try_at <= :as_of
                  AND (m.claimed_until IS NULL OR m.claimed_until <= :as_of)
            )
            SELECT p.id FROM people p WHERE p.id IN (SELECT id FROM concerned)
              AND p.id <> ALL(CAST(:owners AS bigint[]))
            ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED
            """
        ),
        {
            "owners": list(owners),
            "as_of": as_of,
            "first": (as_of - timedelta(days=1)).date(),
            "last": (as_of + timedelta(days=1)).date(),
        },
    )
    return [*owners, *rows.scalars()]


async def _waiting(conn: AsyncConnection, owners: Sequence[int], as_of: datetime) -> list[Waiting]:
    rows = await conn.execute(
        text(
            "SELECT id, key, message_id, kind, person_id, instead_of_id, address, attempts, "
            "unanswered, handed_over_at IS NOT NULL, claimed_until IS NOT NULL, "
            "(SELECT count(*) FROM notifications n "
            "WHERE n.mail_id = mails.id AND n.state = 'sending') FROM mails "
            "WHERE state = 'sending' AND next_try_at <= :as_of "
            "AND (claimed_until IS NULL OR claimed_until <= :as_of) "
            "AND (person_id = ANY(CAST(:owners AS bigint[])) "
            "OR instead_of_id = ANY(CAST(:owners AS bigint[]))) "
            "ORDER BY id FOR UPDATE SKIP LOCKED"
        ),
        {"owners": list(owners), "as_of": as_of},
    )
    return [Waiting(*row) for row in rows]


async def _items(
    conn: AsyncConnection,
    owners: Sequence[int],
    waiting: Sequence[Waiting],
    held: Sequence[UUID],
    as_of: datetime,
) -> list[Item]:
    """Rows that somebody is changing this moment are left for the next claim: nobody waits."""
    rows = await conn.execute(
        text(
            """
            SELECT n.id, n.event, n.person_id, n.desk, n.cycle_id, n.task_id, n.rung,
                n.due_revision, n.at, n.send_at, n.ride_along,
                CASE WHEN n.state <> 'queued' THEN n.mail_id END, c.state, t.state, t.assignee_id,
                t.desk, t.due_revision, n.reason IS NOT DISTINCT FROM 'superseded',
                coalesce(t.subject_id, n.subject_id), s.kind,
                CASE n.event WHEN 'address_changed' THEN (SELECT a.old_address
                  FROM address_changes a WHERE a.id = CAST(n.data ->> 'change' AS bigint)) END,
                n.at_once
            FROM notifications n
            LEFT JOIN cycles c ON c.id = n.cycle_id LEFT JOIN tasks t ON t.id = n.task_id
            LEFT JOIN stages s ON s.id = t.stage_id
            WHERE n.person_id = ANY(CAST(:owners AS bigint[])) AND (
                (n.state = 'queued' AND (n.send_at <= :as_of OR n.ride_along)
                  AND (n.cycle_id IS NULL OR n.event = 'paused'
                    OR n.cycle_id <> ALL(CAST(:held AS uuid[]))))
                OR (n.mail_id = ANY(CAST(:mails AS uuid[]))
                  AND (n.state = 'sending' OR n.reason = 'superseded')))
            ORDER BY n.id FOR UPDATE OF n SKIP LOCKED
            """
        ),
        {
            "owners": list(owners),
            "mails": [mail.id for mail in waiting],
            "held": list(held),
            "as_of": as_of,
        },
    )
    return [Item(row[0], Event(row[1]), *row[2:]) for row in rows]


def _complete(
    waiting: Sequence[Waiting], items: Sequence[Item]
) -> tuple[list[Waiting], list[Item]]:
    """Leave mails for later of which an item is locked, by a sender that dies perhaps."""
    seen = Counter(item.mail_id for item in items if not item.superseded)
    whole = {mail.id for mail in waiting if seen[mail.id] == mail.parts}
    return (
        [mail for mail in waiting if mail.id in whole],
        [item for item in items if item.mail_id is None or item.mail_id in whole],
    )


async def _receivers(
    conn: AsyncConnection, owners: Sequence[int], as_of: datetime
) -> tuple[dict[int, Somebody], dict[int, Somebody]]:
    """Everybody concerned, and who acts for whom on the person's own date."""
    calendars = await company_calendars(conn, as_of.year - 1, as_of.year + 1)
    people = await _somebody(conn, calendars, owners, as_of)
    on: dict[date, list[int]] = defaultdict(list)
    for person in people.values():
        on[person.time.local_date(as_of)].append(person.id)
    acting: dict[int, int] = {}
    for day, away in on.items():
        acting |= await delegate_on(conn, away, day)
    delegates = await _somebody(conn, calendars, sorted(set(acting.values())), as_of)
    if acting:
        away = sorted(acting)
        own = await person_times(conn, calendars, away, horizon=horizon(as_of), leave="away")
        people |= {person: replace(people[person], own_time=own.get(person)) for person in away}
    return people, {person: delegates[delegate] for person, delegate in acting.items()}


async def _somebody(
    conn: AsyncConnection, calendars: Calendars, ids: Sequence[int], as_of: datetime
) -> dict[int, Somebody]:
    if not ids:
        return {}
    times = await person_times(conn, calendars, ids, horizon=horizon(as_of))
    rows = await conn.execute(
        text(
            "SELECT p.id, p.email, p.status IN ('active', 'external'), p.left_on, "
            "p.address_refused_at IS NOT NULL, EXISTS (SELECT FROM address_changes a "
            f"WHERE a.person_id = p.id AND {HELD}) "
            "FROM people p WHERE p.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(ids), "now": as_of},
    )
    found = (
        Somebody(
            person,
            address,
            active,
            left_on,
            refused,
            times.get(person, calendars.company()),
            unconfirmed=unconfirmed,
        )
        for person, address, active, left_on, refused, unconfirmed in rows
    )
    return {one.id: one for one in found}


async def _told_today(
    conn: AsyncConnection, people: Iterable[Somebody], as_of: datetime
) -> set[int]:
    """Whose daily mail of their own date has gone, or may have."""
    times = {one.id: one.time for one in people}
    rows = await conn.execute(
        text(
            "SELECT person_id, max(handed_over_at) FROM mails WHERE kind = 'daily' "
            "AND person_id = ANY(CAST(:ids AS bigint[])) AND handed_over_at > :since "
            "AND state IN ('sending', 'sent', 'unknown') GROUP BY person_id"
        ),
        {"ids": sorted(times), "since": as_of - timedelta(days=2)},
    )
    return {
        person
        for person, at in rows
        if times[person].local_date(at) == times[person].local_date(as_of)
    }


async def _hold_dates(
    conn: AsyncConnection, person: int, error: CalendarRange, as_of: datetime
) -> None:
    await hold(
        conn,
        MAIL.id,
        code=f"cannot-date-mail: {error.code}",
        as_of=as_of,
        mended_by="administrators",
        person_id=person,
    )
