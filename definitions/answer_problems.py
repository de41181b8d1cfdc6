"""What is wrong with an answer, and what counts as none."""

from dataclasses import dataclass

TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """What is wrong with one answer. Quotes the question's id, never the answer."""

    question: str
    code: str  # required, too_long, not_an_option, not_on_scale, wrong_type, unknown, why_missing,
    # unstorable
    message: str


def is_empty(value: object) -> bool:
    """Is this no answer at all?"""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})
