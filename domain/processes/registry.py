"""The kinds of processes by code. A new kind is a module beside this one, and a line here."""

from collections.abc import Mapping

from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.processes.kind import ProcessKind, Queue
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from domain.processes.mail import MAIL
from domain.processes.mail_helper import MAIL_HELPER
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.processes.stage import STAGE

PROCESSES: Mapping[str, ProcessKind] = {
    kind.code: kind
    for kind in (REVIEW_CYCLE, STAGE, FEEDBACK_ROUND, LAUNCH_CALENDAR, MAIL, MAIL_HELPER)
}
"""In this order they look when several are due at one instant: what begins others goes first."""

SINGLE: tuple[ProcessKind, ...] = tuple(kind for kind in PROCESSES.values() if kind.single)
"""What every installation has."""

SENDERS: tuple[str, ...] = tuple(k.code for k in PROCESSES.values() if k.queue is Queue.MAIL)
"""Codes of the kinds that send what the others have queued."""
