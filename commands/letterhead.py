"""What every mail of an installation says of itself, from the settings: no way to a mail server."""

from datetime import timedelta
from email.utils import parseaddr

from activities.notifications.facts import Lifetimes
from activities.notifications.mail_facts import Mailbox
from activities.notifications.sender import MailSettings
from config import Settings


def letterhead(settings: Settings) -> MailSettings:
    """Who writes, where links lead and how long they hold."""
    return MailSettings(
        sender=_mailbox(settings.mail_from),
        public_url=settings.public_url,
        reply_to=_mailbox(settings.reply_to) if settings.reply_to else None,
        lifetimes=Lifetimes(
            sign_in=timedelta(minutes=settings.sign_in_link_minutes),
            task=timedelta(days=settings.task_link_days),
        ),
        company=settings.company_name,
        domain=settings.mail_domain,
    )


def _mailbox(written: str) -> Mailbox:
    name, address = parseaddr(written)
    return Mailbox(name=name, address=address)
