"""The report of a 360 round about one subject: scores, self against others, comments by theme.

Built from the cells and texts that `domain/anonymity.py` lets out, and from what self and manager
wrote under their names; it never looks at a protected answer itself. Every reader gets the same
numbers: a reader who may see fewer questions gets a report built with fewer `questions`, never
other groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random

from domain.anonymity import (
    AnonymityRules,
    Answers,
    Cell,
    Group,
    Partition,
    Spread,
    Standing,
    cell,
    partition,
    texts,
)
from domain.closed_sets import closed_set_digest, require_same_set
from domain.relationships import IDENTIFIED, Relationship
from domain.scores import Scale, Score, gap_between, mean_of, mean_of_scores

EXTREMES = 3
"""How many competencies are named as highest and as lowest, at most."""

Cells = Mapping[tuple[Relationship, str], Cell | None]
_NAMED = (Relationship.SELF, Relationship.MANAGER)


@dataclass(frozen=True, slots=True)
class FeedbackQuestion:
    """A question of the form, in its order. Not rated: texts only, a theme of its own."""

    id: str
    rated: bool


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """What is said of a relationship that was asked. `at_least`: the bar passed, never a count."""

    relationship: Relationship
    standing: Standing
    at_least: int | None


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A shown group's score in a competency. No score: too few answered this; no spread: ditto."""

    group: Relationship
    score: Score | None
    spread: Spread | None


@dataclass(frozen=True, slots=True)
class CompetencyScores:
    """One rated question.

    `colleagues` is the mean of the shown groups' scores, each counting the same; `gap` is how much
    higher the subject's own rating is than that.
    """

    question: str
    own: float | None
    manager: float | None
    groups: tuple[GroupScore, ...]
    colleagues: Score | None
    gap: float | None


@dataclass(frozen=True, slots=True)
class GroupOverall:
    """The mean of a shown group's scores over all competencies; `None` as group: all colleagues."""

    group: Relationship | None
    score: Score


@dataclass(frozen=True, slots=True)
class Comments:
    """The texts of one group, or of self or the manager, in an order that means nothing."""

    group: Relationship
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Theme:
    """The texts written to one question, by group; groups without any are left out."""

    question: str
    comments: tuple[Comments, ...]


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """All that anybody may read of the round about this subject.

    `blind_spots`: the own rating is higher than the colleagues' score by the margin or more;
    `hidden_strengths`: lower by as much; widest gap first. The margin is a quarter of the scale's
    width, one point of five: what a rater would call "one better". `highest` and `lowest`:
    competencies by colleagues' score, at most three each and never one in both; equal scores stay
    in the order of the form.
    """

    groups: tuple[GroupStanding, ...]
    competencies: tuple[CompetencyScores, ...]
    overall: tuple[GroupOverall, ...]
    blind_spots: tuple[str, ...]
    hidden_strengths: tuple[str, ...]
    highest: tuple[str, ...]
    lowest: tuple[str, ...]
    themes: tuple[Theme, ...]

    def as_json(self) -> dict[str, object]:
        """The report as mappings, sequences, texts and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ComputedReport:
    """A report and the digest of the set that it was computed from; no reader needs the digest."""

    report: FeedbackReport
    digest: str


def compute_report(
    answers: Mapping[Relationship, Answers],
    rules: AnonymityRules,
    scale: Scale,
    questions: Sequence[FeedbackQuestion],
    *,
    random: Random,
    key: bytes,
    computed: str | None = None,
) -> ComputedReport:
    """Compute the report of one subject from the closed round, once.

    `random` orders the texts; `key` (16 bytes or more) is the round's secret for the digest;
    `computed` is the digest of the first computing, if there was one: the same set gives the same
    report, but for the order of texts. Whoever keeps the report keeps the digest in the same
    transaction, under a unique key of round and subject.

    Raises AnotherSet if the set is not the one that was computed before, ValueError for ratings
    that are not on the scale.
    """
    if not all(
        value in scale
        for one in answers.values()
        for some in one.ratings.values()
        for value in some
    ):
        raise ValueError("a rating is not on the scale")
    digest = closed_set_digest(answers, rules, key)
    require_same_set(digest, computed)
    parts = partition(answers, rules)
    cells = {
        (group.name, question.id): cell(group, question.id, answers, rules, scale)
        for group in parts.groups
        for question in questions
        if question.rated
    }
    competencies = tuple(
        _competency(question.id, answers, parts, cells) for question in questions if question.rated
    )
    report = FeedbackReport(
        groups=_standings(parts),
        competencies=competencies,
        overall=_overall(parts, competencies),
        blind_spots=_apart(competencies, scale.quarter, 1),
        hidden_strengths=_apart(competencies, scale.quarter, -1),
        highest=_extremes(competencies, -1),
        lowest=_extremes(competencies, 1),
        themes=_themes(questions, answers, parts.groups, cells, random),
    )
    return ComputedReport(report, digest)


def _standings(parts: Partition) -> tuple[GroupStanding, ...]:
    """Every relationship asked, and `others` also where only a merged group has that name."""
    bars = {group.name: group.bar for group in parts.groups}
    said = dict(parts.standings) | dict.fromkeys(bars, Standing.SHOWN)
    return tuple(
        GroupStanding(name, said[name], bars.get(name)) for name in Relationship if name in said
    )


def _competency(
    question: str, answers: Mapping[Relationship, Answers], parts: Partition, cells: Cells
) -> CompetencyScores:
    groups = []
    for group in parts.groups:
        found = cells[group.name, question]
        groups.append(
            GroupScore(group.name, found.score if found else None, found.spread if found else None)
        )
    own, manager = (_named(name, question, answers) for name in _NAMED)
    colleagues = mean_of_scores([one.score for one in groups if one.score is not None])
    return CompetencyScores(
        question,
        own.mean if own else None,
        manager.mean if manager else None,
        tuple(groups),
        colleagues,
        gap_between(own, colleagues) if own and colleagues else None,
    )


def _named(
    name: Relationship, question: str, answers: Mapping[Relationship, Answers]
) -> Score | None:
    values = answers[name].ratings.get(question, ()) if name in answers else ()
    return mean_of(values) if values else None


def _overall(
    parts: Partition, competencies: Sequence[CompetencyScores]
) -> tuple[GroupOverall, ...]:
    found = []
    for group in parts.groups:
        scores = [
            one.score
            for competency in competencies
            for one in competency.groups
            if one.group is group.name and one.score is not None
        ]
        found.append((group.name, mean_of_scores(scores)))
    everybody = [one.colleagues for one in competencies if one.colleagues is not None]
    return tuple(
        GroupOverall(name, score)
        for name, score in (*found, (None, mean_of_scores(everybody)))
        if score is not None
    )


def _apart(competencies: Sequence[CompetencyScores], margin: float, sign: int) -> tuple[str, ...]:
    far = [
        (one.gap * sign, one.question)
        for one in competencies
        if one.gap is not None and one.gap * sign >= margin
    ]
    return tuple(question for _, question in sorted(far, key=lambda pair: -pair[0]))


def _extremes(competencies: Sequence[CompetencyScores], sign: int) -> tuple[str, ...]:
    scored = [
        (one.colleagues.mean * sign, one.question)
        for one in competencies
        if one.colleagues is not None
    ]
    most = min(EXTREMES, len(scored) // 2)
    return tuple(question for _, question in sorted(scored, key=lambda pair: pair[0])[:most])


def _themes(
    questions: Sequence[FeedbackQuestion],
    answers: Mapping[Relationship, Answers],
    groups: Sequence[Group],
    cells: Cells,
    random: Random,
) -> tuple[Theme, ...]:
    themes = []
    for question in questions:
        named = [
            Comments(name, tuple(sorted(answers[name].texts.get(question.id, ()))))
            for name in Relationship
            if name in IDENTIFIED and name in answers
        ]
        shown = [
            Comments(
                group.name,
                texts(
                    group,
                    question.id,
                    answers,
                    random,
                    explains=cells.get((group.name, question.id)),
                    rated=question.rated,
                ),
            )
            for group in groups
        ]
        filled = tuple(comments for comments in (*named, *shown) if comments.texts)
        if filled:
            themes.append(Theme(question.id, filled))
    return tuple(themes)
