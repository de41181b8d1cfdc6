"""The report about one subject: scores, gaps, extremes, comments, and nothing else."""

import json
from random import Random

import pytest

from domain.anonymity import AnonymityRules, Answers, Standing
from domain.feedback_report import FeedbackQuestion, FeedbackReport, compute_report
from domain.relationships import Relationship
from domain.scores import Bound, Scale, Score

SELF, MANAGER, PEERS = Relationship.SELF, Relationship.MANAGER, Relationship.PEERS
REPORTS, OTHERS = Relationship.REPORTS, Relationship.OTHERS
RATED = ("listens", "decides", "explains", "delivers", "learns", "shares", "plans")
FORM = (*(FeedbackQuestion(name, rated=True) for name in RATED), FeedbackQuestion("keep", False))


def report(
    answers: dict[Relationship, Answers], questions: tuple[FeedbackQuestion, ...] = FORM
) -> FeedbackReport:
    return compute_report(
        answers, AnonymityRules(), Scale(1, 5), questions, random=Random(1), key=b"k" * 16
    ).report


def one(texts: tuple[str, ...] = (), **ratings: int) -> Answers:
    return Answers(1, 1, {key: (value,) for key, value in ratings.items()}, {"keep": texts})


def many(count: int, texts: tuple[str, ...] = (), **ratings: tuple[int, ...]) -> Answers:
    return Answers(6, count, ratings, {"keep": texts})


def test_a_competency_has_the_groups_scores_the_colleagues_and_the_gap() -> None:
    found = report(
        {
            SELF: one(listens=5),
            MANAGER: one(listens=4),
            PEERS: many(4, listens=(2, 3, 3, 3)),
            REPORTS: many(3, listens=(4, 4, 3)),
        }
    ).competencies[0]

    assert (found.own, found.manager) == (5.0, 4.0)
    assert [group.score for group in found.groups] == [Score(2.8), Score(3.7)]
    assert found.colleagues == Score(3.3)  # each group counts the same: no counts to be read
    assert found.gap == 1.7


def test_blind_spots_and_hidden_strengths_need_a_margin_and_a_shown_cell() -> None:
    found = report(
        {
            SELF: one(listens=5, decides=2, explains=4, delivers=5, learns=1),
            PEERS: many(
                3,
                listens=(4, 4, 4),
                decides=(4, 4, 4),
                explains=(3, 3, 4),
                delivers=(1, 1),
                learns=(2, 2, 2),
            ),
        }
    )
    assert found.blind_spots == ("listens",)  # delivers: only two could say; explains: 0.7
    assert found.hidden_strengths == ("decides", "learns")


def test_highest_and_lowest_are_three_each_and_never_the_same() -> None:
    values = zip(RATED, (2, 3, 4, 5, 3, 2, 4), strict=True)
    found = report({PEERS: Answers(6, 3, {key: (value,) * 3 for key, value in values})})
    assert found.highest == ("delivers", "explains", "plans")
    assert found.lowest == ("listens", "shares", "decides")

    few = report({PEERS: many(3, listens=(2, 2, 2), decides=(4, 4, 4), plans=(3, 3, 3))})
    assert (few.highest, few.lowest) == (("decides",), ("listens",))


def test_the_overall_score_is_made_of_shown_scores_only() -> None:
    found = report(
        {PEERS: many(3, listens=(2, 2, 2), decides=(4, 4, 4), plans=(5, 5)), REPORTS: many(2)}
    )
    assert [(line.group, line.score) for line in found.overall] == [
        (PEERS, Score(3.0)),
        (None, Score(3.0)),
    ]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_of_a_withheld_group_the_report_says_only_that_it_is_not_shown(count: int) -> None:
    texts = tuple(f"secret {index}" for index in range(count))
    few = many(count, texts, listens=(2,) * count)
    found = report({PEERS: many(3, listens=(4, 4, 4)), REPORTS: few})

    assert found == report({PEERS: many(3, listens=(4, 4, 4)), REPORTS: many(0)})
    assert [(line.standing, line.at_least) for line in found.groups] == [
        (Standing.SHOWN, 3),
        (Standing.NOT_SHOWN, None),
    ]
    assert "secret" not in json.dumps(found.as_json())


def test_a_merged_group_is_called_others_also_where_no_others_were_asked() -> None:
    found = report({PEERS: many(2, ("a", "b")), REPORTS: many(2, ("c",))})
    assert [(line.relationship, line.standing) for line in found.groups] == [
        (PEERS, Standing.IN_OTHERS),
        (REPORTS, Standing.IN_OTHERS),
        (OTHERS, Standing.SHOWN),
    ]
    ((theme),) = found.themes
    assert [(line.group, sorted(line.texts)) for line in theme.comments] == [
        (OTHERS, ["a", "b", "c"])
    ]


def test_what_self_and_manager_wrote_stands_under_their_names_first() -> None:
    found = report(
        {PEERS: many(3, ("p",)), MANAGER: one(("m",), listens=5), SELF: one(("s",), listens=1)}
    )
    assert [line.group for line in found.themes[0].comments] == [SELF, MANAGER, PEERS]
    assert (found.competencies[0].own, found.competencies[0].manager) == (1.0, 5.0)
    assert found.competencies[0].colleagues is None


def test_a_reader_of_fewer_questions_gets_the_same_numbers_for_those() -> None:
    answers = {PEERS: many(4, ("p",), listens=(1, 1, 1, 2), decides=(4, 4, 4, 2))}
    whole, part = report(answers), report(answers, FORM[:1])
    assert part.competencies == whole.competencies[:1]
    assert part.competencies[0].colleagues == Score(1.5, Bound.AT_MOST)
    assert part.themes == ()


def test_a_rating_off_the_scale_is_refused_without_naming_it() -> None:
    with pytest.raises(ValueError, match=r"^a rating is not on the scale$"):
        report({PEERS: many(3, listens=(1, 2, 6))})


def test_the_report_is_json_with_plain_words_and_numbers() -> None:
    found = report({PEERS: many(4, ("p",), listens=(2, 3, 3, 3))}).as_json()
    back = json.loads(json.dumps(found))
    assert back["competencies"][0]["groups"] == [
        {"group": "peers", "score": {"mean": 2.8, "bound": "exact"}, "spread": "close"}
    ]
