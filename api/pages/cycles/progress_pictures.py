"""Where the lines of the pictures of progress go: burn-up, stacked bars, heat map, histogram.

Geometry only, as in `api.pages.frame.pictures`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import wrap

from api.pages.frame.pictures import AXIS, Axis, Label, Rect, Table
from domain.counts import Counts

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
    axis = Axis(days[0], days[-1]) if days else Axis(today, today)

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
    """How far a department is."""

    name: str
    counts: Counts


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
    ("to_come", "p-tocome", "to come"),
    ("expired", "p-expired", "expired"),
)


def stacks(title: str, parts: Sequence[Part]) -> Stacks:
    """Draw a bar per department. All are equally long: shares compare, numbers stand beside."""
    rows: list[Stack] = []
    for n, part in enumerate(parts):
        top, counts = n * ROW, part.counts
        x = 0.0
        rects: list[Rect] = []
        for field, kind, words in KINDS:
            count: int = getattr(counts, field)
            width = 100 * count / counts.total if counts.total else 0
            if count:
                title_of = f"{part.name}: {count} {words}"
                rects.append(Rect(round(x, 3), top + 22, round(width, 3), 12, kind, title_of))
            x += width
        delayed = f", {counts.late} late" if counts.late else ""
        said = f"{counts.done} of {counts.total} done{delayed}"
        rows.append(
            Stack(
                Label(0, top + 15, part.name, "start", "strong"),
                Label(100, top + 15, said, "end"),
                tuple(rects),
            )
        )
    all_of_them = sum((part.counts for part in parts), Counts())
    return Stacks(
        title=title,
        description=f"{len(parts)} rows: {all_of_them.done} of {all_of_them.total} tasks done, "
        f"{all_of_them.late} late.",
        height=len(parts) * ROW,
        rows=tuple(rows),
        table=Table(
            ("Department", *(words.capitalize() for _, _, words in KINDS), "All"),
            tuple(
                (p.name, *(str(getattr(p.counts, f)) for f, _, _ in KINDS), str(p.counts.total))
                for p in parts
            ),
        ),
    )


# --- Heat map ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Departments by stages: the darker, the more is done; framed where something is late."""

    title: str
    description: str
    height: int
    columns: int
    heads: tuple[Label, ...]
    names: tuple[Label, ...]
    rects: tuple[Rect, ...]
    frames: tuple[Rect, ...]
    numbers: tuple[Label, ...]
    table: Table


NAMES, COLUMN = 150, 106
"""Pixels for the names of departments, and for a column, where the picture is narrowest."""

CELL = 34
HEAD = 14
"""Height of a line above a column."""

LETTERS = 15
"""Letters that fit side by side above a column, however narrow the screen."""

MOST_COLUMNS = 12
"""The style sheet gives pictures of up to so many columns a width in which their heads fit."""


def heat_map(
    title: str,
    departments: Sequence[str],
    stages: Sequence[str],
    cells: Mapping[tuple[str, str], Counts],
) -> HeatMap:
    """Draw a grid of departments and stages."""
    count = max(1, len(stages))
    names = 100 * NAMES / (NAMES + COLUMN * max(count, 4))
    width = (100 - names) / count
    heads = [wrap(stage, LETTERS) or [""] for stage in stages]
    top = AXIS + (max(map(len, heads), default=1) - 1) * HEAD
    rects: list[Rect] = []
    frames: list[Rect] = []
    numbers: list[Label] = []
    for row, department in enumerate(departments):
        for column, stage in enumerate(stages):
            cell = cells.get((department, stage), Counts())
            x, y = round(names + column * width, 3), top + row * CELL
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
        height=top + CELL * len(departments),
        columns=min(len(stages), MOST_COLUMNS),
        heads=tuple(
            Label(round(names + (n + 0.5) * width, 3), top - AXIS + 14 - up * HEAD, line, "middle")
            for n, lines in enumerate(heads)
            for up, line in enumerate(reversed(lines))
        ),
        names=tuple(
            Label(0, top + n * CELL + 20, name, "start", "strong")
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


def _shade(cell: Counts) -> int:
    if not cell.total or not cell.done:
        return 0
    return 4 if cell.done >= cell.total else 1 + min(2, int(3 * cell.done / cell.total))


def _said(cell: Counts | None) -> str:
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
