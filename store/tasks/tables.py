"""Tasks, what became of them, and what was written in them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key, uuid_key

NOTHING = "'00000000-0000-0000-0000-000000000000'::uuid"


class Task(Base):
    """Who must do what by when. Rung columns say where its ladder stands (language §5).

    It belongs to a stage of a cycle, or to an item of something that outlives cycles.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(
            "uq_tasks_live_item",
            text(f"coalesce(stage_id, {NOTHING})"),
            text(f"coalesce(item_id, {NOTHING})"),
            text("coalesce(subject_id, 0)"),
            "role",
            text("coalesce(assignee_id, 0)"),
            unique=True,
            postgresql_where=text("state IN ('planned', 'open')"),
        ),
        Index("ix_tasks_subject", "stage_id", "subject_id"),
        Index("ix_tasks_live", "stage_id", postgresql_where=text("state IN ('planned', 'open')")),
        Index(
            "ix_tasks_assignee",
            "assignee_id",
            "due_at",
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_tasks_rung",
            "stage_id",
            "next_rung_at",
            postgresql_where=text("state = 'open' AND next_rung_at IS NOT NULL"),
        ),
        Index("ix_tasks_opens", "stage_id", "opens_at", postgresql_where=text("state = 'planned'")),
        Index(
            "ix_tasks_closes",
            "stage_id",
            "closes_at",
            postgresql_where=text("state IN ('planned', 'open') AND closes_at IS NOT NULL"),
        ),
        Index("ix_tasks_cycle_state", "cycle_id", "state"),
        Index("ix_tasks_item", "item_id", postgresql_where=text("item_id IS NOT NULL")),
        CheckConstraint("num_nonnulls(assignee_id, desk) <= 1", name="one_holder"),
        CheckConstraint("num_nonnulls(stage_id, item_id) >= 1", name="has_place"),
        CheckConstraint("(stage_id IS NULL) = (cycle_id IS NULL)", name="stage_of_cycle"),
    )

    id: Mapped[UUID] = uuid_key()
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    item_id: Mapped[UUID | None]  # what it belongs to beside or instead of a stage
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    desk: Mapped[str | None]  # neither assignee nor desk: "needs an assignee", on HR's desk
    state: Mapped[str]
    cause: Mapped[str]  # why it exists: launch, after, date, entry, reassigned, split
    begun_at: Mapped[datetime]  # when it came into being (predecessors closed, launch, entry)
    opens_at: Mapped[datetime]
    announce_at: Mapped[datetime]  # at the latest
    announced_on: Mapped[date | None]  # when its first mail really went out, assignee's date
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    due_revision: Mapped[int] = mapped_column(server_default="1")
    next_rung: Mapped[str | None]
    next_rung_at: Mapped[datetime | None]
    last_rung: Mapped[str | None]  # fired last
    last_rung_on: Mapped[date | None]  # its date, assignee's
    rung_out: Mapped[bool] = mapped_column(server_default=text("true"))
    """False while the last rung's mail has not really gone out: nothing climbs meanwhile."""
    told_to: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    """Whom this due revision was escalated to, in order."""
    steered: Mapped[int] = mapped_column(BigInteger, server_default="0")  # last steering applied
    revision: Mapped[int] = mapped_column(server_default="0")  # of the submission
    version: Mapped[int] = mapped_column(server_default="1")  # ETag of task and draft
    seen_at: Mapped[datetime | None]  # the form was opened first; shown only as a count
    held_on: Mapped[date | None]  # a meeting: the day on which it was held
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_reason: Mapped[str | None]
    created_at: Mapped[datetime]


class TaskEvent(Base):
    """Each change of a task after its coming into being, and why: the explain view reads it."""

    __tablename__ = "task_events"
    __table_args__ = (Index("ix_task_events_task_id", "task_id", "id"),)

    id: Mapped[int] = big_key()
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    at: Mapped[datetime]  # business instant
    event: Mapped[str]  # opened, submitted, rung, rung_skipped, extended, reassigned, expired ...
    actor_id: Mapped[int | None]
    detail: Mapped[JsonObject]  # ids, codes, instants: never words
    words: Mapped[
        str | None
    ]  # the reason that somebody gave; `access.may_read_reason` says who reads


class Draft(Base):
    """What somebody has typed and not submitted; `held_on`: the day of a meeting, if it is one.

    Goes when the stage closes.
    """

    __tablename__ = "drafts"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    answers: Mapped[JsonObject]
    version: Mapped[int] = mapped_column(server_default="1")
    saved_at: Mapped[datetime]
    held_on: Mapped[date | None]


class Response(Base):
    """A submitted form. Immutable; reopening makes another revision."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("task_id", "revision"),)

    id: Mapped[UUID] = uuid_key()
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    revision: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answers: Mapped[JsonObject]
    submitted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
