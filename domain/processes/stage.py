"""A stage of a cycle: opens tasks, reminds, escalates, closes."""

from domain.processes.kind import Phase, ProcessKind

STAGE = ProcessKind(
    code="stage",
    workflow="Stage",
    title="Stage",
    prefix="stage",
    phases=(Phase("run", "advance_stage", "Stage looks"),),
)
