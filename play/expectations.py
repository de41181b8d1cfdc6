"""Does a play show what its scenario expects? Each expectation that fails says what was seen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from play.expected import (
    ChangeLike,
    CycleLike,
    Expectation,
    FindingLike,
    MailLike,
    OutLike,
    RaterLike,
    RefusedLike,
    ReportLike,
    ReportOf,
    SkipLike,
    StageLike,
    SuppressedLike,
    TaskLike,
)
from play.mails_like import (
    MOST_SEEN,
    differences,
    item_fits,
    no_such_mail,
    same,
    same_stage,
    sent_mails,
    told_items,
    told_mail,
)
from play.moments import TaskOf
from play.report import Report, Row
from play.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is not as it must be, with its place in the scenario, if it has one.

    `expected`: an expectation that does not hold; else the play itself went wrong.
    """

    said: str
    place: tuple[str | int, ...] = ()
    expected: bool = False


def unmet(scenario: Scenario, report: Report, zone: ZoneInfo) -> list[Wrong]:
    """What does not hold, and what went wrong: refused events that no expectation means, people
    who are held, processes that fail."""
    wrong = [
        Wrong(said, ("expect", number), expected=True)
        for number, expected in enumerate(scenario.expect)
        if (said := _check(expected, report, zone)) is not None
    ]
    meant = [e.refused for e in scenario.expect if e.refused is not None]
    wrong += [
        Wrong(
            f"{row['what']} at {_utc(row['at'])} was refused: {row['detail']}",
            () if row["event"] is None else ("events", row["event"]),
        )
        for row in report.refusals
        if not any(_refused_fits(like, row, zone) for like in meant)
    ]
    wrong += [Wrong(f"somebody is held: {row['code']}") for row in report.held]
    wrong += [Wrong(f"a process fails: {row['failure']}") for row in report.failures]
    return wrong


Check = Callable[[Any, Report, ZoneInfo], str | None]


def _check(expected: Expectation, report: Report, zone: ZoneInfo) -> str | None:
    name = expected.what
    return CHECKS[name](getattr(expected, name), report, zone)


def _mail(like: MailLike, report: Report, zone: ZoneInfo) -> str | None:
    return None if _fitting(like, report, zone) else no_such_mail(like, report, zone)


def _no_mail(like: MailLike, report: Report, zone: ZoneInfo) -> str | None:
    found = _fitting(like, report, zone)
    return f"there is such a mail: {told_mail(found[0])}" if found else None


def _fitting(like: MailLike, report: Report, zone: ZoneInfo) -> list[Row]:
    return [m for m in sent_mails(report) if not differences(like, m, report, zone)]


def _no_task(like: TaskOf, report: Report, zone: ZoneInfo) -> str | None:
    return "there is such a task" if _named(like, report) else None


def _refused(like: RefusedLike, report: Report, zone: ZoneInfo) -> str | None:
    found = [r for r in report.refusals if _refused_fits(like, r, zone)]
    return None if found else f"nothing like that was refused: {_said(like)}"


def _no_report(like: ReportOf, report: Report, zone: ZoneInfo) -> str | None:
    return f"there is a report about {like.about}" if _reports(like, report) else None


def _mails(like: int, report: Report, zone: ZoneInfo) -> str | None:
    count = len(sent_mails(report))
    return None if count == like else f"{count} mails, not {like}"


def _finding(like: FindingLike, report: Report, zone: ZoneInfo) -> str | None:
    if any(_finding_fits(like, row, report) for row in report.findings):
        return None
    seen = "".join(
        f"\n     {r['mood']} {r['code']}: {r['text']} {' '.join(r['people'])}".rstrip()
        for r in report.findings
        if r["cycle"] == (like.of or report.main)
        and (r["mood"] != "fine" or r["code"] == like.code)
    )
    return f"the launch check says nothing like that: {_said(like)}{seen}"


def _no_finding(like: FindingLike, report: Report, zone: ZoneInfo) -> str | None:
    found = [row for row in report.findings if _finding_fits(like, row, report)]
    return f"the launch check says: {found[0]['code']}: {found[0]['text']}" if found else None


def _finding_fits(like: FindingLike, row: Row, report: Report) -> bool:
    return (
        (like.of or report.main) == row["cycle"]
        and like.code in (None, row["code"])
        and like.mood in (None, row["mood"])
        and like.count in (None, row["count"])
        and (like.text is None or re.search(like.text, row["text"]) is not None)
        and (like.who is None or like.who in row["people"])
    )


def _out(like: OutLike, report: Report, zone: ZoneInfo) -> str | None:
    cycle = _cycle_row(like.of, report)
    found = [row for row in (cycle or {}).get("out") or [] if row["person"] == like.who]
    if not found:
        return f"{like.who} is not out"
    row = found[0]
    if like.reason not in (None, row["reason"]):
        return f"{like.who} is out because of {row['reason']}, not {like.reason}"
    if like.because is not None and not re.search(like.because, row["because"] or ""):
        return f"{like.who} is out because {row['because']!r}, not {like.because!r}"
    return None


def _cycle_row(of: str | None, report: Report) -> Row | None:
    name = of or report.main
    return next((cycle for cycle in report.cycles if cycle["definition"] == name), None)


def _said(like: BaseModel) -> str:
    said = like.model_dump(exclude_none=True, by_alias=True)
    return ", ".join(f"{k} {v}" for k, v in said.items())


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"


def _suppressed(like: SuppressedLike, report: Report, zone: ZoneInfo) -> str | None:
    own = [r for r in report.suppressed if r["to"] == like.to]
    for row in own:
        fits = item_fits(like, row["item"], report.main) and same(like.at, row["at"], zone)
        if fits and like.reason in (None, row["reason"]):
            return None
    seen = "".join(
        f"\n     {_utc(r['at'])} {r['reason']}: {told_items([r['item']])}" for r in own[:MOST_SEEN]
    )
    return f"nothing suppressed like that: {_said(like)}{seen}"


def _named(like: TaskOf, report: Report) -> list[Row]:
    return [
        t
        for t in report.tasks
        if same_stage(like.stage, t, report.main)
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
        if not same(getattr(like, name), task[name], zone):
            seen = None if task[name] is None else f"{task[name]:%Y-%m-%d %H:%M:%SZ}"
            return f"{name} of {there} is {seen}, not {getattr(like, name)}"
    return None


def _change(like: ChangeLike, report: Report, zone: ZoneInfo) -> str | None:
    seen = [(t, c) for t in _named(like, report) for c in t["changes"]]
    for _, change in seen:
        if change["event"] != like.event or not same(like.at, change["at"], zone):
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


def _skip(like: SkipLike, report: Report, zone: ZoneInfo) -> str | None:
    own = [
        s
        for s in report.skips
        if s["about"] == like.about and same_stage(like.stage, s, report.main)
    ]
    if any(like.reason in (None, s["reason"]) for s in own):
        return None
    return f"{like.stage} is not skipped for {like.about}: {[s['reason'] for s in own] or 'at all'}"


def _stage(like: StageLike, report: Report, zone: ZoneInfo) -> str | None:
    found = [
        s
        for c in report.cycles
        for s in c["stages"] or []
        if same_stage(like.id, {"stage": s["stage"], "cycle": c["definition"]}, report.main)
    ]
    if not found:
        return f"there is no stage {like.id}"
    stage = found[0]
    for name in ("state", "planned_opens_on", "planned_due_on"):
        wanted = getattr(like, name)
        if wanted is not None and str(stage[name]) != str(wanted):
            return f"{name} of the stage {like.id} is {stage[name]}, not {wanted}"
    for name in ("opened_at", "closed_at"):
        if not same(getattr(like, name), stage[name], zone):
            return f"{name} of the stage {like.id} is {stage[name]}, not {getattr(like, name)}"
    return None


def _refused_fits(like: RefusedLike, row: Row, zone: ZoneInfo) -> bool:
    said = like.saying is None or re.search(like.saying, row["detail"]) is not None
    return bool(like.what == row["what"] and said and same(like.at, row["at"], zone))


def _cycle(like: CycleLike, report: Report, zone: ZoneInfo) -> str | None:
    cycle = _cycle_row(like.of, report)
    if cycle is None:
        return "there is no cycle"
    wanted = {
        "state": like.state,
        "ended_reason": like.reason,
        "participants": like.participants,
    }
    for name, value in wanted.items():
        if value is not None and cycle[name] != value:
            return f"{name} of the cycle is {cycle[name]}, not {value}"
    if not same(like.closed_at, cycle["closed_at"], zone):
        return f"the cycle closed at {cycle['closed_at']}, not {like.closed_at}"
    return None


def _rater(like: RaterLike, report: Report, zone: ZoneInfo) -> str | None:
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
    if not same(like.made_at, there["made_at"], zone):
        return f"the report about {like.about} was made at {there['made_at']}, not {like.made_at}"
    if like.standing is None:
        return None
    groups = there["groups"] or {}
    standing = groups.get(like.group, "not_asked")
    said = f"{like.group} in the report about {like.about} is {standing}, not {like.standing}"
    return None if standing == like.standing else f"{said}: {groups}"


CHECKS: Mapping[str, Check] = {
    "mail": _mail,
    "no_mail": _no_mail,
    "suppressed": _suppressed,
    "task": _task,
    "no_task": _no_task,
    "change": _change,
    "skip": _skip,
    "stage": _stage,
    "refused": _refused,
    "cycle": _cycle,
    "rater": _rater,
    "report": _report,
    "no_report": _no_report,
    "finding": _finding,
    "no_finding": _no_finding,
    "out": _out,
    "mails": _mails,
}
