"""What a mail says about a task, to whoever holds it, held it, or has to know that it is late."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

from activities.notifications.mail_facts import (
    Cycle,
    Person,
    Task,
    Told,
    not_about_raters,
)
from domain.access import Move
from domain.notifications import Event, Section, section_of


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
    """To the assignee: `told` are the full names of those who are told, `told_on` the day (the
    assignee's) on which the last of these mails has left or may leave."""

    event: ClassVar[Event] = Event.ESCALATED_NOTICE
    told: tuple[str, ...]
    told_on: date

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
    """`moved`: the due date is later than it was before the pause."""

    event: ClassVar[Event] = Event.RESUMED
    moved: bool = True


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
    """To every rater of a subject alike. `until` is the last day on which answers are taken.

    `lost`: what was written cannot be read any more and is to be written again.
    """

    event: ClassVar[Event] = Event.FEEDBACK_EXTENDED
    until: date
    lost: bool = False

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
    moves: tuple[Move, ...]

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
