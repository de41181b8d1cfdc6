"""A report is computed once: the fingerprint of the closed set of answers (anonymity, rule 11)."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from domain.anonymity import AnonymityRules, Answers
from domain.errors import IllegalState
from domain.relationships import Relationship

SHORTEST_KEY = 16
"""Bytes of a key that cannot be guessed."""


class AnotherSet(IllegalState):
    """A report of this round was computed before, from other answers or by other rules."""

    code = "feedback-set-changed"
    title = "This report was already computed"


def closed_set_digest(
    answers: Mapping[Relationship, Answers], rules: AnonymityRules, key: bytes
) -> str:
    """A fingerprint of all that a report is computed from, the same in any order of input.

    It is keyed: without a key, trying the few possible ratings of a withheld group until the
    fingerprint fits would read them. The key is the round's own and no reader has it.

    Raises ValueError for a key of fewer than 16 bytes.
    """
    if len(key) < SHORTEST_KEY:
        raise ValueError("the key of a digest is too short")
    content = {
        "rules": [rules.threshold, rules.below, rules.too_few],
        "answers": {
            name: [
                one.asked,
                one.answered,
                one.all_agreed,
                {question: sorted(values) for question, values in one.ratings.items() if values},
                {question: sorted(values) for question, values in one.texts.items() if values},
            ]
            for name, one in answers.items()
        },
    }
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def require_same_set(digest: str, computed: str | None) -> None:
    """Refuse to compute a report from another set than the first time (rule 11).

    `computed` is the digest kept of the first time, none if this is it. Raises AnotherSet.
    """
    if computed is not None and not hmac.compare_digest(digest, computed):
        raise AnotherSet("the answers or the rules differ from those of the report that exists")
