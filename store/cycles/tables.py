"""Cycles, their stages, and who takes part."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, uuid_key


class Cycle(Base):
    """One launched run of a definition version."""

    __tablename__ = "cycles"
    __table_args__ = (Index("ix_cycles_state", "state"),)

    id: Mapped[UUID] = uuid_key()
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    definition: Mapped[str]
    title: Mapped[str]  # with the period filled in
    period: Mapped[JsonObject]  # {start, end, title}
    state: Mapped[str]
    launched_by: Mapped[str]  # button, schedule, rolling
    launch_on: Mapped[date]  # the plan's first day (company calendar)
    check_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]
    calendars: Mapped[JsonObject | None]  # frozen holiday tables (language §3.10)
    plan: Mapped[JsonObject | None]  # frozen plan; slips are written into the stages
    paused_at: Mapped[datetime | None]
    participants: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")  # ETag
    created_at: Mapped[datetime]


class Stage(Base):
    """A stage of a cycle, with its planned dates (none in a rolling cycle: they are personal)."""

    __tablename__ = "stages"
    __table_args__ = (UniqueConstraint("cycle_id", "key"),)

    id: Mapped[UUID] = uuid_key()
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    key: Mapped[str]  # the id in the definition
    position: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    planned_opens_on: Mapped[date | None]
    planned_due_on: Mapped[date | None]
    planned_closes_on: Mapped[date | None]
    extended_by: Mapped[int] = mapped_column(server_default="0")  # working days, for tasks to come
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Participant(Base):
    """A person of the company with regard to a cycle: in, or out with one stated reason."""

    __tablename__ = "participants"
    __table_args__ = (
        Index("ix_participants_person_id", "person_id"),
        Index("ix_participants_cycle_id_state", "cycle_id", "state"),
    )

    cycle_id: Mapped[UUID] = mapped_column(
        ForeignKey("cycles.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]  # a code: audience, tenure, excluded, no_manager, left, removed ...
    because: Mapped[str | None]  # HR's own words from the definition or the act
    department: Mapped[str | None]  # as it was on entering
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # named by HR
    entered_on: Mapped[date | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    plan: Mapped[JsonObject | None]  # a rolling cycle's personal plan
    first_plan: Mapped[JsonObject | None]  # before it moved; none: it never did
    released_at: Mapped[datetime | None]  # HR released the result to the managers
    opened_at: Mapped[datetime | None]  # the result may be read by the subject


class ChosenPerson(Base):
    """Whom HR chose by name when a cycle was prepared; a cycle without any is for everybody."""

    __tablename__ = "chosen_people"
    __table_args__ = (Index("ix_chosen_people_person_id", "person_id"),)

    cycle_id: Mapped[UUID] = mapped_column(
        ForeignKey("cycles.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)


class Skip(Base):
    """A stage that does not exist for a subject; it counts as closed."""

    __tablename__ = "skips"

    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    reason: Mapped[str]  # a code: condition, entered_late, no_assignee_stage ...
    at: Mapped[datetime]
