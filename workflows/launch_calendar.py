"""The watcher of recurring launches: one per installation."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import Process, advance_launch_calendar


@workflow.defn(name="LaunchCalendar")
class LaunchCalendarWorkflow(Process):
    """Prepares launch checks, launches what is confirmed or needs nobody's word."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """For ever."""
        await self.live(advance_launch_calendar)
