"""Rounds to test anonymity on: random ones, and one written down by hand."""

from collections.abc import Mapping

from hypothesis import strategies as st

from domain.anonymity import AnonymityRules, Answers, Below, TooFew
from domain.relationships import PROTECTED, Relationship
from tests.domain.feedback_attacker import QUESTIONS, RATED

VALUES = st.integers(200_000_000, 800_000_000)


@st.composite
def answers_of(draw: st.DrawFn, name: Relationship) -> Answers:
    """The answers of one relationship: some are silent, some cannot say, some write."""
    asked = draw(st.integers(0, 6))
    answered = draw(st.integers(0, asked))
    counts = {key: max(0, answered - draw(st.integers(0, 3))) for key in RATED}
    ratings = {
        key: tuple(draw(st.lists(VALUES, min_size=n, max_size=n))) for key, n in counts.items()
    }
    writers = {question.id: draw(st.integers(0, answered)) for question in QUESTIONS}
    texts = {
        key: tuple(f"{name} wrote {index} on {key}" for index in range(n))
        for key, n in writers.items()
    }
    return Answers(asked, answered, ratings, texts, draw(st.booleans()))


@st.composite
def rounds(draw: st.DrawFn) -> Mapping[Relationship, Answers]:
    """All answers about one subject; each relationship may be missing."""
    names = draw(st.sets(st.sampled_from(PROTECTED)))
    found = {name: draw(answers_of(name)) for name in PROTECTED if name in names}
    one = Answers(1, 1, {"clear": (draw(VALUES),)}, {"keep": ("own words",)})
    return {Relationship.SELF: one, **found}


@st.composite
def rules(draw: st.DrawFn) -> AnonymityRules:
    """Any rules that a definition can write."""
    return AnonymityRules(
        draw(st.integers(2, 5)), draw(st.sampled_from(Below)), draw(st.sampled_from(TooFew))
    )


def group(name: str, count: int, *, asked: int | None = None, kind: int | None = None) -> Answers:
    """`count` answers; `kind` of them could also say something about "kind"."""
    start = 300_000_000 + 17_000_003 * len(name)
    values = [start + 7_000_001 * index * index for index in range(count)]
    # Backwards, so that neither sorted order nor order of input is right by chance.
    written = tuple(f"{name} {index}" for index in reversed(range(count)))
    return Answers(
        count if asked is None else asked,
        count,
        {"clear": tuple(values), "kind": tuple(values[: count if kind is None else kind])},
        {"keep": written},
    )
