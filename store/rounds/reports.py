"""Frozen reports as they are read, and the reviewer who goes over comments first.

Who may read which report is decided by whoever asks (`domain/access.py`); here is what is in it.
Where the definition lets comments be reviewed (`hold_comments`), a report waits until each comment
of protected raters was looked at. The original stays where it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.forms import Reader
from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.relationships import PROTECTED
from store.audit import record
from store.rounds.reading import READERS

_PROTECTED = [name.value for name in PROTECTED]


class Review(StrEnum):
    """What the reviewer decided about a comment."""

    SHOWN = "shown"
    HELD = "held"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class ReportRead:
    """A report: `content` as `FeedbackReport.as_json`, comments as they were reviewed.

    `waiting`: comments are still to be reviewed; then there is no content.
    """

    waiting: bool
    content: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment to be reviewed. In the order of its id, which means nothing."""

    answer_id: UUID
    question: str
    words: str


async def read_report(
    conn: AsyncConnection, round_id: UUID, subject_id: int, reader: Reader
) -> ReportRead | None:
    """The report about a subject for such a reader; none before the round closed for them.

    None also where there was no round. Reads only.
    """
    row = (
        await conn.execute(
            text(
                "SELECT content, held FROM feedback_reports "
                "WHERE stage_id = :round AND subject_id = :subject"
            ),
            {"round": round_id, "subject": subject_id},
        )
    ).one_or_none()
    if row is None:
        return None
    if row.held:
        return ReportRead(waiting=True, content=None)
    nearest = READERS[: READERS.index(reader) + 1]
    content = next(row.content[name] for name in reversed(nearest) if name in row.content)
    reviews = await _reviews(conn, round_id, subject_id)
    return ReportRead(waiting=False, content={**content, "themes": _reviewed(content, reviews)})


async def comments_to_review(
    conn: AsyncConnection, round_id: UUID, subject_id: int
) -> list[Comment]:
    """What the reviewer has not decided about yet, of a subject. Reads only."""
    rows = await conn.execute(
        text(
            "SELECT a.id, a.question, a.words FROM feedback_answers a "
            "JOIN feedback_reports r ON r.stage_id = a.stage_id AND r.subject_id = a.subject_id "
            "AND r.held LEFT JOIN comment_reviews c ON c.answer_id = a.id "
            "WHERE a.stage_id = :round AND a.subject_id = :subject AND a.words IS NOT NULL "
            "AND a.relationship = ANY(:protected) AND c.answer_id IS NULL ORDER BY a.id"
        ),
        {"round": round_id, "subject": subject_id, "protected": _PROTECTED},
    )
    return [Comment(*row) for row in rows]


async def review_comment(
    conn: AsyncConnection,
    answer_id: UUID,
    review: Review,
    actor: Actor,
    *,
    now: datetime,
    words: str | None = None,
) -> bool:
    """Decide about one comment; with the last one the report may be read. True if it was the last.

    `words` are those that are shown instead, for `EDITED`. Deciding again before that changes the
    decision. Raises NotFound, Invalid without words, IllegalState once the report may be read:
    two versions of it would differ by what was held back.
    """
    if review is Review.EDITED and not (words or "").strip():
        raise Invalid(
            "Please write what is to be shown instead.",
            ({"field": "words", "code": "required", "message": "Please write something."},),
        )
    row = (
        await conn.execute(
            text(
                "SELECT a.stage_id, a.subject_id, r.held, s.cycle_id FROM feedback_answers a "
                "JOIN feedback_reports r ON r.stage_id = a.stage_id "
                "AND r.subject_id = a.subject_id JOIN stages s ON s.id = a.stage_id "
                "WHERE a.id = :id AND a.words IS NOT NULL AND a.relationship = ANY(:protected) "
                "FOR UPDATE OF r"
            ),
            {"id": answer_id, "protected": _PROTECTED},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no comment {answer_id}")
    if not row.held:
        raise IllegalState("This report was reviewed already.")
    await conn.execute(
        text(
            "INSERT INTO comment_reviews (answer_id, state, text, by_id, at) "
            "VALUES (:id, :state, :words, :by, :now) ON CONFLICT (answer_id) DO UPDATE "
            "SET state = excluded.state, text = excluded.text, by_id = excluded.by_id, "
            "at = excluded.at"
        ),
        {
            "id": answer_id,
            "state": review,
            "words": words.strip() if words and review is Review.EDITED else None,
            "by": actor.person_id,
            "now": now,
        },
    )
    await record(
        conn,
        at=now,
        actor=actor,
        action="comment_reviewed",
        object_type="comment",
        object_id=answer_id,
        cycle_id=row.cycle_id,
        after={"state": review.value},
    )
    if await comments_to_review(conn, row.stage_id, row.subject_id):
        return False
    await conn.execute(
        text(
            "UPDATE feedback_reports SET held = false WHERE stage_id = :round "
            "AND subject_id = :subject"
        ),
        {"round": row.stage_id, "subject": row.subject_id},
    )
    return True


async def _reviews(
    conn: AsyncConnection, round_id: UUID, subject_id: int
) -> dict[str, tuple[str, str | None]]:
    rows = await conn.execute(
        text(
            "SELECT c.answer_id, c.state, c.text FROM comment_reviews c "
            "JOIN feedback_answers a ON a.id = c.answer_id "
            "WHERE a.stage_id = :round AND a.subject_id = :subject"
        ),
        {"round": round_id, "subject": subject_id},
    )
    return {str(row.answer_id): (row.state, row.text) for row in rows}


def _reviewed(
    content: Mapping[str, Any], reviews: Mapping[str, tuple[str, str | None]]
) -> list[dict[str, Any]]:
    """The themes without what is held back; nothing says that something is."""
    themes = []
    for theme in content["themes"]:
        comments = [
            {"group": one["group"], "texts": shown}
            for one in theme["comments"]
            if (shown := _shown(one["ids"], one["texts"], reviews))
        ]
        if comments:
            themes.append({"question": theme["question"], "comments": comments})
    return themes


def _shown(
    ids: Sequence[str], texts: Sequence[str], reviews: Mapping[str, tuple[str, str | None]]
) -> list[str]:
    decided = [
        (reviews.get(one, (Review.SHOWN.value, None)), words)
        for one, words in zip(ids, texts, strict=True)
    ]
    return [edited or words for (state, edited), words in decided if state != Review.HELD]
