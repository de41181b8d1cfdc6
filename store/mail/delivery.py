"""Mails on their way: marked before they are handed over, settled after, once each.

A mail's row is written by the claim (`store/mail/claims.py`) before anything is sent. `mark` is
the last look at the facts and the last moment at which a sender that lost its lease is stopped;
from its commit on the outcome may be unknown. `settle` writes the relay's answer and what follows
from it for tasks and their ladders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from domain.processes.mail import MAIL
from domain.processes.registry import SENDERS
from store.cycles.facts import load_cycle
from store.engine.processes import hold, ring_before
from store.mail.fates import MOST_REFUSALS, Fate, Result
from store.mail.leases import Lease, release
from store.mail.refused_addresses import refuse_addresses
from store.mail.server import Standing, judge
from store.outbox.outbox import NEVER_ALONE
from store.people.zones import known_zone
from store.tasks.rung_spacing import rungs_went_out

SETTLING = timedelta(seconds=60)
"""So long daily mail waits for processes that had something due at the same instant."""

BAD_ADDRESS = "bad_address"
"""The code of a mail whose address is none."""

HOLDS_BACK = timedelta(seconds=10)
"""How soon to look again at what waits for somebody else's commit."""


class MailState(StrEnum):
    """A mail. `suppressed`: everything in it became moot before it was handed over."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that was rendered. `text` is its plain text without the tokens of its links."""

    id: UUID
    subject: str
    text: str


# --- Before the hand-over -----------------------------------------------------------------------


async def mark(
    conn: AsyncConnection, mails: Sequence[Ready], *, lease: Lease, as_of: datetime
) -> set[UUID]:
    """Mark mails as handed over; returns those that may be sent, until `lease.until`.

    A sender whose lease was taken over gets nothing back. What became moot since the claim (a task
    was done, a cycle was paused) goes back to be decided anew. The cycles' rows are locked shared,
    so that a pause is answered either before this, and is seen, or after it.
    """
    if not mails:
        return set()
    ids = [mail.id for mail in mails]
    await conn.execute(
        text(
            "SELECT 1 FROM cycles WHERE id IN (SELECT cycle_id FROM notifications "
            "WHERE mail_id = ANY(CAST(:ids AS uuid[])) AND state = 'sending') "
            "ORDER BY id FOR SHARE"
        ),
        {"ids": ids},
    )
    rows = await conn.execute(
        text(
            """
            UPDATE mails m SET handed_over_at = :as_of,
                claimed_until = greatest(m.claimed_until, :until),
                attempts = m.attempts + 1, subject = r.subject, text = r.text
            FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:texts AS text[]))
                AS r(id, subject, text)
            WHERE m.id = r.id AND m.state = 'sending' AND m.claimed_by = :token
              AND NOT EXISTS (
                SELECT 1 FROM notifications n
                LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN cycles c ON c.id = n.cycle_id
                WHERE n.mail_id = m.id AND n.state = 'sending'
                  AND ((n.event = ANY(CAST(:while_open AS text[])) AND t.state <> 'open')
                    OR (c.state = 'paused' AND n.event <> 'paused')))
            RETURNING m.id
            """
        ),
        {
            "as_of": as_of,
            "until": lease.until,
            "token": lease.token,
            "ids": ids,
            "subjects": [mail.subject for mail in mails],
            "texts": [mail.text for mail in mails],
            "while_open": [event.value for event in Event if event.while_open],
        },
    )
    marked = set(rows.scalars())
    if len(marked) < len(ids):
        await release(conn, [i for i in ids if i not in marked], lease=lease, as_of=as_of)
    return marked


# --- After it -----------------------------------------------------------------------------------


async def settle(
    conn: AsyncConnection, results: Sequence[Result], *, lease: Lease, as_of: datetime
) -> Standing | None:
    """Write down how mails marked at `as_of` fared, and what follows. Repeatable.

    Sent: their tasks count as announced, their rungs as gone out (language reference §5.6). An
    address that was refused is HR's to mend, and its ladders do not climb. All others are tried
    again later; what nobody knows about is resolved by the next claim. Of mails that another
    sender has taken over meanwhile, only an acceptance counts. Returns how the mail server stands.
    """
    if not results:
        return None
    standing, results = await judge(conn, results, as_of)
    given_up = await _given_up(conn, results, standing)
    final = {r.id: _state(r, given_up) for r in results}
    later = [final[r.id] is MailState.SENDING for r in results]
    await conn.execute(
        text(
            """
            UPDATE mails m SET state = r.state, smtp_code = r.code, smtp_answer = r.answer,
                claimed_by = NULL, claimed_until = NULL, raw = NULL,
                attempts = m.attempts - CASE WHEN r.to_all THEN 1 ELSE 0 END,
                unanswered = m.unanswered + CASE WHEN r.unanswered THEN 1 ELSE 0 END,
                handed_over_at = CASE WHEN r.again AND NOT r.unanswered AND m.unanswered = 0
                    THEN NULL ELSE m.handed_over_at END,
                next_try_at = coalesce(r.next_try_at, m.next_try_at),
                sent_at = CASE WHEN r.state = 'sent' THEN :as_of END
            FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:codes AS int[]),
                CAST(:answers AS text[]), CAST(:unanswered AS boolean[]), CAST(:again AS boolean[]),
                CAST(:next AS timestamptz[]), CAST(:to_all AS boolean[]))
              AS r(id, state, code, answer, unanswered, again, next_try_at, to_all)
            WHERE m.id = r.id AND m.state IN ('sending', 'unknown')
              AND (r.state = 'sent' OR m.claimed_by = :token)
            """
        ),
        {
            "as_of": as_of,
            "token": lease.token,
            "ids": [r.id for r in results],
            "states": [final[r.id] for r in results],
            "codes": [r.code for r in results],
            "answers": [r.answer or None for r in results],
            "unanswered": [r.fate is Fate.NO_ANSWER for r in results],
            "again": later,
            "next": [
                standing.next_try(r, as_of) if wait else None
                for r, wait in zip(results, later, strict=True)
            ],
            "to_all": [r.fate is Fate.REFUSED_TO_ALL for r in results],
        },
    )
    sent = [r.id for r in results if r.fate is Fate.ACCEPTED]
    await _settle_items(conn, sent, "sent", None, as_of)
    await went_out(conn, sent, as_of)
    refused = [r for r in results if r.fate is Fate.ADDRESS_REFUSED]
    await _settle_items(conn, [r.id for r in refused], "failed", "address_refused", as_of)
    await refuse_addresses(conn, {r.id: r.code or 550 for r in refused}, as_of)
    await _settle_items(conn, given_up, "failed", "message_refused", as_of)
    await _park(conn, given_up, as_of)
    return standing


async def _given_up(
    conn: AsyncConnection, results: Sequence[Result], standing: Standing
) -> list[UUID]:
    """Messages refused so often while the server took others: it is about them alone."""
    often = [
        r.id for r in results if r.fate is Fate.MESSAGE_REFUSED and r.attempts >= MOST_REFUSALS
    ]
    if not often or standing.accepted_at is None:
        return []
    rows = await conn.execute(
        text(
            "SELECT id FROM mails WHERE id = ANY(CAST(:ids AS uuid[])) AND created_at < :accepted"
        ),
        {"ids": often, "accepted": standing.accepted_at},
    )
    return list(rows.scalars())


def _state(result: Result, given_up: Sequence[UUID]) -> MailState:
    if result.fate is Fate.ACCEPTED:
        return MailState.SENT
    if result.fate is Fate.ADDRESS_REFUSED or result.id in given_up:
        return MailState.FAILED
    return MailState.SENDING


async def _settle_items(
    conn: AsyncConnection,
    mails: Sequence[UUID],
    state: str,
    reason: str | None,
    as_of: datetime,
) -> None:
    if mails:
        await conn.execute(
            text(
                "UPDATE notifications SET state = :state, reason = :reason, settled_at = :as_of "
                "WHERE mail_id = ANY(CAST(:ids AS uuid[])) AND state IN ('sending', 'unknown')"
            ),
            {"ids": list(mails), "state": state, "reason": reason, "as_of": as_of},
        )


_TELLS_THE_HOLDER = (
    *("task_opened", "reminder", "escalated_notice", "reopened", "reassigned_to"),
    *("due_changed", "resumed"),
)

_ANNOUNCED = f"""
WITH told AS (
    SELECT n.task_id, min(CAST(:as_of AT TIME ZONE {known_zone("r.zone")} AS date)) AS day
    FROM notifications n JOIN tasks t ON t.id = n.task_id
    JOIN people p ON p.id = n.person_id LEFT JOIN profiles r ON r.id = p.profile_id
    WHERE n.mail_id = ANY(CAST(:ids AS uuid[])) AND n.event = ANY(CAST(:events AS text[]))
      AND t.announced_on IS NULL
      AND (t.assignee_id = n.person_id OR (t.assignee_id IS NULL AND t.desk = n.desk))
    GROUP BY n.task_id
), announced AS (
    UPDATE tasks t SET announced_on = told.day FROM told
    WHERE t.id = told.task_id AND t.announced_on IS NULL
    RETURNING t.cycle_id, t.stage_id, t.next_rung, t.next_rung_at
)
SELECT cycle_id, stage_id, min(next_rung_at) AS rung_at FROM announced
WHERE next_rung LIKE 'escalate:%' GROUP BY cycle_id, stage_id ORDER BY stage_id
"""
"""A ladder that only escalates stands still until its task was announced: then it is armed."""


async def went_out(conn: AsyncConnection, mails: Sequence[UUID], as_of: datetime) -> None:
    """What follows for tasks when these mails have really gone out at `as_of`. Repeatable.

    What a mail superseded counts as said: it was about the same task.
    """
    if not mails:
        return
    announced = await conn.execute(
        text(_ANNOUNCED),
        {"ids": list(mails), "as_of": as_of, "events": list(_TELLS_THE_HOLDER)},
    )
    for row in announced.all():
        cycle = await load_cycle(conn, row.cycle_id)
        await ring_before(conn, cycle.stages[row.stage_id].process, row.rung_at)
    rungs = await conn.execute(
        text(
            "SELECT DISTINCT task_id, rung, due_revision FROM notifications "
            "WHERE mail_id = ANY(CAST(:ids AS uuid[])) AND rung IS NOT NULL "
            "AND event IN ('reminder', 'escalation')"
        ),
        {"ids": list(mails)},
    )
    await rungs_went_out(conn, [(r.task_id, r.rung, r.due_revision) for r in rungs], as_of)


async def _park(conn: AsyncConnection, mails: Sequence[UUID], as_of: datetime) -> None:
    if not mails:
        return
    rows = await conn.execute(
        text("SELECT person_id, smtp_code FROM mails WHERE id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": list(mails)},
    )
    for row in rows.all():
        await _hold(conn, row.person_id, f"message-refused: {row.smtp_code}", as_of)


async def _hold(conn: AsyncConnection, person_id: int, code: str, as_of: datetime) -> None:
    await hold(
        conn,
        MAIL.id,
        code=code,
        as_of=as_of,
        mended_by="administrators",
        person_id=person_id,
    )


async def give_up(
    conn: AsyncConnection, mail_id: UUID, code: str, *, lease: Lease, as_of: datetime
) -> None:
    """A claimed mail cannot be written: it fails alone, is held with its code, and stops nobody."""
    person_id = await conn.scalar(
        text(
            "UPDATE mails SET state = 'failed', claimed_by = NULL, claimed_until = NULL, "
            "smtp_answer = :code "
            "WHERE id = :id AND state = 'sending' AND claimed_by = :token RETURNING person_id"
        ),
        {"id": mail_id, "code": code, "token": lease.token},
    )
    if person_id is None:
        return
    refused = code == BAD_ADDRESS
    reason = "address_refused" if refused else "cannot_compose"
    await _settle_items(conn, [mail_id], "failed", reason, as_of)
    if refused:
        await refuse_addresses(conn, {mail_id: 553}, as_of)
    else:
        await _hold(conn, person_id, f"cannot-compose: {code}", as_of)


# --- When to look again -------------------------------------------------------------------------


async def held_cycles(conn: AsyncConnection, as_of: datetime) -> tuple[list[UUID], bool]:
    """Cycles of which nothing may go out now, and whether that changes by itself soon.

    Paused ones; and those just resumed, until the engine has moved the dates of their tasks.
    """
    rows = (
        await conn.execute(
            text(
                """
                SELECT id, true AS paused FROM cycles WHERE state = 'paused'
                UNION ALL
                SELECT s.cycle_id, false FROM steering s
                WHERE s."order" = 'resume' AND s.given_at > :since AND s.given_at <= :as_of
                  AND EXISTS (SELECT 1 FROM tasks t WHERE t.cycle_id = s.cycle_id
                      AND t.state IN ('planned', 'open') AND t.steered < s.id)
                """
            ),
            {"since": as_of - timedelta(minutes=10), "as_of": as_of},
        )
    ).all()
    return [row.id for row in rows], any(not row.paused for row in rows)


async def others_first(conn: AsyncConnection, as_of: datetime) -> bool:
    """Has another process something due at this instant that it has not done yet?

    What opens together makes one mail: the sender lets stages and cycles go first, but waits for
    none longer than a minute.
    """
    row = await conn.execute(
        text(
            """
            SELECT EXISTS (SELECT 1 FROM processes WHERE state = 'open'
              AND kind <> ALL(CAST(:senders AS text[]))
              AND coalesce(armed_until, CASE WHEN advanced_at IS NULL THEN created_at END)
                BETWEEN :since AND :as_of)
            """
        ),
        {"since": as_of - SETTLING, "as_of": as_of, "senders": list(SENDERS)},
    )
    return bool(row.scalar_one())


async def others_behind(conn: AsyncConnection, as_of: datetime) -> set[str]:
    """Processes that have been due for longer than that, and fail at nothing: all stood still.

    After a night in which the machine was off they have yet to say what this morning's mail holds.
    """
    rows = await conn.execute(
        text(
            "SELECT id FROM processes WHERE state = 'open' AND failures = 0 "
            "AND kind <> ALL(CAST(:senders AS text[])) AND armed_until < :since"
        ),
        {"since": as_of - SETTLING, "senders": list(SENDERS)},
    )
    return set(rows.scalars())


async def next_due(
    conn: AsyncConnection, as_of: datetime, *, not_before: datetime | None = None
) -> datetime | None:
    """When the sender has something to do next, and arm its process for it.

    `not_before`: the relay is down, or others go first; nothing is worth trying sooner.
    The process row is locked first, so that whoever queues something either is seen here or
    sees what is written here, and rings (`store.outbox.outbox.wake_sender`).
    """
    await conn.execute(text("SELECT 1 FROM processes WHERE id = :id FOR UPDATE"), {"id": MAIL.id})
    held, resuming = await held_cycles(conn, as_of)
    row = (
        await conn.execute(
            text(
                """
                SELECT
                  (SELECT min(greatest(next_try_at, coalesce(claimed_until, next_try_at)))
                    FROM mails WHERE state = 'sending') AS mail,
                  (SELECT n.send_at FROM notifications n WHERE n.state = 'queued'
                    AND n.event <> ALL(CAST(:never_alone AS text[]))
                    AND (n.cycle_id IS NULL OR n.event = 'paused'
                      OR n.cycle_id <> ALL(CAST(:held AS uuid[])))
                    ORDER BY n.send_at LIMIT 1) AS item
                """
            ),
            {"never_alone": list(NEVER_ALONE), "held": held},
        )
    ).one()
    instants = [instant for instant in (row.mail, row.item) if instant is not None]
    if resuming:
        instants.append(as_of + HOLDS_BACK)
    due: datetime | None = min(instants, default=None)
    if due is not None and due <= as_of:
        due = as_of + timedelta(seconds=1)  # somebody else is at it this moment
    if due is not None and not_before is not None:
        due = max(due, not_before)
    await conn.execute(
        text("UPDATE processes SET armed_until = :due WHERE id = :id"),
        {"due": due, "id": MAIL.id},
    )
    return due
