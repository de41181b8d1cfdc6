"""A reviewer goes over the comments of a report before anybody reads it (`hold_comments`).

They see what was said and by nobody: no group, no order. Each comment is shown, held back or
edited; the original stays where it is, until single answers go
(`store.kinds.feedback_round.keeping`). Reports of others do not wait meanwhile, nor does a release:
this one can be read as soon as it was reviewed. What the report then says is kept as it is shown,
so that nothing comes back when originals go.

Nobody reviews what is about themselves or somebody above them. Whoever asks sees to that.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.notifications import Event
from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.relationships import PROTECTED
from domain.states import Desk
from store.base.audit import record
from store.engine.processes import ring
from store.kinds.feedback_round.reports import Review, shown_themes
from store.kinds.feedback_round.rules import Round
from store.outbox.notices import Notice, tell_all
from store.people.own_lines import closed_cases
from store.people.times import desk_members

_PROTECTED = [name.value for name in PROTECTED]


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A report whose comments are to be reviewed. `closed_on`: the round closed for the subject."""

    round_id: UUID
    subject_id: int
    name: str
    department: str | None
    cycle_id: UUID
    cycle: str
    closed_on: date


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment and what was decided about it so far. `edited` are the words shown instead."""

    answer_id: UUID
    question: str
    words: str
    review: Review | None
    edited: str | None


async def waiting_reports(
    conn: AsyncConnection,
    *,
    hidden: Sequence[int],
    round_id: UUID | None = None,
    subject_id: int | None = None,
) -> list[WaitingReport]:
    """Reports that wait for a reviewer, but those of `hidden` people, by name. Reads only."""
    rows = await conn.execute(
        text(
            "SELECT r.stage_id, p.id, p.first_name || ' ' || p.last_name, p.department, c.id, "
            "c.title, CAST(r.made_at AS date) FROM feedback_reports r "
            "JOIN people p ON p.id = r.subject_id JOIN stages s ON s.id = r.stage_id "
            "JOIN cycles c ON c.id = s.cycle_id WHERE r.held "
            "AND r.subject_id <> ALL(CAST(:hidden AS bigint[])) "
            "AND (CAST(:round AS uuid) IS NULL OR r.stage_id = :round) "
            "AND (CAST(:subject AS bigint) IS NULL OR r.subject_id = :subject) "
            "ORDER BY p.last_name, p.first_name, p.id LIMIT 1000"
        ),
        {"hidden": list(hidden), "round": round_id, "subject": subject_id},
    )
    return [WaitingReport(*row) for row in rows]


async def comments_of(conn: AsyncConnection, round_id: UUID, subject_id: int) -> list[Comment]:
    """Every comment of protected raters in a report that waits, in the order of random ids.

    Raises NotFound if no report of the subject waits. Reads only.
    """
    await _held(conn, round_id, subject_id)
    rows = await conn.execute(
        text(
            "SELECT a.id, a.question, a.words, c.state, c.text FROM feedback_answers a "
            "LEFT JOIN comment_reviews c ON c.answer_id = a.id "
            "WHERE a.stage_id = :round AND a.subject_id = :subject AND a.words IS NOT NULL "
            "AND a.relationship = ANY(:protected) ORDER BY a.id"
        ),
        {"round": round_id, "subject": subject_id, "protected": _PROTECTED},
    )
    return [
        Comment(row.id, row.question, row.words, Review(row.state) if row.state else None, row.text)
        for row in rows
    ]


async def review_comment(
    conn: AsyncConnection,
    round_id: UUID,
    subject_id: int,
    answer_id: UUID,
    review: Review,
    actor: Actor,
    *,
    now: datetime,
    words: str | None = None,
) -> None:
    """Decide about one comment. Deciding again changes the decision, until the review is finished.

    `words` are those that are shown instead, for `EDITED`. Raises NotFound, Invalid without words.
    """
    if review is Review.EDITED and not (words or "").strip():
        raise Invalid(
            "Please write what is to be shown instead.",
            ({"field": "words", "code": "required", "message": "Please write something."},),
        )
    await _held(conn, round_id, subject_id, lock="FOR UPDATE OF r")
    result = await conn.execute(
        text(
            "INSERT INTO comment_reviews (answer_id, state, text, by_id, at) "
            "SELECT a.id, :state, :words, :by, :now FROM feedback_answers a WHERE a.id = :id "
            "AND a.stage_id = :round AND a.subject_id = :subject AND a.words IS NOT NULL "
            "AND a.relationship = ANY(:protected) ON CONFLICT (answer_id) DO UPDATE "
            "SET state = excluded.state, text = excluded.text, by_id = excluded.by_id, "
            "at = excluded.at"
        ),
        {
            "id": answer_id,
            "round": round_id,
            "subject": subject_id,
            "protected": _PROTECTED,
            "state": review.value,
            "words": words.strip() if words and review is Review.EDITED else None,
            "by": actor.person_id,
            "now": now,
        },
    )
    if not result.rowcount:
        raise NotFound(f"there is no comment {answer_id}")


async def finish_review(
    conn: AsyncConnection, round_id: UUID, subject_id: int, actor: Actor, *, now: datetime
) -> None:
    """From now on the report may be read, and nothing about it changes any more.

    Two versions of it would differ by what was held back. The audit log says that somebody
    reviewed it, not how many comments there were or what became of them: that stands beside the
    comments. Raises NotFound if no report of the subject waits, IllegalState if a comment was not
    looked at.
    """
    cycle_id = await _held(conn, round_id, subject_id, lock="FOR UPDATE OF r")
    comments = await comments_of(conn, round_id, subject_id)
    if any(comment.review is None for comment in comments):
        raise IllegalState("Please decide about each comment first.")
    await open_reviewed(conn, round_id, subject_id, comments)
    await ring(conn, FEEDBACK_ROUND.id_of(round_id), urgent=True)  # it opens to its readers
    await record(
        conn,
        at=now,
        actor=actor,
        action="comments_reviewed",
        object_type="person",
        object_id=subject_id,
        cycle_id=cycle_id,
    )


async def open_reviewed(
    conn: AsyncConnection, round_id: UUID, subject_id: int, comments: Sequence[Comment]
) -> None:
    """Let the report be read as it was reviewed: what is held back is in it no more.

    What nobody has looked at is held back. The originals stay beside it as single answers.
    """
    decided = {str(one.answer_id): (one.review or Review.HELD, one.edited) for one in comments}
    content = await conn.scalar(
        text(
            "SELECT content FROM feedback_reports WHERE stage_id = :round "
            "AND subject_id = :subject AND held FOR UPDATE"
        ),
        {"round": round_id, "subject": subject_id},
    )
    reviewed = {
        reader: {**report, "themes": shown_themes(report, decided)}
        for reader, report in content.items()
    }
    await conn.execute(
        text(
            "UPDATE feedback_reports SET held = false, content = CAST(:content AS jsonb) "
            "WHERE stage_id = :round AND subject_id = :subject"
        ),
        {"round": round_id, "subject": subject_id, "content": json.dumps(reviewed)},
    )


async def tell_reviewers(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], as_of: datetime
) -> None:
    """Tell the HR desk that comments wait: once a day and round, whomever they are about.

    Nobody is told who could review none of them. Repeatable on the same day.
    """
    if not subjects:
        return
    day = round_.cycle.company.local_date(as_of)
    members = await desk_members(conn, Desk.HR, day)
    closed = await closed_cases(conn, members, day, round_.cycle.id)
    await tell_all(
        conn,
        [
            Notice(
                member,
                Event.COMMENTS_WAITING,
                f"round:{round_.id}:comments:{day.isoformat()}",
                "comments_waiting",
                cycle_id=round_.cycle.id,
                desk=Desk.HR,
            )
            for member in members
            if any(subject not in closed[member] for subject in subjects)
        ],
        as_of,
    )


async def _held(conn: AsyncConnection, round_id: UUID, subject_id: int, *, lock: str = "") -> UUID:
    """The cycle of a report that waits. Raises NotFound."""
    cycle_id: UUID | None = await conn.scalar(
        text(
            "SELECT s.cycle_id FROM feedback_reports r JOIN stages s ON s.id = r.stage_id "
            f"WHERE r.stage_id = :round AND r.subject_id = :subject AND r.held {lock}"
        ),
        {"round": round_id, "subject": subject_id},
    )
    if cycle_id is None:
        raise NotFound(f"no report of {subject_id} in {round_id} waits for a reviewer")
    return cycle_id
