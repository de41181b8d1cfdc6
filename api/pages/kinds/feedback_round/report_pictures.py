"""Self against colleagues as dumbbells: one rail a competency, two marks, and the way between.

Geometry only, as in `api/pages/frame/pictures.py`: horizontal places are per cent of the width,
vertical ones pixels; templates and the PDF draw it. The order is by the gap, so that the picture
reads from what somebody rates higher than their colleagues do to what they rate lower.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from api.pages.frame.pictures import Label, Table

Side = Literal["higher", "near", "lower"]

MARGIN = 3.0
"""Per cent left free on both sides: marks on the ends of the scale are whole."""

MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Scored:
    """A competency as its picture needs it. `gap`: own minus colleagues, both as published."""

    id: str
    name: str
    own: float
    colleagues: float
    colleagues_text: str
    gap: float


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One rail: where the own rating and the colleagues' score lie. `says` is the same in words."""

    name: str
    says: str
    own: float
    colleagues: float
    side: Side

    @property
    def left(self) -> float:
        """Where the line between the marks begins."""
        return min(self.own, self.colleagues)

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(self.own, self.colleagues)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The dumbbells of one side, under a heading that says what they have in common."""

    side: Side
    heading: str
    rails: tuple[Dumbbell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole picture. `ticks` are the points of the scale, `ends` the names of both ends."""

    title: str
    description: str
    own_word: str
    sides: tuple[Chapter, ...]
    ticks: tuple[Label, ...]
    ends: tuple[str, str]
    table: Table

    @property
    def empty(self) -> bool:
        """Nothing to compare: no own ratings, or no scores of colleagues."""
        return not self.sides


def comparison(
    scored: Sequence[Scored],
    points: Sequence[tuple[int, str]],
    *,
    who: str,
    apart: Mapping[str, Side],
    headings: Mapping[Side, str],
) -> Comparison:
    """Lay competencies out on the scale. `points`: its numbers with names, lowest first.

    `who` is how the subject is called ("You", a first name); `apart` says of which competencies
    the gap is wide enough to be named, the others are near.
    """
    lowest, highest = points[0][0], points[-1][0]

    def place(value: float) -> float:
        share = (value - lowest) / (highest - lowest) if highest > lowest else 0.5
        return round(MARGIN + (100 - 2 * MARGIN) * share, 2)

    ordered = sorted(scored, key=lambda one: -one.gap)
    rails: dict[Side, list[Dumbbell]] = {"higher": [], "near": [], "lower": []}
    for one in ordered:
        side = apart.get(one.id, "near")
        says = f"{who}: {one.own:.1f}. Colleagues: {one.colleagues_text}."
        rails[side].append(Dumbbell(one.name, says, place(one.own), place(one.colleagues), side))
    return Comparison(
        title=f"How {_object(who)} and colleagues rate",
        description=f"{len(ordered)} lines from {lowest} to {highest}, the widest gap first.",
        own_word=who,
        sides=tuple(Chapter(s, headings[s], tuple(lines)) for s, lines in rails.items() if lines),
        ticks=_ticks(points, place),
        ends=(f"{lowest} “{points[0][1]}”", f"{highest} “{points[-1][1]}”"),
        table=Table(
            ("", who, "Colleagues", "Difference"),
            tuple(
                (one.name, f"{one.own:.1f}", one.colleagues_text, difference(one.gap))
                for one in ordered
            ),
        ),
    )


def difference(gap: float) -> str:
    """`1.2 higher`, `0.4 lower`, `the same`: the own rating beside the colleagues'."""
    if not gap:
        return "the same"
    return f"{abs(gap):.1f} {'higher' if gap > 0 else 'lower'}"


def _object(who: str) -> str:
    return "you" if who == "You" else who


def _ticks(points: Sequence[tuple[int, str]], place: Callable[[float], float]) -> tuple[Label, ...]:
    """The points of the scale; of a long one both ends and what lies evenly between."""
    step = -(-len(points) // MOST_TICKS)
    kept = [value for value, _ in points[::step]]
    if kept[-1] != points[-1][0]:
        kept[-1] = points[-1][0]
    return tuple(Label(place(value), 12, str(value), "middle", "faint") for value in kept)
