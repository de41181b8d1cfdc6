"""Does a play show what its scenario expects? Each expectation that fails says what was seen."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from play.expected import (
    ChangeLike,
    CycleLike,
    Expectation,
    ItemLike,
    MailLike,
    RaterLike,
    RefusedLike,
    ReportLike,
    ReportOf,
    SkipLike,
    StageLike,
    SuppressedLike,
    TaskLike,
)
from play.moments import TaskOf, instant
from play.report import Report
from play.scenario import Scenario

Row = Mapping[str, Any]

MOST_SEEN = 12


def unmet(scenario: Scenario, report: Report, zone: ZoneInfo) -> list[tuple[int | None, str]]:
    """What does not hold: (number of the expectation from 0, a sentence with what was seen).

    A scenario that expects anything also expects that no scripted event is refused, unless it
    says so, and that nobody is held and no process fails (number None).
    """
    if not scenario.expect:
        return []
    wrong: list[tuple[int | None, str]] = [
        (number, said)
        for number, expected in enumerate(scenario.expect)
        if (said := _check(expected, report, zone)) is not None
    ]
    meant = [e.refused for e in scenario.expect if e.refused is not None]
    wrong += [
        (None, f"{row['what']} at {_utc(row['at'])} was refused: {row['detail']}")
        for row in report.refusals
        if not any(_refused_fits(like, row, zone) for like in meant)
    ]
    wrong += [(None, f"somebody is held: {row['code']}") for row in report.held]
    wrong += [(None, f"a process fails: {row['failure']}") for row in report.failures]
    return wrong


def _check(expected: Expectation, report: Report, zone: ZoneInfo) -> str | None:
    sent = [m for m in report.mails if m["state"] == "sent"]
    if expected.mail is not None:
        found = [m for m in sent if _mail_fits(expected.mail, m, zone)]
        near = _near(expected.mail, sent)
        return None if found else f"no such mail: {_said(expected.mail)}{near}"
    if expected.no_mail is not None:
        found = [m for m in sent if _mail_fits(expected.no_mail, m, zone)]
        return f"there is such a mail, at {_utc(found[0]['at'])}" if found else None
    if expected.suppressed is not None:
        return _suppressed(expected.suppressed, report, zone)
    if expected.task is not None:
        return _task(expected.task, report, zone)
    if expected.no_task is not None:
        return "there is such a task" if _named(expected.no_task, report) else None
    if expected.change is not None:
        return _change(expected.change, report, zone)
    if expected.skip is not None:
        return _skip(expected.skip, report)
    if expected.stage is not None:
        return _stage(expected.stage, report, zone)
    if expected.refused is not None:
        found = [r for r in report.refusals if _refused_fits(expected.refused, r, zone)]
        return None if found else f"nothing like that was refused: {_said(expected.refused)}"
    if expected.cycle is not None:
        return _cycle(expected.cycle, report, zone)
    if expected.rater is not None:
        return _rater(expected.rater, report)
    if expected.report is not None:
        return _report(expected.report, report, zone)
    if expected.no_report is not None:
        found = _reports(expected.no_report, report)
        return f"there is a report about {expected.no_report.about}" if found else None
    return None if len(sent) == expected.mails else f"{len(sent)} mails, not {expected.mails}"


def _said(like: BaseModel) -> str:
    said = like.model_dump(exclude_none=True, by_alias=True)
    return ", ".join(f"{k} {v}" for k, v in said.items())


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"


def _near(like: MailLike, sent: Sequence[Row]) -> str:
    """What that person got instead: those nearest in time, with their items."""
    own = [m for m in sent if m["to"] == like.to]
    if not own:
        return f"\n     {like.to} got no mail at all"
    lines = [f"\n     {_utc(m['at'])} {_items(m)}" for m in own[:MOST_SEEN]]
    more = f"\n     and {len(own) - MOST_SEEN} more" if len(own) > MOST_SEEN else ""
    return f"\n     {like.to} got:{''.join(lines)}{more}"


def _items(mail: Row) -> str:
    return "; ".join(
        " ".join(str(i[k]) for k in ("event", "rung", "stage", "about") if i.get(k) is not None)
        for i in mail["items"] or []
    )


def _same(written: str | None, at: datetime | str | None, zone: ZoneInfo) -> bool:
    """Is it that instant, to the minute as it was written, or to the second where it says one?"""
    if written is None:
        return True
    if at is None:
        return False
    seen = datetime.fromisoformat(at) if isinstance(at, str) else at
    wanted = instant(written, zone)
    return seen.replace(microsecond=0) == wanted or seen.replace(second=0, microsecond=0) == wanted


def _mail_fits(like: MailLike, mail: Row, zone: ZoneInfo) -> bool:
    at: datetime = mail["at"]
    items: Sequence[Row] = mail["items"] or []
    if mail["to"] != like.to or not _same(like.at, at, zone):
        return False
    if like.first is not None and at < instant(like.first, zone):
        return False
    if like.last is not None and at > instant(like.last, zone):
        return False
    if like.subject is not None and not re.search(like.subject, mail["subject"]):
        return False
    if like.text is not None and not re.search(like.text, " ".join((mail["text"] or "").split())):
        return False
    if like.items is not None and len(items) != like.items:
        return False
    if like.instead_of is not None and mail["instead_of"] != like.instead_of:
        return False
    if any(v is not None for v in (like.event, like.stage, like.about, like.rung)):
        return any(_item_fits(like, item) for item in items)
    return True


def _item_fits(like: ItemLike, item: Row) -> bool:
    wanted = {"event": like.event, "stage": like.stage, "about": like.about, "rung": like.rung}
    return all(value is None or item.get(key) == value for key, value in wanted.items())


def _suppressed(like: SuppressedLike, report: Report, zone: ZoneInfo) -> str | None:
    own = [r for r in report.suppressed if r["to"] == like.to]
    for row in own:
        fits = _item_fits(like, row["item"]) and _same(like.at, row["at"], zone)
        if fits and like.reason in (None, row["reason"]):
            return None
    seen = "".join(
        f"\n     {_utc(r['at'])} {r['reason']}: {_items({'items': [r['item']]})}"
        for r in own[:MOST_SEEN]
    )
    return f"nothing suppressed like that: {_said(like)}{seen}"


def _named(like: TaskOf, report: Report) -> list[Row]:
    return [
        t
        for t in report.tasks
        if t["stage"] == like.stage
        and like.about in (None, t["about"])
        and like.who in (None, t["held_by"])
    ]


def _task(like: TaskLike, report: Report, zone: ZoneInfo) -> str | None:
    named = _named(like, report)
    if not named and like.count != 0:
        return f"there is no task in {like.stage} about {like.about or 'anybody'}"
    wrong = [_task_differs(like, task, zone) for task in named]
    fitting = wrong.count(None)
    if like.count is not None:
        return None if fitting == like.count else f"{fitting} tasks like that, not {like.count}"
    return None if fitting else wrong[0]


def _task_differs(like: TaskLike, task: Row, zone: ZoneInfo) -> str | None:
    there = f"the task in {like.stage} about {task['about']}"
    plain = {
        "state": like.state,
        "due_on": like.due_on,
        "ended_reason": like.reason,
        "due_revision": like.due_revision,
        "revision": like.revision,
        "submitted_by": like.by,
        "on_behalf_of": like.on_behalf_of,
    }
    for name, wanted in plain.items():
        if wanted is not None and task[name] != wanted:
            return f"{name} of {there} is {task[name]}, not {wanted}"
    for name in ("opens_at", "due_at", "closes_at", "ended_at"):
        if not _same(getattr(like, name), task[name], zone):
            seen = None if task[name] is None else f"{task[name]:%Y-%m-%d %H:%M:%SZ}"
            return f"{name} of {there} is {seen}, not {getattr(like, name)}"
    return None


def _change(like: ChangeLike, report: Report, zone: ZoneInfo) -> str | None:
    seen = [(t, c) for t in _named(like, report) for c in t["changes"]]
    for _, change in seen:
        if change["event"] != like.event or not _same(like.at, change["at"], zone):
            continue
        if like.by not in (None, change["by"]):
            continue
        if all(_holds(change["detail"].get(k), v) for k, v in like.detail.items()):
            return None
    said = "".join(f"\n     {_utc(c['at'])} {c['event']} {c['detail']}" for _, c in seen)
    return f"no such change: {_said(like)}{said}"


def _holds(seen: Any, wanted: Any) -> bool:
    """Lists hold what is listed; everything else is equal, dates and numbers as they are read."""
    if isinstance(wanted, list) and isinstance(seen, list):
        return all(str(w) in {str(s) for s in seen} for w in wanted)
    return str(seen) == str(wanted)


def _skip(like: SkipLike, report: Report) -> str | None:
    own = [s for s in report.skips if (s["stage"], s["about"]) == (like.stage, like.about)]
    if any(like.reason in (None, s["reason"]) for s in own):
        return None
    return f"{like.stage} is not skipped for {like.about}: {[s['reason'] for s in own] or 'at all'}"


def _stage(like: StageLike, report: Report, zone: ZoneInfo) -> str | None:
    found = [s for c in report.cycles for s in c["stages"] or [] if s["stage"] == like.id]
    if not found:
        return f"there is no stage {like.id}"
    stage = found[0]
    for name in ("state", "planned_opens_on", "planned_due_on"):
        wanted = getattr(like, name)
        if wanted is not None and str(stage[name]) != str(wanted):
            return f"{name} of the stage {like.id} is {stage[name]}, not {wanted}"
    for name in ("opened_at", "closed_at"):
        if not _same(getattr(like, name), stage[name], zone):
            return f"{name} of the stage {like.id} is {stage[name]}, not {getattr(like, name)}"
    return None


def _refused_fits(like: RefusedLike, row: Row, zone: ZoneInfo) -> bool:
    said = like.saying is None or re.search(like.saying, row["detail"]) is not None
    return bool(like.what == row["what"] and said and _same(like.at, row["at"], zone))


def _cycle(like: CycleLike, report: Report, zone: ZoneInfo) -> str | None:
    if not report.cycles:
        return "there is no cycle"
    cycle = report.cycles[0]
    wanted = {
        "state": like.state,
        "ended_reason": like.reason,
        "participants": like.participants,
    }
    for name, value in wanted.items():
        if value is not None and cycle[name] != value:
            return f"{name} of the cycle is {cycle[name]}, not {value}"
    if not _same(like.closed_at, cycle["closed_at"], zone):
        return f"the cycle closed at {cycle['closed_at']}, not {like.closed_at}"
    return None


def _rater(like: RaterLike, report: Report) -> str | None:
    own = [r for r in report.raters if r["about"] == like.about]
    wanted = like.model_dump(exclude_none=True, exclude={"count"})
    found = [r for r in own if all(r[k] == v for k, v in wanted.items())]
    if len(found) == like.count or (like.count is None and found):
        return None
    seen = "".join(f"\n     {r['who']} {r['relationship']} {r['state']} {r['source']}" for r in own)
    return f"{len(found)} raters like that: {_said(like)}{seen}"


def _reports(like: ReportOf, report: Report) -> list[Row]:
    return [
        r for r in report.reports if r["about"] == like.about and like.stage in (None, r["stage"])
    ]


def _report(like: ReportLike, report: Report, zone: ZoneInfo) -> str | None:
    found = _reports(like, report)
    if not found:
        return f"there is no report about {like.about}"
    there = found[0]
    for name in ("readable_on", "held"):
        wanted = getattr(like, name)
        if wanted is not None and there[name] != wanted:
            return f"{name} of the report about {like.about} is {there[name]}, not {wanted}"
    if not _same(like.made_at, there["made_at"], zone):
        return f"the report about {like.about} was made at {there['made_at']}, not {like.made_at}"
    if like.standing is None:
        return None
    groups = there["groups"] or {}
    standing = groups.get(like.group, "not_asked")
    said = f"{like.group} in the report about {like.about} is {standing}, not {like.standing}"
    return None if standing == like.standing else f"{said}: {groups}"
