"""The sender: one per installation, asleep until some mail is due."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.mail import MAIL
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="Mail")
class MailWorkflow(Process):
    """Sends what is due, in each recipient's morning."""

    kind = MAIL

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """For ever."""
        await self.live()
