"""Turns a worded mail into the bytes that SMTP carries.

The few shapes that Almanac sends are written here by hand: the same mail costs `EmailMessage`
a hundred times as long, which would halve what the sender gets through. Tests read every mail
back with the standard library, without a defect.

HTML goes out as ASCII with character references, so it needs no transfer encoding; plain text
as it is where it is ASCII, else quoted-printable, which stays readable.
"""

import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from functools import lru_cache
from zoneinfo import ZoneInfo

from activities.notifications.calendar_entries import Attachment
from activities.notifications.mail_items import Mailbox, Recipient
from activities.notifications.rendering import RenderedMail
from domain.texts import on_one_line

LONGEST_LINE = 990
"""Octets; SMTP allows 998 with the line break (RFC 5321 §4.5.3.1.6)."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ATOMS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~ "
)


class AddressError(ValueError):
    """An address that cannot stand in a header or on an SMTP line. Says no address itself."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is handed over: bare addresses and the bytes of the whole message, CRLF throughout."""

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A message ready to send. `headers` are as they go out: encoded, one line each."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    sender: str
    recipient: str

    def __getitem__(self, name: str) -> str:
        """Return a header as it goes out. Raises KeyError if there is none of that name."""
        for known, value in self.headers:
            if known.lower() == name.lower():
                return value
        raise KeyError(name)

    @property
    def message_id(self) -> str:
        """The Message-ID, with its angle brackets."""
        return self["Message-ID"]

    def as_bytes(self) -> bytes:
        """Return the message as it goes over the wire."""
        head = "".join(f"{name}: {_folded(name, value)}\r\n" for name, value in self.headers)
        return head.encode("ascii") + b"\r\n" + self.body

    def envelope(self) -> Envelope:
        """Return what a transport sends."""
        return Envelope(self.sender, self.recipient, self.as_bytes())


def build_message(
    rendered: RenderedMail,
    *,
    key: str,
    thread_key: str | None,
    sender: Mailbox,
    reply_to: Mailbox | None,
    recipient: Recipient,
    now: datetime,
    domain: str | None = None,
) -> OutgoingMail:
    """Address a worded mail.

    `key` is the mail's identity in the outbox: the same key gives the same Message-ID, however
    often it is sent. `thread_key` is the key of the first mail about the same thing; None, or
    the key itself, for a mail that begins a thread. `now` becomes Date, in the recipient's zone.
    `domain` is that of Message-IDs and List-Id; None for that of the sender.

    Raises AddressError if an address is not one.
    """
    domain = domain or _domain(sender.address)
    headers = [
        ("From", _mailbox(sender.name, sender.address)),
        ("To", _mailbox(recipient.name, recipient.address)),
        ("Subject", _unstructured(rendered.subject)),
        ("Date", _date(now, recipient.zone)),
        ("Message-ID", message_id(key, domain)),
    ]
    if thread_key is not None and thread_key != key:
        root = message_id(thread_key, domain)
        headers += [("In-Reply-To", root), ("References", root)]
    if reply_to is not None:
        headers.append(("Reply-To", _mailbox(reply_to.name, reply_to.address)))
    boundary = "=_" + _digest(key)
    kind, body = _body(rendered, boundary)
    headers += [
        ("List-Id", f"<almanac.{domain}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),  # out-of-office answers of Exchange
        ("MIME-Version", "1.0"),
        ("Content-Type", kind),
    ]
    return OutgoingMail(tuple(headers), body, sender.address, recipient.address)


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID of a mail: from its key alone, and telling nothing of the key."""
    return f"<{_digest(key)}@{domain}>"


@lru_cache(maxsize=64)
def _domain(address: str) -> str:
    _checked(address)
    return address.rpartition("@")[2].lower()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


# --- headers ------------------------------------------------------------------------------------


def _checked(address: str) -> str:
    local, at, domain = address.rpartition("@")
    plain = address.isascii() and address.isprintable() and not set(address) & set(' <>",;()')
    if not (plain and at and local and domain):
        raise AddressError("not a mail address")
    return address


def _mailbox(name: str, address: str) -> str:
    _checked(address)
    words = " ".join(name.split())
    if not words:
        return address
    if _ATOMS.issuperset(words):
        return f"{words} <{address}>"
    if words.isascii() and words.isprintable():
        quoted = words.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded_words(words)} <{address}>"


def _unstructured(text: str) -> str:
    words = " ".join(text.split())
    if words.isascii() and words.isprintable() and "=?" not in words:
        return words
    return _encoded_words(words)


@lru_cache(maxsize=2048)  # many people get the same subject in one morning
def _encoded_words(text: str) -> str:
    return Header(on_one_line(text), "utf-8", maxlinelen=75).encode(linesep="").replace("\n", "")


def _folded(name: str, value: str) -> str:
    """Break a header at spaces where it would pass 78 characters (RFC 5322 §2.1.1)."""
    room = 76 - len(name)
    if len(value) <= room:
        return value
    lines: list[str] = []
    while len(value) > room:
        cut = value.rfind(" ", 1, room)
        if cut < 0:
            cut = value.find(" ", room)
            if cut < 0:
                break
        lines.append(value[:cut])
        value = value[cut:]
        room = 77
    return "\r\n".join((*lines, value))


def _date(now: datetime, zone: str) -> str:
    local = now.astimezone(ZoneInfo(zone))
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day}, {local.day} {month} {local:%Y %H:%M:%S %z}"


# --- body ---------------------------------------------------------------------------------------


def _body(rendered: RenderedMail, boundary: str) -> tuple[str, bytes]:
    """Return the Content-Type of the whole and its parts."""
    inner = f"{boundary}.a"
    alternative = _multipart(inner, (_text_part(rendered.text), _html_part(rendered.html)))
    kind = f'multipart/alternative; boundary="{inner}"'
    if not rendered.attachments:
        return kind, alternative
    first = b"Content-Type: " + kind.encode("ascii") + b"\r\n\r\n" + alternative
    parts = (first, *(_attachment_part(attachment) for attachment in rendered.attachments))
    return f'multipart/mixed; boundary="{boundary}"', _multipart(boundary, parts)


def _multipart(boundary: str, parts: tuple[bytes, ...]) -> bytes:
    mark = b"--" + boundary.encode("ascii")
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _part(kind: str, encoding: str, content: bytes) -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + content


def _text_part(text: str) -> bytes:
    kind = "text/plain; charset=utf-8"
    content = _crlf(text.encode())
    if text.isascii() and _short(content):
        return _part(kind, "7bit", content)
    return _part(kind, "quoted-printable", binascii.b2a_qp(content, istext=True))


def _html_part(html: str) -> bytes:
    content = _crlf(html.encode("ascii", "xmlcharrefreplace"))
    if _short(content):
        return _part("text/html; charset=utf-8", "7bit", content)
    return _part("text/html; charset=utf-8", "base64", _base64(content))


def _attachment_part(attachment: Attachment) -> bytes:
    kind = f'{attachment.content_type}; name="{attachment.filename}"'
    head = f'Content-Disposition: attachment; filename="{attachment.filename}"\r\n'
    return head.encode("ascii") + _part(kind, "base64", _base64(attachment.content))


def _crlf(content: bytes) -> bytes:
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content.replace(b"\n", b"\r\n")


def _short(content: bytes) -> bool:
    return max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE


def _base64(content: bytes) -> bytes:
    whole = binascii.b2a_base64(content, newline=False)
    return b"\r\n".join(whole[start : start + 76] for start in range(0, len(whole), 76))
