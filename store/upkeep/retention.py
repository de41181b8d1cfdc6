"""What is not kept: drafts of what has closed, tokens that have expired, keys nobody repeats.

Each function removes at most one chunk and says how many rows, so that no transaction is long.
Repeatable. How long answers are kept, the definition says.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.durations import Duration
from store.base import command_keys, rate_counts
from store.kinds.feedback_round.keeping import (
    forget_externals,
    remove_rounds,
    remove_single_answers,
)
from store.tasks.drafts import remove_kept_drafts

CHUNK = 5000

KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So long an expired link or session can still be explained: "expired", not "unknown"."""


async def remove_drafts(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove drafts of closed stages and of tasks that ended (language reference §2, retention).

    A draft of a task that was handed over stays with its author for some days: see below.
    """
    return await _run(
        conn,
        """
        DELETE FROM drafts WHERE ctid = ANY(ARRAY(
            SELECT d.ctid FROM drafts d JOIN tasks t ON t.id = d.task_id
            JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
            WHERE t.state <> 'open'
              AND (s.closed_at <= :as_of OR c.state IN ('closed', 'cancelled'))
            LIMIT :limit))
        """,
        as_of=as_of,
    )


async def remove_drafts_not_sent_on(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove drafts of former assignees after their five working days (language reference §4)."""
    return await remove_kept_drafts(conn, as_of, CHUNK)


async def remove_sessions(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove sessions that have expired, or were ended, long ago."""
    return await _run(
        conn,
        """
        DELETE FROM sessions WHERE ctid = ANY(ARRAY(SELECT ctid FROM sessions
            WHERE least(expires_at, coalesce(revoked_at, expires_at)) < :before LIMIT :limit))
        """,
        before=as_of - KEPT_AFTER_EXPIRY,
    )


async def remove_links(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove mailed links that have expired long ago."""
    return await _run(
        conn,
        """
        DELETE FROM links WHERE ctid = ANY(ARRAY(SELECT ctid FROM links
            WHERE expires_at < :before LIMIT :limit))
        """,
        before=as_of - KEPT_AFTER_EXPIRY,
    )


async def drop_raw_mails(conn: AsyncConnection, as_of: datetime) -> int:
    """Drop whole messages of mails that are not on their way any more: their links are secret."""
    return await _run(
        conn,
        """
        UPDATE mails SET raw = NULL WHERE ctid = ANY(ARRAY(SELECT ctid FROM mails
            WHERE raw IS NOT NULL AND state <> 'sending' LIMIT :limit))
        """,
    )


async def settle_left_behind(conn: AsyncConnection, as_of: datetime) -> int:
    """Suppress what waited for a mail that never came, of cycles that have ended long ago."""
    return await _run(
        conn,
        """
        UPDATE notifications SET state = 'suppressed', reason = 'no_mail', settled_at = :as_of
        WHERE ctid = ANY(ARRAY(SELECT n.ctid FROM notifications n
            JOIN cycles c ON c.id = n.cycle_id
            WHERE n.state = 'queued' AND n.send_at < :before
              AND c.state IN ('closed', 'cancelled') AND coalesce(c.closed_at, n.at) < :before
            LIMIT :limit))
        """,
        as_of=as_of,
        before=as_of - KEPT_AFTER_EXPIRY,
    )


async def remove_answers(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove what was written in cycles whose `retention` is over, by the subject's country.

    The tasks stay, with who did them and when; the words go (language reference §2, retention).
    Of 360 rounds the reports go, and the lists of who was asked.
    """
    cycles = await conn.execute(
        text(
            "SELECT c.id, c.closed_at, v.content -> 'retention' AS kept FROM cycles c "
            "JOIN definition_versions v ON v.id = c.version_id WHERE c.closed_at IS NOT NULL "
            "AND (EXISTS (SELECT FROM tasks t JOIN responses r ON r.task_id = t.id "
            "WHERE t.cycle_id = c.id) OR EXISTS (SELECT FROM stages s JOIN raters x "
            "ON x.stage_id = s.id WHERE s.cycle_id = c.id) OR EXISTS (SELECT FROM stages s "
            "JOIN feedback_reports f ON f.stage_id = s.id WHERE s.cycle_id = c.id)) "
            "ORDER BY c.closed_at"
        )
    )
    removed = 0
    for cycle in cycles.all():
        over = {
            country: Duration.parse(length).after(cycle.closed_at.date()) <= as_of.date()
            for country, length in cycle.kept.items()
        }
        if not any(over.values()):
            continue
        values = {
            "over": [c for c, passed in over.items() if passed and c != "default"],
            "default": over["default"],
            "named": [c for c in over if c != "default"],
        }
        removed += await _run(
            conn,
            f"""
            DELETE FROM responses WHERE id IN (
                SELECT r.id FROM responses r JOIN tasks t ON t.id = r.task_id
                LEFT JOIN people p ON p.id = t.subject_id
                WHERE t.cycle_id = :cycle AND ({_OVER}) LIMIT :limit)
            """,
            cycle=cycle.id,
            **values,
        )
        removed += await remove_rounds(conn, cycle.id, _OVER, values, CHUNK)
        if removed >= CHUNK:
            break
    return removed


_OVER = """
    p.country = ANY(CAST(:over AS text[]))
    OR (:default AND coalesce(p.country, '') <> ALL(CAST(:named AS text[])))
"""
"""Of `people p`, or nobody: the subject's retention is over."""


Step = Callable[[AsyncConnection, datetime], Awaitable[int]]

STEPS: tuple[Step, ...] = (
    remove_drafts,
    remove_drafts_not_sent_on,
    remove_sessions,
    remove_links,
    command_keys.forget_old,
    rate_counts.forget_old,
    drop_raw_mails,
    settle_left_behind,
    remove_single_answers,
    remove_answers,
    forget_externals,
)


async def _run(conn: AsyncConnection, statement: str, **values: object) -> int:
    result = await conn.execute(text(statement), {"limit": CHUNK, **values})
    return result.rowcount
