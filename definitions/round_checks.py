"""What a 360 round must say so that it asks somebody, closes, and protects whoever answers."""

from definitions.models import Definition, Stage
from definitions.source import Document, Path
from definitions.stages import NOT_WRITTEN
from domain.scores import Scale


class RoundChecks:
    """Everything about stages of kind `feedback_round` that other kinds do not know."""

    def __init__(self, definition: Definition, document: Document) -> None:
        self.definition = definition
        self.document = document

    def all(self) -> None:
        """Everything."""
        rounds = [
            (("stages", index), stage)
            for index, stage in enumerate(self.definition.stages)
            if stage.kind == "feedback_round"
        ]
        for path, stage in rounds:
            self._asks_somebody(path, stage)
            self._steps(path, stage)
            self._reading(path, stage)
            self._questions(stage)
        if rounds:
            self._scale()

    def _asks_somebody(self, path: Path, stage: Stage) -> None:
        if stage.raters is not None and not stage.raters.anybody_protected():
            self._error(
                (*path, "raters"),
                f"The round `{stage.id}` asks nobody: colleagues, reports, others and people "
                "outside are all 0.",
                "Ask one of them. The subject and the manager alone need no round: "
                "a form asks them.",
                key=True,
            )

    def _steps(self, path: Path, stage: Stage) -> None:
        if stage.collect is not None and stage.collect.closes is None:
            self._error(
                (*path, "collect", "closes"),
                "A round that never closes is never reported: what raters write stays sealed "
                "until then.",
                "Write `closes: 3 working days after due`, for example.",
            )
        by_manager = stage.nominate is not None and stage.nominate.by == "manager"
        if by_manager and self.document.has((*path, "approve")):
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

    def _reading(self, path: Path, stage: Stage) -> None:
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

    def _questions(self, stage: Stage) -> None:
        form = self.definition.form_of(stage)
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
            Scale.of([point.value for point in self.definition.scale])
        except ValueError:
            self._error(
                ("scale",),
                "Raters need a scale of three points or more, evenly spaced: on another one a "
                "mean could tell what each of them answered.",
                "Write the values 1, 2, 3, for example.",
                key=True,
            )

    def _error(self, path: Path, message: str, hint: str, *, key: bool = False) -> None:
        place = self.document.key_place(path) if key else self.document.value_place(path)
        self.document.error(place, path, message, hint)
