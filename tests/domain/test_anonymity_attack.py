"""No pair of reports tells about fewer raters than the threshold; and planted leaks are found.

The first half lets the attacker loose on the real report of random rounds. The second half proves
that the attacker works: for every channel a report that leaks through it, which must be caught.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.anonymity import AnonymityRules, Answers, Below, partition
from domain.closed_sets import AnotherSet
from domain.feedback_report import compute_report
from domain.relationships import PROTECTED, Relationship
from tests.domain.feedback_attacker import (
    FINE,
    KEY,
    QUESTIONS,
    RATED,
    Attack,
    Publish,
    Published,
    Round,
    as_text,
    depends_on_order,
    depends_on_the_withheld,
    digest_can_be_tried,
    isolated,
    published,
)
from tests.domain.feedback_rounds import group, rounds, rules

PEERS, REPORTS, OTHERS = Relationship.PEERS, Relationship.REPORTS, Relationship.OTHERS
EXTERNAL = Relationship.EXTERNAL
ROLL_UP = AnonymityRules()
WITHHOLD = AnonymityRules(below=Below.WITHHOLD)


@settings(max_examples=120, deadline=None)
@given(rounds(), rules())
def test_no_combination_of_published_numbers_isolates_fewer_than_the_threshold(
    answers: Round, given_rules: AnonymityRules
) -> None:
    assert isolated(published, answers, given_rules) == set()


@settings(max_examples=150, deadline=None)
@given(rounds(), rules())
def test_a_report_is_the_same_whatever_was_withheld_and_in_whatever_order_it_came(
    answers: Round, given_rules: AnonymityRules
) -> None:
    assert not depends_on_the_withheld(published, answers, given_rules)
    assert not depends_on_order(published, answers, given_rules)
    assert not digest_can_be_tried(published, answers, given_rules)


@settings(max_examples=150, deadline=None)
@given(rounds(), rules())
def test_no_text_of_a_withheld_group_is_in_the_report(
    answers: Round, given_rules: AnonymityRules
) -> None:
    text = as_text(published(answers, given_rules).report)
    shown = {part for one in partition(answers, given_rules).groups for part in one.parts}
    for name in PROTECTED:
        assert (f"{name} wrote" in text) <= (name in shown)


@settings(max_examples=150, deadline=None)
@given(rounds(), rules(), st.data())
def test_a_second_report_after_one_more_or_one_less_answer_is_refused(
    answers: Round, given_rules: AnonymityRules, data: st.DataObject
) -> None:
    asked = [name for name in PROTECTED if name in answers and answers[name].asked > 0]
    assume(asked)
    name = data.draw(st.sampled_from(asked))
    one = answers[name]
    first = _compute(answers, given_rules)
    if one.answered < one.asked and (not one.ratings["clear"] or data.draw(st.booleans())):
        ratings = {key: (*some, 500_000_000) for key, some in one.ratings.items()}
        other = replace(one, answered=one.answered + 1, ratings=ratings)
    else:
        other = replace(one, ratings={**one.ratings, "clear": tuple(one.ratings["clear"])[1:]})
    assume(other != one)

    with pytest.raises(AnotherSet):
        _compute({**answers, name: other}, given_rules, first.digest)
    assert _compute(answers, given_rules, first.digest) == first


@settings(max_examples=60, deadline=None)
@given(rounds(), rules())
def test_a_second_report_by_other_rules_is_refused(
    answers: Round, given_rules: AnonymityRules
) -> None:
    first = _compute(answers, given_rules)
    turned = Below.WITHHOLD if given_rules.below is Below.ROLL_UP else Below.ROLL_UP
    for other in (
        replace(given_rules, below=turned),
        replace(given_rules, threshold=given_rules.threshold + 1),
    ):
        with pytest.raises(AnotherSet):
            _compute(answers, other, first.digest)


# Planted leaks. Each takes the real report and lets something more, or something else, out.

Leak = Callable[[Round, AnonymityRules, dict[str, Any]], None]
Found = Callable[[Publish, Round, AnonymityRules], object]


def _planted(leak: Leak) -> Publish:
    def publish(answers: Round, given_rules: AnonymityRules, key: bytes) -> Published:
        real = published(answers, given_rules, key)
        report = json.loads(as_text(real.report))
        leak(answers, given_rules, report)
        return Published(report, real.digest)

    return publish


def _values(answers: Round, question: str, *names: Relationship) -> list[int]:
    return [
        value
        for name in names or PROTECTED
        if name in answers
        for value in answers[name].ratings.get(question, ())
    ]


def _total_over_everybody(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["total"] = {key: fmean(_values(answers, key)) for key in RATED}


def _question_total(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["total"] = {"kind": fmean(_values(answers, "kind", PEERS))}


def _round_total(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    values = [value for key in RATED for value in _values(answers, key, PEERS)]
    report["overall of peers"] = fmean(values)


def _overall_of_withheld(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["overall of reports"] = (
        fmean(value for key in RATED for value in _values(answers, key, REPORTS))
        if _values(answers, "clear", REPORTS)
        else None
    )


def _parts_beside_the_merged(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["others alone"] = fmean(_values(answers, "clear", OTHERS))


def _filled_up_from_outside(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["merged"] = fmean(_values(answers, "clear", REPORTS, EXTERNAL))


def _overlapping(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["inside"] = fmean(_values(answers, "clear", PEERS, REPORTS))
    report["not reports"] = fmean(_values(answers, "clear", PEERS, OTHERS))
    report["not peers"] = fmean(_values(answers, "clear", REPORTS, OTHERS))


def _lowest(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["lowest of peers"] = min(_values(answers, "clear", PEERS))


def _deviation(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["deviation of peers"] = pstdev(_values(answers, "clear", PEERS))


def _spread_word(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    values = _values(answers, "clear", REPORTS)
    report["spread of reports"] = "wide" if len(set(values)) > 1 else "close"


def _range_of_withheld(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    values = _values(answers, "clear", REPORTS)
    report["range of reports"] = [min(values, default=None), max(values, default=None)]


def _counts(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["answered"] = {name: one.answered for name, one in answers.items()}


def _share(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    asked = sum(one.asked for one in answers.values())
    report["share"] = f"{sum(one.answered for one in answers.values()) / asked:.0%} answered"


def _none_told_from_one(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["nobody answered"] = [name for name, one in answers.items() if not one.answered]


def _cannot_say(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["could say"] = len(_values(answers, "kind", PEERS))


def _kept(answers: Round, name: Relationship) -> Sequence[str]:
    return answers[name].texts.get("keep", ()) if name in answers else ()


def _texts_of_withheld(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    report["more texts"] = sorted(_kept(answers, REPORTS))


def _texts_under_colleagues(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    every = [text for name in PROTECTED for text in _kept(answers, name)]
    Random(3).shuffle(every)
    report["all texts"] = every


def _order_of_input(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    for theme in report["themes"]:
        for comments in theme["comments"]:
            comments["texts"] = list(answers[comments["group"]].texts[theme["question"]])


def _shuffled_from_input(answers: Round, _: AnonymityRules, report: dict[str, Any]) -> None:
    _order_of_input(answers, _, report)
    for theme in report["themes"]:
        for comments in theme["comments"]:
            Random(5).shuffle(comments["texts"])


def _groups_in_order_of_answering(answers: Round, _: AnonymityRules, report: Any) -> None:
    report["groups"].sort(key=lambda one: list(answers).index(one["relationship"]))


FOUR_AND_TWO = {PEERS: group("peers", 4), REPORTS: group("reports", 2, asked=4)}
ONE_CANNOT_SAY = {PEERS: group("peers", 4, kind=2), REPORTS: group("reports", 3)}
TWO_MERGED = {
    PEERS: group("peers", 4),
    REPORTS: group("reports", 2, asked=4),
    OTHERS: group("others", 3),
}
ONE_AND_OUTSIDE = {REPORTS: group("reports", 1, asked=4), EXTERNAL: group("external", 2)}
ALL_SHOWN = {
    PEERS: group("peers", 4),
    REPORTS: group("reports", 3),
    OTHERS: group("others", 3),
}

LEAKS: list[tuple[str, Leak, Round, AnonymityRules, Found]] = [
    ("totals minus groups", _total_over_everybody, FOUR_AND_TWO, WITHHOLD, isolated),
    ("question totals minus groups", _question_total, ONE_CANNOT_SAY, ROLL_UP, isolated),
    ("round totals minus questions", _round_total, ONE_CANNOT_SAY, ROLL_UP, isolated),
    ("two raters over two questions", _overall_of_withheld, FOUR_AND_TWO, WITHHOLD, isolated),
    ("a roll-up beside its parts", _parts_beside_the_merged, TWO_MERGED, ROLL_UP, isolated),
    ("a roll-up filled up by invented raters", _filled_up_from_outside, ONE_AND_OUTSIDE, ROLL_UP,
     isolated),
    ("overlapping groups", _overlapping, TWO_MERGED, WITHHOLD, isolated),
    ("the lowest answer", _lowest, ALL_SHOWN, ROLL_UP, isolated),
    ("a standard deviation", _deviation, ALL_SHOWN, ROLL_UP, isolated),
    ("range of a withheld group", _range_of_withheld, FOUR_AND_TWO, WITHHOLD, isolated),
    ("spread of a withheld group", _spread_word, FOUR_AND_TWO, WITHHOLD, depends_on_the_withheld),
    ("counts of a withheld group", _counts, FOUR_AND_TWO, WITHHOLD, depends_on_the_withheld),
    ("the share of answers", _share, FOUR_AND_TWO, WITHHOLD, depends_on_the_withheld),
    ("none told from one", _none_told_from_one, FOUR_AND_TWO, ROLL_UP, depends_on_the_withheld),
    ("counts of a withheld cell", _cannot_say, ONE_CANNOT_SAY, ROLL_UP, depends_on_the_withheld),
    ("texts of a withheld group", _texts_of_withheld, FOUR_AND_TWO, WITHHOLD,
     depends_on_the_withheld),
    ("texts of a withheld group under another name", _texts_under_colleagues, FOUR_AND_TWO,
     ROLL_UP, depends_on_the_withheld),
    ("texts in order of input", _order_of_input, ALL_SHOWN, ROLL_UP, depends_on_order),
    ("texts shuffled from order of input", _shuffled_from_input, ALL_SHOWN, ROLL_UP,
     depends_on_order),
    ("groups in order of answering", _groups_in_order_of_answering, ALL_SHOWN, ROLL_UP,
     depends_on_order),
]  # fmt: skip
FINDERS: tuple[Found, ...] = (isolated, depends_on_the_withheld, depends_on_order)


@pytest.mark.parametrize(("leak", "answers", "by", "found"), [one[1:] for one in LEAKS],
                         ids=[one[0] for one in LEAKS])  # fmt: skip
def test_a_planted_leak_is_caught(
    leak: Leak, answers: Round, by: AnonymityRules, found: Found
) -> None:
    assert found(_planted(leak), answers, by)


@pytest.mark.parametrize("answers", [FOUR_AND_TWO, ONE_CANNOT_SAY, TWO_MERGED, ALL_SHOWN])
@pytest.mark.parametrize("by", [ROLL_UP, WITHHOLD])
def test_the_real_report_of_the_same_rounds_passes_every_attack(
    answers: Round, by: AnonymityRules
) -> None:
    assert not any(found(published, answers, by) for found in FINDERS)


def test_two_computations_from_different_sets_would_isolate_the_answer_between_them() -> None:
    before = Attack()
    for count in (4, 5):
        before.read(published, {PEERS: group("peers", count)}, ROLL_UP)

    assert before.leaks({PEERS: group("peers", 5)}, ROLL_UP)


def test_two_computations_by_different_rules_would_isolate_the_merged_group() -> None:
    both = Attack()
    for by in (ROLL_UP, WITHHOLD):
        both.read(published, TWO_MERGED, by)

    assert both.leaks(TWO_MERGED, ROLL_UP)


def test_the_attacker_who_reads_one_report_twice_learns_nothing_more() -> None:
    twice = Attack()
    for _ in range(2):
        twice.read(published, TWO_MERGED, ROLL_UP)

    assert twice.leaks(TWO_MERGED, ROLL_UP) == set()


def test_a_digest_without_a_key_or_with_texts_in_it_is_caught() -> None:
    def unkeyed(answers: Round, by: AnonymityRules, _: bytes) -> Published:
        plain = repr(sorted((name, repr(one)) for name, one in answers.items()))
        report = published(answers, by).report
        return Published(report, hashlib.sha256(plain.encode()).hexdigest())

    def written(answers: Round, by: AnonymityRules, key: bytes) -> Published:
        real = published(answers, by, key)
        return Published(real.report, real.digest + answers[PEERS].texts["keep"][0])

    assert digest_can_be_tried(unkeyed, FOUR_AND_TWO, ROLL_UP)
    assert digest_can_be_tried(written, FOUR_AND_TWO, ROLL_UP)


def _compute(answers: Round, by: AnonymityRules, computed: str | None = None) -> Any:
    return compute_report(
        answers, by, FINE, QUESTIONS, random=Random(1), key=KEY, computed=computed
    )


def test_answers_cannot_outnumber_their_raters() -> None:
    for asked, answered in ((3, 4), (3, 1)):
        with pytest.raises(ValueError, match="more answers than raters"):
            Answers(asked, answered, {"clear": (1, 2)})
