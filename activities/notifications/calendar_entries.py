"""The deadlines of a mail as calendar entries (RFC 5545), for whoever plans in a calendar.

The entry stands on the due day at 09:00 of the assignee, for as long as the task takes, and does
not block the time. Its identity is the task, its sequence the due revision: an extension moves
the entry that is already there, a cancellation strikes it out. Reminders carry none.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from icalendar import Event, Timezone

from activities.notifications.mail_items import (
    Cancelled,
    DailyMail,
    DueChanged,
    ReassignedAway,
    ReassignedTo,
    Reopened,
    Resumed,
    TaskItem,
    TaskOpened,
)

_PLANNED = (TaskOpened, Reopened, ReassignedTo, DueChanged, Resumed)
_STRUCK = (Cancelled, ReassignedAway)
_MORNING = time(9)
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


def deadlines(mail: DailyMail, summary: Summary, *, now: datetime) -> Attachment | None:
    """Return the calendar file of a mail, or None if nothing in it has a new date."""
    items = [item for item in mail.items if isinstance(item, (*_PLANNED, *_STRUCK))]
    if not items:
        return None
    zones = sorted({item.task.zone for item in items})
    years = [item.task.due_on.year for item in items]
    content = b"".join(
        (
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
            b"PRODID:-//Almanac//Deadlines//EN\r\nMETHOD:PUBLISH\r\n",
            *(_timezone(zone, min(years), max(years)) for zone in zones if zone != "UTC"),
            *(_entry(item, summary(item), now) for item in items),
            b"END:VCALENDAR\r\n",
        )
    )
    return Attachment("deadlines.ics", "text/calendar; charset=utf-8; method=PUBLISH", content)


@lru_cache(maxsize=512)
def _timezone(zone: str, first_year: int, last_year: int) -> bytes:
    """The rules of a zone around the years needed; costly to find out, so kept."""
    component = Timezone.from_tzinfo(
        ZoneInfo(zone), zone, date(first_year - 1, 1, 1), date(last_year + 1, 12, 31)
    )
    return bytes(component.to_ical())


def _entry(item: TaskItem, summary: str, now: datetime) -> bytes:
    task = item.task
    begins = datetime.combine(task.due_on, _MORNING, ZoneInfo(task.zone))
    event = Event()
    event.add("uid", f"{task.id}@almanac")
    event.add("sequence", task.due_revision)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", begins)
    event.add("duration", timedelta(minutes=task.minutes or _USUAL_MINUTES))
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")  # colleagues who share the calendar see only that there is one
    if isinstance(item, _STRUCK):
        event.add("status", "CANCELLED")
    else:
        event.add("description", f"{task.cycle.title}\n{task.url}")
        event.add("url", task.url)
    return bytes(event.to_ical())
