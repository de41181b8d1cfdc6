"""Every kind of stage, and every step of one, has its words."""

import pytest

from api.pages.kinds.registry import WORDS
from api.pages.kinds.words import About
from domain.kinds.registry import TRAITS
from domain.kinds.traits import Traits


def test_each_kind_is_there_and_nothing_else() -> None:
    assert WORDS.keys() == TRAITS.keys()


def test_each_is_called_something_else() -> None:
    assert len({words.name for words in WORDS.values()}) == len(WORDS)


@pytest.mark.parametrize("kind", TRAITS.values(), ids=lambda kind: kind.name)
def test_what_is_to_be_done_is_said_to_the_holder_and_of_somebody_else(kind: Traits) -> None:
    words = WORDS[kind.name]
    task = About(kind.name, kind.holders[0], "The title", "Ana Díaz", "Ana")
    for said in (words.verb(task), (words.of_others or words.verb)(task)):
        assert said
        assert said == said.strip()
        assert "None" not in said


def test_who_sees_a_list_of_raters_is_said_as_the_rules_have_it() -> None:
    """Subject and approver alone; HR does not (docs/privacy.md)."""
    for step in ("nominate", "approve"):
        assert "HR" not in WORDS[step].readers
