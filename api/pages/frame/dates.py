"""How pages say days, instants and lengths of time. All pure; the reader's zone is an argument."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FAR = 300  # days; further away, the year is said


def say_day(day: date, today: date | None = None) -> str:
    """`Fri 20 Nov`, with the year where it could be mistaken."""
    words = f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"
    if today is not None and abs((day - today).days) > FAR:
        return f"{words} {day.year}"
    return words


def say_clock(instant: datetime, zone: ZoneInfo) -> str:
    """`14:02`."""
    return f"{instant.astimezone(zone):%H:%M}"


def say_instant(instant: datetime, zone: ZoneInfo, today: date | None = None) -> str:
    """`Fri 20 Nov, 17:00`."""
    return f"{say_day(instant.astimezone(zone).date(), today)}, {say_clock(instant, zone)}"


def say_deadline(instant: datetime, zone: ZoneInfo, today: date | None = None) -> str:
    """`Fri 20 Nov, 17:00 (Chicago)`; due "on Friday" is until the end of Friday."""
    local = instant.astimezone(zone)
    clock = "end of day" if (local.hour, local.minute) == (23, 59) else f"{local:%H:%M}"
    return f"{say_day(local.date(), today)}, {clock} ({say_zone(zone)})"


def say_deadline_of(
    instant: datetime, holder: ZoneInfo, reader: ZoneInfo, today: date | None = None
) -> str:
    """The deadline as it is for the holder, then as it is for the reader, if that differs.

    `Fri 20 Nov, end of day (London), which is 15:59 (Chicago)`.
    """
    theirs = say_deadline(instant, holder, today)
    there, here = instant.astimezone(holder), instant.astimezone(reader)
    if there.replace(tzinfo=None) == here.replace(tzinfo=None):
        return theirs
    day = "" if there.date() == here.date() else f"{say_day(here.date(), today)}, "
    return f"{theirs}, which is {day}{here:%H:%M} ({say_zone(reader)})"


def say_zone(zone: ZoneInfo) -> str:
    """The town by which people know the zone: `Chicago`."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def say_relative(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`in 5 days`, `today`, `20 minutes ago`: by the reader's dates, below a day by the clock."""
    days = (instant.astimezone(zone).date() - now.astimezone(zone).date()).days
    seconds = (instant - now).total_seconds()
    if days == 0:
        return _within_a_day(seconds)
    if days in (1, -1):
        return "tomorrow" if days == 1 else "yesterday"
    return say_days_away(days)


def say_days_away(days: int) -> str:
    """`in 5 days`, `3 weeks ago`."""
    size = abs(days)
    if size == 0:
        return "today"
    if size < 21:
        words = plural(size, "day")
    elif size < 70:
        words = plural(round(size / 7), "week")
    elif size < 700:
        words = plural(round(size / 30.4), "month")
    else:
        words = plural(round(size / 365.25), "year")
    return f"in {words}" if days > 0 else f"{words} ago"


def _within_a_day(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    if minutes == 0:
        return "just now" if seconds <= 0 else "in a moment"
    words = plural(minutes, "minute") if minutes < 60 else plural(round(minutes / 60), "hour")
    return f"in {words}" if seconds > 0 else f"{words} ago"


def say_minutes(minutes: int) -> str:
    """About how long something takes: `about 25 minutes`, `about 1 ½ hours`."""
    if minutes < 75:
        return f"about {plural(minutes, 'minute')}"
    whole, half = divmod(round(minutes / 30), 2)
    return f"about {whole} ½ hours" if half else f"about {plural(whole, 'hour')}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 day`, `2 days`, `1,204 people`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
