"""Who is suggested and why, who is full, and what a round of too few colleagues ends in."""

import time
from collections import Counter
from collections.abc import Mapping
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import PersonId
from domain.rater_loads import (
    Assignment,
    Colleague,
    Directory,
    Feasibility,
    Outcome,
    Reason,
    Suggestion,
    assign,
    judge,
)
from domain.relationships import Relationship

PEERS, REPORTS = Relationship.PEERS, Relationship.REPORTS


def person(number: int, manager: int | None = None, *projects: str, dept: str = "") -> Colleague:
    boss = None if manager is None else PersonId(manager)
    return Colleague(PersonId(number), boss, dept, frozenset(projects))


def ids(*numbers: int) -> list[PersonId]:
    return [PersonId(number) for number in numbers]


TEAM = Directory(
    [
        person(1, 9, "x"),
        person(2, 9, "x"),
        person(3, 9),
        person(4, 8, "x"),
        person(5, 8, dept="ops"),
        person(6, 1, "x"),
        person(7, 7, dept="sales"),
        person(8, 9),
        person(9),
    ]
)


def test_suggestions_come_with_their_reasons_best_first() -> None:
    found = TEAM.suggest(PersonId(1), most=9, past_raters=ids(7, 3, 99))
    assert found == [
        Suggestion(PersonId(2), (Reason.SHARED_PROJECT, Reason.SHARED_MANAGER), False),
        Suggestion(PersonId(4), (Reason.SHARED_PROJECT,), False),
        Suggestion(PersonId(3), (Reason.SHARED_MANAGER, Reason.PAST_RATER), False),
        Suggestion(PersonId(8), (Reason.SHARED_MANAGER,), False),
        Suggestion(PersonId(7), (Reason.PAST_RATER,), False),
    ]


def test_subject_manager_reports_and_those_asked_before_are_never_suggested() -> None:
    found = TEAM.suggest(PersonId(1), most=9, past_raters=ids(1, 6, 9), not_these=ids(2))
    assert {one.person_id for one in found} == set(ids(3, 4, 8))


def test_who_is_full_is_shown_last_and_marked() -> None:
    loads = {PersonId(2): 7, PersonId(3): 6}
    found = TEAM.suggest(PersonId(1), most=9, loads=loads, load=7)
    assert [one.person_id for one in found] == ids(4, 8, 3, 2)
    assert [one.full for one in found] == [False, False, False, True]


def test_a_large_department_does_not_suggest_the_same_few_to_all() -> None:
    crowd = Directory(person(number, dept="all") for number in range(200))
    asked = Counter(
        one.person_id for number in range(200) for one in crowd.suggest(PersonId(number), most=6)
    )
    assert len(asked) > 190
    assert max(asked.values()) <= 20


@pytest.mark.parametrize(
    ("relationship", "available", "code", "asked"),
    [
        (PEERS, 0, Feasibility.NOBODY, 0),
        (PEERS, 3, Feasibility.BELOW_MINIMUM, 3),
        (PEERS, 4, Feasibility.SATISFIED, 4),
        (PEERS, 9, Feasibility.ABOVE_MAXIMUM, 9),
        (REPORTS, 0, Feasibility.NOBODY, 0),
        (REPORTS, 3, Feasibility.UNPROTECTED, 0),
        (REPORTS, 4, Feasibility.SATISFIED, 4),
    ],
)
def test_every_number_of_colleagues_ends_in_a_stated_outcome(
    relationship: Relationship, available: int, code: Feasibility, asked: int
) -> None:
    least = 4 if relationship is PEERS or code is Feasibility.UNPROTECTED else 0
    found = judge(
        relationship, available, threshold=3, least=4 if relationship is PEERS else 0, at_most=8
    )
    assert found == Outcome(code, asked, least)


def test_requests_are_passed_on_where_somebody_else_has_a_choice() -> None:
    found = assign({PersonId(1): ids(8), PersonId(2): ids(8, 9)}, wanted=1, load=1)
    assert found.raters == {1: (8,), 2: (9,)}
    chain = {PersonId(n): ids(100 + n, 101 + n) for n in range(20)} | {PersonId(50): ids(100)}
    assert all(assign(chain, wanted=1, load=1).raters.values())


def test_requests_held_before_count_and_nobody_rates_themselves() -> None:
    found = assign(
        {PersonId(1): ids(1, 2, 3)}, wanted=3, load=2, held={PersonId(2): 2, PersonId(3): 1}
    )
    assert found == Assignment({PersonId(1): (PersonId(3),)}, {PersonId(2): 2, PersonId(3): 2})


@st.composite
def wishes(draw: st.DrawFn) -> dict[PersonId, list[PersonId]]:
    raters = st.lists(st.integers(0, 5).map(PersonId), unique=True, max_size=4)
    return {PersonId(10 + n): draw(raters) for n in range(draw(st.integers(1, 4)))}


@settings(max_examples=150, deadline=None)
@given(wishes(), st.integers(1, 2), st.integers(1, 2), st.integers(0, 3))
def test_as_many_requests_as_possible_are_given_and_the_cap_holds(
    candidates: dict[PersonId, list[PersonId]], wanted: int, load: int, seed: int
) -> None:
    found = assign(candidates, wanted=wanted, load=load, seed=seed)

    given_to = Counter(rater for some in found.raters.values() for rater in some)
    assert max(given_to.values(), default=0) <= load
    assert given_to == Counter(found.loads)
    for subject, raters in found.raters.items():
        assert set(raters) <= set(candidates[subject])
        assert len(raters) <= wanted
    assert given_to.total() == _most_possible(candidates, wanted, load)
    turned = {key: candidates[key][::-1] for key in reversed(list(candidates))}
    assert assign(turned, wanted=wanted, load=load, seed=seed).raters == found.raters


def _most_possible(candidates: Mapping[PersonId, list[PersonId]], wanted: int, load: int) -> int:
    """By trying every set of subjects: what they can get is limited by their candidates."""
    # Cut of the network: subjects on one side give their wants, the rest what raters can take.
    best = 10_000
    for sides in product((False, True), repeat=len(candidates)):
        inside = [some for (_, some), side in zip(candidates.items(), sides, strict=True) if side]
        outside = wanted * (len(candidates) - len(inside))
        holds = Counter(rater for some in inside for rater in some)
        best = min(best, outside + sum(min(load, count) for count in holds.values()))
    return best


def test_ten_thousand_subjects_with_five_raters_each_take_about_a_second() -> None:
    random = Random(1)
    people = [
        person(n, n // 8, f"p{random.randrange(1500)}", dept=f"d{n % 60}") for n in range(10_000)
    ]
    directory = Directory(people)
    candidates = {
        one.id: [found.person_id for found in directory.suggest(one.id, most=12)] for one in people
    }
    began = time.process_time()
    found = assign(candidates, wanted=5, load=7)
    took = time.process_time() - began

    assert all(len(raters) == 5 for raters in found.raters.values())
    assert max(found.loads.values()) <= 7
    assert took < 2  # 0.3 s when nothing else runs
