"""From a frozen report to words: names of questions and groups, scores as they are said.

Nothing is counted and nothing is computed here: every number is one that the report holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages.kinds.feedback_round.report_pictures import Comparison, Scored, Side, comparison
from api.pages.kinds.feedback_round.report_views import (
    GroupRead,
    NamedScore,
    Number,
    ReportRead,
    ScoreRow,
    ThemeRead,
    Voice,
)
from api.pages.tasks.answering import fill
from api.pages.tasks.views import Said
from definitions.answers import WHY
from definitions.models import Definition, Form, Question
from domain.relationships import IDENTIFIED, Relationship
from store.kinds.feedback_round.report_access import Because, ReportStanding

_SPREADS = {"close": "close together", "wide": "wide apart"}
_STANDINGS = {
    "shown": "shown",
    "in_others": "shown together, as Others",
    "not_shown": "not shown",
}
_GROUPS = {
    Relationship.PEERS: "Peers",
    Relationship.REPORTS: "Direct reports",
    Relationship.OTHERS: "Others",
    Relationship.EXTERNAL: "From outside",
}
COLLEAGUES = "All colleagues"
NOT_SHOWN = Number("not shown", said=False)
NO_ANSWER = Number("no answer", said=False)
BLANK = Number("", said=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the report is about, for whoever reads it."""

    name: str
    first: str
    own: bool

    @property
    def who(self) -> str:
        """How a column or a mark is named."""
        return "You" if self.own else self.first


class Questions:
    """The words of the questions that a report names by their ids."""

    def __init__(self, form: Form, subject: Subject) -> None:
        self._by_id = {question.id: question for part in form for question in part.questions}
        self._subject = subject

    def name(self, question_id: str) -> str:
        """What was rated, or asked: `skills/Working together`, `overall`, `skills.why`."""
        whole, _, competency = question_id.partition("/")
        if competency:
            return competency.replace("_", " ")
        bare = whole.removesuffix(WHY)
        question = self._by_id.get(bare)
        if question is None:
            return bare.replace("_", " ")
        ask = fill(question.ask, self._subject.name, self._subject.first) or _unasked(question)
        return f"{ask} In words." if whole != bare and ask.endswith("?") else ask


def _unasked(question: Question) -> str:
    return "Strengths and habits" if question.type == "competencies" else "In words"


def report_read(
    standing: ReportStanding,
    content: Mapping[str, Any],
    definition: Definition,
    form: Form,
    *,
    cycle: str,
    name: str,
    first: str,
) -> ReportRead:
    """A frozen report (`FeedbackReport.as_json`) as somebody reads it.

    Raises ValueError for a report that has no day, which nobody may read.
    """
    about = standing.about
    if about.made_on is None:
        raise ValueError("a report that was not made cannot be read")
    subject = Subject(name, first, standing.because is Because.OWN)
    questions = Questions(form, subject)
    scored = {one["question"]: one for one in content["competencies"]}
    groups = [one["relationship"] for one in content["groups"]]
    shown = _shown_groups(content)
    points = tuple((str(p.value), p.label) for p in sorted(definition.scale, key=lambda p: p.value))
    columns = _columns(content, shown, subject)

    def named(ids: Sequence[str]) -> tuple[NamedScore, ...]:
        return tuple(
            NamedScore(questions.name(one), score_text(scored[one]["colleagues"])) for one in ids
        )

    return ReportRead(
        title="Feedback about you" if subject.own else f"Feedback about {name}",
        name=name,
        first=first,
        own=subject.own,
        cycle=cycle,
        made_on=about.made_on,
        highest=named(content["highest"]),
        lowest=named(content["lowest"]),
        blind_spots=tuple(questions.name(one) for one in content["blind_spots"]),
        hidden_strengths=tuple(questions.name(one) for one in content["hidden_strengths"]),
        comparison=_comparison(content, definition, questions, subject),
        columns=tuple(label for _, label in columns),
        rows=tuple(
            ScoreRow(
                questions.name(one["question"]), tuple(_number(one, key) for key, _ in columns)
            )
            for one in content["competencies"]
        ),
        overall=_overall(content, [key for key, _ in columns]),
        themes=tuple(
            ThemeRead(
                questions.name(theme["question"]),
                tuple(
                    Voice(_voice(voice["group"], subject), tuple(voice["texts"]))
                    for voice in theme["comments"]
                ),
            )
            for theme in content["themes"]
        ),
        groups=tuple(
            GroupRead(_GROUPS[Relationship(one["relationship"])], _STANDINGS[one["standing"]])
            for one in content["groups"]
        ),
        points=points,
        opening=_opening(subject, bool(shown) or not groups),
        reading=_reading(points),
        protection=_protection(definition),
        next_steps=_next_steps(standing.because, subject, bool(shown)),
    )


def in_short(report: ReportRead, *, scores: bool) -> tuple[Said, ...]:
    """What somebody wants at hand who writes with the report: scores, and what was written."""
    found = []
    if scores and report.rows:
        rows = tuple(
            (
                row.name,
                ", ".join(
                    f"{c} {n.text}" for c, n in zip(report.columns, row.numbers, strict=True)
                ),
            )
            for row in report.rows
        )
        found.append(Said("How it was rated", rows=rows))
    for theme in report.themes:
        rows = tuple((voice.group, text) for voice in theme.voices for text in voice.texts)
        found.append(Said(theme.ask, rows=rows))
    return tuple(found)


def score_text(score: Mapping[str, Any]) -> str:
    """`4.2`; `4.5 or more` where the exact mean would tell what each of them answered."""
    mean = f"{score['mean']:.1f}"
    match score["bound"]:
        case "at_most":
            return f"{mean} or less"
        case "at_least":
            return f"{mean} or more"
        case "about":
            return f"about {mean}"
        case _:
            return mean


def _shown_groups(content: Mapping[str, Any]) -> list[str]:
    return [one["relationship"] for one in content["groups"] if one["standing"] == "shown"]


def _columns(
    content: Mapping[str, Any], shown: Sequence[str], subject: Subject
) -> list[tuple[str, str]]:
    """Key and heading of each column that holds a number: self, manager, groups, all of them."""
    rated = content["competencies"]
    columns = [("own", subject.who)] if any(c["own"] is not None for c in rated) else []
    if any(c["manager"] is not None for c in rated):
        columns.append(("manager", "Your manager" if subject.own else "Manager"))
    columns += [(name, _GROUPS[Relationship(name)]) for name in shown]
    if len(shown) > 1:
        columns.append(("colleagues", COLLEAGUES))
    return columns


def _number(competency: Mapping[str, Any], key: str) -> Number:
    if key in ("own", "manager"):
        value = competency[key]
        return NO_ANSWER if value is None else Number(f"{value:.1f}")
    if key == "colleagues":
        score = competency["colleagues"]
        return Number(score_text(score)) if score else NOT_SHOWN
    for one in competency["groups"]:
        if one["group"] == key and one["score"] is not None:
            return Number(score_text(one["score"]), _SPREADS.get(one["spread"] or "", ""))
    return NOT_SHOWN


def _overall(content: Mapping[str, Any], keys: Sequence[str]) -> ScoreRow | None:
    means = {one["group"] or "colleagues": one["score"] for one in content["overall"]}
    if len(content["competencies"]) < 2 or not means:
        return None
    numbers = tuple(Number(score_text(means[key])) if key in means else BLANK for key in keys)
    return ScoreRow("Over all of them", numbers)


def _comparison(
    content: Mapping[str, Any], definition: Definition, questions: Questions, subject: Subject
) -> Comparison:
    apart: dict[str, Side] = dict.fromkeys(content["blind_spots"], "higher")
    apart |= dict.fromkeys(content["hidden_strengths"], "lower")
    scored = [
        Scored(
            one["question"],
            questions.name(one["question"]),
            one["own"],
            one["colleagues"]["mean"],
            score_text(one["colleagues"]),
            one["gap"],
        )
        for one in content["competencies"]
        if one["gap"] is not None
    ]
    rates = "you rate" if subject.own else f"{subject.first} rates"
    headings: dict[Side, str] = {
        "higher": f"Blind spots: {rates} these higher than colleagues do",
        "near": "Much the same",
        "lower": f"Hidden strengths: {rates} these lower than colleagues do",
    }
    points = sorted((p.value, p.label) for p in definition.scale)
    return comparison(scored, points, who=subject.who, apart=apart, headings=headings)


def _voice(group: str, subject: Subject) -> str:
    name = Relationship(group)
    if name not in IDENTIFIED:
        return _GROUPS[name]
    if name is Relationship.SELF:
        return subject.who
    return "Your manager" if subject.own else f"{subject.first}'s manager"


# --- Sentences ---------------------------------------------------------------------------------


def _opening(subject: Subject, anything: bool) -> str:
    if not anything:
        return (
            "No group's answers are shown here. That protects the people who were asked, "
            "and says nothing about what they think."
        )
    if subject.own:
        return "What people who work with you see. They took time to write it for you."
    return f"What people who work with {subject.first} see. They wrote it for {subject.first}."


def _reading(points: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    low, high = (f"{number} “{label}”" for number, label in (points[0], points[-1]))
    return (
        f"Scores are means, from {low} to {high}. Each group counts the same, whatever its size.",
        "“Or more” and “or less” stand at the ends of the scale: the exact mean there would "
        "tell what each person answered.",
        "“Close together” and “wide apart” say whether people agreed. Where neither is said, "
        "it cannot be said without telling too much.",
        "Comments of colleagues are in no order, and nobody is told who wrote them.",
    )


def _protection(definition: Definition) -> str:
    least = definition.anonymity.threshold
    smaller = (
        "Smaller ones are joined with others"
        if definition.anonymity.below == "roll_up"
        else "Smaller ones are left out"
    )
    return (
        f"A group is shown by itself when at least {least} people in it answered. {smaller}, or "
        "not shown. So nobody has to fear being recognised, and people write what they think."
    )


def _next_steps(because: Because, subject: Subject, anything: bool) -> tuple[str, ...]:
    first = subject.first
    if not anything and because is not Because.HR:
        return (
            "You can still ask, one question at a time: what should I do more of, what less?"
            if subject.own
            else f"{first} can still ask, one question at a time: what more of, what less?",
            "Choose one thing to try, and come back to it together in a month.",
        )
    if subject.own:
        return (
            "Read it twice, with a night in between. What stings at first is often small later.",
            "Look for what several people say. Who said what does not matter; please do not ask.",
            "Choose one strength to use more, and one thing to try differently. That is enough.",
            "Talk about it with your manager, and thank your colleagues for their time.",
        )
    if because is Because.HR:
        return (
            f"It was written for {first}. Do not pass it on to people who may not read the report.",
            "Look for what several people say, and do not try to find out who said it.",
        )
    return (
        f"Let {first} speak first: what surprised them, what they knew, what they want to do.",
        "Talk about what several people say. Do not guess who said it, and do not ask.",
        f"Agree on one strength and one thing to try, and on what you do to help {first}.",
    )
