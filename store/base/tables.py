"""What all tables have in common, and those of the audit log, command keys and counters.

Instants are `timestamptz` (UTC), dates are calendar dates of whoever the row is about. A column
that ends in `_at` is an instant, in `_on` a date.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JsonObject = dict[str, Any]


class Base(DeclarativeBase):
    """Common types and constraint names."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        date: Date(),
        str: Text(),
        JsonObject: JSONB(),
        list[int]: ARRAY(SmallInteger),
        UUID: Uuid(),
    }


def uuid_key() -> Mapped[UUID]:
    """A primary key that the database makes, ordered by time."""
    return mapped_column(primary_key=True, server_default=text("uuidv7()"))


def big_key() -> Mapped[int]:
    """A primary key that the database counts up."""
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


class RateCount(Base):
    """Counters of sign-in and test mails, across all API processes."""

    __tablename__ = "rate_counts"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    hits: Mapped[int]


class CommandKey(Base):
    """An idempotency key with the answer that it got."""

    __tablename__ = "command_keys"

    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    answer: Mapped[JsonObject]
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what on whose behalf. Append-only; sealed into a hash chain in batches."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object", "object_type", "object_id"),
        Index("ix_audit_cycle_id", "cycle_id", "id"),
    )

    id: Mapped[int] = big_key()
    at: Mapped[datetime]
    actor_id: Mapped[int | None]  # none: the engine or the service key
    actor_kind: Mapped[str]  # person, hr, administrator, service, engine
    on_behalf_of_id: Mapped[int | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    cycle_id: Mapped[UUID | None]
    before: Mapped[JsonObject | None]  # by reference: ids, states, instants
    after: Mapped[JsonObject | None]
    mac: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signature under a key that is not in the database; none before 0005."""


class AuditSeal(Base):
    """A link of the chain: the hash over the entries `first_id`..`last_id` and the link before.

    `keyed`: under the key that signs entries, so that only its holder can make it.
    """

    __tablename__ = "audit_seals"

    id: Mapped[int] = big_key()
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    sealed_at: Mapped[datetime]
    keyed: Mapped[bool] = mapped_column(server_default=text("false"))


class SealKeyFolder(Base):
    """The folder that holds the keys of seals: one row. `name` is written in the folder, too."""

    __tablename__ = "seal_key_folder"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    name: Mapped[UUID]
    missing: Mapped[int] = mapped_column(server_default="0")
    """Seals of open rounds whose keys were not found at the last look."""
