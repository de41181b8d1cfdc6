"""The states in which things can be. One enumeration each; the database stores their values."""

from enum import StrEnum


class CycleState(StrEnum):
    """A review cycle, from its launch check to its end."""

    CHECK = "check"  # the launch check lies before HR; nothing is open
    WAITING = "waiting_for_approval"  # its date came and nobody has confirmed
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class StageState(StrEnum):
    """A stage of a cycle."""

    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"


class TaskState(StrEnum):
    """A task. `planned` is the row that opens at `opens_at`; nobody holds it yet."""

    PLANNED = "planned"
    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


LIVE = (TaskState.PLANNED, TaskState.OPEN)
ENDED = (TaskState.DONE, TaskState.EXPIRED, TaskState.EXCUSED, TaskState.CANCELLED)


class Role(StrEnum):
    """Why somebody holds a task."""

    SUBJECT = "subject"
    MANAGER = "manager"
    MANAGER_2 = "manager_2"
    HR = "hr"
    FACILITATOR = "facilitator"
    RATER = "rater"


class Desk(StrEnum):
    """A recipient that is a group: its members are in the company settings."""

    HR = "hr"
    ADMINISTRATORS = "administrators"


class NotificationState(StrEnum):
    """An item of the outbox."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


class ProcessState(StrEnum):
    """A process is open until the facts say that nothing is left to do."""

    OPEN = "open"
    CLOSED = "closed"


class PersonStatus(StrEnum):
    """A worker record. People are never deleted, only left."""

    ACTIVE = "active"
    LEFT = "left"


class ParticipantState(StrEnum):
    """A person of the company with regard to a cycle: in, or out with one reason."""

    IN = "in"
    OUT = "out"
    REMOVED = "removed"
