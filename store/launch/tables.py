"""Launches that recur."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, big_key


class Recurrence(Base):
    """One planned launch of a recurring definition."""

    __tablename__ = "recurrences"
    __table_args__ = (UniqueConstraint("definition", "launch_on"),)

    id: Mapped[int] = big_key()
    definition: Mapped[str]
    launch_on: Mapped[date]
    check_at: Mapped[datetime]
    launch_at: Mapped[datetime]  # the first instant at which something would open
    state: Mapped[str]  # planned, checked, launched, asked, skipped, refused
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id"))
    reason: Mapped[str | None]
