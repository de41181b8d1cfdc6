"""What Almanac tells people: every event of the outbox, and how urgent each is.

The values are stored in the outbox and written in `wording:` of a definition; the template of
an event lives in `templates/mail/<value with hyphens>/`. Rules are those of the language
reference §3.9, §5 and §6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Section(IntEnum):
    """The parts of the daily mail, in the order in which they are read (reference §6.1)."""

    ESCALATED = 1  # somebody else's task, overdue, brought to you
    OVERDUE = 2
    DUE_SOON = 3
    NEW = 4
    FOR_INFORMATION = 5


class Timing(StrEnum):
    """When a notification may leave."""

    ALWAYS = "always"  # whatever the hour, on leave too: somebody asked for it this moment
    AT_ONCE = "at_once"  # within eight hours from `mail_at` on a working day, else the daily mail
    DAILY = "daily"  # the next daily mail, which it causes by itself
    RIDE_ALONG = "ride_along"  # only with a daily mail that something else causes


class Event(StrEnum):
    """The occasions on which somebody is told something."""

    # about a task, to whoever holds it
    TASK_OPENED = "task_opened"
    REMINDER = "reminder"  # rung `remind:N`; N < 0 before, 0 at, N > 0 after the due date
    ESCALATED_NOTICE = "escalated_notice"  # who was told that this is overdue
    REOPENED = "reopened"
    REASSIGNED_TO = "reassigned_to"
    REASSIGNED_AWAY = "reassigned_away"
    DUE_CHANGED = "due_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    INPUT_CHANGED = "input_changed"  # what your submitted text built on was changed afterwards

    # a feedback round, to those who take part in it
    REQUEST_CANCELLED = "request_cancelled"  # to a rater: no longer needed, no reason that tells
    FEEDBACK_EXTENDED = "feedback_extended"  # to all raters of a subject alike, done or not
    REPLACEMENT_WANTED = "replacement_wanted"  # to the subject: room for one more person
    REPORT_READY = "report_ready"  # to the manager, who reads it first
    REPORT_OPENED = "report_opened"  # to the subject, if it is there later than their result

    # about somebody else's task, to whoever was or is escalated to
    ESCALATION = "escalation"  # rung `escalate:N` or its repeat `escalate:N+K`
    EXTENDED_NOTICE = "extended_notice"
    DONE_NOTICE = "done_notice"

    # results
    RESULT_OPENED = "result_opened"  # to the subject
    RESULTS_RELEASED = "results_released"  # to the manager

    # to the HR desk
    NOT_HELD = "not_held"
    LAUNCH_CHECK = "launch_check"
    LAUNCH_WAITING = "launch_waiting"  # to administrators as well
    LAUNCHED_REPORT = "launched_report"
    CYCLE_ENDED = "cycle_ended"
    ADDRESS_REFUSED = "address_refused"
    NEEDS_ASSIGNEE = "needs_assignee"
    LEAVE_RETURN_QUESTION = "leave_return_question"
    NO_RATERS = "no_raters"  # nobody is asked for feedback about this person
    SEAL_BROKEN = "seal_broken"  # somebody opened a sealed answer
    SEALS_LOST = "seals_lost"  # keys to sealed answers are gone; to administrators as well
    COMMENTS_WAITING = "comments_waiting"  # reports whose comments are reviewed first

    # to both desks
    ADDRESS_OBJECTED = "address_objected"  # a changed address was taken back from the old one
    DESK_CHANGE = "desk_change"  # who sits at a desk changes, or is to
    LINES_CHANGED = "lines_changed"  # the line above a member of a desk, or below one, has changed

    # to administrators
    HELD_ROW = "held_row"

    # asked for by whoever gets it, or about their own address
    SIGN_IN = "sign_in"
    ADDRESS_CHANGED = "address_changed"  # to the address that counted until then
    TEST_MAIL = "test_mail"

    @property
    def template(self) -> str:
        """The name of its folder under `templates/mail/`."""
        return self.value.replace("_", "-")

    @property
    def at_once(self) -> bool:
        """True if it does not wait for the daily mail (reference §6.3).

        The opening mail of a launch by button goes at once, too: that is a matter of the
        launch, so the row says it, not the event.
        """
        return TRAITS[self].timing in (Timing.AT_ONCE, Timing.ALWAYS)

    @property
    def always(self) -> bool:
        """True if neither the hour, nor a holiday, nor leave holds it back (reference §6.4)."""
        return TRAITS[self].timing is Timing.ALWAYS

    @property
    def ride_along(self) -> bool:
        """True if it never causes a mail of its own (reference §5.9 and §7).

        A task that opened before its stage's planned date rides along until that date (§3.9):
        again a matter of the row.
        """
        return TRAITS[self].timing is Timing.RIDE_ALONG

    @property
    def while_open(self) -> bool:
        """True if it is only said while its task is still open (reference §5.4).

        The sender suppresses it when the task is not open, the assignee has changed, or the
        task is paused or excused.
        """
        return TRAITS[self].while_open

    @property
    def again_if_unknown(self) -> bool:
        """True if it is sent a second time, under the same Message-ID, after an unknown outcome.

        Only where being told twice harms less than not being told. A reminder is not: the next
        rung comes anyway.
        """
        return TRAITS[self].again_if_unknown


@dataclass(frozen=True, slots=True)
class Traits:
    """How an event is treated.

    `pressing`: which of several notifications about one task is shown; lower wins.
    """

    section: Section
    pressing: int
    timing: Timing = Timing.DAILY
    while_open: bool = False
    again_if_unknown: bool = True


_E, _S, _T = Event, Section, Timing

TRAITS: Mapping[Event, Traits] = MappingProxyType(
    {
        # What ends or takes away the task makes everything else about it moot.
        _E.CANCELLED: Traits(_S.FOR_INFORMATION, 10, _T.AT_ONCE),
        _E.REASSIGNED_AWAY: Traits(_S.FOR_INFORMATION, 11, _T.AT_ONCE),
        _E.PAUSED: Traits(_S.FOR_INFORMATION, 12, _T.AT_ONCE),
        _E.REQUEST_CANCELLED: Traits(_S.FOR_INFORMATION, 13, _T.AT_ONCE),
        _E.ESCALATION: Traits(_S.ESCALATED, 20, while_open=True),
        _E.ESCALATED_NOTICE: Traits(_S.OVERDUE, 21, while_open=True),
        _E.REOPENED: Traits(_S.NEW, 30, _T.AT_ONCE, while_open=True),
        _E.REASSIGNED_TO: Traits(_S.NEW, 31, _T.AT_ONCE, while_open=True),
        _E.TASK_OPENED: Traits(_S.NEW, 32, while_open=True),
        _E.DUE_CHANGED: Traits(_S.DUE_SOON, 33, _T.AT_ONCE, while_open=True),
        # Not `while_open`: who gets it must not depend on who has answered.
        _E.FEEDBACK_EXTENDED: Traits(_S.DUE_SOON, 34),
        _E.REMINDER: Traits(_S.DUE_SOON, 35, while_open=True, again_if_unknown=False),
        _E.RESUMED: Traits(_S.DUE_SOON, 36, _T.AT_ONCE, while_open=True),
        _E.REPLACEMENT_WANTED: Traits(_S.NEW, 37),
        _E.INPUT_CHANGED: Traits(_S.FOR_INFORMATION, 40, _T.RIDE_ALONG, again_if_unknown=False),
        _E.EXTENDED_NOTICE: Traits(_S.FOR_INFORMATION, 41, again_if_unknown=False),
        _E.DONE_NOTICE: Traits(_S.FOR_INFORMATION, 15, _T.RIDE_ALONG, again_if_unknown=False),
        _E.RESULT_OPENED: Traits(_S.NEW, 50),
        _E.RESULTS_RELEASED: Traits(_S.NEW, 51),
        _E.REPORT_READY: Traits(_S.NEW, 52),
        _E.REPORT_OPENED: Traits(_S.NEW, 53),
        _E.LAUNCH_WAITING: Traits(_S.OVERDUE, 60),
        _E.LAUNCH_CHECK: Traits(_S.NEW, 61),
        _E.NEEDS_ASSIGNEE: Traits(_S.NEW, 62),
        _E.HELD_ROW: Traits(_S.NEW, 63),
        _E.ADDRESS_REFUSED: Traits(_S.NEW, 64),
        _E.LEAVE_RETURN_QUESTION: Traits(_S.NEW, 65),
        _E.NO_RATERS: Traits(_S.NEW, 69),
        _E.COMMENTS_WAITING: Traits(_S.NEW, 70),
        # Told before anything is shown, so that it can still be asked about.
        _E.SEAL_BROKEN: Traits(_S.NEW, 59, _T.AT_ONCE),
        _E.SEALS_LOST: Traits(_S.NEW, 58, _T.AT_ONCE),
        _E.ADDRESS_OBJECTED: Traits(_S.NEW, 56, _T.AT_ONCE),
        _E.DESK_CHANGE: Traits(_S.NEW, 57, _T.AT_ONCE),
        _E.LINES_CHANGED: Traits(_S.FOR_INFORMATION, 71),
        # Of use only in the hour in which a mistake can still be mended quietly.
        _E.LAUNCHED_REPORT: Traits(_S.FOR_INFORMATION, 66, _T.AT_ONCE),
        _E.NOT_HELD: Traits(_S.FOR_INFORMATION, 67),
        _E.CYCLE_ENDED: Traits(_S.FOR_INFORMATION, 68),
        # Whoever waits for a link asks again; a second one would make the first one dead.
        _E.SIGN_IN: Traits(_S.NEW, 0, _T.ALWAYS, again_if_unknown=False),
        # Sent again it could reach another address.
        _E.ADDRESS_CHANGED: Traits(_S.NEW, 2, _T.ALWAYS, again_if_unknown=False),
        _E.TEST_MAIL: Traits(_S.NEW, 1, _T.ALWAYS, again_if_unknown=False),
    }
)


def rung_offset(rung: str) -> int:
    """Return the working days after the due date at which a rung stands; negative before it.

    `remind:-5` is -5; `escalate:6`, a second one on the same day `escalate:6.2` and a first repeat
    `escalate:6+1` are all 6.

    Raises ValueError if `rung` is not the key of a rung.
    """
    kind, _, rest = rung.partition(":")
    if kind not in ("remind", "escalate"):
        raise ValueError(f"not a rung: {rung!r}")
    return int(rest.partition("+")[0].partition(".")[0])


def rung_repeat(rung: str) -> int:
    """Return which repeat a rung is: 0 for the rung itself, 1 for `escalate:6+1`."""
    repeat = rung.partition("+")[2]
    return int(repeat) if repeat else 0


def section_of(event: Event, rung: str | None = None) -> Section:
    """Return the section of the daily mail that an item belongs to (reference §6.1)."""
    if event is Event.REMINDER and rung is not None and rung_offset(rung) > 0:
        return Section.OVERDUE
    return TRAITS[event].section


def pressing(event: Event, rung: str | None = None) -> tuple[int, int, int]:
    """Return a sort key: the smallest of those about one task and one recipient is shown.

    The others are superseded (reference §6.2). Of several rungs the latest wins, so reminders
    that piled up become one (§5.6).
    """
    if rung is None:
        return (TRAITS[event].pressing, 0, 0)
    # Overdue is more pressing than anything said about a task that still has time.
    overdue = event is Event.REMINDER and rung_offset(rung) > 0
    return (22 if overdue else TRAITS[event].pressing, -rung_offset(rung), -rung_repeat(rung))
