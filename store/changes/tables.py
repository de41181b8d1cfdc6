"""Changes of desks that wait for a second person."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key


class DeskChange(Base):
    """A company file that changes who sits at a desk and waits for a second member."""

    __tablename__ = "desk_changes"
    __table_args__ = (
        Index(
            "uq_desk_changes_open",
            text("(true)"),
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = big_key()
    source: Mapped[str]
    based_on: Mapped[str | None]  # the hash of the settings that it was written against
    joining: Mapped[JsonObject]  # {desk: [addresses]}
    leaving: Mapped[JsonObject]
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str]  # open, confirmed, withdrawn
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
