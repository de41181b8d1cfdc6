"""Counting working days, and the hours that they have: N working days after D, 09:00 there.

A calendar here is a sorted list of days; whose it is and how it came about is decided in
`definitions.calendar` (language reference §3.2, §3.4).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from http import HTTPStatus
from zoneinfo import ZoneInfo

from domain.errors import AlmanacError

WINDOW = timedelta(hours=8)
"""How long after `mail_at` a task still opens, and a mail at once still goes, the same day."""

END_OF_DAY = time(23, 59, 59)


class CalendarRange(AlmanacError):
    """A date before or after the years for which the calendars were frozen."""

    code = "calendar-range"
    status = HTTPStatus.CONFLICT
    title = "Outside the frozen calendar"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The working days of somebody from `first` to `last` (both included), as sorted ordinals.

    All methods raise CalendarRange when the day, or the answer, lies outside.
    """

    days: tuple[int, ...]
    first: int
    last: int

    def is_working(self, day: date) -> bool:
        """Is this a working day?"""
        index = self._before(day)
        return index < len(self.days) and self.days[index] == day.toordinal()

    def after(self, day: date, n: int) -> date:
        """The n-th working day strictly later; n = 0: `on_or_after` (language reference §3.2)."""
        index = self._through(day) + n - 1 if n else self._before(day)
        if n < 0:
            raise ValueError(f"cannot count {n} working days")
        if index >= len(self.days):
            raise self._outside(f"{n} working days after {day}")
        return date.fromordinal(self.days[index])

    def before(self, day: date, n: int) -> date:
        """The n-th working day strictly earlier; n = 0: `on_or_before`."""
        index = self._before(day) - n if n else self._through(day) - 1
        if n < 0:
            raise ValueError(f"cannot count {n} working days")
        if index < 0:
            raise self._outside(f"{n} working days before {day}")
        return date.fromordinal(self.days[index])

    def shift(self, day: date, n: int) -> date:
        """`after` for n >= 0, `before` for n < 0."""
        return self.after(day, n) if n >= 0 else self.before(day, -n)

    def on_or_after(self, day: date) -> date:
        """The day itself, or the next working day if it is none."""
        return self.after(day, 0)

    def on_or_before(self, day: date) -> date:
        """The day itself, or the previous working day if it is none."""
        return self.before(day, 0)

    def count(self, first: date, until: date) -> int:
        """How many working days D there are with first <= D < until; 0 if until <= first."""
        return max(0, self._before(until) - self._before(first))

    def exchanged(
        self, spells: "Iterable[tuple[date, date, WorkCalendar | None]]"
    ) -> "WorkCalendar":
        """The same, but from the first to the last day of each spell another's days count.

        Nobody's (None): none of these days is a working day.
        """
        days = self.days
        for start, end, other in spells:
            low, high = _slice(days, start, end)
            between: tuple[int, ...] = ()
            if other is not None:
                between = other.days[slice(*_slice(other.days, start, end))]
            days = days[:low] + between + days[high:]
        return WorkCalendar(days, self.first, self.last)

    def _before(self, day: date) -> int:
        """How many working days lie before the day."""
        ordinal = day.toordinal()
        if not self.first <= ordinal <= self.last:
            raise self._outside(str(day))
        return bisect_left(self.days, ordinal)

    def _through(self, day: date) -> int:
        """How many working days lie before or on the day."""
        ordinal = day.toordinal()
        if not self.first <= ordinal <= self.last:
            raise self._outside(str(day))
        return bisect_right(self.days, ordinal)

    def _outside(self, what: str) -> CalendarRange:
        first, last = date.fromordinal(self.first), date.fromordinal(self.last)
        return CalendarRange(
            f"{what} is outside the frozen calendar, {first} to {last}.",
            hint="Freeze the calendars for more years.",
        )


def _slice(days: tuple[int, ...], start: date, end: date) -> tuple[int, int]:
    low = bisect_left(days, start.toordinal())
    return low, max(low, bisect_right(days, end.toordinal()))


@lru_cache(maxsize=65_536)
def instant_at(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """The UTC instant of a local time (language reference §3.4).

    A local time that a clock change skips becomes the first one that exists after it; one that
    occurs twice is the first.
    """
    local = datetime.combine(day, clock, zone)
    earlier, later = _offset(local), _offset(local.replace(fold=1))
    naive = local.replace(tzinfo=UTC)
    if earlier >= later:
        return naive - earlier
    # Skipped: the clocks changed between these two instants. Find the second in which they did.
    low, high = naive - later, naive - earlier
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(middle.astimezone(zone)) == earlier:
            low = middle
        else:
            high = middle
    return high


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


@lru_cache(maxsize=16_384)
def _window(zone: ZoneInfo, day: date, mail_at: time) -> tuple[datetime, datetime]:
    until = datetime.combine(day, mail_at) + WINDOW  # by the clock on the wall
    return instant_at(zone, day, mail_at), instant_at(zone, until.date(), until.time())


@dataclass(frozen=True, slots=True)
class PersonTime:
    """Somebody's zone, working days and morning. Instants are aware UTC, days are local."""

    zone: ZoneInfo
    calendar: WorkCalendar
    mail_at: time

    def at(self, day: date, clock: time) -> datetime:
        """The instant of that local time; see `instant_at`."""
        return instant_at(self.zone, day, clock)

    def opening(self, day: date) -> datetime:
        """When tasks open and the daily mail goes on that day: `mail_at`, by default 09:00."""
        return instant_at(self.zone, day, self.mail_at)

    def end_of(self, day: date) -> datetime:
        """When a due date or a close falls on that day: 23:59:59, so all of the day counts."""
        return instant_at(self.zone, day, END_OF_DAY)

    def local_date(self, instant: datetime) -> date:
        """The date on this person's wall calendar."""
        return instant.astimezone(self.zone).date()

    def in_window(self, instant: datetime) -> bool:
        """Is it a working day, and 09:00 or later and before 17:00 (`mail_at` and 8 hours)?"""
        day = self.local_date(instant)
        if not self.calendar.is_working(day):
            return False
        start, end = _window(self.zone, day, self.mail_at)
        return start <= instant < end

    def opens(self, instant: datetime) -> datetime:
        """When a task opens that comes into being now, its 09:00 having passed (§3.4).

        At once in the window, else at 09:00 on the next working day (today's, if it is earlier).
        """
        return instant if self.in_window(instant) else self.morning(instant)

    def at_once(self, instant: datetime) -> datetime:
        """When a mail goes that is sent at once, if it can be (§6.3): the same rule."""
        return self.opens(instant)

    def morning(self, instant: datetime) -> datetime:
        """The first daily mail at or after the instant: `mail_at` of a working day."""
        day = self.local_date(instant)
        if self.calendar.is_working(day):
            today = self.opening(day)
            if today >= instant:
                return today
        return self.opening(self.calendar.after(day, 1))


def with_substitutes(
    time: PersonTime, spells: Sequence[tuple[date, date, WorkCalendar]]
) -> PersonTime:
    """The same person while delegates act: from the first to the last day of each leave the
    delegate's working days count instead, so dates stay (language reference §4)."""
    return replace(time, calendar=time.calendar.exchanged(spells))
