"""The sender of mail."""

from domain.processes.kind import Phase, ProcessKind, Queue

MAIL = ProcessKind(
    code="mail",
    workflow="Mail",
    title="Sender of mail",
    prefix="mail",
    phases=(Phase("send", "advance_mail", "Mail is sent"),),
    single=True,
    queue=Queue.MAIL,
    hurries=True,
)
