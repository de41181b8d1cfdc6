"""A stage with a planted change of commands."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import Process, advance_cycle, advance_stage


@workflow.defn(name="Stage")
class ChangedStageWorkflow(Process):
    """It looks at the cycle first, which no recorded stage did."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """Not what was recorded."""
        await self.live(advance_cycle)
        await self.live(advance_stage)
