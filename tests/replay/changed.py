"""A stage with a planted change of commands."""

from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.review_cycle import REVIEW_CYCLE
    from domain.processes.stage import STAGE
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="Stage")
class ChangedStageWorkflow(Process):
    """It looks at the cycle first, which no recorded stage did."""

    kind = replace(STAGE, phases=(*REVIEW_CYCLE.phases, *STAGE.phases))

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """Not what was recorded."""
        await self.live()
