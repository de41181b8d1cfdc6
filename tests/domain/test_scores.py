"""Scores: one decimal, cut off before the ends, and never with one explanation only."""

from collections import defaultdict
from itertools import combinations_with_replacement

import pytest

from domain.anonymity import AnonymityRules, Answers, Cell, Group, cell
from domain.relationships import Relationship
from domain.scores import (
    Bound,
    Scale,
    Score,
    gap_between,
    guarded_mean_of,
    mean_of,
    mean_of_scores,
)

FIVE = Scale(1, 5)


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ((1, 1, 1), Score(1.5, Bound.AT_MOST)),
        ((1, 1, 2), Score(1.5, Bound.AT_MOST)),
        ((1, 2), Score(1.5, Bound.AT_MOST)),
        ((1, 2, 2), Score(1.7)),
        ((4, 4, 4), Score(4.0)),
        ((3, 4, 4, 4), Score(3.8)),
        ((5, 5, 4), Score(4.5, Bound.AT_LEAST)),
        ((5, 5, 5), Score(4.5, Bound.AT_LEAST)),
    ],
)
def test_a_protected_mean_stops_half_a_step_before_the_ends(
    values: tuple[int, ...], score: Score
) -> None:
    assert guarded_mean_of(values, FIVE) == score


def test_halves_are_rounded_up_and_an_answer_under_a_name_is_not_cut_off() -> None:
    assert mean_of((1, 1, 1, 2)) == Score(1.3)
    assert mean_of((5,)) == Score(5.0)
    with pytest.raises(ValueError, match="no mean of no answers"):
        mean_of(())


def test_a_total_counts_each_score_the_same_and_keeps_how_to_read_it() -> None:
    low, high = Score(1.5, Bound.AT_MOST), Score(4.5, Bound.AT_LEAST)
    assert mean_of_scores([Score(3.0), Score(4.1)]) == Score(3.6)
    assert mean_of_scores([Score(3.0), low]) == Score(2.3, Bound.AT_MOST)
    assert mean_of_scores([low, high]) == Score(3.0, Bound.ABOUT)
    assert mean_of_scores([]) is None
    assert gap_between(Score(2.0), Score(4.3)) == -2.3


def test_a_scale_is_read_from_its_values_and_must_be_even() -> None:
    assert Scale.of([5, 1, 3, 2, 4]) == FIVE
    assert Scale.of([10, 0, 5]) == Scale(0, 10, 5)
    assert 5 in Scale(0, 10, 5)
    assert 4 not in Scale(0, 10, 5)
    assert 6 not in FIVE
    for uneven in ([1, 2, 5], [3], [0, 1]):
        with pytest.raises(ValueError, match="evenly spaced"):
            Scale.of(uneven)


def _read(values: tuple[int, ...], scale: Scale, threshold: int) -> Cell | None:
    one = {Relationship.PEERS: Answers(len(values), len(values), {"q": values})}
    group = Group(Relationship.PEERS, (Relationship.PEERS,), 2)
    return cell(group, "q", one, AnonymityRules(threshold), scale)


@pytest.mark.parametrize("scale", [Scale(0, high) for high in range(2, 10)] + [Scale(0, 20, 5)])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_that_all_gave_the_same_is_never_the_only_explanation(scale: Scale, count: int) -> None:
    points = range(scale.lowest, scale.highest + 1, scale.step)
    explanations = defaultdict(set)
    for values in combinations_with_replacement(points, count):
        explanations[_read(values, scale, 2)].add(values)

    for found in explanations.values():
        assert any(len(set(values)) > 1 for values in found)


def test_exact_means_at_the_ends_or_a_spread_of_zero_would_tell_everybodys_answer() -> None:
    """The check above finds what it is made for."""
    exact, deviation = defaultdict(set), defaultdict(set)
    for values in combinations_with_replacement(range(1, 6), 4):
        exact[sum(values)].add(values)
        unanimous = len(set(values)) == 1
        deviation[_read(values, FIVE, 2), unanimous].add(values)

    for told in (exact, deviation):
        assert any(all(len(set(values)) == 1 for values in found) for found in told.values())
