"""What a mail is made of, before it is worded: one frozen model per event.

The sender fills these from the outbox; `rendering` words them. They hold what may be said and
nothing else: there is no field for a rating, an answer, a rater's name or how many answered
(language reference §6.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from activities.notifications.cycle_items import (
    AddressChanged,
    AddressObjected,
    AddressRefused,
    CommentsWaiting,
    CycleEnded,
    CycleItem,
    DeskChange,
    Held,
    HeldRow,
    LaunchCheck,
    LaunchedReport,
    LaunchWaiting,
    LeaveReturnQuestion,
    LinesChanged,
    NoRaters,
    NotHeld,
    Paused,
    PlainItem,
    ReplacementWanted,
    ReportOpened,
    ReportReady,
    ResultOpened,
    ResultsReleased,
    SealBroken,
    SealsLost,
    SignIn,
    TestMail,
)
from activities.notifications.mail_facts import (
    Cycle,
    Mailbox,
    NextTold,
    Person,
    Protection,
    Recipient,
    Relationship,
    Task,
    TaskKind,
    Told,
)
from activities.notifications.task_items import (
    Cancelled,
    DoneNotice,
    DueChanged,
    EscalatedNotice,
    Escalation,
    ExtendedNotice,
    FeedbackExtended,
    InputChanged,
    NeedsAssignee,
    ReassignedAway,
    ReassignedTo,
    Reminder,
    Reopened,
    RequestCancelled,
    Resumed,
    TaskItem,
    TaskOpened,
)

__all__ = [
    "AddressChanged",
    "AddressObjected",
    "AddressRefused",
    "Cancelled",
    "CommentsWaiting",
    "Cycle",
    "CycleEnded",
    "CycleItem",
    "DailyMail",
    "DeskChange",
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
    "LinesChanged",
    "MailItem",
    "Mailbox",
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
    "ReportOpened",
    "ReportReady",
    "RequestCancelled",
    "ResultOpened",
    "ResultsReleased",
    "Resumed",
    "SealBroken",
    "SealsLost",
    "SignIn",
    "Task",
    "TaskItem",
    "TaskKind",
    "TaskOpened",
    "TestMail",
    "Told",
]


MailItem = TaskItem | CycleItem | PlainItem


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyMail:
    """Everything that one person is told in one mail, over all cycles and kinds.

    The order of `items` does not matter. `home_url` is the recipient's page; `ask` is who
    answers questions (usually the HR desk). `company` is what people outside call the company.
    `audit_seal` is the newest seal of the audit log, for administrators: kept where the database's
    owner cannot reach it.
    """

    recipient: Recipient
    items: tuple[MailItem, ...]
    home_url: str
    ask: Mailbox
    product: str = field(default="Almanac")
    company: str = ""
    replies: bool = True
    """Does an answer to the mail reach somebody?"""
    stand_ins: Mapping[MailItem, str] = field(default_factory=dict)
    """Of items that the recipient is told for somebody else: that person's full name."""
    audit_seal: str = ""
    pages: frozenset[str] = frozenset()
    """Addresses among those of the items, and `home_url`, that ask to sign in first."""
    preview: bool = False
    """Is it shown to HR before the launch, and marked as that?"""
