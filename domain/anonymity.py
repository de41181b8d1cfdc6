"""What of a finished 360 round may be read: the one module of anonymity rules.

It is given counts and values by relationship, never persons. Its only outlet for answers of
protected raters is a *cell*, the answers of one group to one question. Each rule has its reason:

1. **Answers count, not invitations**, and "I cannot say" is no answer: nobody hides behind people
   who said nothing.
2. **A group is shown from `threshold` answers on.** The shown groups are a partition: no rater is
   in two of them, so no group can be subtracted from another.
3. **`roll_up` merges every group below the threshold with `others`**, also a group in which nobody
   answered, and `others` is never shown beside the merged group. If merging depended on whether
   there is anything to merge, the report would tell "none" from "one".
4. **Whatever is still below is withheld**: "not shown", the same words for none, one or two.
5. **A cell needs as many answers as its group**: in a shown group of five, the one who could answer
   a question would stand alone. Cells are never merged question by question: that would be a second
   partition across the first.
6. **Totals are made of published scores only** (`scores.mean_of_scores`), over questions and over
   groups. Published cells are disjoint, so the only sums that can be had by adding and subtracting
   are sums of whole cells. A total over everybody would give away what was withheld from it.
7. **No counts.** A group's size is "at least N", N being the bar that it passed. An exact count
   tells who answered once it equals the number asked, and the count of a small group inside a
   merged one. Safety does not lean on this: the proof in the tests gives the attacker all counts
   and exact sums of shown cells. So rounding cannot leak either: it only takes away.
8. **A mean stops half a step before the ends of the scale** (`scores.guarded_mean_of`): "1.0"
   would tell the answer of each.
9. **Spread is one of two words, never a range, never a number.** The lowest or highest answer is
   one rater's answer; a standard deviation and the mean give back all three answers of a group of
   three. `close` covers "all the same" as well as one step up and one down, so unanimity is not
   told. A spread needs one answer more than the threshold: at the threshold each rater, who knows
   their own, would have two equations for two colleagues. Consent does not lower this. That a
   shown cell has no spread tells that it is just at the bar, not who is missing.
10. **Texts** come in an order made from the texts and the random source, not from the order of
   input, each question by itself (the same order in all of them would tie one rater's texts
   together). They appear where their group is shown: who wrote one text hides among those who
   answered. A text explaining a rating appears only where the cell of that rating does.
11. **A report is computed once, from the closed set.** Two reports, before and after one more
   answer, differ by that answer, whatever is suppressed in each. The digest makes the second one
   refusable (`domain/closed_sets.py`); it covers the rules, since two policies on one set can be
   subtracted, too.
12. **Consent lowers the bar to two answers** where every rater asked in that group had agreed
   before writing. It holds for that group alone and only while it is below the threshold; a merged
   group has raters who agreed to something else. `others` is not rescued from a merged group by
   consent, as that would tell that the rest of it was empty.
13. **Answers from outside do not fill up a merged group.** An external rater is a mail address that
   the subject names, and could be the subject's own: two invented ones and the only report who
   answered would be a group of three, two of which the subject knows. They are in the mean; the
   bar is passed, in the group and in each cell, without them.

What no rule can prevent: raters know their own answer, and threshold minus one of them together
know the last; a style of writing is recognised; "not shown" tells that few answered, and
the number of texts how many of a shown group wrote one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from domain.relationships import PROTECTED, Relationship
from domain.scores import Scale, Score, guarded_mean_of

CONSENTED_BAR = 2
"""The fewest answers to which raters can agree; one answer is a name."""


class Below(StrEnum):
    """What happens to a group below the anonymity threshold."""

    ROLL_UP = "roll_up"
    WITHHOLD = "withhold"


class TooFew(StrEnum):
    """What happens when a group has too few answers at the deadline."""

    EXTEND_ONCE = "extend_once"
    LOWER_WITH_CONSENT = "lower_with_consent"
    REPORT_WITHOUT = "report_without"


class Standing(StrEnum):
    """What a report says of a relationship that was asked."""

    SHOWN = "shown"
    IN_OTHERS = "in_others"
    NOT_SHOWN = "not_shown"


class Spread(StrEnum):
    """How far the answers of a cell lie apart."""

    CLOSE = "close"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class AnonymityRules:
    """The rules of a definition. `threshold`: answers that a group needs, at least two."""

    threshold: int = 3
    below: Below = Below.ROLL_UP
    too_few: TooFew = TooFew.REPORT_WITHOUT

    def __post_init__(self) -> None:
        if self.threshold < CONSENTED_BAR:
            raise ValueError("an anonymity threshold below two protects nobody")


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of one relationship about one subject. The order within a tuple means nothing.

    Attributes:
        asked: Raters asked, whoever of them answered.
        answered: Raters who gave at least one answer other than "I cannot say".
        ratings: By question, without "I cannot say". A rater has at most one in each.
        texts: By question; under a rated question, what explains the ratings.
        all_agreed: Every rater asked had agreed to the lower bar before writing.
    """

    asked: int
    answered: int
    ratings: Mapping[str, Sequence[int]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    all_agreed: bool = False

    def __post_init__(self) -> None:
        given = [len(some) for some in (*self.ratings.values(), *self.texts.values())]
        if not max(given, default=0) <= self.answered <= self.asked:
            raise ValueError("more answers than raters, or more raters than were asked")


@dataclass(frozen=True, slots=True)
class Group:
    """A group that may be shown, from `bar` answers on in each cell."""

    name: Relationship
    parts: tuple[Relationship, ...]
    bar: int

    def passes(self, counts: Mapping[Relationship, int]) -> bool:
        """Whether these answers, by relationship, are enough (rules 2, 5 and 13)."""
        return self.counted(counts) >= self.bar

    def counted(self, counts: Mapping[Relationship, int]) -> int:
        """How many of these answers count for the bar."""
        merged = len(self.parts) > 1
        return sum(
            counts[part] for part in self.parts if not (merged and part is Relationship.EXTERNAL)
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """The shown groups, and what is said of each protected relationship that was asked."""

    groups: tuple[Group, ...]
    standings: tuple[tuple[Relationship, Standing], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What may be read of one group's ratings in one question."""

    score: Score
    spread: Spread | None


def partition(answers: Mapping[Relationship, Answers], rules: AnonymityRules) -> Partition:
    """Decide which groups may be shown (rules 1 to 4, 12 and 13)."""
    asked = [name for name in PROTECTED if name in answers and answers[name].asked > 0]
    bars = {name: _bar(answers[name], rules) for name in asked}
    small = [name for name in asked if answers[name].answered < bars[name]]
    merged: list[Relationship] = []
    if rules.below is Below.ROLL_UP and any(name is not Relationship.OTHERS for name in small):
        merged = [name for name in asked if name in small or name is Relationship.OTHERS]
    groups = [
        Group(name, (name,), bars[name])
        for name in asked
        if name not in small and name not in merged
    ]
    union = Group(Relationship.OTHERS, tuple(merged), rules.threshold)
    if union.passes({name: answers[name].answered for name in merged}):
        groups.append(union)
    groups.sort(key=lambda group: PROTECTED.index(group.name))
    return Partition(tuple(groups), tuple((name, _standing(name, groups)) for name in asked))


def cell(
    group: Group,
    question: str,
    answers: Mapping[Relationship, Answers],
    rules: AnonymityRules,
    scale: Scale,
) -> Cell | None:
    """What may be read of a group's ratings in a question; none: not shown (rules 5, 8, 9, 13)."""
    given = {part: answers[part].ratings.get(question, ()) for part in group.parts}
    counts = {part: len(some) for part, some in given.items()}
    if not group.passes(counts):
        return None
    values = [value for some in given.values() for value in some]
    spread = _spread(values, scale) if group.counted(counts) > rules.threshold else None
    return Cell(guarded_mean_of(values, scale), spread)


def texts(
    group: Group,
    question: str,
    answers: Mapping[Relationship, Answers],
    random: Random,
    *,
    explains: Cell | None,
    rated: bool,
) -> tuple[str, ...]:
    """The texts of a shown group, shuffled (rule 10).

    `rated` says that the texts explain ratings; then `explains` is the published cell, or none.
    """
    if rated and explains is None:
        return ()
    found = sorted(text for part in group.parts for text in answers[part].texts.get(question, ()))
    random.shuffle(found)
    return tuple(found)


def wants_extension(
    answers: Mapping[Relationship, Answers], rules: AnonymityRules, *, extended: bool
) -> bool:
    """At the deadline: whether to extend the collecting once, so that a group can still be shown.

    Only where more answers can help: as many were asked as are needed. Readers of the round are to
    be told that it was extended, not for which group.
    """
    if rules.too_few is not TooFew.EXTEND_ONCE or extended:
        return False
    now, best = (
        _shown(partition(some, rules))
        for some in (answers, {name: _everybody(one) for name, one in answers.items()})
    )
    return bool(best - now)


def _bar(one: Answers, rules: AnonymityRules) -> int:
    lowered = rules.too_few is TooFew.LOWER_WITH_CONSENT and one.all_agreed
    return CONSENTED_BAR if lowered and one.answered < rules.threshold else rules.threshold


def _standing(name: Relationship, groups: Sequence[Group]) -> Standing:
    home = next((group for group in groups if name in group.parts), None)
    if home is None:
        return Standing.NOT_SHOWN
    return Standing.SHOWN if home.name is name else Standing.IN_OTHERS


def _shown(parts: Partition) -> set[Relationship]:
    return {name for name, standing in parts.standings if standing is not Standing.NOT_SHOWN}


def _everybody(one: Answers) -> Answers:
    return Answers(one.asked, one.asked, all_agreed=one.all_agreed)


def _spread(values: Sequence[int], scale: Scale) -> Spread:
    """`wide` beyond a standard deviation of a step or a quarter of the scale, whichever is more."""
    count, total = len(values), sum(values)
    variance = sum((count * value - total) ** 2 for value in values) / count**3
    return Spread.WIDE if variance > max(float(scale.step), scale.quarter) ** 2 else Spread.CLOSE
