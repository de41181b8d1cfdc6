"""Frozen reports as they are read.

Who may read which report is decided by whoever asks (`domain/access.py`); here is what is in it.
Where comments are reviewed first (`store.kinds.feedback_round.reviewing`) a report has no content
until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.forms import Reader
from store.kinds.feedback_round.reading import READERS


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
    return ReportRead(waiting=False, content={**content, "themes": shown_themes(content, {})})


def shown_themes(
    content: Mapping[str, Any], reviews: Mapping[str, tuple[str, str | None]]
) -> list[dict[str, Any]]:
    """The themes as they are shown: without ids of answers, and without what is held back.

    `reviews` by the id of an answer: what was decided, and the words that are shown instead.
    Nothing says that something is missing. Pure.
    """
    themes = []
    for theme in content["themes"]:
        comments = [
            {"group": one["group"], "texts": shown}
            for one in theme["comments"]
            if (shown := _shown(one.get("ids", ()), one["texts"], reviews))
        ]
        if comments:
            themes.append({"question": theme["question"], "comments": comments})
    return themes


def _shown(
    ids: Sequence[str], texts: Sequence[str], reviews: Mapping[str, tuple[str, str | None]]
) -> list[str]:
    if not ids:  # what was reviewed is kept as it is shown
        return list(texts)
    decided = [
        (reviews.get(one, (Review.SHOWN.value, None)), words)
        for one, words in zip(ids, texts, strict=True)
    ]
    return [edited or words for (state, edited), words in decided if state != Review.HELD]
