"""Orders that concern many tasks, and pauses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key


class Steering(Base):
    """An order concerning many rows, given at once and applied by `advance` in chunks."""

    __tablename__ = "steering"
    __table_args__ = (Index("ix_steering_cycle_id", "cycle_id", "id"),)

    id: Mapped[int] = big_key()
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    order: Mapped[str]  # resume, extend_stage, close_stage, cancel
    detail: Mapped[JsonObject]
    given_at: Mapped[datetime]
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    applied_at: Mapped[datetime | None]


class Pause(Base):
    """The pause ledger of a cycle."""

    __tablename__ = "pauses"
    __table_args__ = (Index("ix_pauses_cycle_id", "cycle_id"),)

    id: Mapped[int] = big_key()
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    paused_at: Mapped[datetime]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    resumed_at: Mapped[datetime | None]
    resumed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
