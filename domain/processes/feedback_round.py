"""A 360 round: its steps are small stages that one process looks after."""

from domain.processes.kind import Phase, ProcessKind

FEEDBACK_ROUND = ProcessKind(
    code="feedback_round",
    workflow="FeedbackRound",
    title="360 round",
    prefix="round",
    phases=(
        Phase("nominate", "advance_nominations", "Raters are chosen"),
        Phase("approve", "advance_approvals", "Lists are approved"),
        Phase("collect", "advance_collection", "Raters answer"),
        Phase("report", "advance_reports", "Reports are made"),
    ),
    private=True,
)
