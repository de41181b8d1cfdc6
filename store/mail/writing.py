"""Writing down what a claim decided: a handful of statements, however many people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.mail.delivery import MailState, went_out
from store.mail.leases import Lease
from store.tasks.rung_spacing import rungs_went_out


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail of this sender's. `items` are the notifications that it says."""

    id: UUID
    key: str
    message_id: str
    kind: str
    receiver_id: int
    instead_of_id: int | None
    address: str
    attempts: int
    unanswered: int
    items: tuple[int, ...]


@dataclass(slots=True)
class Written:
    """What the claim writes, gathered over all people."""

    mails: list[tuple[ClaimedMail, bool]] = field(default_factory=list)  # and: is it new?
    sending: list[tuple[int, str, bool]] = field(default_factory=list)  # id, mail key, superseded
    suppressed: list[tuple[int, str]] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    postponed: list[tuple[int, datetime]] = field(default_factory=list)
    waits: list[tuple[UUID, datetime]] = field(default_factory=list)
    dropped: list[UUID] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)
    lost_rungs: list[tuple[UUID, str, int]] = field(default_factory=list)
    resent: list[tuple[UUID, int]] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Was anything decided at all?"""
        return any(getattr(self, name) for name in self.__slots__)


async def write(conn: AsyncConnection, written: Written, lease: Lease, as_of: datetime) -> None:
    """Write everything; the mails in `written` have their ids afterwards."""
    await _suppress(conn, written.suppressed, as_of)
    await _set_times(conn, written, as_of)
    await _leave_unknown(conn, written.unknown, as_of)
    ids = await _insert(conn, [m for m, new in written.mails if new], lease, as_of)
    written.mails = [
        (replace(mail, id=ids[mail.key]) if new else mail, new) for mail, new in written.mails
    ]
    old = [mail for mail, new in written.mails if not new]
    await _reclaim(conn, old, lease, as_of)
    by_key = {mail.key: mail.id for mail, _ in written.mails}
    await _attach(conn, written.sending, by_key, as_of)
    await _drop(conn, written.dropped)
    await rungs_went_out(conn, written.lost_rungs, as_of)


async def _suppress(
    conn: AsyncConnection, suppressed: Sequence[tuple[int, str]], as_of: datetime
) -> None:
    if suppressed:
        await conn.execute(
            text(
                "UPDATE notifications n SET state = 'suppressed', reason = s.reason, "
                "settled_at = :as_of, mail_id = NULL FROM unnest(CAST(:ids AS bigint[]), "
                "CAST(:reasons AS text[])) AS s(id, reason) WHERE n.id = s.id"
            ),
            {
                "ids": [item for item, _ in suppressed],
                "reasons": [reason for _, reason in suppressed],
                "as_of": as_of,
            },
        )


async def _set_times(conn: AsyncConnection, written: Written, as_of: datetime) -> None:
    if written.postponed:
        await conn.execute(
            text(
                "UPDATE notifications n SET send_at = p.until FROM unnest("
                "CAST(:ids AS bigint[]), CAST(:until AS timestamptz[])) AS p(id, until) "
                "WHERE n.id = p.id"
            ),
            _columns(written.postponed, "ids", "until"),
        )
    if written.freed:
        await conn.execute(
            text(
                "UPDATE notifications SET state = 'queued', reason = NULL, settled_at = NULL, "
                "mail_id = NULL WHERE id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"ids": written.freed},
        )
    if written.resent:
        await conn.execute(
            text(
                "UPDATE mails m SET unanswered = r.times, claimed_by = NULL, "
                "claimed_until = NULL FROM unnest("
                "CAST(:ids AS uuid[]), CAST(:times AS int[])) AS r(id, times) WHERE m.id = r.id"
            ),
            _columns(written.resent, "ids", "times"),
        )
    if written.waits:
        await conn.execute(
            text(
                "UPDATE mails m SET next_try_at = w.until, claimed_by = NULL, "
                "claimed_until = NULL FROM unnest("
                "CAST(:ids AS uuid[]), CAST(:until AS timestamptz[])) AS w(id, until) "
                "WHERE m.id = w.id"
            ),
            _columns(written.waits, "ids", "until"),
        )


def _columns(rows: Sequence[tuple[object, object]], *names: str) -> Mapping[str, list[object]]:
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


async def _leave_unknown(conn: AsyncConnection, mails: Sequence[UUID], as_of: datetime) -> None:
    """Mails of which nobody will ever know. Handed over, they are more likely read than not:
    no ladder stands still for them."""
    if not mails:
        return
    await conn.execute(
        text(
            "UPDATE mails SET state = :state, claimed_by = NULL, claimed_until = NULL, raw = NULL, "
            "unanswered = greatest(unanswered, 1) WHERE id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(mails), "state": MailState.UNKNOWN.value},
    )
    await conn.execute(
        text(
            "UPDATE notifications SET state = 'unknown', settled_at = :as_of "
            "WHERE mail_id = ANY(CAST(:ids AS uuid[])) AND state = 'sending'"
        ),
        {"ids": list(mails), "as_of": as_of},
    )
    await went_out(conn, mails, as_of)


async def _drop(conn: AsyncConnection, mails: Sequence[UUID]) -> None:
    """Mails that nothing is left of. An item that could not be read now keeps its mail."""
    if mails:
        await conn.execute(
            text(
                "UPDATE mails m SET state = :state, claimed_by = NULL, claimed_until = NULL, "
                "raw = NULL "
                "WHERE id = ANY(CAST(:ids AS uuid[])) AND NOT EXISTS (SELECT 1 "
                "FROM notifications n WHERE n.mail_id = m.id AND n.state = 'sending')"
            ),
            {"ids": list(mails), "state": MailState.SUPPRESSED.value},
        )


async def _insert(
    conn: AsyncConnection, mails: Sequence[ClaimedMail], lease: Lease, as_of: datetime
) -> dict[str, UUID]:
    if not mails:
        return {}
    rows = await conn.execute(
        text(
            """
            INSERT INTO mails (key, person_id, instead_of_id, kind, address, message_id, subject,
                state, next_try_at, claimed_by, claimed_until, created_at)
            SELECT n.key, n.person_id, n.instead_of_id, n.kind, n.address, n.message_id, '',
                'sending', :as_of, :token, :until, :as_of
            FROM unnest(CAST(:keys AS text[]), CAST(:people AS bigint[]),
                CAST(:instead AS bigint[]), CAST(:kinds AS text[]), CAST(:addresses AS text[]),
                CAST(:message_ids AS text[]))
              AS n(key, person_id, instead_of_id, kind, address, message_id)
            ON CONFLICT (key) DO UPDATE SET state = 'sending', next_try_at = :as_of,
                claimed_by = :token, claimed_until = :until, handed_over_at = NULL
            RETURNING key, id
            """
        ),
        {
            "keys": [mail.key for mail in mails],
            "people": [mail.receiver_id for mail in mails],
            "instead": [mail.instead_of_id for mail in mails],
            "kinds": [mail.kind for mail in mails],
            "addresses": [mail.address for mail in mails],
            "message_ids": [mail.message_id for mail in mails],
            "token": lease.token,
            "until": lease.until,
            "as_of": as_of,
        },
    )
    return {row.key: row.id for row in rows}


async def _reclaim(
    conn: AsyncConnection, mails: Sequence[ClaimedMail], lease: Lease, as_of: datetime
) -> None:
    if mails:
        await conn.execute(
            text(
                """
                UPDATE mails m SET claimed_by = :token, claimed_until = :until,
                    next_try_at = :as_of,
                    address = r.address, person_id = r.person_id, instead_of_id = r.instead_of_id
                FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[]),
                    CAST(:people AS bigint[]), CAST(:instead AS bigint[]))
                  AS r(id, address, person_id, instead_of_id)
                WHERE m.id = r.id
                """
            ),
            {
                "ids": [mail.id for mail in mails],
                "addresses": [mail.address for mail in mails],
                "people": [mail.receiver_id for mail in mails],
                "instead": [mail.instead_of_id for mail in mails],
                "token": lease.token,
                "until": lease.until,
                "as_of": as_of,
            },
        )


async def _attach(
    conn: AsyncConnection,
    items: Sequence[tuple[int, str, bool]],
    by_key: Mapping[str, UUID],
    as_of: datetime,
) -> None:
    if items:
        await conn.execute(
            text(
                """
                UPDATE notifications n SET mail_id = a.mail_id,
                    state = CASE WHEN a.superseded THEN 'suppressed' ELSE 'sending' END,
                    reason = CASE WHEN a.superseded THEN 'superseded' END,
                    settled_at = CASE WHEN a.superseded THEN CAST(:as_of AS timestamptz) END
                FROM unnest(CAST(:ids AS bigint[]), CAST(:mails AS uuid[]),
                    CAST(:superseded AS boolean[])) AS a(id, mail_id, superseded)
                WHERE n.id = a.id
                """
            ),
            {
                "ids": [item for item, _, _ in items],
                "mails": [by_key[key] for _, key, _ in items],
                "superseded": [superseded for _, _, superseded in items],
                "as_of": as_of,
            },
        )
