"""A stage: opens tasks, climbs ladders, closes."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import Process, advance_stage


@workflow.defn(name="Stage")
class StageWorkflow(Process):
    """One per stage of kind form, release, meeting or acknowledgement."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """Open what is ready, remind, escalate, expire, until everybody is through."""
        await self.live(advance_stage)
