"""An attacker on 360 reports, who knows every published number and text and who was asked.

They know the algorithm too, and may run it on answers that they made up. So each report is taken as
a black box: one answer is moved, and every number of the report that moves with it says how that
answer counts. What numbers tell together is then linear algebra: the row space of all published
numbers over all answers of protected raters. A vector of it whose answers are fewer than the bar is
a leak: adding and subtracting published numbers gives something about those few alone.

What is no number (words, order, texts, digests) is attacked by comparing: a report must not change
with what is withheld, with the order of input, nor tell the key of its digest.
"""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from random import Random

from domain.anonymity import AnonymityRules, Answers, TooFew, partition
from domain.feedback_report import FeedbackQuestion, compute_report
from domain.relationships import PROTECTED, Relationship
from domain.scores import Scale

Round = Mapping[Relationship, Answers]
Json = object
Unknown = tuple[Relationship, str, int]  # one rater's answer to one question
Block = tuple[Relationship, str]  # the answers of one relationship to one question

KEY = b"sixteen bytes and more"
NUDGE = 1_000_000
FINE = Scale(0, 1_000_000_000)
"""So fine that one decimal hides nothing: the attacker sees exact means."""

QUESTIONS = (
    FeedbackQuestion("clear", rated=True),
    FeedbackQuestion("kind", rated=True),
    FeedbackQuestion("keep", rated=False),
)
RATED = tuple(question.id for question in QUESTIONS if question.rated)


@dataclass(frozen=True)
class Published:
    """All that leaves the computing: the report as JSON, and the digest."""

    report: Json
    digest: str = ""


Publish = Callable[[Round, AnonymityRules, bytes], Published]


def published(answers: Round, rules: AnonymityRules, key: bytes = KEY) -> Published:
    """The real thing."""
    done = compute_report(answers, rules, FINE, QUESTIONS, random=Random(7), key=key)
    return Published(done.report.as_json(), done.digest)


@dataclass
class Attack:
    """What the attacker has gathered: reports on one set of unknown answers."""

    unknowns: list[Unknown] = field(default_factory=list)
    rows: list[list[Fraction]] = field(default_factory=list)

    def read(self, publish: Publish, answers: Round, rules: AnonymityRules) -> None:
        """Add one report to what is known."""
        for unknown in _unknowns(answers):
            if unknown not in self.unknowns:
                self.unknowns.append(unknown)
        before = dict(numbers(publish(answers, rules, KEY).report))
        columns = []
        for unknown in self.unknowns:
            after = {}
            if _has(answers, unknown):
                after = dict(numbers(publish(_nudged(answers, unknown), rules, KEY).report))
            columns.append(
                {
                    path: Fraction((after.get(path, 0) - value) / NUDGE).limit_denominator(1000)
                    for path, value in before.items()
                    if after
                }
            )
        width = len(self.unknowns)
        self.rows = [row + [Fraction(0)] * (width - len(row)) for row in self.rows]
        self.rows += [[column.get(path, Fraction(0)) for column in columns] for path in before]

    def leaks(
        self, answers: Round, rules: AnonymityRules, known: Container[Relationship] = ()
    ) -> set[str]:
        """What can be told about fewer raters than may be; empty: nothing.

        `known`: relationships whose answers the attacker knows, having written them.
        """
        blocks: dict[Block, list[int]] = {}
        for index, (name, question, _) in enumerate(self.unknowns):
            if name not in known:
                blocks.setdefault((name, question), []).append(index)
        for indices in blocks.values():
            if any(row[index] != row[indices[0]] for row in self.rows for index in indices):
                return {"a number treats raters of one group differently"}
        sizes = {block: len(indices) for block, indices in blocks.items()}
        basis = _reduced([[row[ix[0]] for ix in blocks.values()] for row in self.rows])
        kernel = _kernel(basis, len(blocks))
        own = {block: [row[index] for row in kernel] for index, block in enumerate(blocks)}
        agreed = {block for block in blocks if _agreed(block, sizes, answers, rules)}
        found = set()
        for few in _few(sizes, rules):
            told = _dependencies([own[block] for block in few])
            if told > sum(_dependencies([own[block]]) for block in few if block in agreed):
                found.add(f"isolates {sorted(few)}")
        return found


def isolated(publish: Publish, answers: Round, rules: AnonymityRules) -> set[str]:
    """The linear attack on a single report, also by a subject who invented external raters."""
    attack = Attack()
    attack.read(publish, answers, rules)
    inside = attack.leaks(answers, rules, known={Relationship.EXTERNAL})
    return inside | attack.leaks(answers, rules)


def depends_on_the_withheld(publish: Publish, answers: Round, rules: AnonymityRules) -> bool:
    """Whether other answers of withheld groups, or fewer of them, would change the report."""
    base = publish(answers, rules, KEY).report
    return any(publish(other, rules, KEY).report != base for other in _alike(answers, rules))


def depends_on_order(publish: Publish, answers: Round, rules: AnonymityRules) -> bool:
    """Whether answers or relationships in another order would change anything published."""
    turned = {
        name: replace(
            one,
            ratings={key: tuple(one.ratings[key])[::-1] for key in reversed(list(one.ratings))},
            texts={key: tuple(one.texts[key])[::-1] for key in reversed(list(one.texts))},
        )
        for name, one in reversed(list(answers.items()))
    }
    return publish(turned, rules, KEY) != publish(answers, rules, KEY)


def digest_can_be_tried(publish: Publish, answers: Round, rules: AnonymityRules) -> bool:
    """Whether the digest is made without the secret, or contains what somebody wrote.

    Made without the secret, the attacker tries the few possible answers until it fits.
    """
    one, other = (publish(answers, rules, key).digest for key in (KEY, KEY[::-1]))
    written = [text for one_ in answers.values() for some in one_.texts.values() for text in some]
    return one == other or any(text in one for text in written)


def numbers(value: Json, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a report with its place."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from numbers(part, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from numbers(part, f"{path}/{index}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def as_text(value: Json) -> str:
    """A report as it is exported."""
    return json.dumps(value, sort_keys=True)


def _unknowns(answers: Round) -> Iterator[Unknown]:
    for name in PROTECTED:
        if name in answers:
            for question in RATED:
                for index in range(len(answers[name].ratings.get(question, ()))):
                    yield name, question, index


def _has(answers: Round, unknown: Unknown) -> bool:
    name, question, index = unknown
    return name in answers and index < len(answers[name].ratings.get(question, ()))


def _nudged(answers: Round, unknown: Unknown) -> Round:
    name, question, index = unknown
    one = answers[name]
    values = list(one.ratings[question])
    values[index] += NUDGE
    return {**answers, name: replace(one, ratings={**one.ratings, question: tuple(values)})}


def _alike(answers: Round, rules: AnonymityRules) -> Iterator[Round]:
    """Rounds that a reader must not be able to tell from this one."""
    parts = partition(answers, rules)
    shown = {part for group in parts.groups for part in group.parts}
    for name in PROTECTED:
        if name not in answers:
            continue
        one = answers[name]
        if name not in shown:
            if one.answered:
                yield {**answers, name: replace(one, answered=0, ratings={}, texts={})}
            ratings = {key: [1] * len(some) for key, some in one.ratings.items()}
            texts = {key: ["other"] * len(some) for key, some in one.texts.items()}
            yield {**answers, name: replace(one, ratings=ratings, texts=texts)}
    for group in parts.groups:
        for question in RATED:
            cell = {part: len(answers[part].ratings.get(question, ())) for part in group.parts}
            if not group.passes(cell):
                other = dict(answers)
                for part in group.parts:
                    one = answers[part]
                    other[part] = replace(one, ratings={**one.ratings, question: ()})
                yield other


def _few(sizes: Mapping[Block, int], rules: AnonymityRules) -> Iterator[tuple[Block, ...]]:
    """Sets of cells with fewer raters than may be told about, smallest first.

    Raters, not answers: two raters with two answers each are two. Nobody knows whether those who
    answered two questions are the same, so as few as possible are counted.
    """
    for count in range(1, len(sizes) + 1):
        for few in combinations(sizes, count):
            raters: dict[Relationship, int] = {}
            for name, question in few:
                raters[name] = max(raters.get(name, 0), sizes[name, question])
            if sum(raters.values()) < rules.threshold:
                yield few


def _agreed(
    block: Block, sizes: Mapping[Block, int], answers: Round, rules: AnonymityRules
) -> bool:
    """Whether all raters of a cell agreed that it is shown from two answers on."""
    lowered = rules.too_few is TooFew.LOWER_WITH_CONSENT and answers[block[0]].all_agreed
    return lowered and sizes[block] >= 2


def _reduced(rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The reduced row echelon form, without rows of zeros."""
    left = [list(row) for row in {tuple(row) for row in rows} if any(row)]
    done: list[list[Fraction]] = []
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        pivot = [value / pivot[column] for value in pivot]
        for rows_ in (left, done):
            rows_[:] = [_minus(row, pivot, row[column]) for row in rows_]
        done.append(pivot)
    return done


def _minus(row: list[Fraction], pivot: list[Fraction], times: Fraction) -> list[Fraction]:
    return [a - times * b for a, b in zip(row, pivot, strict=True)] if times else row


def _kernel(basis: Sequence[Sequence[Fraction]], width: int) -> list[list[Fraction]]:
    """What the published numbers leave open: a basis of all changes that no number shows."""
    pivots = [next(i for i, value in enumerate(row) if value) for row in basis]
    vectors = []
    for free in (i for i in range(width) if i not in pivots):
        vector = [Fraction(int(i == free)) for i in range(width)]
        for row, pivot in zip(basis, pivots, strict=True):
            vector[pivot] = -row[free]
        vectors.append(vector)
    return vectors


def _dependencies(vectors: Sequence[Sequence[Fraction]]) -> int:
    """How many independent things about these cells can be told from the published numbers.

    A combination of cells is told by them if it is zero on every change that no number shows: if
    the rows that the cells have in the kernel are dependent.
    """
    return len(vectors) - _rank(vectors)


def _rank(rows: Sequence[Sequence[Fraction]]) -> int:
    left, rank = [list(row) for row in rows], 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left[rank:] if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        left.insert(rank, pivot)
        for index in range(rank + 1, len(left)):
            left[index] = _minus(left[index], pivot, left[index][column] / pivot[column])
        rank += 1
    return rank
