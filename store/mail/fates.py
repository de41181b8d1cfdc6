"""What came of handing a mail over, and when it is tried again."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from domain.mail_answers import Step

MOST_REFUSALS = 5
"""So often a message is tried that a well server refuses; then administrators hear of it."""


class Fate(StrEnum):
    """What came of handing a mail over."""

    ACCEPTED = "accepted"
    LATER = "later"  # 4xx
    NO_CONNECTION = "no_connection"  # nothing was handed over
    NO_ANSWER = "no_answer"  # it may have arrived
    ADDRESS_REFUSED = "address_refused"  # 5.1.x, 5.2.x: about the recipient
    ADDRESS_DOUBTED = "address_doubted"  # about the recipient, unless it hits many
    MESSAGE_REFUSED = "message_refused"  # about this message, unless it hits many
    SERVER_REFUSED = "server_refused"  # about us: no recipient was named yet
    REFUSED_TO_ALL = "refused_to_all"  # judged: the server takes nothing from us


@dataclass(frozen=True, slots=True)
class Result:
    """How a marked mail fared. `attempts` counts this one, too; `step` is where it was refused."""

    id: UUID
    fate: Fate
    attempts: int
    code: int | None = None
    answer: str = ""
    person_id: int | None = None
    step: Step | None = None


def backoff(fate: Fate, attempts: int) -> timedelta:
    """How long to wait before a mail is tried again, after so many attempts."""
    doubled = 1 << min(max(attempts - 1, 0), 10)
    if fate is Fate.NO_CONNECTION:
        return min(timedelta(seconds=15) * doubled, timedelta(minutes=5))
    return min(timedelta(minutes=1) * doubled, timedelta(minutes=30))
