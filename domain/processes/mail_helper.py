"""A second sender, for mornings on which thousands of mails are due at once."""

from domain.processes.kind import Phase, ProcessKind, Queue

MAIL_HELPER = ProcessKind(
    code="mail_helper",
    workflow="MailHelper",
    title="Second sender of mail",
    prefix="mail-helper",
    phases=(Phase("send", "advance_mail_helper", "Mail is sent"),),
    single=True,
    queue=Queue.MAIL,
    hurries=True,
)
