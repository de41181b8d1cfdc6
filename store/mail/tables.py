"""Mails on their way, and how the mail server treats us."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, uuid_key


class Mail(Base):
    """One mail as it was rendered and handed over, with the answer of the SMTP server."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_unfinished", "next_try_at", postgresql_where=text("state = 'sending'")),
        Index("ix_mails_person_id", "person_id"),
    )

    id: Mapped[UUID] = uuid_key()
    key: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # who receives it
    instead_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """For whom the receiver gets all of it; none where some of it is the receiver's own."""
    kind: Mapped[str]  # daily, at_once, sign_in, test_mail
    address: Mapped[str]
    message_id: Mapped[str]
    subject: Mapped[str]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)  # the whole message, until sent
    text: Mapped[str | None]
    state: Mapped[str]  # sending, sent, failed, unknown, suppressed
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[datetime]
    claimed_by: Mapped[UUID | None]  # the claim whose mail it is; only its holder may mark it
    claimed_until: Mapped[datetime | None]  # renewed by the holder while it lives
    handed_over_at: Mapped[datetime | None]  # DATA begun; without an answer it is unknown
    unanswered: Mapped[int] = mapped_column(server_default="0")
    """How often it was handed over and no answer came: it may have arrived as often."""
    smtp_code: Mapped[int | None]
    smtp_answer: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MailServer(Base):
    """How the mail server treats us. One row."""

    __tablename__ = "mail_server"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    accepted_at: Mapped[datetime | None]  # when it last took a mail
    doubted: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    """Whose mails it has refused since, in a way that may mean all of them."""
    marked: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    """Whose address was marked for that."""
    refused_since: Mapped[datetime | None]  # nothing is handed over but probes
    probes: Mapped[int] = mapped_column(server_default="0")
    next_probe_at: Mapped[datetime | None]
    step: Mapped[str | None]  # connect, hello, tls, sign_in, sender, recipient, message
    code: Mapped[int | None]
    answer: Mapped[str | None]  # its words, without addresses
