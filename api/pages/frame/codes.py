"""Codes of the store in words: no page shows the name of a state, a cause or a reason.

A code that has no words yet is a mistake that a test finds; a reader never sees it.
"""

from collections.abc import Mapping


def in_words(table: Mapping[str, str], code: str | None, otherwise: str) -> str:
    """The words for a code; `otherwise` for none, and for one that the table does not know."""
    return table.get(code or "", otherwise)


STATES = {
    # cycles
    "check": "launch check",
    "waiting_for_approval": "waiting for approval",
    "open": "open",
    "paused": "paused",
    "closed": "closed",
    "cancelled": "cancelled",
    # stages and tasks
    "waiting": "not open yet",
    "planned": "not open yet",
    "done": "done",
    "expired": "closed unanswered",
    "excused": "excused",
    # people
    "in": "in",
    "out": "out",
    "removed": "taken out",
    "active": "active",
    "left": "has left",
    "external": "from outside",
    # mails
    "queued": "waiting",
    "sending": "on its way",
    "sent": "sent",
    "failed": "refused",
    "suppressed": "not sent",
    "unknown": "no answer",
    # of a line in a list
    "late": "late",
}
"""Every state that a page shows as a word of its own."""

ENDED = {
    "submitted": "",
    "released": "",
    "closed": "The stage closed before anything was submitted.",
    "closed_by_hr": "HR closed the stage before anything was submitted.",
    "cycle_ended": "The cycle ended before anything was submitted.",
    "cycle_cancelled": "The cycle was cancelled.",
    "excused_by_hr": "HR excused this task; it counts as closed.",
    "excused_by_manager": "A manager excused this task; it counts as closed.",
    "long_leave": "Excused because of a long leave; it counts as closed.",
    "on_leave": "Excused because of a long leave; it counts as closed.",
    "removed_by_hr": "The person no longer takes part.",
    "subject_left": "The person has left.",
    "rater_left": "The person who was asked has left.",
    "manager_change": "Somebody else leads the person now.",
    "declined": "The request was declined.",
    "withdrawn": "The request was taken back.",
}
"""Why a task has ended, where that is to be said."""

CAUSES_OF_MAIL = {
    "address_changed": "the address of the person was changed",
    "address_objected": "somebody took a change of their address back",
    "after": "what had to be closed first was closed",
    "asked": "somebody was asked for feedback",
    "asked_for": "the person asked for it",
    "assignee_left": "the person who held the task has left",
    "back_from_leave": "the person is back from leave",
    "closed": "the round has closed",
    "cycle_cancelled": "the cycle was cancelled",
    "date": "its planned date came",
    "entry": "the person entered the cycle",
    "excused": "the task was excused",
    "extended": "the due date was moved",
    "held": "a row waits to be mended",
    "hr": "HR asked for it",
    "last_instant": "the cycle has ended",
    "launch": "the cycle was launched",
    "launch_check": "a launch check is ready",
    "launch_refused": "a launch could not be prepared",
    "left": "the person has left",
    "long_leave": "somebody is on a long leave",
    "lines_changed": "a reporting line of a member of a desk was changed",
    "manager_change": "the manager changed",
    "manager_changed": "the manager changed",
    "moved": "the dates moved",
    "nudge": "somebody nudged",
    "paused": "the cycle was paused",
    "profile": "the person's calendar changed",
    "proposed": "a change of a desk waits to be confirmed",
    "reassigned": "the task was handed over",
    "released": "results were released",
    "reopened": "the task was opened again",
    "resumed": "the cycle goes on after a pause",
    "saved": "the company settings were saved",
    "seal_broken": "a sealed answer was opened",
    "seal_keys_lost": "keys to sealed answers are missing",
    "seal_keys_unavailable": "keys to sealed answers cannot be read",
    "shifted": "the dates moved",
    "smtp": "the mail server refused the address",
    "split": "the manager changed, and both write",
    "submitted": "the task was submitted",
    "too_few": "too few people could be asked",
}
"""Why a mail was written, after "Because"."""
