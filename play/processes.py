"""The workflows that only a play has: its people, and the passing of time."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.options import ADVANCE_TIMEOUT, RETRY
    from domain.progress import Advance, Progress
    from workflows.process import Process


@workflow.defn(name="Crowd")
class CrowdWorkflow(Process):
    """The people of a play: wakes when somebody wants to do something."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """Until the play is over."""
        await self.live(_act)


@workflow.defn(name="Clock")
class ClockWorkflow:
    """Lets skipped time run up to an instant: its result comes then."""

    @workflow.run
    async def run(self, until: datetime) -> None:
        """Sleep until the engine's clock shows that instant."""
        left = until - workflow.now()
        if left > timedelta(0):
            await workflow.sleep(left)


async def _act(call: Advance) -> Progress:
    progress: Progress = await workflow.execute_activity(
        "play_act",
        call,
        result_type=Progress,
        start_to_close_timeout=ADVANCE_TIMEOUT,
        retry_policy=RETRY,
    )
    return progress
