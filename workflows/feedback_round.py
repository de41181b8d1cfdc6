"""A 360 round: who is asked, is that right, what do they say, what does it add up to."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.feedback_round import FEEDBACK_ROUND
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="FeedbackRound")
class FeedbackRoundWorkflow(Process):
    """One per feedback round, as a stage of a cycle or alone."""

    kind = FEEDBACK_ROUND

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """Nominate, approve, collect, report; a phase that the facts say is over is passed.

        People do not wait for each other: who is through with a step goes on to the next while the
        round as a whole is still in an earlier phase.
        """
        await self.live()
