"""360 rounds: who is asked, what they wrote under seal, and the reports made of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, uuid_key


class Rater(Base):
    """Somebody who is to be asked about a subject, or was, and how they came onto the list."""

    __tablename__ = "raters"
    __table_args__ = (
        Index(
            "uq_raters_live",
            "stage_id",
            "subject_id",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('proposed', 'asked')"),
        ),
        Index("ix_raters_person_id", "person_id", "stage_id"),
        Index("ix_raters_subject", "stage_id", "subject_id"),
    )

    id: Mapped[UUID] = uuid_key()
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    """The stage that collects."""
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    relationship: Mapped[str]
    state: Mapped[str]  # proposed, asked, declined, withdrawn, not_asked
    source: Mapped[str]  # subject, manager, suggested, rule, replacement
    position: Mapped[int] = mapped_column(server_default="0")
    decline_reason: Mapped[str | None]  # read by nobody; gone with the close
    replace: Mapped[bool] = mapped_column(server_default=text("false"))
    """Dropped out in time for the subject to name somebody else."""
    created_at: Mapped[datetime]  # when the list was made; nothing here changes on answering


class RoundSeal(Base):
    """Raters' answers about a subject lie sealed until their round closes; the key lies elsewhere.

    See `store.base.seal_keys`.
    """

    __tablename__ = "round_seals"

    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Empty. Seals of versions before 0005 had their keys here, until a worker moved them out."""

    extended: Mapped[bool] = mapped_column(server_default=text("false"))


class ClosedSeal(Base):
    """A seal whose round has closed, as long as its key was not seen to be gone."""

    __tablename__ = "closed_seals"

    stage_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)


class SealedAnswer(Base):
    """What a rater wrote, drafts too, readable with the seal alone; gone when the round closes."""

    __tablename__ = "sealed_answers"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    submitted: Mapped[bool] = mapped_column(server_default=text("false"))
    saved_on: Mapped[date]
    shut: Mapped[bool] = mapped_column(server_default=text("false"))
    """Written under an address that has changed since: out of reach, also for its author."""


class FeedbackAnswer(Base):
    """One answer to one question about a subject: no task, no author, no time.

    Each answer stands alone. A row per rater would tie everything that somebody said to the one
    sentence by which they are recognised.
    """

    __tablename__ = "feedback_answers"
    __table_args__ = (Index("ix_feedback_answers_subject", "stage_id", "subject_id"),)

    # Not uuidv7(), which carries a time.
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    relationship: Mapped[str]  # the group under which it is shown
    question: Mapped[str]
    rating: Mapped[int | None]
    words: Mapped[str | None]


class FeedbackReportRow(Base):
    """The frozen report about a subject: computed once, from the closed set."""

    __tablename__ = "feedback_reports"

    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    content: Mapped[JsonObject]  # by farthest reader: subject, manager, hr
    digest: Mapped[str]
    made_at: Mapped[datetime]  # to the day: the last answer may have closed the round
    held: Mapped[bool] = mapped_column(server_default=text("false"))
    """Waits for the reviewer of comments."""

    readable_on: Mapped[date | None]
    """From this day (company) on the subject may read it, if the result is open to them."""


class CommentReview(Base):
    """What a named reviewer decided about a comment; the original stays where it is."""

    __tablename__ = "comment_reviews"

    answer_id: Mapped[UUID] = mapped_column(
        ForeignKey("feedback_answers.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str]  # shown, held, edited
    text: Mapped[str | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]
