"""What lint says of persons: who would have too much to do, and who stands alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from definitions import expressions
from definitions.company import Company
from definitions.expressions import Expression, ExpressionError, PersonFacts
from definitions.findings import Findings
from definitions.models import Definition
from definitions.problems import Severity
from definitions.stages import Stage
from definitions.unfolding import unfold

MOST_TASKS = 6


def lint_people(
    definition: Definition,
    company: Company,
    people: Sequence[PersonFacts] | None,
    launch: date,
    findings: Findings,
) -> None:
    """Look at the load of assignees, and at the HR desk. `launch` decides about tenure."""
    subjects = None if people is None else audience(definition, people, launch)
    _desk(company, subjects, findings)
    if people is None or subjects is None or definition.launch.every == "hire":
        return
    known = {person.employee_id: person for person in people}
    for stage in unfold(definition).stages:
        if stage.assignee in ("manager", "manager_2"):
            _load(stage, subjects, known, findings)


def audience(
    definition: Definition, people: Sequence[PersonFacts], launch: date
) -> list[PersonFacts]:
    """Who takes part, as far as records tell. Records that cannot be decided are left out."""
    rules = definition.audience
    who = None if rules.who is None else expressions.compile(rules.who)
    excluded = [expressions.compile(rule.when) for rule in rules.exclude]
    return [
        person
        for person in people
        if person.status == "active"
        and (definition.launch.every == "hire" or _long_enough(definition, person, launch))
        and (who is None or _holds(who, person))
        and not any(_holds(rule, person) for rule in excluded)
    ]


def countries(
    definition: Definition, company: Company, people: Sequence[PersonFacts] | None
) -> set[str]:
    """The countries of the audience; without records those of the offices' calendars."""
    if people is not None:
        found = audience(definition, people, date.max)
        return {person.country for person in found if person.country}
    used = {company.calendar, *(office.calendar for office in company.offices.values())}
    codes = (company.calendars[name].holidays or "" for name in used if name in company.calendars)
    return {code.partition("-")[0] for code in codes}


def _long_enough(definition: Definition, person: PersonFacts, launch: date) -> bool:
    tenure = definition.audience.tenure
    if launch == date.max or tenure.unit == "working_days":
        return True
    return tenure.after(person.hire_date) <= launch


def _holds(rule: Expression, person: PersonFacts) -> bool:
    try:
        return rule.evaluate(person) is True
    except ExpressionError:
        return False


def _load(
    stage: Stage,
    subjects: Sequence[PersonFacts],
    known: dict[str, PersonFacts],
    findings: Findings,
) -> None:
    when = None if stage.when is None else expressions.compile(stage.when)
    tasks: Counter[str] = Counter()
    for person in subjects:
        if when is not None and not _holds(when, person):
            continue
        manager = known.get(person.manager_id or "")
        if manager is not None and stage.assignee == "manager_2":
            manager = known.get(manager.manager_id or "")
        if manager is not None:
            tasks[manager.employee_id] += 1
    for employee_id, count in sorted(tasks.items(), key=lambda item: (-item[1], item[0])):
        if count <= MOST_TASKS:
            break
        holder = known[employee_id]
        length = stage.due.offset if stage.due.is_own("opens") else None
        within = f" in {length}" if length is not None else ""
        findings.add(
            Severity.WARNING,
            "many-tasks",
            findings.stage_path(stage.id),
            f"{holder.first_name} {holder.last_name}".strip()
            + f" has {count} tasks in `{stage.id}`{within}.",
            "Give more time, or reassign some of them after the launch.",
            once_for=employee_id,
        )


def _desk(company: Company, subjects: Sequence[PersonFacts] | None, findings: Findings) -> None:
    if len(company.hr) != 1:
        return
    alone = company.hr[0].lower()
    if subjects is not None and alone not in {p.email.lower() for p in subjects}:
        return
    findings.add(
        Severity.WARNING,
        "desk-of-one",
        (),
        "The HR desk is one person"
        + (", who takes part" if subjects is not None else "")
        + ": nobody can be escalated to about themselves.",
        "Add a second address under `hr` in the company file.",
    )
