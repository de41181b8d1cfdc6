"""The catalogue fits the code; trying the mutants is `python -m tests.mutants`."""

import ast
from pathlib import Path

import pytest

from tests.mutants.catalogue import ROOT, Mutant, comparisons, exempt, mutants

ALL = mutants()


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.id)
def test_it_changes_one_place_into_something_that_can_be_read(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.applied(source)
    assert changed != source
    if Path(mutant.file).suffix == ".py":
        ast.parse(changed)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.id)
def test_the_tests_that_must_notice_it_are_there(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), test
        if name:
            assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


def test_no_two_have_one_name() -> None:
    names = [(mutant.id, mutant.replace) for mutant in ALL]
    assert sorted(names) == sorted(set(names))


def test_what_makes_no_difference_is_still_written_there() -> None:
    for file, comparison, reason in exempt():
        source = (ROOT / file).read_text(encoding="utf-8")
        written = {ast.unparse(node) for node, _ in comparisons(source)}
        assert comparison in written or comparison in source, file
        assert reason
