"""What refers to what: everything in a definition that no single model can see.

Each problem stands where it was written. What was not written (a default) is never reported.
"""

from collections.abc import Iterable

from definitions.defaults import ASKING
from definitions.form_checks import FormChecks
from definitions.graph import Graph, own_circle
from definitions.instants import Instant
from definitions.models import BUILT_IN_LADDERS, Definition
from definitions.problems import Problem, did_you_mean, enumeration, path_text
from definitions.round_checks import RoundChecks
from definitions.source import Document, Path
from definitions.stages import RESERVED, Kind, Stage

FIELDS_OF: dict[str, tuple[Kind, ...]] = {
    "nominate": ("feedback_round",),
    "approve": ("feedback_round",),
    "collect": ("feedback_round",),
    "raters": ("feedback_round",),
    "load": ("feedback_round",),
    "too_few": ("feedback_round",),
    "hold_comments": ("feedback_round",),
    "manager_first": ("feedback_round",),
    "group_by": ("calibration",),
    "smallest_group": ("calibration",),
    "facilitator": ("calibration",),
    "calibrators": ("calibration",),
    "guidance": ("calibration",),
    "check_ins": ("development_plan",),
    "until": ("development_plan",),
    "suggest_from": ("development_plan",),
    "form": ASKING,
}
ASSIGNED: dict[Kind, tuple[str, ...]] = {
    "form": ("subject", "manager", "manager_2", "hr"),
    "feedback_round": ("subject",),
    "calibration": ("facilitator",),
    "release": ("hr",),
    "meeting": ("manager", "manager_2", "hr"),
    "acknowledgement": ("subject",),
    "development_plan": ("subject", "manager"),
}
STARTS = {"year": 1, "half": 2, "quarter": 4}
NO_RATING_OF_RATERS = (
    "What raters answer is nobody's rating: nobody reads it as one person's answer.",
    "Name a question of the manager's form: `manager.overall`, for example.",
)


def check(
    written: Definition,
    resolved: Definition,
    document: Document,
    missing: Iterable[Path] = (),
) -> None:
    """Note in the document everything that does not fit together.

    `missing` are paths that were refused before and of which nothing more is to be said.
    """
    before = len(document.problems)
    _Checks(written, resolved, document).all()
    RoundChecks(resolved, document).all()
    FormChecks(resolved, document).all()
    refused = set(missing)
    document.problems[before:] = [
        problem for problem in document.problems[before:] if not _follows(problem, refused)
    ]


def _follows(problem: Problem, refused: set[Path]) -> bool:
    """Is it only said because something else was refused, and so is missing?"""
    around = {path_text(path[:n]) for path in refused for n in range(1, len(path) + 1)}
    names = [str(path[1]) for path in refused if len(path) == 2 and path[0] in ("forms", "ladders")]
    kindless = [path_text(path[:-1]) for path in refused if path[-1] in ("kind", "type")]
    nameless = any(path[0] == "stages" and path[-1] == "id" for path in refused)
    return (
        problem.path in around
        or any(problem.path.startswith(f"{part}.") for part in kindless)
        or (bool(kindless) and problem.path.startswith("outcome."))
        or any(f"`{name}`" in problem.message for name in names)
        or (nameless and "There is no stage" in problem.message)
    )


class _Checks:
    """The stages, their order and their instants; launch, ladders, scale and outcome."""

    def __init__(self, written: Definition, resolved: Definition, document: Document) -> None:
        self.written = written
        self.resolved = resolved
        self.document = document
        self.ids = [stage.id for stage in written.stages]
        self.stages = {stage.id: stage for stage in resolved.stages}

    def all(self) -> None:
        """Everything, in the order of the file."""
        self._launch()
        for index, stage in enumerate(self.resolved.stages):
            self._stage(("stages", index), stage)
        self._circles()
        self._ladder(("ladder",), self.written.ladder)
        self._scale()
        self._outcome()
        self._retention()
        self._instant(("audience", "late_joiners"), self.resolved.audience.late_joiners)
        self._instant(("ends",), self.resolved.ends)

    # --- stages ---------------------------------------------------------------------------------

    def _stage(self, path: Path, stage: Stage) -> None:
        if self.ids.index(stage.id) != path[-1]:
            self._error((*path, "id"), f"Another stage is called `{stage.id}`.", "Rename one.")
        if stage.id in RESERVED:
            self._error(
                (*path, "id"), f"`{stage.id}` is a word of the language.", "Choose another id."
            )
        self._kind(path, stage)
        for key in ("after", "beside", "suggest_from"):
            self._stages_named((*path, key), stage, getattr(stage, key) or ())
        for key in ("opens", "due", "closes", "until"):
            self._instant((*path, key), getattr(stage, key), own=True)
        self._own_instants(path, stage)
        self._ladder((*path, "ladder"), stage.ladder)
        self._asks(path, stage)
        if stage.kind == "feedback_round":
            self._round(path, stage)

    def _kind(self, path: Path, stage: Stage) -> None:
        for key, kinds in FIELDS_OF.items():
            if stage.kind not in kinds and self.document.has((*path, key)):
                self._error(
                    (*path, key),
                    f"A stage of kind `{stage.kind}` has no `{key}`.",
                    f"It belongs to {enumeration(kinds)}.",
                    key=True,
                )
        possible = ASSIGNED[stage.kind]
        if stage.assignee not in possible:
            self._error(
                (*path, "assignee"),
                f"`{stage.assignee}` cannot hold a task of kind `{stage.kind}`.",
                f"Possible: {enumeration(possible)}.",
            )
        points = {point.value for point in self.resolved.scale}
        for value in stage.guidance or {}:
            if value not in points:
                self._error(
                    (*path, "guidance", str(value)), f"The scale has no point {value}.", key=True
                )

    def _stages_named(self, path: Path, stage: Stage, named: tuple[str, ...]) -> None:
        if not self.document.has(path):
            return
        for index, name in enumerate(named):
            at = (*path, index) if self.document.has((*path, index)) else path
            if name == stage.id:
                self._error(at, "A stage cannot name itself.", "Name another stage.")
            elif name not in self.stages:
                others = [other for other in self.ids if other != stage.id]
                self._error(at, f"There is no stage `{name}`.", did_you_mean(name, others))
            elif name in named[:index]:
                self._error(at, f"`{name}` stands there twice.", "Name each stage once.")

    def _asks(self, path: Path, stage: Stage) -> None:
        if stage.kind not in ASKING:
            return
        if stage.form is not None and stage.form not in self.resolved.forms:
            hint = did_you_mean(stage.form, self.resolved.forms)
            self._error((*path, "form"), f"There is no form `{stage.form}`.", hint)
        elif stage.form is None and stage.kind != "meeting":
            name = "feedback" if stage.kind == "feedback_round" else stage.id
            self._error(
                path,
                f"The stage `{stage.id}` asks nothing: there is no form `{name}`.",
                f"Write it under `forms:`, or name another one: {enumeration(self.resolved.forms)}."
                if self.resolved.forms
                else "Write it under `forms:`.",
            )

    def _round(self, path: Path, stage: Stage) -> None:
        for name in ("nominate", "approve", "collect"):
            step = getattr(stage, name)
            self._ladder((*path, name, "ladder"), step.ladder)
            for key in ("due", "closes"):
                self._instant((*path, name, key), getattr(step, key), own=True)

    # --- instants -------------------------------------------------------------------------------

    def _instant(self, path: Path, instant: object, *, own: bool = False) -> None:
        if not isinstance(instant, Instant) or not self.document.has(path):
            return
        anchor = instant.anchor
        if anchor is None:
            return
        if anchor.stage is not None:
            stage = self.stages.get(anchor.stage)
            if stage is None:
                hint = did_you_mean(anchor.stage, self.ids)
                self._error(path, f"There is no stage `{anchor.stage}`.", hint)
            elif anchor.point == "closes" and not _closes(stage):
                self._error(
                    path,
                    f"`{anchor.stage}` closes when done, so nothing can be counted from that.",
                    f"Count from `{anchor.stage}.due`, or say when that stage closes.",
                )
        elif anchor.point in ("opens", "due", "closes") and not own:
            self._error(
                path,
                f"`{anchor.point}` of which stage?",
                f"Write `{self.ids[0]}.{anchor.point}`, for example.",
            )
        elif anchor.point == "hire_date" and self.resolved.launch.every != "hire":
            self._error(
                path,
                "`hire_date` means something only in a cycle that starts with each hire.",
                "Write `every: hire` under `launch`, or count from `launch`.",
            )

    def _own_instants(self, path: Path, stage: Stage) -> None:
        key = own_circle(stage)
        if key is not None:
            instant = getattr(stage, key)
            self._error(
                (*path, key),
                f"`{key}: {instant}` counts in a circle.",
                "Count one of them from another stage, from `launch` or from a date.",
            )

    def _circles(self) -> None:
        for circle in Graph(self.resolved.stages).circles():
            first = self.ids.index(circle[0])
            path: Path = ("stages", first)
            for key in ("after", "opens", "due"):
                if self.document.has((*path, key)):
                    path = (*path, key)
                    break
            said = " → ".join([*circle, circle[0]])
            self._error(path, f"These stages wait for each other: {said}.", "Break the circle.")

    # --- the rest -------------------------------------------------------------------------------

    def _ladder(self, path: Path, name: str) -> None:
        if self.document.has(path) and name not in self.resolved.ladders:
            known = [*self.written.ladders, *BUILT_IN_LADDERS]
            self._error(path, f"There is no ladder `{name}`.", did_you_mean(name, known))

    def _launch(self) -> None:
        launch, path = self.written.launch, ("launch",)
        if launch.every == "hire" and launch.on:
            self._error(("launch", "on"), "`every: hire` needs no day.", "Remove `on`.", key=True)
        elif launch.every is None and launch.on:
            self._error(("launch", "on"), "How often? `every` is missing.", "Write `every: year`.")
        elif launch.every in STARTS:
            starts = sum(len(rule.months) for rule in launch.on)
            if not starts:
                self._error(
                    path,
                    f"`every: {launch.every}` needs the day.",
                    "Write `on: second Tuesday of January`, for example.",
                )
            elif starts > STARTS[launch.every]:
                self._error(
                    ("launch", "on"),
                    f"`every: {launch.every}` starts at most {_times(STARTS[launch.every])} a "
                    f"year, but these are {starts} days.",
                    "Remove days, or change `every`.",
                )
        if self.written.period.days is not None and launch.every != "hire":
            self._error(
                ("period",),
                "A period from the hire date needs a cycle that starts with each hire.",
                "Write `every: hire` under `launch`, or `previous year`.",
            )

    def _scale(self) -> None:
        seen: set[int] = set()
        for index, point in enumerate(self.written.scale):
            if point.value in seen:
                self._error(
                    ("scale", index, "value"), f"The point {point.value} stands there twice."
                )
            seen.add(point.value)

    def _outcome(self) -> None:
        for index, source in enumerate(self.written.outcome.rating):
            path: Path = ("outcome", "rating", index)
            wrong = self._no_rating(source)
            if wrong is not None:
                self._error(path if self.document.has(path) else path[:-1], *wrong)

    def _retention(self) -> None:
        """How long something is kept is the same length everywhere: no calendar counts."""
        for country, length in self.written.retention.items():
            if length.unit != "working_days":
                continue
            path: Path = ("retention", country)
            self._error(
                path if self.document.has(path) else path[:-1],
                "How long answers are kept is not counted in working days.",
                "Write it in days, weeks, months or years: `4 years`.",
            )

    def _no_rating(self, source: str) -> tuple[str, str] | None:
        name, _, question = source.partition(".")
        stage = self.stages.get(name)
        if stage is None:
            return f"There is no stage `{name}`.", did_you_mean(name, self.ids)
        if stage.kind == "feedback_round":
            return NO_RATING_OF_RATERS
        if not question:
            if stage.kind == "calibration":
                return None
            return (
                f"`{name}` is no calibration: say which of its questions is the rating.",
                f"Write `{name}.overall`, for example.",
            )
        if stage.form is not None and stage.form not in self.resolved.forms:
            return None  # said where the form is named
        asked = {q.id: q for section in self.resolved.form_of(stage) for q in section.questions}
        if question not in asked:
            return f"`{name}` asks no question `{question}`.", did_you_mean(question, asked)
        if asked[question].type not in ("rating", "number"):
            kind = asked[question].type
            return f"`{source}` is no rating, but of type `{kind}`.", "Name a rating."
        return None

    def _error(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        place = self.document.key_place(path) if key else self.document.value_place(path)
        self.document.error(place, path, message, hint)


def _closes(stage: Stage) -> bool:
    """Does it close at an instant? A 360 round closes with its last step, which must."""
    return stage.closes is not None or stage.kind == "feedback_round"


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
