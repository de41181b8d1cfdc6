"""What a mail says about a cycle, a person in it, or the system itself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from activities.notifications.mail_facts import (
    Cycle,
    Person,
)
from domain.notifications import Event, Section, section_of


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
    """`closed_on`: the day of the manager; `readable`: the person can read a result since then."""

    event: ClassVar[Event] = Event.NOT_HELD
    about: Person
    manager: str
    closed_on: date
    readable: bool = True


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
class ReportOpened(CycleItem):
    """To the subject: their result was there to be read before this report was."""

    event: ClassVar[Event] = Event.REPORT_OPENED


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
class SealsLost(PlainItem):
    """To HR and administrators. About how many `people` raters are asked again.

    Without `cycle` the folder of the keys is missing, and nobody is asked again yet.
    """

    event: ClassVar[Event] = Event.SEALS_LOST
    cycle: Cycle | None = None
    people: int = 0


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
class AddressChanged(PlainItem):
    """To the address that counted. `until`: when the new one counts by itself; none: it does not.

    The new address is not said: it stands on the page behind the link.
    """

    event: ClassVar[Event] = Event.ADDRESS_CHANGED
    changed_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressObjected(PlainItem):
    """To both desks: somebody took the change of their address back."""

    event: ClassVar[Event] = Event.ADDRESS_OBJECTED
    about: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskChange(PlainItem):
    """To both desks. `by` is who wrote it, empty for whoever runs the machine; full names all."""

    event: ClassVar[Event] = Event.DESK_CHANGE
    waits: bool
    by: str
    joining: tuple[str, ...]
    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesChanged(PlainItem):
    """To both desks. `lines`: person and new manager, full names; empty: reports to nobody.

    `by` is who changed them, empty for a script or whoever runs the machine. `more`: so many more
    than are named.
    """

    event: ClassVar[Event] = Event.LINES_CHANGED
    by: str
    lines: tuple[tuple[str, str], ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMail(PlainItem):
    """`server` is the host name of the relay; `asked_by` the full name of whoever asked."""

    __test__: ClassVar[bool] = False  # not a test class, whatever its name
    event: ClassVar[Event] = Event.TEST_MAIL
    server: str
    asked_by: str
