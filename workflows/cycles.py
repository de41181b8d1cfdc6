"""A review cycle: walks its stages, holds barriers, ends."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import Process, advance_cycle


@workflow.defn(name="ReviewCycle")
class ReviewCycleWorkflow(Process):
    """One per launched cycle; from its confirmation to its last instant."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """Begin each stage when its time has come, open barriers, close the cycle."""
        await self.live(advance_cycle)
