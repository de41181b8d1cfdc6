"""What lint says of a definition that can be used, but may not do what was meant.

Language reference §9. Every finding has a stable code:

| code | severity | |
| --- | --- | --- |
| `opens-after-due` | error, warning | the due date lies before the opening; in an office: warning |
| `escalation-in-round` | error | lateness of a rater is nobody's business |
| `rung-never-fires` | warning, info | a rung after the closing; info for built-in ladders |
| `reminder-before-opening` | warning, info | likewise |
| `waits-for-open-end` | info | a barrier behind a stage that closes when done |
| `many-tasks` | warning | more than six tasks for one assignee in a stage; names the person |
| `quarter-end` | info | due when Finance closes its books |
| `holidays-in-window` | warning | more than two holidays of an office between opening and due |
| `no-conversation` | warning | a release after which nobody talks |
| `hidden-from-subject` | warning | texts that must be disclosed all the same (DE, FR, AT) |
| `too-few-raters` | warning | fewer asked than threshold + 1 |
| `never-shown` | warning | a group, or a whole round, too small to be shown whatever is answered |
| `load-too-small` | warning | raters may get fewer requests than everybody sends |
| `hidden-report` | warning | no answer of a round may be read by the person whom it is about |
| `step-unused` | warning | a list that nobody makes, since nobody is chosen |
| `round-date-unused` | warning | a date of a round that its steps have already |
| `manager-first-unused` | info | the report waits for something later than that anyway |
| `desk-of-one` | warning | nobody on the HR desk but one person who is in the audience |
| `closes-before-due` | warning | |
| `ends-before-due` | warning | the cycle ends before a stage is due |
| `unused-form`, `unused-ladder` | warning | |
"""

from collections.abc import Sequence
from datetime import date

from definitions.company import Company
from definitions.expressions import PersonFacts
from definitions.findings import Findings
from definitions.kinds.registry import kind_of
from definitions.lint_dates import lint_dates
from definitions.lint_people import countries, lint_people
from definitions.models import Definition
from definitions.problems import Problem, Severity, enumeration
from definitions.source import Document

PERSONNEL_FILE = frozenset({"DE", "FR", "AT"})
"""Countries in which employees read their personnel file, hidden texts included."""


def lint(
    definition: Definition,
    company: Company,
    people: Sequence[PersonFacts] | None = None,
    *,
    since: date | None = None,
    document: Document | None = None,
) -> list[Problem]:
    """Everything that is odd about a definition, the gravest first. Pure.

    `people` are the worker records (managers by `manager_id`, offices by `city`, desks by
    `email`); without them nothing is said about persons. `since` is the day from which the
    launches of one year are looked at, on the real calendars of all offices; without it only
    weekdays count and holidays are left out. `document` (of `Parsed`) gives the places. With
    `since`, the first call for a country costs about half a second.
    """
    findings = Findings(definition, document)
    _order_of_stages(definition, findings)
    for stage in definition.stages:
        kind_of(stage).lint(definition, stage, findings)
    _unused(definition, findings)
    _hidden(definition, company, people, findings)
    launch = lint_dates(definition, company, since, findings)
    lint_people(definition, company, people, launch, findings)
    return findings.sorted()


def _order_of_stages(definition: Definition, findings: Findings) -> None:
    for stage in definition.stages:
        if stage.per == "cycle":
            for name in stage.after:
                before = definition.stage(name)
                if not before.closes_by_itself():
                    findings.add(
                        Severity.INFO,
                        "waits-for-open-end",
                        findings.stage_path(stage.id, "after"),
                        f"`{stage.id}` waits until `{name}` is closed for everybody, and "
                        f"`{name}` closes when done: one silent person holds all up.",
                        f"Say when `{name}` closes, or watch it: HR can close it.",
                        once_for=name,
                    )


def _unused(definition: Definition, findings: Findings) -> None:
    asked = {stage.form for stage in definition.stages}
    for name in definition.forms:
        if name not in asked:
            findings.add(
                Severity.WARNING,
                "unused-form",
                ("forms", name),
                f"No stage asks the form `{name}`.",
                "Remove it, or name it with `form:`.",
            )
    used = {definition.ladder, *(name for stage in definition.stages for name in stage.ladders())}
    for name in definition.ladders:
        path = ("ladders", name)
        if name not in used and name not in ("standard", "gentle", "reminders", "none"):
            findings.add(
                Severity.WARNING,
                "unused-ladder",
                path,
                f"No stage uses the ladder `{name}`.",
                "Remove it, or name it with `ladder:`.",
            )


def _hidden(
    definition: Definition,
    company: Company,
    people: Sequence[PersonFacts] | None,
    findings: Findings,
) -> None:
    where = sorted(countries(definition, company, people) & PERSONNEL_FILE)
    if not where:
        return
    for name, form in definition.forms.items():
        for number, section in enumerate(form):
            for index, question in enumerate(section.questions):
                if question.visible == "subject":
                    continue
                findings.add(
                    Severity.WARNING,
                    "hidden-from-subject",
                    ("forms", name, number, "questions", index, "visible"),
                    f"`{question.id}` is hidden from the subject, but belongs to the personnel "
                    f"file in {enumeration(where)}: it is disclosed when they ask.",
                    "Ask only for what may be read, or take `visible` out.",
                )
