"""The sender: one per installation, asleep until some mail is due."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.process import Process, advance_mail


@workflow.defn(name="Mail")
class MailWorkflow(Process):
    """Sends what is due, in each recipient's morning."""

    @workflow.init
    def __init__(self, process_id: str) -> None:
        super().__init__(process_id)

    @workflow.run
    async def run(self, process_id: str) -> None:
        """For ever."""
        await self.live(advance_mail)
