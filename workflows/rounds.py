"""A 360 round: who is asked, is that right, what do they say, what does it add up to."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import (
        Process,
        advance_approvals,
        advance_collection,
        advance_nominations,
        advance_reports,
    )


@workflow.defn(name="FeedbackRound")
class FeedbackRoundWorkflow(Process):
    """One per feedback round, as a stage of a cycle or alone."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """Nominate, approve, collect, report; a phase that the facts say is over is passed.

        People do not wait for each other: whoever is through with a step goes on to the next
        while the round as a whole is still in an earlier phase.
        """
        await self.live(advance_nominations)
        await self.live(advance_approvals)
        await self.live(advance_collection)
        await self.live(advance_reports)
