"""The mails that the local inbox took over, each as the file that was sent."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import policy
from email.message import MIMEPart
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path

_ID = re.compile(r"\d{8}T\d{6}-\d{6}")


@dataclass(frozen=True)
class Mail:
    """One accepted mail. `recipients` are those of the envelope, hidden ones included."""

    id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str

    def for_somebody_like(self, word: str) -> bool:
        """Whether an address of the envelope contains `word`, capitals or not."""
        return any(word.lower() in address.lower() for address in self.recipients)


@dataclass(frozen=True)
class Attachment:
    """A part that is neither the text nor the page of a mail."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Contents:
    """A mail taken apart."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]


class Mailbox:
    """Mails in a folder: `ID.eml` as it was sent, `ID.json` with its envelope.

    The second is written last: a mail without it was never answered for and is not listed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._mails = [_load(file) for file in sorted(folder.glob("*.json"))]
        self._number = max((int(mail.id[-6:]) for mail in self._mails), default=0)

    def add(self, content: bytes, *, sender: str, recipients: Sequence[str], now: datetime) -> Mail:
        """Keep a mail. Raises OSError if the disk does not take it; then nothing of it stays."""
        self._number = (self._number + 1) % 1_000_000
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{self._number:06}"
        headers = BytesHeaderParser(policy=policy.default).parsebytes(content)
        mail = Mail(
            id=name,
            received_at=now,
            sender=sender,
            recipients=tuple(recipients),
            subject=_header(headers, "Subject"),
            message_id=_header(headers, "Message-ID"),
        )
        source, unfinished = (self._folder / f"{name}.{end}" for end in ("eml", "unfinished"))
        try:
            source.write_bytes(content)
            unfinished.write_text(json.dumps(asdict(mail), default=str), encoding="utf-8")
            unfinished.rename(self._folder / f"{name}.json")
        except OSError:
            source.unlink(missing_ok=True)
            unfinished.unlink(missing_ok=True)
            raise
        self._mails.append(mail)
        return mail

    def newest_first(self, *, to: str = "", before: str = "", limit: int = 50) -> list[Mail]:
        """Mails to somebody whose address contains `to`, older than the mail `before`."""
        found = []
        for mail in reversed(self._mails):
            if (not before or mail.id < before) and (not to or mail.for_somebody_like(to)):
                found.append(mail)
                if len(found) == limit:
                    break
        return found

    def count(self, *, to: str = "") -> int:
        """How many mails there are, to somebody whose address contains `to`."""
        return sum(1 for mail in self._mails if not to or mail.for_somebody_like(to))

    def find(self, name: str) -> Mail | None:
        """The mail of that id."""
        return next((mail for mail in self._mails if mail.id == name), None)

    def source(self, mail: Mail) -> bytes:
        """The mail as it was sent, byte for byte."""
        if not _ID.fullmatch(mail.id):
            raise ValueError("not the id of a mail")
        return (self._folder / f"{mail.id}.eml").read_bytes()

    def open(self, mail: Mail) -> Contents:
        """Take a mail apart. What a broken mail does not say is empty."""
        message = BytesParser(policy=policy.default).parsebytes(self.source(mail))
        attachments = [
            Attachment(
                name=part.get_filename() or f"part-{number}",
                kind=part.get_content_type(),
                content=_bytes(part),
            )
            for number, part in enumerate(message.walk(), start=1)
            if _is_attachment(part)
        ]
        return Contents(
            headers=tuple((name, _readable(message, name, raw)) for name, raw in _raw(message)),
            text=_text(message.get_body(("plain",))),
            html=_text(message.get_body(("html",))),
            attachments=tuple(attachments),
        )


def _load(file: Path) -> Mail:
    kept = json.loads(file.read_text(encoding="utf-8"))
    return Mail(
        id=kept["id"],
        received_at=datetime.fromisoformat(kept["received_at"]),
        sender=kept["sender"],
        recipients=tuple(kept["recipients"]),
        subject=kept["subject"],
        message_id=kept["message_id"],
    )


def _header(message: MIMEPart, name: str) -> str:
    raw = next((value for key, value in _raw(message) if key.lower() == name.lower()), "")
    return _readable(message, name, raw)


def _raw(message: MIMEPart) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in message.raw_items()]


def _readable(message: MIMEPart, name: str, raw: str) -> str:
    """A header decoded. One that breaks its own grammar makes the parser raise: then as it is."""
    try:
        return str(message.policy.header_fetch_parse(name, raw))
    except (ValueError, IndexError, AttributeError):
        return raw


def _is_attachment(part: MIMEPart) -> bool:
    if part.is_multipart():
        return False
    return part.is_attachment() or part.get_content_type() not in ("text/plain", "text/html")


def _bytes(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: MIMEPart | None) -> str | None:
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # an unknown character set
        return _bytes(part).decode(errors="replace")
