"""The kinds of processes by code. A new kind is a module beside this one, and a line here."""

from collections.abc import Mapping

from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.processes.kind import ProcessKind
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from domain.processes.mail import MAIL
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.processes.stage import STAGE

PROCESSES: Mapping[str, ProcessKind] = {
    kind.code: kind for kind in (REVIEW_CYCLE, STAGE, FEEDBACK_ROUND, LAUNCH_CALENDAR, MAIL)
}
"""In this order they look when several are due at one instant: what begins others goes first."""

SINGLE: tuple[ProcessKind, ...] = tuple(kind for kind in PROCESSES.values() if kind.single)
"""What every installation has."""
