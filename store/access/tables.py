"""Mailed links, signed-in browsers, and changed addresses that do not count yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, big_key


class Link(Base):
    """A mailed link. Only the hash of its token is stored; opening it changes nothing."""

    __tablename__ = "links"
    __table_args__ = (Index("ix_links_person_id", "person_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    purpose: Mapped[str]  # sign_in, task, address, demo
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    target: Mapped[str]  # the path to go to, without the host
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  # last sign-in through it


class Session(Base):
    """A signed-in browser. `level` is how far it reaches (`domain.access.Level`).

    `opens`: ids of tasks, and paths, that the links opened through which it began.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_person_id", "person_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    level: Mapped[str] = mapped_column(server_default="full")
    opens: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class AddressChange(Base):
    """An address that took the place of another, until it counts as the person's own.

    While it is `open` and `holds_until` lies ahead (or there is none), no link signs the person in.
    """

    __tablename__ = "address_changes"
    __table_args__ = (
        Index(
            "uq_address_changes_open",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_address_changes_old", text("lower(old_address)")),
    )

    id: Mapped[int] = big_key()
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    old_address: Mapped[str]  # the last one that counted as theirs
    new_address: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    changed_by_kind: Mapped[str]
    state: Mapped[str]  # open, confirmed, vouched, objected, reverted, at_once
    holds_until: Mapped[datetime | None]  # none: until somebody has vouched for it
    vouched_by: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
