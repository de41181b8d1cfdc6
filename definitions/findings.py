"""Where the advice of lint is collected: what, where, how grave."""

from definitions.models import Definition
from definitions.problems import Problem, Severity, path_text
from definitions.source import Document, Path


class Findings:
    """Problems of one definition. Each is said once, however many dates or offices show it."""

    def __init__(self, definition: Definition, document: Document | None) -> None:
        self.definition = definition
        self._document = document
        self._found: dict[tuple[str, str, str], Problem] = {}

    def add(
        self,
        severity: Severity,
        code: str,
        path: Path,
        message: str,
        hint: str = "",
        *,
        once_for: str = "",
    ) -> None:
        """Note a finding; the first of the same code, path and `once_for` stays."""
        where = path_text(path)
        key = (code, where, once_for)
        if key in self._found:
            return
        document = self._document
        place = document.key_place(path) if document is not None and path else None
        self._found[key] = Problem(
            severity=severity,
            source=self.definition.definition if document is None else document.source,
            line=0 if place is None else place.line,
            column=0 if place is None else place.column,
            path=where,
            message=message,
            hint=hint,
            code=code,
        )

    def stage_path(self, stage_id: str, key: str | None = None) -> Path:
        """The path of a stage, or of a step of a 360 round, or of a key of it."""
        written, _, step = stage_id.partition(".")
        stages = {stage.id: index for index, stage in enumerate(self.definition.stages)}
        path: Path = ("stages", stages[stage_id if stage_id in stages else written])
        if stage_id not in stages:
            path = (*path, self.definition.stage(written).written_as(step))
        return path if key is None else (*path, key)

    def written(self, stage_id: str, key: str) -> bool:
        """Does this key of a stage stand in the file? Not known without its document: no."""
        return self._document is not None and self._document.has(self.stage_path(stage_id, key))

    def sorted(self) -> list[Problem]:
        """By gravity, then by place."""
        order = list(Severity)
        return sorted(
            self._found.values(), key=lambda p: (order.index(p.severity), p.line, p.column, p.code)
        )
