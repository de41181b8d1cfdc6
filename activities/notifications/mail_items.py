"""What a mail is made of, before it is worded: one frozen model per event.

The sender fills these from the outbox; `rendering` words them. They hold what may be said and
nothing else: there is no field for a rating, an answer, a rater's name or how many answered
(language reference §6.5).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal

from activities.notifications.mail_facts import (
    Cycle,
    Mailbox,
    Move,
    NextTold,
    Person,
    Protection,
    Recipient,
    Relationship,
    Task,
    TaskKind,
    Told,
    not_about_raters,
)
from domain.notifications import Event, Section, section_of

__all__ = [
    "AddressRefused",
    "Cancelled",
    "CommentsWaiting",
    "Cycle",
    "CycleEnded",
    "CycleItem",
    "DailyMail",
    "DoneNotice",
    "DueChanged",
    "EscalatedNotice",
    "Escalation",
    "ExtendedNotice",
    "FeedbackExtended",
    "Held",
    "HeldRow",
    "InputChanged",
    "LaunchCheck",
    "LaunchWaiting",
    "LaunchedReport",
    "LeaveReturnQuestion",
    "MailItem",
    "Mailbox",
    "Move",
    "NeedsAssignee",
    "NextTold",
    "NoRaters",
    "NotHeld",
    "Paused",
    "Person",
    "PlainItem",
    "Protection",
    "ReassignedAway",
    "ReassignedTo",
    "Recipient",
    "Relationship",
    "Reminder",
    "Reopened",
    "ReplacementWanted",
    "ReportReady",
    "RequestCancelled",
    "ResultOpened",
    "ResultsReleased",
    "Resumed",
    "SealBroken",
    "SignIn",
    "Task",
    "TaskItem",
    "TaskKind",
    "TaskOpened",
    "TestMail",
    "Told",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskItem:
    """An item about a task, said to whoever holds or held it."""

    event: ClassVar[Event]
    task: Task
    rung: str | None = None

    @property
    def url(self) -> str:
        return self.task.url

    @property
    def cycle(self) -> Cycle | None:
        return self.task.cycle

    @property
    def due_on(self) -> date | None:
        return self.task.due_on

    @property
    def section(self) -> Section:
        return section_of(self.event, self.rung)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOpened(TaskItem):
    event: ClassVar[Event] = Event.TASK_OPENED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder(TaskItem):
    """`rung` says which; `task.next_told` is said in those after the due date (§5.7)."""

    event: ClassVar[Event] = Event.REMINDER


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalatedNotice(TaskItem):
    """To the assignee: `told` are the full names told this morning, or the title of a desk."""

    event: ClassVar[Event] = Event.ESCALATED_NOTICE
    told: tuple[str, ...]

    def __post_init__(self) -> None:
        not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(TaskItem):
    """`reason` is what HR wrote when reopening it."""

    event: ClassVar[Event] = Event.REOPENED
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignedTo(TaskItem):
    """`previous` is the full name of whoever held it."""

    event: ClassVar[Event] = Event.REASSIGNED_TO
    previous: str | None = None
    because: Literal["manager_change", "left", "hr"] = "hr"

    def __post_init__(self) -> None:
        if self.previous is not None:
            not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignedAway(TaskItem):
    """`draft_until` is the last day on which a begun draft may be sent on or thrown away."""

    event: ClassVar[Event] = Event.REASSIGNED_AWAY
    now_with: str | None = None
    draft_until: date | None = None

    def __post_init__(self) -> None:
        if self.now_with is not None:
            not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueChanged(TaskItem):
    event: ClassVar[Event] = Event.DUE_CHANGED
    was_due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(TaskItem):
    event: ClassVar[Event] = Event.RESUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(TaskItem):
    """`whole_cycle`: the cycle was cancelled, not this task alone."""

    event: ClassVar[Event] = Event.CANCELLED
    whole_cycle: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancelled(TaskItem):
    """To a rater. No reason: why a request falls away often tells about somebody."""

    event: ClassVar[Event] = Event.REQUEST_CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackExtended(TaskItem):
    """To every rater of a subject alike. `until` is the last day on which answers are taken."""

    event: ClassVar[Event] = Event.FEEDBACK_EXTENDED
    until: date

    @property
    def due_on(self) -> date | None:
        return self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChanged(TaskItem):
    """`input_title` is the title of the stage whose text was changed after `task` was done."""

    event: ClassVar[Event] = Event.INPUT_CHANGED
    input_title: str
    changed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation(TaskItem):
    """To the manager or a desk. `history` is what was tried, oldest first."""

    event: ClassVar[Event] = Event.ESCALATION
    assignee: Person
    history: tuple[Told, ...] = ()
    moves: tuple[Move, ...] = tuple(Move)

    def __post_init__(self) -> None:
        not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedNotice(TaskItem):
    event: ClassVar[Event] = Event.EXTENDED_NOTICE
    assignee: Person

    def __post_init__(self) -> None:
        not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneNotice(TaskItem):
    event: ClassVar[Event] = Event.DONE_NOTICE
    assignee: Person
    done_on: date

    def __post_init__(self) -> None:
        not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsAssignee(TaskItem):
    """To HR. `previous` is the full name of whoever held it."""

    event: ClassVar[Event] = Event.NEEDS_ASSIGNEE
    because: Literal["left", "on_leave", "no_manager"]
    previous: str | None = None

    def __post_init__(self) -> None:
        not_about_raters(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleItem:
    """An item about a cycle or a person in it."""

    event: ClassVar[Event]
    cycle: Cycle
    url: str

    @property
    def due_on(self) -> date | None:
        return None

    @property
    def rung(self) -> str | None:
        return None

    @property
    def section(self) -> Section:
        return section_of(self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(CycleItem):
    event: ClassVar[Event] = Event.PAUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOpened(CycleItem):
    """`respond_by`: until when the person may answer on record, where that is a stage."""

    event: ClassVar[Event] = Event.RESULT_OPENED
    held: bool = True
    respond_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsReleased(CycleItem):
    """To a manager: `people` is how many of their people it concerns."""

    event: ClassVar[Event] = Event.RESULTS_RELEASED
    people: int
    talk_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotHeld(CycleItem):
    event: ClassVar[Event] = Event.NOT_HELD
    about: Person
    manager: str
    closed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementWanted(CycleItem):
    """To the subject. Who dropped out, and why, is not here to be said."""

    event: ClassVar[Event] = Event.REPLACEMENT_WANTED
    until: date

    @property
    def due_on(self) -> date | None:
        return self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady(CycleItem):
    """To the manager. `subject_on`: the day on which the subject reads it, too."""

    event: ClassVar[Event] = Event.REPORT_READY
    about: Person
    subject_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRaters(CycleItem):
    """To HR. `because`: the list stayed empty, or there are too few to protect one another."""

    event: ClassVar[Event] = Event.NO_RATERS
    about: Person
    because: Literal["empty", "too_few"] = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealBroken(CycleItem):
    """To HR. Neither whose answer it is nor about whom: that there is one tells that they wrote.

    `opened_by` is a full name or the name of an account of the machine; `reason` a code.
    """

    event: ClassVar[Event] = Event.SEAL_BROKEN
    opened_by: str
    opened_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsWaiting(CycleItem):
    """To HR. Neither about whom nor how many: the list says that, to whom it may."""

    event: ClassVar[Event] = Event.COMMENTS_WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCheck(CycleItem):
    """`findings` are lint's sentences; `heaviest` is the full name with most tasks in a stage."""

    event: ClassVar[Event] = Event.LAUNCH_CHECK
    launch_on: date
    people_in: int
    people_out: int
    tasks: int
    findings: tuple[str, ...] = ()
    heaviest: str | None = None
    heaviest_tasks: int = 0
    approve: bool = True

    @property
    def due_on(self) -> date | None:
        return self.launch_on if self.approve else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchWaiting(CycleItem):
    event: ClassVar[Event] = Event.LAUNCH_WAITING
    launch_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedReport(CycleItem):
    """The first ten minutes, in counts. `as_of` is the instant of counting."""

    event: ClassVar[Event] = Event.LAUNCHED_REPORT
    launched_at: datetime
    as_of: datetime
    people: int
    tasks: int
    mails_sent: int
    mails_waiting: int = 0
    mails_refused: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleEnded(CycleItem):
    """`expired_by_stage`: stage title and number of tasks, for stages where anything expired."""

    event: ClassVar[Event] = Event.CYCLE_ENDED
    ended_on: date
    done: int
    expired: int
    expired_by_stage: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveReturnQuestion(CycleItem):
    """`stages`: titles of the stages that the person was excused from and that are still open."""

    event: ClassVar[Event] = Event.LEAVE_RETURN_QUESTION
    about: Person
    back_on: date
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainItem:
    """An item that belongs to no cycle."""

    event: ClassVar[Event]
    url: str

    @property
    def cycle(self) -> Cycle | None:
        return None

    @property
    def due_on(self) -> date | None:
        return None

    @property
    def rung(self) -> str | None:
        return None

    @property
    def section(self) -> Section:
        return section_of(self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRefused(PlainItem):
    """To HR. `code` is the SMTP code; `waiting` is how many open tasks the person holds."""

    event: ClassVar[Event] = Event.ADDRESS_REFUSED
    about: Person
    address: str
    code: int
    refused_on: date
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A row that could not be handled: the process and the code of the reason. No names."""

    process: str
    code: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow(PlainItem):
    event: ClassVar[Event] = Event.HELD_ROW
    rows: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(PlainItem):
    """`minutes` is how long the link lives."""

    event: ClassVar[Event] = Event.SIGN_IN
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMail(PlainItem):
    """`server` is the host name of the relay; `asked_by` the full name of whoever asked."""

    __test__: ClassVar[bool] = False  # not a test class, whatever its name
    event: ClassVar[Event] = Event.TEST_MAIL
    server: str
    asked_by: str


MailItem = TaskItem | CycleItem | PlainItem


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyMail:
    """Everything that one person is told in one mail, over all cycles and kinds.

    The order of `items` does not matter. `home_url` is the recipient's page; `ask` is who
    answers questions (usually the HR desk). `company` is what people outside call the company.
    """

    recipient: Recipient
    items: tuple[MailItem, ...]
    home_url: str
    ask: Mailbox
    product: str = field(default="Almanac")
    company: str = ""
