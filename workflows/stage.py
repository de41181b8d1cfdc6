"""A stage: opens tasks, reminds, escalates, closes."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.stage import STAGE
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="Stage")
class StageWorkflow(Process):
    """One per stage of kind form, release, meeting or acknowledgement."""

    kind = STAGE

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """Open what is ready, remind, escalate, expire, until everybody is through."""
        await self.live()
