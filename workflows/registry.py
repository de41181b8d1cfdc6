"""The workflows by the code of the kind that each drives: one class for each kind of process."""

from collections.abc import Mapping

from workflows.feedback_round import FeedbackRoundWorkflow
from workflows.launch_calendar import LaunchCalendarWorkflow
from workflows.mail import MailWorkflow
from workflows.mail_helper import MailHelperWorkflow
from workflows.process import Process
from workflows.review_cycle import ReviewCycleWorkflow
from workflows.stage import StageWorkflow

WORKFLOWS: Mapping[str, type[Process]] = {
    workflow.kind.code: workflow
    for workflow in (
        ReviewCycleWorkflow,
        StageWorkflow,
        FeedbackRoundWorkflow,
        LaunchCalendarWorkflow,
        MailWorkflow,
        MailHelperWorkflow,
    )
}
