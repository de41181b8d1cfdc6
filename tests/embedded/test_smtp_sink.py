"""The sink keeps what it answers for, byte for byte, and fails exactly as it is told to."""

import resource
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio

from embedded.mailbox import Mailbox
from embedded.smtp_sink import Fault, Faults, SmtpSink

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mails")


@pytest_asyncio.fixture
async def sink(mailbox: Mailbox) -> AsyncIterator[SmtpSink]:
    async with SmtpSink(mailbox, clock=lambda: NOW) as running:
        yield running


def a_mail(to: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Almanac <almanac@localhost>"
    mail["To"] = to
    mail["Subject"] = "Grüße aus München"
    mail["Message-ID"] = "<1@localhost>"
    mail.set_content("Write your review.\n.\n..two dots\n")
    mail.add_alternative("<p>Write your review.</p>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="due.ics")
    return mail


async def send(sink: SmtpSink, to: str) -> str:
    _, answer = await aiosmtplib.send(a_mail(to), hostname="127.0.0.1", port=sink.port, timeout=0.5)
    return answer


async def test_an_accepted_mail_is_on_disk_before_the_answer(
    sink: SmtpSink, mailbox: Mailbox, tmp_path: Path
) -> None:
    answer = await send(sink, "nyang@example.com")
    mail = mailbox.newest_first()[0]
    assert answer == f"2.0.0 Kept as {mail.id}"
    assert (mail.subject, mail.message_id) == ("Grüße aus München", "<1@localhost>")
    assert (mail.recipients, mail.received_at) == (("nyang@example.com",), NOW)
    contents = mailbox.open(mail)
    assert contents.text == "Write your review.\r\n.\r\n..two dots\r\n"
    assert contents.html == "<p>Write your review.</p>\r\n"
    assert [(a.name, a.kind) for a in contents.attachments] == [("due.ics", "text/calendar")]
    again = Mailbox(tmp_path / "mails")
    assert again.newest_first() == [mail]
    assert again.add(b"", sender="", recipients=[], now=NOW).id > mail.id


@pytest.mark.parametrize(
    ("fault", "code"), [(Fault.REFUSE, 550), (Fault.DEFER, 451), (Fault.CLOSE, 421)]
)
async def test_a_refused_address_is_answered_and_nothing_is_kept(
    sink: SmtpSink, mailbox: Mailbox, fault: Fault, code: int
) -> None:
    sink.faults = Faults({"nyang@example.com": fault})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(sink, "NYang@example.com")
    assert refused.value.recipients[0].code == code
    assert mailbox.count() == 0
    await send(sink, "ajames@example.com")
    assert mailbox.count() == 1


async def test_a_stall_keeps_the_sender_waiting(sink: SmtpSink, mailbox: Mailbox) -> None:
    sink.faults = Faults(everybody=Fault.STALL)
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(sink, "nyang@example.com")
    assert mailbox.count() == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DROP_AFTER_DATA, aiosmtplib.SMTPServerDisconnected),
        (Fault.STALL_AFTER_DATA, aiosmtplib.SMTPTimeoutError),
    ],
)
async def test_an_answer_can_be_lost_although_the_mail_was_kept(
    sink: SmtpSink, mailbox: Mailbox, fault: Fault, error: type[Exception]
) -> None:
    sink.faults = Faults(everybody=fault)
    with pytest.raises(error):
        await send(sink, "nyang@example.com")
    assert mailbox.count() == 1


async def test_a_stopped_sink_can_be_started_again_on_its_port(mailbox: Mailbox) -> None:
    sink = SmtpSink(mailbox)
    await sink.start()
    await sink.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(sink, "nyang@example.com")
    await sink.start()
    await send(sink, "nyang@example.com")
    await sink.stop()


async def test_a_full_disk_is_a_temporary_refusal(
    sink: SmtpSink, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(sink, "nyang@example.com")
    assert refused.value.code == 452


def test_an_unfinished_mail_is_not_listed(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "20270112T170000-000001.eml").write_bytes(b"Subject: half\r\n\r\n")
    assert Mailbox(folder).newest_first() == []


def test_of_a_mail_that_the_disk_did_not_take_nothing_stays(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mails")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # half of it fits, as at the end
    try:
        with pytest.raises(OSError, match="File too large"):
            mailbox.add(b"Subject: long\r\n\r\n" * 100, sender="", recipients=[], now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "mails").iterdir()) == []
