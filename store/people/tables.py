"""People, their reporting lines and leave, and the company file."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, big_key


class Profile(Base):
    """Whose calendar, whose morning: what many people share. Leave is the person's own."""

    __tablename__ = "profiles"
    __table_args__ = (
        Index(
            "uq_profiles_all",
            "calendar",
            "zone",
            text("coalesce(work_days, '{}')"),
            text("coalesce(office, '')"),
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    calendar: Mapped[str]
    zone: Mapped[str]
    work_days: Mapped[list[int] | None]  # 0 is Monday; none: the company's week
    office: Mapped[str | None]


class Person(Base):
    """A worker record. `profile_id` is resolved up the reporting line at import (language §3.1)."""

    __tablename__ = "people"
    __table_args__ = (
        Index(
            "uq_people_email_lower",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("email <> ''"),
        ),
        Index("ix_people_profile_id", "profile_id"),
    )

    id: Mapped[int] = big_key()
    employee_id: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]  # empty for people who have left and whose address is another's now
    phone: Mapped[str | None]
    hire_date: Mapped[date]
    job_title: Mapped[str | None]
    level: Mapped[str | None]
    department: Mapped[str | None]
    office: Mapped[str | None]  # the record's city
    country: Mapped[str | None]
    time_zone: Mapped[str | None]
    work_days: Mapped[list[int] | None]
    projects: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """What they work on, with others: raters are suggested by it."""
    employment: Mapped[str] = mapped_column(server_default="permanent")
    language: Mapped[str] = mapped_column(server_default="en")
    status: Mapped[str] = mapped_column(server_default="active")
    left_on: Mapped[date | None]
    profile_id: Mapped[int | None] = mapped_column(ForeignKey("profiles.id"))
    address_refused_at: Mapped[datetime | None]  # a permanent refusal; HR mends it
    signed_in: Mapped[bool] = mapped_column(server_default=text("false"))
    """Has this person of the company ever signed in? Of people outside it is never written."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReportingLine(Base):
    """Who reports to whom from when until when (the end is exclusive)."""

    __tablename__ = "reporting_lines"
    __table_args__ = (
        Index("ix_reporting_lines_person_id", "person_id", "valid_from"),
        Index("ix_reporting_lines_manager_id", "manager_id"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="order"),
        CheckConstraint("manager_id <> person_id", name="not_self"),
    )

    id: Mapped[int] = big_key()
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    manager_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Leave(Base):
    """Full days on which a person does not work. Both days included."""

    __tablename__ = "leaves"
    __table_args__ = (
        Index("ix_leaves_person_id", "person_id", "first_day"),
        CheckConstraint("last_day >= first_day", name="order"),
    )

    id: Mapped[int] = big_key()
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class CompanySettings(Base):
    """Versions of the company file; the latest holds. A cycle freezes what it needs of it."""

    __tablename__ = "company_settings"

    id: Mapped[int] = big_key()
    content: Mapped[JsonObject]
    source: Mapped[str]
    hash: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
