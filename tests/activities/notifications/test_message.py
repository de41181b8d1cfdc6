"""The bytes: read back with the standard library, strictly."""

from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.notifications.mail_items import Mailbox
from activities.notifications.message import AddressError, OutgoingMail, build_message
from activities.notifications.rendering import RenderedMail, render
from domain.notifications import Event
from tests.activities.notifications import samples

SENDER = Mailbox(name="Almanac", address="almanac@Mail.Example.com")
PLAIN = RenderedMail("Subject", "Text\n", "<p>Text</p>")


def build(rendered: RenderedMail = PLAIN, **changes: object) -> OutgoingMail:
    arguments: dict[str, object] = {
        "key": "daily:7:2026-11-09",
        "thread_key": None,
        "sender": SENDER,
        "reply_to": samples.HR,
        "recipient": samples.RECIPIENT,
        "now": samples.NOW,
    }
    return build_message(rendered, **(arguments | changes))  # type: ignore[arg-type]


def read(mail: OutgoingMail) -> EmailMessage:
    message = BytesParser(policy=policy.SMTP).parsebytes(mail.as_bytes())
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects
    return message


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("event", Event)
def test_every_mail_reads_back_as_it_was_worded(event: Event, language: str) -> None:
    rendered = render(samples.mail(samples.ITEMS[event], language=language), now=samples.NOW)
    mail = build(rendered)
    message = read(mail)
    assert message["Subject"] == rendered.subject
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == rendered.text.rstrip("\n")
    assert html.get_content().isascii()
    attached = [part.get_payload(decode=True) for part in message.iter_attachments()]
    assert attached == [attachment.content for attachment in rendered.attachments]
    assert all(len(line) <= 998 for line in mail.as_bytes().split(b"\r\n"))
    assert b"\n" not in mail.as_bytes().replace(b"\r\n", b"")


def test_headers_say_what_it_is() -> None:
    message = read(build())
    assert message["From"] == "Almanac <almanac@Mail.Example.com>"
    assert message["To"] == "Neena Yang <nyang@example.com>"
    assert message["Reply-To"] == "hr@example.com"
    assert message["List-Id"] == "<almanac.mail.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == samples.NOW
    assert message["Date"].datetime.utcoffset() == timedelta(hours=-8)
    assert message["In-Reply-To"] is None


def test_the_message_id_comes_from_the_key_alone() -> None:
    again = build(replace(PLAIN, subject="Other"), now=samples.NOW + timedelta(days=1))
    assert again.message_id == build().message_id
    assert build(key="other").message_id != build().message_id
    assert build().message_id.endswith("@mail.example.com>")
    assert "2026" not in build().message_id.partition("@")[0]


def test_reminders_thread_under_the_first_mail() -> None:
    first = build(key="first", thread_key="first")
    reminder = read(build(key="second", thread_key="first"))
    assert "In-Reply-To" not in dict(first.headers)
    assert reminder["In-Reply-To"] == first.message_id
    assert reminder["References"] == first.message_id


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien, Ann",
        'The "Boss"',
        "José Müller",
        "李 小龍 " * 12,
        "a\r\nBcc: x@y.example",
        "Dr. X",
        "می‌خواهم فارسی",
        "क्‍षिति",
        "Zoë 👩‍👩‍👧",
    ],
)
def test_names_come_back_whole(name: str) -> None:
    message = read(build(recipient=replace(samples.RECIPIENT, name=name)))
    assert message["Bcc"] is None
    (address,) = message["To"].addresses
    shown = address.display_name  # the reader keeps the space between two encoded words
    assert shown.split() == name.split()
    assert address.addr_spec == "nyang@example.com"


@pytest.mark.parametrize(
    "address", ["", "x", "a@b@", "a b@c.example", "a@b\r\nRCPT", "ä@b.example"]
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(AddressError) as caught:
        build(recipient=replace(samples.RECIPIENT, address=address))
    assert str(caught.value) == "not a mail address"


@settings(max_examples=60, deadline=None)
@given(subject=st.text(max_size=200), text=st.text(max_size=400), html=st.text(max_size=2000))
def test_any_text_survives(subject: str, text: str, html: str) -> None:
    message = read(build(RenderedMail(subject, text, html)))
    shown = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    assert " ".join(str(message["Subject"]).split()) == shown or not subject.isprintable()
    body = message.get_body(("plain",))
    assert body is not None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    decoded = body.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    assert decoded.decode().replace("\r\n", "\n").rstrip("\n") == lines.rstrip("\n")


def test_a_very_long_line_is_sent_encoded() -> None:
    message = read(build(RenderedMail("s", "x" * 3000, "<p>" + "y " * 3000)))
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "x" * 3000
