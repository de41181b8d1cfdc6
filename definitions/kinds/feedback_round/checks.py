"""What a 360 round must say so that it asks somebody, closes, and protects whoever answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.source import Path
from definitions.stages import NOT_WRITTEN
from domain.scores import Scale

if TYPE_CHECKING:
    from definitions.checks import Checks


def check_round(checks: Checks, path: Path, stage: FeedbackRound) -> None:
    """Note what does not fit together in a round that stands at `path`."""
    _Round(checks, path, stage).all()


class _Round:
    def __init__(self, checks: Checks, path: Path, stage: FeedbackRound) -> None:
        self._checks = checks
        self._path = path
        self._stage = stage

    def all(self) -> None:
        for name, step in self._stage.written_steps().items():
            self._checks.ladder((*self._path, name, "ladder"), step.ladder)
            for key in ("due", "closes"):
                self._checks.instant((*self._path, name, key), getattr(step, key), own=True)
        self._asks_somebody()
        self._steps()
        self._reading()
        self._questions()
        self._scale()

    def _asks_somebody(self) -> None:
        path, stage = self._path, self._stage
        if stage.raters is not None and not stage.raters.anybody_protected():
            self._error(
                (*path, "raters"),
                f"The round `{stage.id}` asks nobody: colleagues, reports, others and people "
                "outside are all 0.",
                "Ask one of them. The subject and the manager alone need no round: "
                "a form asks them.",
                key=True,
            )

    def _steps(self) -> None:
        path, stage = self._path, self._stage
        if stage.collect is not None and stage.collect.closes is None:
            self._error(
                (*path, "collect", "closes"),
                "A round that never closes is never reported: what raters write stays sealed "
                "until then.",
                "Write `closes: 3 working days after due`, for example.",
            )
        by_manager = stage.nominate is not None and stage.nominate.by == "manager"
        if by_manager and self._checks.document.has((*path, "approve")):
            self._error(
                (*path, "approve"),
                "The manager makes this list (`nominate.by: manager`): nobody approves it.",
                "Remove `approve`, or let the subject name raters.",
                key=True,
            )
        if stage.due == NOT_WRITTEN:
            self._error(
                (*path, "due"),
                "This is missing: the steps of this round are not all counted in working days.",
                "Write `due: 20 working days`, for example.",
            )

    def _reading(self) -> None:
        path, stage = self._path, self._stage
        first = stage.manager_first
        if first is not None and (first.unit != "working_days" or first.amount < 1):
            self._error(
                (*path, "manager_first"),
                f"`{first}` cannot be counted: the manager reads so many working days earlier.",
                "Write `2 working days`, or leave it out: then both read at the same time.",
            )
        if stage.beside:
            self._error(
                (*path, "beside"),
                "Raters see nobody else's answers beside their form.",
                "Remove it. A later stage may have the round beside its own form.",
                key=True,
            )

    def _questions(self) -> None:
        stage = self._stage
        form = self._checks.resolved.form_of(stage)
        for number, section in enumerate(form):
            for index, question in enumerate(section.questions):
                if question.type == "goals":
                    self._error(
                        ("forms", stage.form or "", number, "questions", index, "type"),
                        "Raters cannot be asked for `goals`: those are the subject's own.",
                        "Ask about them in a `text`.",
                    )

    def _scale(self) -> None:
        try:
            Scale.of([point.value for point in self._checks.resolved.scale])
        except ValueError:
            self._error(
                ("scale",),
                "Raters need a scale of three points or more, evenly spaced: on another one a "
                "mean could tell what each of them answered.",
                "Write the values 1, 2, 3, for example.",
                key=True,
            )

    def _error(self, path: Path, message: str, hint: str, *, key: bool = False) -> None:
        self._checks.error(path, message, hint, key=key)
