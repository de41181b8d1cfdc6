"""What people are to be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key


class Notification(Base):
    """An item of the outbox, written with its cause in the cause's own transaction."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_due", "send_at", postgresql_where=text("state = 'queued'")),
        Index("ix_notifications_person", "person_id", "state"),
        Index("ix_notifications_task_id", "task_id"),
        Index("ix_notifications_mail_id", "mail_id"),
        Index("ix_notifications_cycle_id", "cycle_id", "id"),
    )

    id: Mapped[int] = big_key()
    key: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]  # domain.notifications.Event
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    desk: Mapped[str | None]  # told as a member of this desk
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    subject_id: Mapped[int | None]
    rung: Mapped[str | None]
    due_revision: Mapped[int | None]
    data: Mapped[JsonObject] = mapped_column(server_default="{}")  # ids, counts, instants
    cause: Mapped[str]  # why it was written: a rule or an act, as a code
    at: Mapped[datetime]  # business instant of the cause
    send_at: Mapped[datetime]  # not before; recipient's morning or at once
    ride_along: Mapped[bool] = mapped_column(server_default=text("false"))
    """Goes with any earlier mail that goes out anyway."""
    at_once: Mapped[bool] = mapped_column(server_default=text("false"))
    """Does not wait for the daily mail, although its event does: a launch by button (§6.3)."""
    state: Mapped[str] = mapped_column(server_default="queued")
    reason: Mapped[str | None]  # why suppressed or failed
    settled_at: Mapped[datetime | None]  # sent, suppressed or failed
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("mails.id"))
