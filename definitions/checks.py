"""What refers to what: everything in a definition that no single model can see.

Each problem stands where it was written. What was not written (a default) is never reported.
"""

from collections.abc import Iterable

from definitions.form_checks import FormChecks
from definitions.graph import Graph, own_circle
from definitions.instants import Instant
from definitions.kinds.registry import KINDS, kind_of
from definitions.models import BUILT_IN_LADDERS, Definition
from definitions.problems import Problem, did_you_mean, enumeration, path_text
from definitions.source import Document, Path
from definitions.stages import RESERVED, Stage

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
    Checks(written, resolved, document).all()
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


class Checks:
    """The stages, their order and their instants; launch, ladders, scale and outcome.

    The kinds of stages check what is theirs, with the same means (`StageKind.check`).
    """

    def __init__(self, written: Definition, resolved: Definition, document: Document) -> None:
        self.written = written
        self.resolved = resolved
        self.document = document
        self.ids = [stage.id for stage in written.stages]
        self.stages = {stage.id: stage for stage in resolved.stages}
        self.forms = FormChecks(resolved, document)

    def all(self) -> None:
        """Everything, in the order of the file."""
        self._launch()
        for index, stage in enumerate(self.resolved.stages):
            self._stage(("stages", index), stage)
        self._circles()
        self.ladder(("ladder",), self.written.ladder)
        self._scale()
        self._outcome()
        self._retention()
        self.instant(("audience", "late_joiners"), self.resolved.audience.late_joiners)
        self.instant(("ends",), self.resolved.ends)
        self.forms.all()

    # --- stages ---------------------------------------------------------------------------------

    def _stage(self, path: Path, stage: Stage) -> None:
        if self.ids.index(stage.id) != path[-1]:
            self.error((*path, "id"), f"Another stage is called `{stage.id}`.", "Rename one.")
        if stage.id in RESERVED:
            self.error(
                (*path, "id"), f"`{stage.id}` is a word of the language.", "Choose another id."
            )
        self._kind(path, stage)
        for key in ("after", "beside"):
            self.stages_named((*path, key), stage, getattr(stage, key) or ())
        for key in ("opens", "due", "closes"):
            self.instant((*path, key), getattr(stage, key), own=True)
        self._own_instants(path, stage)
        self.ladder((*path, "ladder"), stage.ladder)
        self._asks(path, stage)
        kind_of(stage).check(self, path, stage)

    def _kind(self, path: Path, stage: Stage) -> None:
        traits = stage.traits
        if traits.form is None and self.document.has((*path, "form")):
            asking = [name for name, kind in KINDS.items() if kind.traits.form is not None]
            self.error(
                (*path, "form"),
                f"A stage of kind `{stage.kind}` has no `form`.",
                f"It belongs to {enumeration(asking)}.",
                key=True,
            )
        if stage.assignee not in traits.holders:
            self.error(
                (*path, "assignee"),
                f"`{stage.assignee}` cannot hold a task of kind `{stage.kind}`.",
                f"Possible: {enumeration(traits.holders)}.",
            )

    def stages_named(self, path: Path, stage: Stage, named: tuple[str, ...]) -> None:
        """Note names under a key of a stage that are no other stages."""
        if not self.document.has(path):
            return
        for index, name in enumerate(named):
            at = (*path, index) if self.document.has((*path, index)) else path
            if name == stage.id:
                self.error(at, "A stage cannot name itself.", "Name another stage.")
            elif name not in self.stages:
                others = [other for other in self.ids if other != stage.id]
                self.error(at, f"There is no stage `{name}`.", did_you_mean(name, others))
            elif name in named[:index]:
                self.error(at, f"`{name}` stands there twice.", "Name each stage once.")

    def _asks(self, path: Path, stage: Stage) -> None:
        traits = stage.traits
        if traits.form is None:
            return
        if stage.form is not None and stage.form not in self.resolved.forms:
            hint = did_you_mean(stage.form, self.resolved.forms)
            self.error((*path, "form"), f"There is no form `{stage.form}`.", hint)
        elif stage.form is None and traits.needs_form:
            name = traits.form_name(stage.id)
            self.error(
                path,
                f"The stage `{stage.id}` asks nothing: there is no form `{name}`.",
                f"Write it under `forms:`, or name another one: {enumeration(self.resolved.forms)}."
                if self.resolved.forms
                else "Write it under `forms:`.",
            )

    # --- instants -------------------------------------------------------------------------------

    def instant(self, path: Path, instant: object, *, own: bool = False) -> None:
        """Note an instant that counts from something that is not there. `own`: of a stage, which
        has an opening, a due date and a close itself."""
        if not isinstance(instant, Instant) or not self.document.has(path):
            return
        anchor = instant.anchor
        if anchor is None:
            return
        if anchor.stage is not None:
            stage = self.stages.get(anchor.stage)
            if stage is None:
                hint = did_you_mean(anchor.stage, self.ids)
                self.error(path, f"There is no stage `{anchor.stage}`.", hint)
            elif anchor.point == "closes" and not stage.closes_by_itself():
                self.error(
                    path,
                    f"`{anchor.stage}` closes when done, so nothing can be counted from that.",
                    f"Count from `{anchor.stage}.due`, or say when that stage closes.",
                )
        elif anchor.point in ("opens", "due", "closes") and not own:
            self.error(
                path,
                f"`{anchor.point}` of which stage?",
                f"Write `{self.ids[0]}.{anchor.point}`, for example.",
            )
        elif anchor.point == "hire_date" and self.resolved.launch.every != "hire":
            self.error(
                path,
                "`hire_date` means something only in a cycle that starts with each hire.",
                "Write `every: hire` under `launch`, or count from `launch`.",
            )

    def _own_instants(self, path: Path, stage: Stage) -> None:
        key = own_circle(stage)
        if key is not None:
            instant = getattr(stage, key)
            self.error(
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
            self.error(path, f"These stages wait for each other: {said}.", "Break the circle.")

    # --- the rest -------------------------------------------------------------------------------

    def ladder(self, path: Path, name: str) -> None:
        """Note the name of a ladder that is not there."""
        if self.document.has(path) and name not in self.resolved.ladders:
            known = [*self.written.ladders, *BUILT_IN_LADDERS]
            self.error(path, f"There is no ladder `{name}`.", did_you_mean(name, known))

    def _launch(self) -> None:
        launch, path = self.written.launch, ("launch",)
        if launch.every == "hire" and launch.on:
            self.error(("launch", "on"), "`every: hire` needs no day.", "Remove `on`.", key=True)
        elif launch.every is None and launch.on:
            self.error(("launch", "on"), "How often? `every` is missing.", "Write `every: year`.")
        elif launch.every in STARTS:
            starts = sum(len(rule.months) for rule in launch.on)
            if not starts:
                self.error(
                    path,
                    f"`every: {launch.every}` needs the day.",
                    "Write `on: second Tuesday of January`, for example.",
                )
            elif starts > STARTS[launch.every]:
                self.error(
                    ("launch", "on"),
                    f"`every: {launch.every}` starts at most {_times(STARTS[launch.every])} a "
                    f"year, but these are {starts} days.",
                    "Remove days, or change `every`.",
                )
        if self.written.period.days is not None and launch.every != "hire":
            self.error(
                ("period",),
                "A period from the hire date needs a cycle that starts with each hire.",
                "Write `every: hire` under `launch`, or `previous year`.",
            )

    def _scale(self) -> None:
        seen: set[int] = set()
        for index, point in enumerate(self.written.scale):
            if point.value in seen:
                self.error(
                    ("scale", index, "value"), f"The point {point.value} stands there twice."
                )
            seen.add(point.value)

    def _outcome(self) -> None:
        for index, source in enumerate(self.written.outcome.rating):
            path: Path = ("outcome", "rating", index)
            wrong = self._no_rating(source)
            if wrong is not None:
                self.error(path if self.document.has(path) else path[:-1], *wrong)

    def _retention(self) -> None:
        """How long something is kept is the same length everywhere: no calendar counts."""
        for country, length in self.written.retention.items():
            if length.unit != "working_days":
                continue
            path: Path = ("retention", country)
            self.error(
                path if self.document.has(path) else path[:-1],
                "How long answers are kept is not counted in working days.",
                "Write it in days, weeks, months or years: `4 years`.",
            )

    def _no_rating(self, source: str) -> tuple[str, str] | None:
        name, _, question = source.partition(".")
        stage = self.stages.get(name)
        if stage is None:
            return f"There is no stage `{name}`.", did_you_mean(name, self.ids)
        if stage.traits.many_answers:
            return NO_RATING_OF_RATERS
        if not question:
            if stage.traits.gives_rating:
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

    def error(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Note a problem with a value, or with `key` where the key itself is wrong."""
        place = self.document.key_place(path) if key else self.document.value_place(path)
        self.document.error(place, path, message, hint)


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
