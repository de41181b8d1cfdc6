"""The digest of a closed set tells sets apart, and nothing else."""

import pytest

from domain.anonymity import AnonymityRules, Answers, Below
from domain.closed_sets import AnotherSet, closed_set_digest, require_same_set
from domain.relationships import Relationship

RULES, OTHER_RULES = AnonymityRules(), AnonymityRules(below=Below.WITHHOLD)


def peers(*values: int, texts: tuple[str, ...] = ()) -> dict[Relationship, Answers]:
    return {Relationship.PEERS: Answers(6, 6, {"q": values}, {"q": texts})}


def test_the_digest_tells_sets_and_rules_apart_but_not_orders() -> None:
    key, other = b"k" * 16, b"o" * 16
    one, turned = peers(1, 2, 3, texts=("x", "y")), peers(3, 1, 2, texts=("y", "x"))
    digest = closed_set_digest(one, RULES, key)
    assert digest == closed_set_digest(turned, RULES, key)
    assert digest != closed_set_digest(one, OTHER_RULES, key)
    assert digest != closed_set_digest(one, RULES, other)
    assert digest != closed_set_digest(peers(1, 2, 2, texts=("x", "y")), RULES, key)

    require_same_set(digest, None)
    require_same_set(digest, digest)
    with pytest.raises(AnotherSet):
        require_same_set(digest, closed_set_digest(one, OTHER_RULES, key))
    with pytest.raises(ValueError, match="too short"):
        closed_set_digest(one, RULES, b"short")
