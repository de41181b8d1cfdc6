"""The deadlines of a mail as calendar entries (RFC 5545), for whoever plans in a calendar.

The entry stands on the due day at 09:00 of the assignee, for as long as the task takes, and does
not block the time. Its identity is the task. Its sequence rises with each due revision by two, so
that an extension moves the entry that is already there, and a cancellation, one above what was
announced, strikes it out (RFC 5546 §3.2.5). Reminders carry none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from icalendar import Timezone

from activities.notifications.mail_facts import Mailbox
from activities.notifications.mail_items import (
    Cancelled,
    DailyMail,
    DueChanged,
    ReassignedAway,
    ReassignedTo,
    Reopened,
    RequestCancelled,
    Resumed,
    TaskItem,
    TaskOpened,
)
from domain.texts import on_one_line

_PLANNED = (TaskOpened, Reopened, ReassignedTo, DueChanged, Resumed)
_STRUCK = (Cancelled, ReassignedAway, RequestCancelled)
_MORNING = "090000"
_LONGEST = 75
_USUAL_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail. `content_type` carries its parameters."""

    filename: str
    content_type: str
    content: bytes


class Summary(Protocol):
    """How the entry of an item is called, in the recipient's language."""

    def __call__(self, item: TaskItem, /) -> str: ...


def deadlines(mail: DailyMail, summary: Summary, *, now: datetime) -> tuple[Attachment, ...]:
    """Return the calendar files of a mail: one of new dates, one of entries that fall away.

    A file has one method for all of its entries (RFC 5546 §1.4), so there are two. People outside
    get none: an entry holds the cycle, and stays when the request is over.
    """
    if mail.recipient.external:
        return ()
    found = []
    for method, name, kinds in _FILES:
        items = [item for item in mail.items if isinstance(item, kinds)]
        if items:
            entries = [_entry(item, summary(item), mail.ask, now) for item in items]
            found.append(
                Attachment(
                    name,
                    f"text/calendar; charset=utf-8; method={method}",
                    _file(method, items, entries),
                )
            )
    return tuple(found)


_FILES: tuple[tuple[str, str, tuple[type[TaskItem], ...]], ...] = (
    ("PUBLISH", "deadlines.ics", _PLANNED),
    ("CANCEL", "cancelled.ics", _STRUCK),
)


def _file(method: str, items: Sequence[TaskItem], entries: Sequence[bytes]) -> bytes:
    zones = sorted({item.task.zone for item in items})
    years = [item.task.due_on.year for item in items]
    return b"".join(
        (
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
            f"PRODID:-//Almanac//Deadlines//EN\r\nMETHOD:{method}\r\n".encode(),
            *(_timezone(zone, min(years), max(years)) for zone in zones if zone != "UTC"),
            *entries,
            b"END:VCALENDAR\r\n",
        )
    )


@lru_cache(maxsize=512)
def _timezone(zone: str, first_year: int, last_year: int) -> bytes:
    """The rules of a zone around the years needed; costly to find out, so kept."""
    component = Timezone.from_tzinfo(
        ZoneInfo(zone), zone, date(first_year - 1, 1, 1), date(last_year + 1, 12, 31)
    )
    return bytes(component.to_ical())


def _entry(item: TaskItem, summary: str, organizer: Mailbox, now: datetime) -> bytes:
    """One entry, written by hand: the library takes half a millisecond for it."""
    task = item.task
    begins = f"{task.due_on:%Y%m%d}T{_MORNING}"
    local = f"DTSTART:{begins}Z" if task.zone == "UTC" else f"DTSTART;TZID={task.zone}:{begins}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{task.id}@almanac",
        f"SEQUENCE:{2 * task.due_revision + isinstance(item, _STRUCK)}",
        f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f'ORGANIZER;CN="{_quoted(organizer.name)}":mailto:{_single(organizer.address)}',
        local,
        f"DURATION:PT{task.minutes or _USUAL_MINUTES}M",
        f"SUMMARY:{_escaped(summary)}",
        "TRANSP:TRANSPARENT",
        "CLASS:PRIVATE",  # colleagues who share the calendar see only that there is something
    ]
    if isinstance(item, _STRUCK):
        lines.append("STATUS:CANCELLED")
    else:
        lines.append(f"DESCRIPTION:{_escaped(task.cycle.title)}\\n{_escaped(task.url)}")
        lines.append(f"URL:{_single(task.url)}")
    lines.append("END:VEVENT")
    return b"".join(_folded(line.encode()) for line in lines)


def _quoted(text: str) -> str:
    """The value of a parameter: it may hold no quotation mark (RFC 5545 §3.1)."""
    return _single(" ".join(text.split())).replace('"', "'")


def _single(text: str) -> str:
    return on_one_line(text)


def _escaped(text: str) -> str:
    """Escape a TEXT value (RFC 5545 §3.3.11); whatever somebody typed, it stays one line."""
    single = _single(" ".join(text.split()))
    return single.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: bytes) -> bytes:
    """Fold a content line at 75 octets, never within a letter (RFC 5545 §3.1)."""
    pieces = []
    room = _LONGEST
    while len(line) > room:
        cut = room
        while line[cut] & 0xC0 == 0x80:  # a continuation byte of UTF-8
            cut -= 1
        pieces.append(line[:cut])
        line = line[cut:]
        room = _LONGEST - 1  # the space that marks a continuation counts
    return b"\r\n ".join((*pieces, line)) + b"\r\n"
