"""A figure: what was measured beside its bare counterpart in the same run, and the aim."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Pair:
    """One round: what was measured, and its bare counterpart moments before or after."""

    measured: float
    bare: float | None = None

    @property
    def ratio(self) -> float:
        """Measured to bare; without a counterpart the figure itself."""
        return self.measured if self.bare is None else self.measured / self.bare


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Times have an upper aim (`most`, a ratio to the bare counterpart), rates a lower one (`least`);
    without a counterpart the aim is absolute. A line without any aim is shown for comparison.
    """

    name: str
    people: int
    unit: str
    pairs: Sequence[Pair]
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def measured(self) -> float:
        """The median over the rounds."""
        return median(pair.measured for pair in self.pairs)

    @property
    def bare(self) -> float | None:
        """The median of the counterpart, if there is one."""
        found = [pair.bare for pair in self.pairs if pair.bare is not None]
        return median(found) if found else None

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: noise that meets both sides cancels out."""
        return median(pair.ratio for pair in self.pairs)

    @property
    def aim(self) -> str:
        """The aim in words."""
        unit = "x" if self.bare is not None else f" {self.unit}"
        if self.most is not None:
            return f"<= {self.most:g}{unit}"
        return f">= {self.least:g}{unit}" if self.least is not None else ""

    @property
    def met(self) -> bool | None:
        """Is the aim met? None where there is none."""
        if self.most is None and self.least is None:
            return None
        if self.most is not None and self.ratio > self.most:
            return False
        return self.least is None or self.ratio >= self.least

    def as_json(self) -> dict[str, object]:
        """Everything, for `--json`."""
        return {
            "figure": self.name,
            "people": self.people,
            "unit": self.unit,
            "measured": self.measured,
            "bare": self.bare,
            "ratio": self.ratio if self.bare is not None else None,
            "rounds": [[pair.measured, pair.bare] for pair in self.pairs],
            "aim": self.aim,
            "met": self.met,
            "note": self.note,
        }


HEAD = ("figure", "people", "measured", "bare", "ratio", "aim", "", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, which reads well in a terminal too."""
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) + " |" for r in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        f"{figure.people:,}",
        f"{_number(figure.measured)} {figure.unit}",
        "" if figure.bare is None else f"{_number(figure.bare)} {figure.unit}",
        "" if figure.bare is None else f"{figure.ratio:.2f}",
        figure.aim,
        {True: "met", False: "MISSED", None: ""}[figure.met],
        figure.note,
    )


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
