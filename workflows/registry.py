"""Which workflow drives which kind of process."""

from domain.states import ProcessKind
from workflows.cycles import ReviewCycleWorkflow
from workflows.launch_calendar import LaunchCalendarWorkflow
from workflows.mail import MailWorkflow
from workflows.process import Process
from workflows.rounds import FeedbackRoundWorkflow
from workflows.stages import StageWorkflow

WORKFLOWS: dict[ProcessKind, type[Process]] = {
    ProcessKind.REVIEW_CYCLE: ReviewCycleWorkflow,
    ProcessKind.STAGE: StageWorkflow,
    ProcessKind.FEEDBACK_ROUND: FeedbackRoundWorkflow,
    ProcessKind.MAIL: MailWorkflow,
    ProcessKind.LAUNCH_CALENDAR: LaunchCalendarWorkflow,
}

NAMES: dict[ProcessKind, str] = {
    ProcessKind.REVIEW_CYCLE: "ReviewCycle",
    ProcessKind.STAGE: "Stage",
    ProcessKind.FEEDBACK_ROUND: "FeedbackRound",
    ProcessKind.MAIL: "Mail",
    ProcessKind.LAUNCH_CALENDAR: "LaunchCalendar",
}
