"""A definition in plain words: when it runs, what each stage asks of whom, and its ladder."""

from collections.abc import Mapping

from api.pages.frame.dates import plural
from api.pages.kinds.registry import WORDS
from api.pages.office.views import Finding, StageSays
from definitions.models import Definition, Ladder, Stage
from definitions.problems import Problem, Severity
from definitions.stages import Assignee

WHO: Mapping[Assignee, str] = {
    "subject": "the person",
    "manager": "the manager",
    "manager_2": "the manager's manager",
    "hr": "HR",
    "facilitator": "the facilitator",
    "rater": "those who are asked for feedback",
}

KINDS: Mapping[str, str] = {name: words.name for name, words in WORDS.items()}


def runs_words(definition: Definition) -> str:
    """`every year, second Tuesday of January`, `by hand`."""
    launch = definition.launch
    if launch.every is None:
        return "launched by hand"
    if launch.every == "hire":
        return "for everybody hired"
    days = ", ".join(str(rule) for rule in launch.on)
    approve = "" if launch.approve == "hr" else ", starts by itself"
    return f"every {launch.every}, {days}{approve}"


def stage_words(definition: Definition, stage: Stage) -> StageSays:
    """A stage as one would explain it."""
    return StageSays(
        stage.title.replace("{period}", "").strip(),
        KINDS[stage.kind],
        WHO[stage.assignee],
        _when(definition, stage),
        ladder_words(definition.ladder_of(stage)),
    )


def opens_words(definition: Definition, stage: Stage) -> str:
    """`opens when Self review is closed for that person`."""
    titles = {s.id: s.title.replace("{period}", "").strip() for s in definition.stages}
    parts = []
    if stage.after:
        names = " and ".join(titles.get(key, key) for key in stage.after)
        verb = "is" if len(stage.after) == 1 else "are"
        whom = "for everybody" if stage.per == "cycle" else "for that person"
        parts.append(f"opens when {names} {verb} closed {whom}")
    if stage.opens is not None:
        parts.append(f"{'and not before' if parts else 'opens'} {_instant(str(stage.opens))}")
    return ", ".join(parts)


def _when(definition: Definition, stage: Stage) -> str:
    parts = [opens_words(definition, stage)]
    due = str(stage.due)
    counted = stage.due.offset is not None and stage.due.is_own("opens")
    parts.append(f"due {stage.due.offset} after opening" if counted else f"due {_instant(due)}")
    if stage.closes is None:
        parts.append("stays open until it is done")
    else:
        parts.append(f"closes {_instant(str(stage.closes))}")
    if stage.when:
        parts.append("only for some people")
    return ", ".join(part for part in parts if part)


def _instant(text: str) -> str:
    return "at launch" if text == "launch" else text.replace("_", " ")


def ladder_words(ladder: Ladder) -> str:
    """`reminders 5 and 1 days before, on the day, 1 after; the manager on day 3, HR on day 6`."""
    if not ladder.remind and not ladder.escalate:
        return "none"
    parts = []
    before = [str(-day) for day in ladder.remind if day < 0]
    after = [str(day) for day in ladder.remind if day > 0]
    reminders = []
    if before:
        reminders.append(f"{_and(before)} working days before")
    if 0 in ladder.remind:
        reminders.append("on the due date")
    if after:
        reminders.append(f"{_and(after)} after")
    if reminders:
        parts.append("reminders " + ", ".join(reminders))
    for rung in ladder.escalate:
        who = "HR" if rung.to == "hr" else "the manager of the person who holds it"
        repeat = f", again every {plural(rung.repeat, 'day')}" if rung.repeat else ""
        parts.append(f"{who} is told on day {rung.on}{repeat}")
    return "; ".join(parts)


def _and(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def finding(problem: Problem) -> Finding:
    """A problem of a file, at its line and column."""
    place = f"{problem.line}:{problem.column}" if problem.line else ""
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    match problem.severity:
        case Severity.ERROR:
            return Finding("error", place, text, problem.hint)
        case Severity.WARNING:
            return Finding("warning", place, text, problem.hint)
        case Severity.INFO:
            return Finding("info", place, text, problem.hint)
