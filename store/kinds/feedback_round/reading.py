"""From what raters wrote in a form to what the rules of anonymity work on: values by question."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from definitions.answers import WHY
from definitions.forms import Form, Question, Reader
from domain.anonymity import Answers
from domain.feedback_report import FeedbackQuestion
from domain.relationships import Relationship
from domain.scores import Scale
from domain.texts import joined, readable

READERS: tuple[Reader, ...] = ("subject", "manager", "hr")
"""The nearest reader last: who may read more questions has a report with more of them."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one rater said, question by question. It has no author and is never stored."""

    relationship: Relationship
    ratings: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    agrees: bool = False

    @property
    def said_something(self) -> bool:
        """ "I cannot say" everywhere is no answer."""
        return bool(self.ratings or self.texts)


def sheet_of(
    form: Form,
    scale: Scale,
    relationship: Relationship,
    answers: Mapping[str, Any],
    *,
    agrees: bool = False,
) -> Sheet:
    """One rater's answers, taken apart. What is not on the scale is left out."""
    ratings: dict[str, int] = {}
    texts: dict[str, str] = {}
    for question in _questions(form):
        value = answers.get(question.id)
        if question.type == "rating" and isinstance(value, int) and _is_on(scale, value):
            ratings[question.id] = value
        elif question.type == "competencies" and isinstance(value, Mapping):
            ratings |= {
                competency_id(question, name): rating
                for name, rating in value.items()
                if _is_on(scale, rating)
            }
        elif isinstance(value, str) and (words := _words(value)):
            texts[question.id] = words
        elif question.type == "number" and isinstance(value, int | float):
            texts[question.id] = str(value)
        why = answers.get(question.id + WHY)
        if isinstance(why, str) and (words := _words(why)):
            texts[question.id if question.type == "rating" else question.id + WHY] = words
    return Sheet(relationship, ratings, texts, agrees)


def competency_id(question: Question, competency: str) -> str:
    """The id under which one competency of a question is a question of its own."""
    return f"{question.id}/{competency}"


def gather(
    sheets: Iterable[Sheet], asked: Mapping[Relationship, int]
) -> dict[Relationship, Answers]:
    """All that was said about a subject, by relationship; `asked` counts who was asked."""
    by: dict[Relationship, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        by[sheet.relationship].append(sheet)
    return {name: _answers(by[name], count) for name, count in asked.items()}


def _answers(sheets: Sequence[Sheet], asked: int) -> Answers:
    ratings: dict[str, list[int]] = defaultdict(list)
    texts: dict[str, list[str]] = defaultdict(list)
    for sheet in sheets:
        for question, value in sheet.ratings.items():
            ratings[question].append(value)
        for question, words in sheet.texts.items():
            texts[question].append(words)
    answered = sum(1 for sheet in sheets if sheet.said_something)
    # Whoever never opened the form has not agreed to anything.
    agreed = len(sheets) == asked and all(sheet.agrees for sheet in sheets)
    return Answers(asked, answered, ratings, texts, all_agreed=agreed)


def report_questions(
    form: Form, sheets: Sequence[Sheet], reader: Reader, threshold: int
) -> list[FeedbackQuestion]:
    """The questions of a form that a reader may read of, in its order.

    A competency is one where as many raters rated it as a group needs: a name that one rater alone
    put there would be that rater's mark. Under a rated question a text explains the rating.
    """
    rated = Counter(question for sheet in sheets for question in sheet.ratings)
    found: list[FeedbackQuestion] = []
    for question in _questions(form):
        if READERS.index(question.visible) > READERS.index(reader):
            continue
        if question.type == "competencies":
            names = sorted(
                name
                for name, count in rated.items()
                if name.startswith(f"{question.id}/") and count >= threshold
            )
            found += [FeedbackQuestion(name, rated=True) for name in names]
            found.append(FeedbackQuestion(question.id + WHY, rated=False))
        else:
            found.append(FeedbackQuestion(question.id, rated=question.type == "rating"))
    return found


def readers_of(form: Form) -> list[Reader]:
    """The readers whose reports differ: the subject's always, others only if they see more."""
    seen = {question.visible for question in _questions(form)}
    return [reader for reader in READERS if reader == "subject" or reader in seen]


def _questions(form: Form) -> list[Question]:
    return [question for section in form for question in section.questions]


def _words(written: str) -> str:
    """What somebody wrote, as it is kept and shown.

    What cannot be kept was sealed before the doors refused it, and must not stop the round.
    """
    return readable(joined(written)).strip()


def _is_on(scale: Scale, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in scale
