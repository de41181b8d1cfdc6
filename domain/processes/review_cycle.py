"""A review cycle: walks its stages, holds barriers, ends."""

from domain.processes.kind import Phase, ProcessKind

REVIEW_CYCLE = ProcessKind(
    code="review_cycle",
    workflow="ReviewCycle",
    title="Review cycle",
    prefix="cycle",
    phases=(Phase("run", "advance_cycle", "Cycle looks"),),
)
