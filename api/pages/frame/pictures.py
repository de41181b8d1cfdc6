"""Where the lines of every picture go. Geometry only: templates draw it as inline SVG.

Horizontal places are per cent of the picture's width, vertical ones are CSS pixels: so a picture
fills a phone and a wide screen alike while its words keep their size. Every picture carries the
table that says the same.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Rows = tuple[tuple[str, ...], ...]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Table:
    """What a picture shows, in words and numbers."""

    columns: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle: x and width in per cent, y and height in pixels."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A word at a place; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = ""


# --- Timeline ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A stage on the calendar, as it went or as it is planned.

    `opens` is none if it ended without having opened, `ended` the day on which it closed. `dues`
    are the deadlines of people, with how many have each.
    """

    title: str
    state: str  # waiting, open, closed
    opens: date | None
    due: date
    closes: date | None = None
    dues: tuple[tuple[date, int], ...] = ()
    ended: date | None = None

    @property
    def last(self) -> date:
        """The last day of its bar."""
        return self.due if self.ended is None else self.ended

    @property
    def first(self) -> date:
        """The first day of its bar."""
        return min(self.opens or self.last, self.last)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stages as bars on working days, one lane each."""

    title: str
    description: str
    height: int
    bars: tuple[Rect, ...]
    shades: tuple[Rect, ...]
    rails: tuple[Rect, ...]
    graces: tuple[Rect, ...]
    marks: tuple[Rect, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Label, ...]
    today: float | None
    today_label: Label | None
    table: Table


COLUMNS = ("Stage", "State", "Opens", "Due", "Closes")
LANE = 50
AXIS = 26
_MOST_WEEKENDS = 190  # days; beyond, a weekend is thinner than a line


def timeline(
    title: str,
    spans: Sequence[Span],
    *,
    works: Callable[[date], bool],
    holidays: Mapping[date, str],
    today: date | None,
    say: Callable[[date], str],
) -> Timeline:
    """Lay stages out on a calendar. `works` says which days are working days; `say` writes one."""
    if not spans:
        return _no_timeline(title)
    first = min(s.first for s in spans)
    last = _last_day(spans, first)
    axis = Axis(first - DAY * 2, last + DAY * 4)
    height = AXIS + LANE * len(spans) + 6
    bars: list[Rect] = []
    rails: list[Rect] = []
    graces: list[Rect] = []
    marks: list[Rect] = []
    labels: list[Label] = []
    for lane, span in enumerate(spans):
        top = AXIS + lane * LANE
        labels.append(_lane_label(axis, span, top, say))
        if span.opens is None:
            continue
        what = f"{span.title}: {_dates(span, say)}"
        for start, end in _runs(span.first, span.last, works):
            bars.append(axis.rect(start, end, top + 24, 14, f"p-{span.state}", what))
        rails.append(axis.rect(span.first, span.last, top + 31, 0, "p-rail"))
        if span.ended is None and span.closes and span.closes > span.due:
            late = f"{span.title}: late work until {say(span.closes)}"
            graces.append(axis.rect(span.due + DAY, span.closes, top + 31, 0, "p-grace", late))
        marks += _marks(axis, span, last, top + 31, say)
    shades = _shades(axis, works, holidays, height)
    now = axis.middle(today) if today is not None and axis.holds(today) else None
    return Timeline(
        title=title,
        description=f"{len(spans)} stages from {say(first)} to {say(last)}.",
        height=height,
        bars=tuple(bars),
        shades=shades,
        rails=tuple(rails),
        graces=tuple(graces),
        marks=tuple(marks),
        labels=tuple(labels),
        ticks=tuple(t for t in axis.ticks() if now is None or not -14 < t.x - now < 7),
        today=now,
        today_label=None if now is None else Label(now, 12, "today", _beside(now), "late"),
        table=Table(
            COLUMNS,
            tuple(
                (
                    s.title,
                    s.state,
                    say(s.opens) if s.opens else "did not open",
                    say(s.due),
                    _closes(s, say),
                )
                for s in spans
            ),
        ),
    )


def _beside(x: float) -> str:
    """The anchor of a word at a place, so that it stays inside the picture."""
    return "end" if x > 90 else "start" if x < 6 else "middle"


def _last_day(spans: Sequence[Span], first: date) -> date:
    """Where the picture ends: a few deadlines that lie far ahead do not squeeze all the rest."""
    last = max(max(s.last, s.closes or s.last) if s.ended is None else s.last for s in spans)
    room = last + max(DAY * 14, (last - first) / 4)
    return max([last, *(min(due, room) for s in spans for due, _ in s.dues)])


def _marks(
    axis: "Axis", span: Span, last: date, y: int, say: Callable[[date], str]
) -> Iterable[Rect]:
    """The deadlines of people; those beyond the picture stand together at its edge."""
    most = max((count for _, count in span.dues), default=1)
    far = [(due, count) for due, count in span.dues if due > last]
    for due, count in span.dues:
        if due <= last:
            yield _mark(axis, due, count, most, y, f"due {say(due)}")
    if far:
        until = f"due later, until {say(max(due for due, _ in far))}"
        yield _mark(axis, axis.last, sum(count for _, count in far), most, y, until)


def _mark(axis: "Axis", day: date, count: int, most: int, y: int, what: str) -> Rect:
    size = min(7.0, 3 + 4 * (count / most) ** 0.5)
    people = "person" if count == 1 else "people"
    return Rect(axis.middle(day), y, 0, round(size, 1), "p-due", f"{what}: {count} {people}")


def _dates(span: Span, say: Callable[[date], str]) -> str:
    if span.opens is None:
        return "did not open"
    if span.ended is not None:
        return f"opened {say(span.opens)}, closed {say(span.ended)}"
    opens = "opens" if span.state == "waiting" else "opened"
    return f"{opens} {say(span.opens)}, due {say(span.due)}"


def _closes(span: Span, say: Callable[[date], str]) -> str:
    if span.ended is not None:
        return f"closed {say(span.ended)}"
    return say(span.closes) if span.closes else "when done"


class Axis:
    """Days from left to right, in per cent."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.days = (last - first).days + 1

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def left(self, day: date) -> float:
        return round(100 * (day - self.first).days / self.days, 3)

    def middle(self, day: date) -> float:
        return round(100 * ((day - self.first).days + 0.5) / self.days, 3)

    def rect(
        self, start: date, end: date, y: float, height: float, kind: str, title: str = ""
    ) -> Rect:
        x = self.left(start)
        return Rect(x, y, round(self.left(end + DAY) - x, 3), height, kind, title)

    def ticks(self, most: int = 8) -> tuple[Label, ...]:
        """Mondays, or the first days of months where the calendar is long; about `most`."""
        days = (self.first + DAY * n for n in range(self.days))
        if self.days <= 110:
            step = max(1, math.ceil(self.days / 7 / most))
            mondays = [d for d in days if d.weekday() == 0][::step]
            chosen = [(d, f"{d.day} {d:%b}") for d in mondays]
        else:
            firsts = [d for d in days if d.day == 1]
            step = max(1, math.ceil(len(firsts) / most))
            chosen = [(d, f"{d:%b}") for d in firsts[::step]]
        return tuple(Label(self.left(d), 12, text) for d, text in chosen if self.left(d) < 93)


def _lane_label(axis: Axis, span: Span, top: int, say: Callable[[date], str]) -> Label:
    # The name begins where its bar begins, or ends where it ends if there is no room.
    if span.opens is None:
        note = "did not open"
    elif span.ended is not None:
        note = f"closed {say(span.ended)}"
    else:
        note = f"due {say(span.due)}"
    words = f"{span.title}|{note}"
    start = axis.left(span.first)
    if start < 58:
        return Label(start, top + 17, words, "start")
    return Label(min(100.0, axis.left(span.last + DAY)), top + 17, words, "end")


def _runs(first: date, last: date, works: Callable[[date], bool]) -> list[tuple[date, date]]:
    """Stretches of working days between two days, both included."""
    runs: list[tuple[date, date]] = []
    day = first
    while day <= last:
        if works(day):
            end = day
            while end < last and works(end + DAY):
                end += DAY
            runs.append((day, end))
            day = end
        day += DAY
    return runs or [(first, max(first, last))]


def _shades(
    axis: Axis, works: Callable[[date], bool], holidays: Mapping[date, str], height: int
) -> tuple[Rect, ...]:
    shades: list[Rect] = []
    top = AXIS - 4
    for offset in range(axis.days):
        day = axis.first + DAY * offset
        if day in holidays:
            shades.append(axis.rect(day, day, top, height - top, "p-holiday", holidays[day]))
        elif not works(day) and axis.days <= _MOST_WEEKENDS:
            shades.append(axis.rect(day, day, top, height - top, "p-weekend"))
    return tuple(shades)


def _no_timeline(title: str) -> Timeline:
    none = Table(COLUMNS, ())
    return Timeline(title, "No stages yet.", AXIS, (), (), (), (), (), (), (), None, None, none)
