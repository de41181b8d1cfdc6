"""The second sender: one per installation, asleep until the first one has more than it can take."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.processes.mail_helper import MAIL_HELPER
    from domain.progress import Start
    from workflows.process import Process


@workflow.defn(name="MailHelper")
class MailHelperWorkflow(Process):
    """Sends what is due while the first sender is at it, other people's mails."""

    kind = MAIL_HELPER

    @workflow.init
    def __init__(self, start: Start | str) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start | str) -> None:
        """For ever."""
        await self.live()
