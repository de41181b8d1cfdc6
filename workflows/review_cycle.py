"""A review cycle: walks its stages, holds barriers, ends."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.review_cycle import REVIEW_CYCLE
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="ReviewCycle")
class ReviewCycleWorkflow(Process):
    """One per launched cycle; from its confirmation to its last instant."""

    kind = REVIEW_CYCLE

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """Begin each stage when its time has come, open barriers, close the cycle."""
        await self.live()
