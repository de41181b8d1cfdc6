"""Which groups, cells and texts a report may show, rule by rule."""

from random import Random

import pytest

from domain.anonymity import (
    AnonymityRules,
    Answers,
    Below,
    Cell,
    Group,
    Spread,
    Standing,
    TooFew,
    cell,
    partition,
    texts,
    wants_extension,
)
from domain.relationships import IDENTIFIED, PROTECTED, Relationship, is_protected
from domain.scores import Scale, Score

PEERS, REPORTS, OTHERS = Relationship.PEERS, Relationship.REPORTS, Relationship.OTHERS
EXTERNAL = Relationship.EXTERNAL
FIVE = Scale(1, 5)
ROLL_UP = AnonymityRules()
WITHHOLD = AnonymityRules(below=Below.WITHHOLD)
CONSENT = AnonymityRules(too_few=TooFew.LOWER_WITH_CONSENT)
SHOWN, MERGED, HIDDEN = Standing.SHOWN, Standing.IN_OTHERS, Standing.NOT_SHOWN


def some(answered: int, asked: int = 6, *, agreed: bool = False) -> Answers:
    return Answers(asked, answered, all_agreed=agreed)


def alone(name: Relationship, bar: int = 3) -> Group:
    return Group(name, (name,), bar)


def test_every_relationship_is_either_identified_or_protected() -> None:
    assert set(Relationship) == IDENTIFIED | set(PROTECTED)
    assert [name for name in Relationship if is_protected(name)] == list(PROTECTED)


def test_groups_from_the_threshold_on_are_shown_in_a_fixed_order() -> None:
    parts = partition({REPORTS: some(4), PEERS: some(3)}, ROLL_UP)
    assert parts.groups == (alone(PEERS), alone(REPORTS))
    assert parts.standings == ((PEERS, SHOWN), (REPORTS, SHOWN))


@pytest.mark.parametrize("reports", [0, 1, 2])
def test_a_group_below_the_threshold_is_merged_with_others_even_if_nobody_answered(
    reports: int,
) -> None:
    parts = partition({PEERS: some(3), REPORTS: some(reports), OTHERS: some(3)}, ROLL_UP)
    assert parts.groups == (alone(PEERS), Group(OTHERS, (REPORTS, OTHERS), 3))
    assert parts.standings == ((PEERS, SHOWN), (REPORTS, MERGED), (OTHERS, SHOWN))


@pytest.mark.parametrize(("reports", "external"), [(0, 0), (1, 1), (2, 0), (2, 2)])
def test_a_merged_group_still_below_is_not_shown_whatever_its_count(
    reports: int, external: int
) -> None:
    parts = partition({REPORTS: some(reports), EXTERNAL: some(external)}, ROLL_UP)
    assert parts.groups == ()
    assert parts.standings == ((REPORTS, HIDDEN), (EXTERNAL, HIDDEN))


def test_small_groups_without_others_are_merged_under_that_name() -> None:
    parts = partition({PEERS: some(2), REPORTS: some(2)}, ROLL_UP)
    assert parts.groups == (Group(OTHERS, (PEERS, REPORTS), 3),)


def test_answers_from_outside_do_not_fill_up_a_merged_group_nor_its_cells() -> None:
    outside = Answers(2, 2, {"q": (3, 3)})
    few = {REPORTS: Answers(4, 1, {"q": (1,)}), EXTERNAL: outside}
    assert partition(few, ROLL_UP).groups == ()

    enough = {OTHERS: Answers(4, 3, {"q": (2, 2)}), EXTERNAL: outside}
    (group,) = partition(enough, ROLL_UP).groups
    assert group.parts == (OTHERS, EXTERNAL)
    assert cell(group, "q", enough, ROLL_UP, FIVE) is None
    all_say = {**enough, OTHERS: Answers(4, 3, {"q": (2, 2, 2)})}
    assert cell(group, "q", all_say, ROLL_UP, FIVE) == Cell(Score(2.4), None)
    assert partition({EXTERNAL: some(3)}, ROLL_UP).groups == (alone(EXTERNAL),)


def test_withhold_merges_nothing_and_who_was_not_asked_is_not_mentioned() -> None:
    answers = {PEERS: some(2), OTHERS: some(2), EXTERNAL: some(0, 0)}
    parts = partition(answers, WITHHOLD)
    assert parts.groups == ()
    assert parts.standings == ((PEERS, HIDDEN), (OTHERS, HIDDEN))


def test_consent_shows_a_group_from_two_answers_on_and_only_if_all_agreed() -> None:
    assert partition({PEERS: some(2, agreed=True)}, CONSENT).groups == (alone(PEERS, 2),)
    assert partition({PEERS: some(2)}, CONSENT).groups == ()
    assert partition({PEERS: some(1, agreed=True)}, CONSENT).groups == ()
    assert partition({PEERS: some(2, agreed=True)}, ROLL_UP).groups == ()
    assert partition({PEERS: some(3, agreed=True)}, CONSENT).groups == (alone(PEERS),)


@pytest.mark.parametrize(("reports", "shown"), [(0, False), (1, True)])
def test_consent_does_not_reach_into_a_merged_group(reports: int, shown: bool) -> None:
    answers = {REPORTS: some(reports), OTHERS: some(2, agreed=True)}
    assert [group.bar for group in partition(answers, CONSENT).groups] == [3] * shown


def peers(*values: int, texts: tuple[str, ...] = ()) -> dict[Relationship, Answers]:
    return {PEERS: Answers(6, 6, {"q": values}, {"q": texts})}


def test_a_cell_needs_as_many_answers_to_that_question_as_its_group() -> None:
    assert cell(alone(PEERS), "q", peers(2, 3), ROLL_UP, FIVE) is None
    assert cell(alone(PEERS), "q", peers(2, 3, 4), ROLL_UP, FIVE) is not None
    assert cell(alone(PEERS), "never asked", peers(2, 3, 4), ROLL_UP, FIVE) is None


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        ((1, 3, 5), None),
        ((4, 4, 4, 4), Spread.CLOSE),
        ((3, 3, 5, 5), Spread.CLOSE),
        ((2, 5, 5, 5), Spread.WIDE),
        ((1, 1, 5, 5), Spread.WIDE),
    ],
)
def test_spread_is_a_word_and_needs_one_answer_more_than_the_threshold(
    values: tuple[int, ...], spread: Spread | None
) -> None:
    found = cell(alone(PEERS), "q", peers(*values), ROLL_UP, FIVE)
    assert found is not None
    assert found.spread is spread


def test_texts_of_a_merged_group_stand_under_its_name_in_an_order_of_their_own() -> None:
    answers = {
        REPORTS: Answers(4, 2, texts={"keep": ("d", "a")}),
        OTHERS: Answers(4, 2, texts={"keep": ("c", "b")}),
    }
    (group,) = partition(answers, ROLL_UP).groups
    orders = {
        texts(group, "keep", answers, Random(seed), explains=None, rated=False)
        for seed in range(20)
    }
    assert {tuple(sorted(order)) for order in orders} == {("a", "b", "c", "d")}
    assert len(orders) > 10


def test_two_questions_have_orders_that_do_not_tie_one_raters_texts_together() -> None:
    written = {key: tuple(f"{key}{rater}" for rater in range(5)) for key in ("x", "y")}
    answers = {PEERS: Answers(5, 5, texts=written)}
    random = Random(0)
    same = 0
    for _ in range(50):
        first, second = (
            texts(alone(PEERS), key, answers, random, explains=None, rated=False)
            for key in ("x", "y")
        )
        same += [text[1] for text in first] == [text[1] for text in second]
    assert same < 5


def test_a_text_that_explains_a_rating_is_shown_only_where_the_rating_is() -> None:
    answers = peers(2, 3, texts=("too low",))
    hidden = texts(alone(PEERS), "q", answers, Random(0), explains=None, rated=True)
    answers = peers(2, 3, 4, texts=("too low",))
    found = cell(alone(PEERS), "q", answers, ROLL_UP, FIVE)
    shown = texts(alone(PEERS), "q", answers, Random(0), explains=found, rated=True)
    assert (hidden, shown) == ((), ("too low",))


def test_a_round_is_extended_once_and_only_where_more_answers_can_help() -> None:
    rules = AnonymityRules(below=Below.WITHHOLD, too_few=TooFew.EXTEND_ONCE)
    late = {PEERS: some(3), REPORTS: some(2)}
    assert wants_extension(late, rules, extended=False)
    assert not wants_extension(late, rules, extended=True)
    assert not wants_extension(late, WITHHOLD, extended=False)
    assert not wants_extension({PEERS: some(3), REPORTS: some(1, 2)}, rules, extended=False)
    assert not wants_extension({PEERS: some(4)}, rules, extended=False)


def test_a_threshold_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="protects nobody"):
        AnonymityRules(threshold=1)
