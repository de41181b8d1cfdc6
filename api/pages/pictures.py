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
    axis = _Axis(first - DAY * 2, last + DAY * 4)
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
        ticks=tuple(t for t in axis.ticks() if now is None or not -9 < t.x - now < 5),
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


class _Axis:
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


def _lane_label(axis: _Axis, span: Span, top: int, say: Callable[[date], str]) -> Label:
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
    axis: _Axis, works: Callable[[date], bool], holidays: Mapping[date, str], height: int
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


# --- Burn-up -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BurnUp:
    """Tasks done by day, against the plan. Points are in a box of 100 by 100, y downwards."""

    title: str
    description: str
    height: int
    actual: str
    area: str
    plan: str
    grid: tuple[Label, ...]
    ticks: tuple[Label, ...]
    today: float | None
    dot: tuple[float, float] | None
    labels: tuple[Label, ...]
    table: Table


PLOT = 168  # pixels between the lowest and the highest line


def burn_up(
    title: str,
    days: Sequence[date],
    done: Sequence[int],
    planned: Sequence[int],
    *,
    total: int,
    today: date,
    say: Callable[[date], str],
) -> BurnUp:
    """Draw what is done day by day (up to today) against what was planned to be done.

    `done` and `planned` are running totals, one for each of `days`; `done` may be shorter.
    """
    top = max(total, *planned, *done, 1) if days else 1
    axis = _Axis(days[0], days[-1]) if days else _Axis(today, today)

    def place(day: date, value: int) -> tuple[float, float]:
        return axis.middle(day), round(100 - 100 * value / top, 2)

    real = [place(day, value) for day, value in zip(days, done, strict=False) if day <= today]
    plan = [place(day, value) for day, value in zip(days, planned, strict=True)]
    line = " ".join(f"{x},{y}" for x, y in real)
    area = f"{real[0][0]},100 {line} {real[-1][0]},100" if real else ""
    now = done[len(real) - 1] if real else 0
    ought = next((v for d, v in reversed(list(zip(days, planned, strict=True))) if d <= today), 0)
    labels: list[Label] = []
    if real:
        x, y = real[-1]
        right = x < 62
        nudge = 1.6 if right else -1.6
        labels.append(
            Label(
                x + nudge,
                16 + PLOT * y / 100 + (18 if y < 12 else -8),
                f"{now} of {total} done",
                "start" if right else "end",
                "strong",
            )
        )
    grid = tuple(
        Label(0, 16 + PLOT - PLOT * part / 2, str(round(top * part / 2))) for part in range(3)
    )
    return BurnUp(
        title=title,
        description=f"{now} of {total} tasks done; the plan for today was {ought}.",
        height=PLOT + 40,
        actual=line,
        area=area,
        plan=" ".join(f"{x},{y}" for x, y in plan),
        grid=grid,
        ticks=axis.ticks(most=5),
        today=axis.middle(today) if days and axis.holds(today) else None,
        dot=(real[-1][0], 16 + PLOT * real[-1][1] / 100) if real else None,
        labels=tuple(labels),
        table=Table(
            ("Day", "Done", "Planned"),
            tuple(
                (say(day), str(done[n]) if n < len(done) and day <= today else "", str(planned[n]))
                for n, day in enumerate(days)
            ),
        ),
    )


# --- Stacked bars ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """How far a department is: tasks done, open and in time, late, excused or expired."""

    name: str
    done: int
    in_time: int
    late: int
    excused: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.done + self.in_time + self.late + self.excused


@dataclass(frozen=True, slots=True)
class Stack:
    """One row of the stacked bars."""

    name: Label
    says: Label
    rects: tuple[Rect, ...]


@dataclass(frozen=True, slots=True)
class Stacks:
    """A stacked bar per department."""

    title: str
    description: str
    height: int
    rows: tuple[Stack, ...]
    table: Table


ROW = 46
KINDS = (
    ("done", "p-done", "done"),
    ("in_time", "p-intime", "open, in time"),
    ("late", "p-late", "late"),
    ("excused", "p-excused", "excused or expired"),
)


def stacks(title: str, parts: Sequence[Part]) -> Stacks:
    """Draw a bar per department. All are equally long: shares compare, numbers stand beside."""
    rows: list[Stack] = []
    for n, part in enumerate(parts):
        top = n * ROW
        x = 0.0
        rects: list[Rect] = []
        for field, kind, words in KINDS:
            count: int = getattr(part, field)
            width = 100 * count / part.total if part.total else 0
            if count:
                title_of = f"{part.name}: {count} {words}"
                rects.append(Rect(round(x, 3), top + 22, round(width, 3), 12, kind, title_of))
            x += width
        delayed = f", {part.late} late" if part.late else ""
        rows.append(
            Stack(
                Label(0, top + 15, part.name, "start", "strong"),
                Label(100, top + 15, f"{part.done} of {part.total} done{delayed}", "end"),
                tuple(rects),
            )
        )
    late = sum(part.late for part in parts)
    done = sum(part.done for part in parts)
    return Stacks(
        title=title,
        description=f"{len(parts)} departments: {done} tasks done, {late} late.",
        height=len(parts) * ROW,
        rows=tuple(rows),
        table=Table(
            ("Department", "Done", "In time", "Late", "Excused or expired", "All"),
            tuple(
                (p.name, str(p.done), str(p.in_time), str(p.late), str(p.excused), str(p.total))
                for p in parts
            ),
        ),
    )


# --- Heat map ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """How far a department is in a stage. None of a stage there: `total` is 0."""

    done: int
    total: int
    late: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Departments by stages: the darker, the more is done; framed where something is late."""

    title: str
    description: str
    height: int
    heads: tuple[Label, ...]
    names: tuple[Label, ...]
    rects: tuple[Rect, ...]
    frames: tuple[Rect, ...]
    numbers: tuple[Label, ...]
    table: Table


NAMES = 24.0  # per cent for the names of departments
CELL = 34


def heat_map(
    title: str,
    departments: Sequence[str],
    stages: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
) -> HeatMap:
    """Draw a grid of departments and stages."""
    width = (100 - NAMES) / max(1, len(stages))
    rects: list[Rect] = []
    frames: list[Rect] = []
    numbers: list[Label] = []
    for row, department in enumerate(departments):
        for column, stage in enumerate(stages):
            cell = cells.get((department, stage), Cell(0, 0, 0))
            x, y = round(NAMES + column * width, 3), AXIS + row * CELL
            shade = _shade(cell)
            words = f"{department}, {stage}: {cell.done} of {cell.total} done, {cell.late} late"
            kind = f"p-heat-{shade}"
            rects.append(Rect(x, y, round(width - 0.4, 3), CELL - 3, kind, words))
            if cell.late:
                inner = round(width - 0.4, 3)
                frames.append(Rect(x, y + 1, inner, CELL - 5, "p-cell-late"))
            said = f"{cell.done}/{cell.total}" if cell.total else "–"
            place = round(x + width / 2, 3)
            numbers.append(Label(place, y + 20, said, "middle", f"heat-{shade}"))
    return HeatMap(
        title=title,
        description=f"{len(departments)} departments in {len(stages)} stages.",
        height=AXIS + CELL * len(departments),
        heads=tuple(
            Label(round(NAMES + (n + 0.5) * width, 3), 14, stage, "middle")
            for n, stage in enumerate(stages)
        ),
        names=tuple(
            Label(0, AXIS + n * CELL + 20, name, "start", "strong")
            for n, name in enumerate(departments)
        ),
        rects=tuple(rects),
        frames=tuple(frames),
        numbers=tuple(numbers),
        table=Table(
            ("Department", *stages),
            tuple((d, *(_said(cells.get((d, s))) for s in stages)) for d in departments),
        ),
    )


def _shade(cell: Cell) -> int:
    if not cell.total or not cell.done:
        return 0
    return 4 if cell.done >= cell.total else 1 + min(2, int(3 * cell.done / cell.total))


def _said(cell: Cell | None) -> str:
    if cell is None or not cell.total:
        return "none"
    late = f", {cell.late} late" if cell.late else ""
    return f"{cell.done} of {cell.total}{late}"


# --- Histogram ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often each point of a scale was given, with guidance as a thin outline."""

    title: str
    description: str
    height: int
    bars: tuple[Rect, ...]
    guides: tuple[Rect, ...]
    counts: tuple[Label, ...]
    names: tuple[Label, ...]
    table: Table


def histogram(
    title: str,
    points: Sequence[tuple[str, int]],
    guidance: Sequence[float] = (),
) -> Histogram:
    """Draw counts per point of a scale. `guidance` are shares that add up to one, or nothing."""
    total = sum(count for _, count in points)
    guide = [share * total for share in guidance] or [0.0] * len(points)
    most = max([count for _, count in points] + guide + [1])
    step = 100 / max(1, len(points))
    bars: list[Rect] = []
    guides: list[Rect] = []
    counts: list[Label] = []
    for n, (name, count) in enumerate(points):
        x, width = round(n * step + step * 0.14, 3), round(step * 0.72, 3)
        height = round(120 * count / most, 1)
        bars.append(Rect(x, 144 - height, width, height, "p-done", f"{name}: {count}"))
        if guidance:
            ideal = round(120 * guide[n] / most, 1)
            what = f"guidance: {guide[n]:.0f}"
            guides.append(Rect(x, 144 - ideal, width, ideal, "p-guide", what))
        counts.append(
            Label(round((n + 0.5) * step, 3), 138 - height, str(count), "middle", "strong")
        )
    return Histogram(
        title=title,
        description=f"{total} in all.",
        height=168,
        bars=tuple(bars),
        guides=tuple(guides),
        counts=tuple(counts),
        names=tuple(
            Label(round((n + 0.5) * step, 3), 162, name, "middle")
            for n, (name, _) in enumerate(points)
        ),
        table=Table(
            ("Rating", "Given") + (("Guidance",) if guidance else ()),
            tuple(
                (name, str(count)) + ((f"{guide[n]:.0f}",) if guidance else ())
                for n, (name, count) in enumerate(points)
            ),
        ),
    )
