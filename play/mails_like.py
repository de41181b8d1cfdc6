"""Is a mail of a play like one that is expected? And if none is, which was nearest?"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from play.expected import ItemLike, MailLike
from play.moments import instant
from play.report import Report, Row

MOST_SEEN = 12


def sent_mails(report: Report) -> list[Row]:
    """The mails that left."""
    return [mail for mail in report.mails if mail["state"] == "sent"]


def same(written: str | None, at: datetime | str | None, zone: ZoneInfo) -> bool:
    """Is it that instant, to the minute as it was written, or to the second where it says one?"""
    if written is None:
        return True
    if at is None:
        return False
    seen = datetime.fromisoformat(at) if isinstance(at, str) else at
    wanted = instant(written, zone)
    return seen.replace(microsecond=0) == wanted or seen.replace(second=0, microsecond=0) == wanted


def same_stage(written: str, row: Row, main: str) -> bool:
    """Is it that stage: `self` of the scenario's first definition, or `quarterly/self`?"""
    name, slash, key = written.rpartition("/")
    return bool(row["stage"] == key and row["cycle"] == (name if slash else main))


def differences(like: MailLike, mail: Row, report: Report, zone: ZoneInfo) -> list[str]:
    """In what a mail differs from an expected one: the names of what was said."""
    at: datetime = mail["at"]
    items: Sequence[Row] = mail["items"] or []
    body = " ".join((mail["text"] or "").split())
    said: list[tuple[str, Any, bool]] = [
        ("to", like.to, mail["to"] == like.to),
        ("at", like.at, same(like.at, at, zone)),
        ("from", like.first, like.first is None or at >= instant(like.first, zone)),
        ("until", like.last, like.last is None or at <= instant(like.last, zone)),
        ("subject", like.subject, re.search(like.subject or "", mail["subject"] or "") is not None),
        ("text", like.text, re.search(like.text or "", body) is not None),
        ("items", like.items, len(items) == like.items),
        ("instead_of", like.instead_of, mail["instead_of"] == like.instead_of),
    ]
    differs = [name for name, wanted, fits in said if wanted is not None and not fits]
    own = [_item_differs(like, item, report.main) for item in items] or [[]]
    return differs + (min(own, key=len) if items else _asked(like))


def _asked(like: ItemLike) -> list[str]:
    asked = {"event": like.event, "stage": like.stage, "about": like.about, "rung": like.rung}
    return [name for name, wanted in asked.items() if wanted is not None]


def item_fits(like: ItemLike, item: Row, main: str) -> bool:
    """Does one item of a mail say what is expected of one?"""
    return not _item_differs(like, item, main)


def _item_differs(like: ItemLike, item: Row, main: str) -> list[str]:
    fits = {
        "event": item.get("event") == like.event,
        "stage": like.stage is not None and same_stage(like.stage, item, main),
        "about": item.get("about") == like.about,
        "rung": item.get("rung") == like.rung,
    }
    return [name for name in _asked(like) if not fits[name]]


def no_such_mail(like: MailLike, report: Report, zone: ZoneInfo) -> str:
    """No mail is like this: the sentence, with the nearest one, and what that person got."""
    sent = sent_mails(report)
    told = f"no such mail: {_said(like)}{_nearest(like, sent, report, zone)}"
    own = [m for m in sent if like.to in (m["to"], m["instead_of"])]
    if not own:
        return f"{told}\n     {like.to} got no mail at all"
    lines = "".join(f"\n     {told_mail(m, like.to)}" for m in own[:MOST_SEEN])
    more = f"\n     and {len(own) - MOST_SEEN} more" if len(own) > MOST_SEEN else ""
    return f"{told}\n     {like.to} got:{lines}{more}"


def _nearest(like: MailLike, sent: Sequence[Row], report: Report, zone: ZoneInfo) -> str:
    """The mail that differs in least, of these the one nearest in time."""
    if not sent:
        return ""
    wanted = like.at or like.first or like.last
    when = None if wanted is None else instant(wanted, zone)

    def far(mail: Row) -> tuple[int, float]:
        seconds = 0.0 if when is None else abs((mail["at"].astimezone(UTC) - when).total_seconds())
        return len(differences(like, mail, report, zone)), seconds

    nearest = min(sent, key=far)
    differs = ", ".join(differences(like, nearest, report, zone))
    return f"\n     nearest: {told_mail(nearest)} (differs in {differs})"


def told_mail(mail: Row, known: str | None = None) -> str:
    """A mail in a line. `known`: whom the lines are about, so that only others are named."""
    to = "" if mail["to"] == known else f" to {mail['to']}"
    delegate = "" if mail["instead_of"] is None else f" as delegate of {mail['instead_of']}"
    return f"{mail['at']:%Y-%m-%d %H:%MZ}{to}{delegate} {told_items(mail['items'] or [])}"


def told_items(items: Sequence[Row]) -> str:
    """The items of a mail in a line."""
    return "; ".join(
        " ".join(str(i[k]) for k in ("event", "rung", "stage", "about") if i.get(k) is not None)
        for i in items
    )


def _said(like: MailLike) -> str:
    said = like.model_dump(exclude_none=True, by_alias=True)
    return ", ".join(f"{k} {v}" for k, v in said.items())
