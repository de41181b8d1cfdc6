"""The workflows that only a play has: its people, and the passing of time."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.kind import Phase, ProcessKind
    from domain.progress import Start
    from workflows.process import Process

CROWD = ProcessKind(
    code="crowd",
    workflow="Crowd",
    title="People of a play",
    prefix="play-crowd",
    phases=(Phase("act", "play_act", "People act", beats=False),),
    single=True,
)


@workflow.defn(name="Crowd")
class CrowdWorkflow(Process):
    """The people of a play: wakes when somebody wants to do something."""

    kind = CROWD

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """Until the play is over."""
        await self.live()


@workflow.defn(name="Clock")
class ClockWorkflow:
    """Lets skipped time run up to an instant: its result comes then."""

    @workflow.run
    async def run(self, until: datetime) -> None:
        """Sleep until the engine's clock shows that instant."""
        left = until - workflow.now()
        if left > timedelta(0):
            await workflow.sleep(left)
