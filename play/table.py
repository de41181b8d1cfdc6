"""A play as a table that fits 80 columns: what went out, what did not and why, what became of it.

Instants are UTC. A mail is a line with its items below it; a task is a line with its changes below.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from play.report import Report
from play.run import Played

Row = Mapping[str, Any]

WIDTH = 80
INDENT = 18  # an instant and two spaces


def print_report(
    console: Console, played: Played, *, tasks: bool = True, texts: bool = False
) -> None:
    """Print all of it; colours only on a terminal."""
    report = played.report
    _heading(console, report)
    _mails(console, report, texts=texts)
    _suppressed(console, report)
    if tasks:
        _tasks(console, report)
    _refusals(console, report)
    _findings(console, report)


def _heading(console: Console, report: Report) -> None:
    console.print(Text(report.scenario, style="bold"))
    for cycle in report.cycles:
        console.print(
            Text(f"{cycle['title']}: {cycle['state']}, {cycle['participants']} participants")
        )
        for stage in cycle["stages"] or []:
            opened, closed = _short(stage["opened_at"]), _short(stage["closed_at"])
            planned = f"planned {stage['planned_opens_on']} to {stage['planned_due_on']}"
            if stage["planned_opens_on"] is None:
                planned = "each by their own dates"
            line = f"  {stage['stage']:<16.16} {opened} to {closed}"
            console.print(Text(f"{line:<53} {planned}"[:WIDTH], style="dim"))


def _mails(console: Console, report: Report, *, texts: bool) -> None:
    sent = [m for m in report.mails if m["state"] == "sent"]
    states = Counter(m["state"] for m in report.mails if m["state"] != "sent")
    others = "".join(f", {count} {state}" for state, count in sorted(states.items()))
    _section(console, f"Mails: {len(sent)} sent{others}")
    for mail in report.mails:
        to = str(mail["to"])
        if mail["instead_of"] is not None:
            to += f" as delegate of {mail['instead_of']}"
        state = "" if mail["state"] == "sent" else f"  {mail['state']} {mail['smtp_code'] or ''}"
        line = Text(f"{_utc(mail['at'])}  {to:<10} {mail['subject']}"[: WIDTH - len(state)])
        line.append(state, style="red")
        console.print(line, no_wrap=True)
        for item in mail["items"] or []:
            _item(console, item)
        if texts and mail["text"]:
            for said in str(mail["text"]).strip().splitlines():
                console.print(Text(f"    {said}"), soft_wrap=True)
            console.print()


def _suppressed(console: Console, report: Report) -> None:
    if not report.suppressed:
        return
    _section(console, f"Not sent: {len(report.suppressed)}")
    for row in report.suppressed:
        _line(console, f"{_utc(row['at'])}  {row['to'] or '':<10} {row['reason']}")
        _item(console, row["item"])


def _tasks(console: Console, report: Report) -> None:
    states = Counter(t["state"] for t in report.tasks)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    _section(console, f"Tasks: {counts}" if counts else "Tasks: none")
    for task in report.tasks:
        who = f"{task['about'] or 'cycle'} by {task['held_by'] or 'nobody'}"
        _line(console, f"{task['stage']:<16.16} {who:<22.22} {task['state']}", "bold")
        dates = f"opens {_utc(task['opens_at'])}  due {_utc(task['due_at'])}"
        closes = "" if task["closes_at"] is None else f"  closes {_utc(task['closes_at'])}"
        _line(console, f"  {dates}{closes}")
        for change in task["changes"]:
            by = f" by {change['by']}" if change["by"] else ""
            said = f"{change['event']}{by}{_detail(change['detail'])}"
            _wrapped(console, f"  {_utc(change['at'])}  ", said)


def _refusals(console: Console, report: Report) -> None:
    if report.refusals:
        _section(console, f"Refused events: {len(report.refusals)}")
    for row in report.refusals:
        _wrapped(console, f"{_utc(row['at'])}  ", f"{row['what']}: {row['detail']}")
    if report.held:
        _section(console, f"Held: {len(report.held)}")
    for row in report.held:
        _wrapped(console, f"{_utc(row['at'])}  ", f"{row['person']} {row['stage']}: {row['code']}")
    for row in report.failures:
        _wrapped(console, "failing  ", f"{row['kind']} {row['stage'] or ''}: {row['failure']}")


def _findings(console: Console, report: Report) -> None:
    if report.findings:
        _section(console, "The launch check")
    for row in report.findings:
        people = f": {' '.join(row['people'])}" if row["people"] else ""
        _wrapped(console, f"{row['mood']:<6}{row['code']:<16}  ", f"{row['text']}{people}")


def _section(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _item(console: Console, item: Row) -> None:
    """One thing that a mail says: what, which rung, which stage, about whom, whose task."""
    what = item["rung"] or item["event"]
    if item["rung"] and item["event"] == "escalated_notice":
        what = f"{item['rung']} (notice)"
    parts = [f"{what:<24}", f"{item['stage'] or '':<16.16}"]
    if item["about"]:
        parts.append(f"about {item['about']}")
    if item["held_by"] and item["held_by"] != item["about"]:
        parts.append(f"by {item['held_by']}")
    _line(console, " " * INDENT + " ".join(parts).rstrip(), "dim")


def _detail(detail: Row) -> str:
    said = [f"{key} {_plain(value)}" for key, value in detail.items() if value not in (None, [])]
    return f": {', '.join(said)}" if said else ""


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return str(value)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text[:WIDTH], style=style), no_wrap=True)


def _wrapped(console: Console, head: str, text: str) -> None:
    for number, part in enumerate(_broken(text, WIDTH - len(head))):
        _line(console, (head if number == 0 else " " * len(head)) + part, "dim")


def _broken(text: str, width: int) -> Iterable[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _short(at: str | None) -> str:
    return "..............." if at is None else at[:16].replace("T", " ")
