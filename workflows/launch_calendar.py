"""The watcher of recurring launches: one per installation."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.launch_calendar import LAUNCH_CALENDAR
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="LaunchCalendar")
class LaunchCalendarWorkflow(Process):
    """Prepares launch checks, launches what is confirmed or needs nobody's word."""

    kind = LAUNCH_CALENDAR

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """For ever."""
        await self.live()
