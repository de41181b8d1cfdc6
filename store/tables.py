"""Every table. Facts live here; the engine can be rebuilt from these rows at any time.

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
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
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


def _uuid_key() -> Mapped[UUID]:
    return mapped_column(primary_key=True, server_default=text("uuidv7()"))


def _big_key() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


# --- People and company -------------------------------------------------------------------------


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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class CompanySettings(Base):
    """Versions of the company file; the latest holds. A cycle freezes what it needs of it."""

    __tablename__ = "company_settings"

    id: Mapped[int] = _big_key()
    content: Mapped[JsonObject]
    source: Mapped[str]
    hash: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class DefinitionVersion(Base):
    """An immutable, hashed version of a definition."""

    __tablename__ = "definition_versions"
    __table_args__ = (UniqueConstraint("definition", "version"),)

    id: Mapped[UUID] = _uuid_key()
    definition: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    content: Mapped[JsonObject]
    source: Mapped[str]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


# --- Cycles -------------------------------------------------------------------------------------


class Cycle(Base):
    """One launched run of a definition version."""

    __tablename__ = "cycles"
    __table_args__ = (Index("ix_cycles_state", "state"),)

    id: Mapped[UUID] = _uuid_key()
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

    id: Mapped[UUID] = _uuid_key()
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


class Task(Base):
    """Who must do what by when. Rung columns say where its ladder stands (language §5)."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index(
            "uq_tasks_live",
            "stage_id",
            text("coalesce(subject_id, 0)"),
            "role",
            text("coalesce(assignee_id, 0)"),
            unique=True,
            postgresql_where=text("state IN ('planned', 'open')"),
        ),
        Index("ix_tasks_subject", "stage_id", "subject_id"),
        Index("ix_tasks_live", "stage_id", postgresql_where=text("state IN ('planned', 'open')")),
        Index(
            "ix_tasks_assignee",
            "assignee_id",
            "due_at",
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_tasks_rung",
            "stage_id",
            "next_rung_at",
            postgresql_where=text("state = 'open' AND next_rung_at IS NOT NULL"),
        ),
        Index("ix_tasks_opens", "stage_id", "opens_at", postgresql_where=text("state = 'planned'")),
        Index(
            "ix_tasks_closes",
            "stage_id",
            "closes_at",
            postgresql_where=text("state IN ('planned', 'open') AND closes_at IS NOT NULL"),
        ),
        Index("ix_tasks_cycle_state", "cycle_id", "state"),
        CheckConstraint("num_nonnulls(assignee_id, desk) <= 1", name="one_holder"),
    )

    id: Mapped[UUID] = _uuid_key()
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    desk: Mapped[str | None]  # neither assignee nor desk: "needs an assignee", on HR's desk
    state: Mapped[str]
    cause: Mapped[str]  # why it exists: launch, after, date, entry, reassigned, split
    begun_at: Mapped[datetime]  # when it came into being (predecessors closed, launch, entry)
    opens_at: Mapped[datetime]
    announce_at: Mapped[datetime]  # at the latest
    announced_on: Mapped[date | None]  # when its first mail really went out, assignee's date
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    due_revision: Mapped[int] = mapped_column(server_default="1")
    next_rung: Mapped[str | None]
    next_rung_at: Mapped[datetime | None]
    last_rung: Mapped[str | None]  # fired last
    last_rung_on: Mapped[date | None]  # its date, assignee's
    rung_out: Mapped[bool] = mapped_column(server_default=text("true"))
    """False while the last rung's mail has not really gone out: nothing climbs meanwhile."""
    told_to: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    """Whom this due revision was escalated to, in order."""
    steered: Mapped[int] = mapped_column(BigInteger, server_default="0")  # last steering applied
    revision: Mapped[int] = mapped_column(server_default="0")  # of the submission
    version: Mapped[int] = mapped_column(server_default="1")  # ETag of task and draft
    seen_at: Mapped[datetime | None]  # the form was opened first; shown only as a count
    held_on: Mapped[date | None]  # a meeting: the day on which it was held
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_reason: Mapped[str | None]
    created_at: Mapped[datetime]


class TaskEvent(Base):
    """Each change of a task after its coming into being, and why: the explain view reads it."""

    __tablename__ = "task_events"
    __table_args__ = (Index("ix_task_events_task_id", "task_id", "id"),)

    id: Mapped[int] = _big_key()
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    at: Mapped[datetime]  # business instant
    event: Mapped[str]  # opened, submitted, rung, rung_skipped, extended, reassigned, expired ...
    actor_id: Mapped[int | None]
    detail: Mapped[JsonObject]  # ids, codes, instants: never words
    words: Mapped[
        str | None
    ]  # the reason that somebody gave; `access.may_read_reason` says who reads


class Draft(Base):
    """What somebody has typed and not submitted; `held_on`: the day of a meeting, if it is one.

    Goes when the stage closes.
    """

    __tablename__ = "drafts"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    answers: Mapped[JsonObject]
    version: Mapped[int] = mapped_column(server_default="1")
    saved_at: Mapped[datetime]
    held_on: Mapped[date | None]


class Response(Base):
    """A submitted form. Immutable; reopening makes another revision."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("task_id", "revision"),)

    id: Mapped[UUID] = _uuid_key()
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    revision: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answers: Mapped[JsonObject]
    submitted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Steering(Base):
    """An order concerning many rows, given at once and applied by `advance` in chunks."""

    __tablename__ = "steering"
    __table_args__ = (Index("ix_steering_cycle_id", "cycle_id", "id"),)

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    paused_at: Mapped[datetime]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    resumed_at: Mapped[datetime | None]
    resumed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class Recurrence(Base):
    """One planned launch of a recurring definition."""

    __tablename__ = "recurrences"
    __table_args__ = (UniqueConstraint("definition", "launch_on"),)

    id: Mapped[int] = _big_key()
    definition: Mapped[str]
    launch_on: Mapped[date]
    check_at: Mapped[datetime]
    launch_at: Mapped[datetime]  # the first instant at which something would open
    state: Mapped[str]  # planned, checked, launched, asked, skipped, refused
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id"))
    reason: Mapped[str | None]


# --- Mail ---------------------------------------------------------------------------------------


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

    id: Mapped[int] = _big_key()
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


class Mail(Base):
    """One mail as it was rendered and handed over, with the answer of the SMTP server."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_unfinished", "next_try_at", postgresql_where=text("state = 'sending'")),
        Index("ix_mails_person_id", "person_id"),
    )

    id: Mapped[UUID] = _uuid_key()
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


# --- Sign-in ------------------------------------------------------------------------------------


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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
    source: Mapped[str]
    based_on: Mapped[str | None]  # the hash of the settings that it was written against
    joining: Mapped[JsonObject]  # {desk: [addresses]}
    leaving: Mapped[JsonObject]
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str]  # open, confirmed, withdrawn
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class RateCount(Base):
    """Counters of sign-in and test mails, across all API processes."""

    __tablename__ = "rate_counts"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    hits: Mapped[int]


# --- The engine's rows --------------------------------------------------------------------------


class Process(Base):
    """A durable process. Its id is the workflow id; from this row the workflow is rebuilt."""

    __tablename__ = "processes"
    __table_args__ = (
        Index("ix_processes_armed", "armed_until", postgresql_where=text("state = 'open'")),
        Index("ix_processes_cycle_id", "cycle_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id", ondelete="CASCADE"))
    stage_id: Mapped[UUID | None] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
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

    id: Mapped[int] = _big_key()
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    sealed_at: Mapped[datetime]
    keyed: Mapped[bool] = mapped_column(server_default=text("false"))


# --- 360 rounds ---------------------------------------------------------------------------------


class Rater(Base):
    """Somebody who is to be asked about a subject, or was, and how they came onto the list."""

    __tablename__ = "raters"
    __table_args__ = (
        Index(
            "uq_raters_live",
            "stage_id",
            "subject_id",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('proposed', 'asked')"),
        ),
        Index("ix_raters_person_id", "person_id", "stage_id"),
        Index("ix_raters_subject", "stage_id", "subject_id"),
    )

    id: Mapped[UUID] = _uuid_key()
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    """The stage that collects."""
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    relationship: Mapped[str]
    state: Mapped[str]  # proposed, asked, declined, withdrawn, not_asked
    source: Mapped[str]  # subject, manager, suggested, rule, replacement
    position: Mapped[int] = mapped_column(server_default="0")
    decline_reason: Mapped[str | None]  # read by nobody; gone with the close
    replace: Mapped[bool] = mapped_column(server_default=text("false"))
    """Dropped out in time for the subject to name somebody else."""
    created_at: Mapped[datetime]  # when the list was made; nothing here changes on answering


class RoundSeal(Base):
    """Raters' answers about a subject lie sealed until their round closes; the key lies elsewhere.

    See `store.base.seal_keys`.
    """

    __tablename__ = "round_seals"

    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Empty. Seals of versions before 0005 had their keys here, until a worker moved them out."""

    extended: Mapped[bool] = mapped_column(server_default=text("false"))


class ClosedSeal(Base):
    """A seal whose round has closed, as long as its key was not seen to be gone."""

    __tablename__ = "closed_seals"

    stage_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)


class SealKeyFolder(Base):
    """The folder that holds the keys of seals: one row. `name` is written in the folder, too."""

    __tablename__ = "seal_key_folder"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    name: Mapped[UUID]
    missing: Mapped[int] = mapped_column(server_default="0")
    """Seals of open rounds whose keys were not found at the last look."""


class SealedAnswer(Base):
    """What a rater wrote, drafts too, readable with the seal alone; gone when the round closes."""

    __tablename__ = "sealed_answers"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    submitted: Mapped[bool] = mapped_column(server_default=text("false"))
    saved_on: Mapped[date]
    shut: Mapped[bool] = mapped_column(server_default=text("false"))
    """Written under an address that has changed since: out of reach, also for its author."""


class FeedbackAnswer(Base):
    """One answer to one question about a subject: no task, no author, no time.

    Each answer stands alone. A row per rater would tie everything that somebody said to the one
    sentence by which they are recognised.
    """

    __tablename__ = "feedback_answers"
    __table_args__ = (Index("ix_feedback_answers_subject", "stage_id", "subject_id"),)

    # Not uuidv7(), which carries a time.
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    relationship: Mapped[str]  # the group under which it is shown
    question: Mapped[str]
    rating: Mapped[int | None]
    words: Mapped[str | None]


class FeedbackReportRow(Base):
    """The frozen report about a subject: computed once, from the closed set."""

    __tablename__ = "feedback_reports"

    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    content: Mapped[JsonObject]  # by farthest reader: subject, manager, hr
    digest: Mapped[str]
    made_at: Mapped[datetime]  # to the day: the last answer may have closed the round
    held: Mapped[bool] = mapped_column(server_default=text("false"))
    """Waits for the reviewer of comments."""

    readable_on: Mapped[date | None]
    """From this day (company) on the subject may read it, if the result is open to them."""


class CommentReview(Base):
    """What a named reviewer decided about a comment; the original stays where it is."""

    __tablename__ = "comment_reviews"

    answer_id: Mapped[UUID] = mapped_column(
        ForeignKey("feedback_answers.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str]  # shown, held, edited
    text: Mapped[str | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]
