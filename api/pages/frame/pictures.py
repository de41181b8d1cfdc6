"""Where the lines of every picture go. Geometry only: templates draw it as inline SVG.

Horizontal places are per cent of the picture's width, vertical ones are CSS pixels: so a picture
fills a phone and a wide screen alike while its words keep their size. Every picture carries the
table that says the same.
"""

import math
from collections.abc import Callable, Mapping, Sequence
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
    """A stage on the calendar. `dues` are the deadlines of people, with how many have each."""

    title: str
    state: str  # waiting, open, closed
    opens: date
    due: date
    closes: date | None = None
    dues: tuple[tuple[date, int], ...] = ()
    note: str = ""


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
    last = max(max(s.closes or s.due, s.due, *(d for d, _ in s.dues)) for s in spans)
    first = min(s.opens for s in spans)
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
        for start, end in _runs(span.opens, span.due, works):
            what = f"{span.title}: opens {say(span.opens)}, due {say(span.due)}"
            bars.append(axis.rect(start, end, top + 24, 14, f"p-{span.state}", what))
        rails.append(axis.rect(span.opens, span.due, top + 31, 0, "p-rail"))
        if span.closes and span.closes > span.due:
            what = f"{span.title}: late work until {say(span.closes)}"
            graces.append(axis.rect(span.due + DAY, span.closes, top + 31, 0, "p-grace", what))
        most = max((count for _, count in span.dues), default=1)
        for due, count in span.dues:
            size = 3 + 4 * (count / most) ** 0.5
            what = f"due {say(due)}: {count} {'person' if count == 1 else 'people'}"
            marks.append(Rect(axis.middle(due), top + 31, 0, round(size, 1), "p-due", what))
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
        today_label=None
        if now is None
        else Label(now, 12, "today", "end" if now > 90 else "middle", "late"),
        table=Table(
            ("Stage", "State", "Opens", "Due", "Closes"),
            tuple(
                (
                    s.title,
                    s.state,
                    say(s.opens),
                    say(s.due),
                    say(s.closes) if s.closes else "when done",
                )
                for s in spans
            ),
        ),
    )


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
    words = f"{span.title}|{span.note or 'due ' + say(span.due)}"
    start = axis.left(span.opens)
    if start < 58:
        return Label(start, top + 17, words, "start")
    return Label(min(100.0, axis.left(span.due + DAY)), top + 17, words, "end")


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
    none = Table(("Stage", "State", "Opens", "Due", "Closes"), ())
    return Timeline(title, "No stages yet.", AXIS, (), (), (), (), (), (), (), None, None, none)
