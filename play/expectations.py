"""Does a play show what its scenario expects? Each expectation that fails says what was seen."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from play.report import Report
from play.scenario import Expectation, ItemLike, MailLike, Scenario, TaskLike, instant


def unmet(scenario: Scenario, report: Report, zone: ZoneInfo) -> list[str]:
    """Every expectation that does not hold, as a sentence with what was seen instead."""
    return [
        f"{number}. {wrong}"
        for number, expected in enumerate(scenario.expect, start=1)
        if (wrong := _check(expected, report, zone)) is not None
    ]


def _check(expected: Expectation, report: Report, zone: ZoneInfo) -> str | None:
    if expected.mail is not None:
        found = [m for m in report.mails if m["state"] == "sent" and _fits(expected.mail, m, zone)]
        return None if found else f"no such mail: {_said(expected.mail)}{_seen(expected.mail, report)}"
    if expected.no_mail is not None:
        found = [m for m in report.mails if m["state"] == "sent" and _fits(expected.no_mail, m, zone)]
        return None if not found else f"a mail that should not be: {found[0]['at']:%Y-%m-%d %H:%MZ}"
    if expected.suppressed is not None:
        like = expected.suppressed
        for row in report.suppressed:
            as_mail = {"at": row["send_at"], "to": row["to"], "items": [row["item"]], "subject": ""}
            if _fits(like, as_mail, zone) and like.reason in (None, row["reason"]):
                return None
        return f"nothing suppressed like that: {_said(like)}"
    if expected.task is not None:
        return _task(expected.task, report, zone)
    if expected.mails is not None:
        sent = sum(m["state"] == "sent" for m in report.mails)
        return None if sent == expected.mails else f"{sent} mails instead of {expected.mails}"
    if expected.cycle is not None:
        states = [c["state"] for c in report.cycles]
        return None if expected.cycle in states else f"the cycle is {', '.join(states)}"
    return "it expects nothing"


def _said(like: MailLike) -> str:
    said = like.model_dump(exclude_none=True, by_alias=True)
    return ", ".join(f"{k} {v}" for k, v in said.items())


def _seen(like: MailLike, report: Report) -> str:
    near = [m for m in report.mails if m["to"] == like.to and m["state"] == "sent"]
    if not near:
        return f"; {like.to} got no mail at all"
    times = ", ".join(f"{m['at']:%Y-%m-%d %H:%MZ}" for m in near[:12])
    return f"; {like.to} got mails at {times}"


def _fits(like: MailLike, mail: Mapping[str, Any], zone: ZoneInfo) -> bool:
    at: datetime = mail["at"]
    if mail["to"] != like.to:
        return False
    if like.at is not None and _whole(at) != instant(like.at, zone):
        return False
    if like.first is not None and at < instant(like.first, zone):
        return False
    if like.last is not None and at > instant(like.last, zone):
        return False
    if like.subject is not None and not re.search(like.subject, mail["subject"]):
        return False
    if any(v is not None for v in (like.event, like.stage, like.about, like.rung)):
        return any(_item_fits(like, item) for item in mail["items"] or [])
    return True


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _item_fits(like: ItemLike, item: Mapping[str, Any]) -> bool:
    wanted = {
        "event": like.event,
        "stage": like.stage,
        "about": like.about,
        "rung": like.rung,
    }
    return all(value is None or item.get(key) == value for key, value in wanted.items())


def _task(like: TaskLike, report: Report, zone: ZoneInfo) -> str | None:
    named = [
        t
        for t in report.tasks
        if t["stage"] == like.stage
        and like.about in (None, t["about"])
        and like.who in (None, t["held_by"])
    ]
    if not named:
        return f"there is no task in {like.stage} about {like.about or 'anybody'}"
    wrong = [_task_differs(like, task, zone) for task in named]
    return None if None in wrong else wrong[0]


def _task_differs(like: TaskLike, task: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    if like.state is not None and task["state"] != like.state:
        return f"the task in {like.stage} is {task['state']}, not {like.state}"
    if like.due_on is not None and task["due_on"] != like.due_on:
        return f"the task in {like.stage} is due on {task['due_on']}, not {like.due_on}"
    for name in ("opens_at", "due_at", "closes_at"):
        wanted, seen = getattr(like, name), task[name]
        if wanted is not None and (seen is None or _whole(seen) != instant(wanted, zone)):
            return f"{name} of the task in {like.stage} is {seen}, not {wanted}"
    return None
