"""Stages of kind `acknowledgement`: the subject's answer to their review, on record."""

from collections.abc import Mapping
from typing import Any

from definitions.answer_problems import TOO_LONG, AnswerProblem, is_empty
from definitions.kinds.kind import StageKind
from definitions.stages import Stage
from domain.kinds.acknowledgement import ACKNOWLEDGEMENT
from domain.lengths import too_long

ANSWERS = ("read", "comment", "disagree")
CHOOSE = "Please choose one of the three."
MOST_WORDS = 4000
"""Characters of what somebody adds to their review on record."""


class Acknowledgement(Stage):
    """The subject has read their review, comments on it, or disagrees."""


class _Rules(StageKind[Acknowledgement]):
    def answer_problems(self, answers: Mapping[str, Any], *, complete: bool) -> list[AnswerProblem]:
        """One of three words; a comment and a disagreement say something."""
        answer, words = answers.get("answer"), answers.get("text")
        problems = [
            AnswerProblem(k, "unknown", "There is no such question in this form.")
            for k in answers
            if k not in ("answer", "text")
        ]
        if answer is not None and answer not in ANSWERS:
            problems.append(
                AnswerProblem("answer", "not_an_option", "Please choose one of the three.")
            )
        elif complete and answer is None:
            problems.append(AnswerProblem("answer", "required", CHOOSE))
        if words is not None and not isinstance(words, str):
            problems.append(AnswerProblem("text", "wrong_type", "This must be a text."))
        elif complete and answer in ("comment", "disagree") and is_empty(words):
            problems.append(AnswerProblem("text", "required", "Please write what you want to add."))
        elif isinstance(words, str) and (over := too_long(words, MOST_WORDS)):
            problems.append(AnswerProblem("text", TOO_LONG, over))
        return problems

    def answers_kept(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The word, and what was added to it."""
        return {k: answers[k] for k in ("answer", "text") if not is_empty(answers.get(k))}


KIND = _Rules(ACKNOWLEDGEMENT, Acknowledgement)
