"""Numbers of a 360 report: a scale, and scores that never say "everybody gave this".

A score is what may be read. Everything else in a report (totals, gaps, order) is computed from
scores, never again from answers: what is computed from published numbers tells nothing more than
they do, and that holds for its rounding, too.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

FEWEST_POINTS = 3
"""Of two raters with a choice of two, both "yes" has one explanation, whatever is cut off."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A rating scale: whole numbers from `lowest` to `highest`, `step` apart."""

    lowest: int
    highest: int
    step: int = 1

    @classmethod
    def of(cls, values: Collection[int]) -> "Scale":
        """The scale of a definition's values, in any order.

        Raises ValueError for fewer than three values, or values that are not evenly spaced: there
        a mean can have one explanation only, and would tell every single answer.
        """
        points = sorted(set(values))
        steps = {high - low for low, high in pairwise(points)}
        if len(points) < FEWEST_POINTS or len(steps) != 1:
            raise ValueError("a scale needs at least three values, evenly spaced")
        return cls(points[0], points[-1], steps.pop())

    def __contains__(self, value: int) -> bool:
        """Whether a rating is a point of this scale."""
        return self.lowest <= value <= self.highest and (value - self.lowest) % self.step == 0

    @property
    def quarter(self) -> float:
        """A quarter of the scale's width: one point of five, two and a quarter of ten."""
        return (self.highest - self.lowest) / 4


class Bound(StrEnum):
    """How to read the mean beside it."""

    EXACT = "exact"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Score:
    """A mean with one decimal, as it is published."""

    mean: float
    bound: Bound = Bound.EXACT


def mean_of(values: Sequence[int]) -> Score:
    """The plain mean of answers that stand under a name. Raises ValueError without answers."""
    return Score(_rounded(sum(values), len(values)))


def guarded_mean_of(values: Sequence[int], scale: Scale) -> Score:
    """The mean of a protected cell, cut off half a step before the ends of the scale.

    The lowest possible mean has one explanation: everybody gave the lowest rating, and so each
    rater's answer would be known, however many they are. Half a step is enough: from two raters on,
    one of them one step off is read as the same score. In the middle of an evenly spaced scale a
    mean has several explanations anyway. Raises ValueError without answers.
    """
    count, total = len(values), sum(values)
    if 2 * total <= count * (2 * scale.lowest + scale.step):
        return Score(_rounded(2 * scale.lowest + scale.step, 2), Bound.AT_MOST)
    if 2 * total >= count * (2 * scale.highest - scale.step):
        return Score(_rounded(2 * scale.highest - scale.step, 2), Bound.AT_LEAST)
    return Score(_rounded(total, count))


def mean_of_scores(scores: Sequence[Score]) -> Score | None:
    """A total: the mean of published scores, each counting the same; none of no scores.

    Each group counts the same, whatever its size: weights would be counts of answers.
    """
    if not scores:
        return None
    tenths = sum(round(score.mean * 10) for score in scores)
    bounds = {score.bound for score in scores} - {Bound.EXACT}
    bound = Bound.EXACT if not bounds else bounds.pop() if len(bounds) == 1 else Bound.ABOUT
    return Score(_rounded(tenths, 10 * len(scores)), bound)


def gap_between(own: Score, theirs: Score) -> float:
    """How much higher the first is, of published scores, with one decimal."""
    return (round(own.mean * 10) - round(theirs.mean * 10)) / 10


def _rounded(total: int, count: int) -> float:
    """To one decimal, halves up, without a detour over binary fractions."""
    if count < 1:
        raise ValueError("there is no mean of no answers")
    return (20 * total + count) // (2 * count) / 10
