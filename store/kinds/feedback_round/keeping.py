"""How long what was said in rounds is kept (language reference §2, `retention`).

Single answers, with what a reviewer decided about them, go one year after the result was released;
where nothing is released, one year after the round closed for the subject. The report stays with
the other answers of the cycle, and goes with them, together with the lists of who was asked. Then
nothing says any more that somebody outside the company was asked: their name and address go, too.

Why somebody declined is read by nobody, and goes when the round closes for the subject: a reason
is asked for, so that declining is a decision, not so that somebody looks at it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.durations import Duration
from store.base.arrays import literal
from store.kinds.feedback_round.reviewing import comments_of, open_reviewed
from store.people.outside import EXTERNAL

SINGLE_ANSWERS = Duration(1, "years")

SUBJECTS = 500
"""Reports in one transaction."""


async def forget_reasons(conn: AsyncConnection, round_id: UUID, subjects: Iterable[int]) -> None:
    """Forget why raters of these subjects declined: their round has closed. Repeatable."""
    await conn.execute(
        text(
            "UPDATE raters SET decline_reason = NULL WHERE stage_id = :round "
            "AND subject_id = ANY(CAST(:subjects AS bigint[])) AND decline_reason IS NOT NULL"
        ),
        {"round": round_id, "subjects": literal(subjects)},
    )


async def remove_single_answers(conn: AsyncConnection, as_of: datetime) -> int:
    """Remove single answers whose year is over, of one chunk of subjects. Returns how many answers.

    A report that nobody has reviewed until then opens without the comments that nobody looked at:
    it cannot wait for them any longer. Repeatable.
    """
    rows = await conn.execute(
        text(
            """
            SELECT r.stage_id, r.subject_id, r.held,
              CAST(coalesce(p.released_at, CASE WHEN EXISTS (SELECT FROM stages x
                  WHERE x.cycle_id = s.cycle_id AND x.kind = 'release')
                THEN c.closed_at ELSE r.made_at END) AS date) AS since
            FROM feedback_reports r JOIN stages s ON s.id = r.stage_id
            JOIN cycles c ON c.id = s.cycle_id
            LEFT JOIN participants p ON p.cycle_id = c.id AND p.person_id = r.subject_id
            WHERE EXISTS (SELECT FROM feedback_answers a WHERE a.stage_id = r.stage_id
                AND a.subject_id = r.subject_id)
            ORDER BY r.made_at, r.stage_id, r.subject_id
            """
        )
    )
    over = [
        row
        for row in rows
        if row.since is not None and SINGLE_ANSWERS.after(row.since) <= as_of.date()
    ][:SUBJECTS]
    if not over:
        return 0
    for row in over:
        if row.held:
            comments = await comments_of(conn, row.stage_id, row.subject_id)
            await open_reviewed(conn, row.stage_id, row.subject_id, comments)
    result = await conn.execute(
        text(
            "DELETE FROM feedback_answers a USING unnest(CAST(:rounds AS uuid[]), "
            "CAST(:subjects AS bigint[])) AS n(round, subject) "
            "WHERE a.stage_id = n.round AND a.subject_id = n.subject"
        ),
        {
            "rounds": literal(row.stage_id for row in over),
            "subjects": literal(row.subject_id for row in over),
        },
    )
    return result.rowcount


async def remove_rounds(
    conn: AsyncConnection, cycle_id: UUID, condition: str, values: Mapping[str, object], limit: int
) -> int:
    """Remove reports, what is left of answers, and lists of raters of a cycle, of some subjects.

    `condition` is SQL about `people p`, the subjects whose retention is over. At most `limit` rows
    of each; returns how many went.
    """
    removed = 0
    for table in ("feedback_answers", "feedback_reports", "raters"):
        result = await conn.execute(
            text(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT x.ctid FROM {table} x "
                "JOIN stages s ON s.id = x.stage_id JOIN people p ON p.id = x.subject_id "
                f"WHERE s.cycle_id = :cycle AND ({condition}) LIMIT :limit))"
            ),
            {"cycle": cycle_id, "limit": limit, **values},
        )
        removed += result.rowcount
    return removed


async def forget_externals(conn: AsyncConnection, as_of: datetime) -> int:
    """Forget the names and addresses of people outside who are on no list any more.

    Their record stays, because tasks that ended name it; it says nothing about them. Whoever is
    named again by the same address is a new record. Repeatable.
    """
    result = await conn.execute(
        text(
            "UPDATE people p SET first_name = 'Somebody', last_name = 'outside', "
            "email = p.employee_id || '@forgotten.invalid', updated_at = :as_of "
            "WHERE p.status = :external AND p.email NOT LIKE '%@forgotten.invalid' "
            "AND NOT EXISTS (SELECT FROM raters r WHERE r.person_id = p.id)"
        ),
        {"external": EXTERNAL, "as_of": as_of},
    )
    return result.rowcount
