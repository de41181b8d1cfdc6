"""Processes, their bells, and rows that cannot be handled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key


class Process(Base):
    """A durable process. Its id is the workflow id; from this row the workflow is rebuilt.

    What it drives: a cycle, a stage, or something of its own that `subject_id` and `argument` tell.
    """

    __tablename__ = "processes"
    __table_args__ = (
        Index("ix_processes_armed", "armed_until", postgresql_where=text("state = 'open'")),
        Index("ix_processes_cycle_id", "cycle_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # whom it is about
    argument: Mapped[JsonObject] = mapped_column(server_default="{}")  # ids, codes and dates only
    state: Mapped[str] = mapped_column(server_default="open")
    armed_until: Mapped[datetime | None]  # when it looks again by itself
    waits_for: Mapped[str | None]  # a code: opening, rung, close, people, predecessors, approval
    window_seconds: Mapped[int] = mapped_column(server_default="0")  # a busy process's bell window
    last_rung_at: Mapped[datetime | None]
    unheard: Mapped[UUID | None]  # the last bell passed on after which no turn has ended yet
    unheard_since: Mapped[datetime | None]  # the first of those
    advanced_at: Mapped[datetime | None]
    run_id: Mapped[str | None]
    events: Mapped[int | None]  # of that run's history when the last turn began
    failures: Mapped[int] = mapped_column(server_default="0")  # in a row
    failure: Mapped[str | None]  # a code and a place; never anybody's data
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Bell(Base):
    """Append-only: somebody wants a process to look at the facts."""

    __tablename__ = "bells"
    __table_args__ = (Index("ix_bells_process_id", "process_id"),)

    id: Mapped[int] = big_key()
    process_id: Mapped[str]
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))  # does not wait for a window
    starts: Mapped[bool] = mapped_column(server_default=text("false"))  # the first of a process
    tx: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )  # rung together: many at once go in a lane of their own
    taken_until: Mapped[datetime | None]  # a relay is passing it on


class HeldRow(Base):
    """A row that could not be handled. It is parked alone, with its reason and who mends it."""

    __tablename__ = "held_rows"
    __table_args__ = (
        Index(
            "uq_held_rows_live",
            "process_id",
            text("coalesce(cycle_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            text("coalesce(stage_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            text("coalesce(person_id, 0)"),
            text("coalesce(task_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            "what",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[int] = big_key()
    process_id: Mapped[str]
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None]
    person_id: Mapped[int | None]
    task_id: Mapped[UUID | None]
    code: Mapped[str]
    mended_by: Mapped[str]  # hr, administrators
    at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    what: Mapped[str] = mapped_column(server_default="")  # a definition's id; else empty
    told_at: Mapped[datetime | None]  # when the desk that mends it was told
