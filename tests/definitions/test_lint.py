"""What lint says, rule by rule (language reference §9)."""

from collections.abc import Sequence
from datetime import date

import pytest

from definitions import shipped
from definitions.company import Company
from definitions.expressions import PersonFacts
from definitions.lint import lint
from definitions.loader import parse_company, parse_definition
from definitions.problems import Problem, Severity
from tests.definitions.test_loader import FULL

COMPANY = parse_company(
    """\
zone: Europe/Berlin
calendar: bavaria
hr: [hr@example.com, second@example.com]
administrators: [it@example.com]
calendars:
  bavaria: {holidays: DE-BY}
  us: {holidays: US}
closures:
  - {from: 2027-03-22, to: 2027-03-24, why: Move, offices: [Munich]}
offices:
  Munich: {calendar: bavaria}
  Seattle: {calendar: us, zone: America/Los_Angeles}
"""
)
AMERICA = parse_company(
    """\
zone: America/Los_Angeles
calendar: us
hr: [hr@example.com, second@example.com]
administrators: [it@example.com]
calendars:
  us: {holidays: US}
"""
)
SINCE = date(2027, 1, 1)


def written(stages: str, more: str = "", launch: str = "1 March") -> str:
    return f"""\
definition: talk
title: Talk
purpose: Why.
period: previous year
launch: {{every: year, on: {launch}}}
ladder: none
stages:
{stages}
{more}
forms:
  notes: [{{section: One, questions: [{{id: a, ask: Why?}}]}}]
"""


def found(
    text: str,
    company: Company = AMERICA,
    people: Sequence[PersonFacts] | None = None,
    since: date | None = SINCE,
) -> list[Problem]:
    parsed = parse_definition(text, "talk.yaml")
    return lint(parsed.definition, company, people, since=since, document=parsed.document)


def codes(problems: Sequence[Problem]) -> list[str]:
    return [problem.code for problem in problems]


NOTES = "  - {id: notes, due: 10 working days, closes: 5 working days after due}"


def test_nothing_is_said_about_a_plain_cycle() -> None:
    assert found(written(NOTES)) == []


def test_a_stage_that_opens_after_it_is_due() -> None:
    stages = NOTES + "\n  - {id: talk, kind: meeting, after: notes, due: 5 days after launch}"
    problems = found(written(stages))
    assert codes(problems) == ["opens-after-due"]
    assert problems[0].severity is Severity.ERROR
    assert str(problems[0]).startswith(
        "talk.yaml:9:45: stages[1].due: `talk` opens on 2027-03-16 and is due before, on 2027-03-05"
    )


def test_a_stage_that_opens_after_it_is_due_in_one_office_only() -> None:
    stages = "  - {id: notes, due: 2027-03-24}"
    problems = found(written(stages, launch="22 March"), COMPANY)
    in_office = [p for p in problems if p.code == "opens-after-due"]
    assert [(p.severity, "In Munich" in p.message) for p in in_office] == [(Severity.WARNING, True)]


def test_reminders_before_the_opening_and_rungs_after_the_closing() -> None:
    ladders = "ladders: {own: {remind: [-5, -1], escalate: [{on: 6, to: hr}]}}"
    stages = "  - {id: notes, due: 5 working days, closes: 5 working days after due, ladder: own}"
    problems = found(written(stages, ladders))
    assert [(p.code, p.severity, p.path) for p in problems] == [
        ("reminder-before-opening", Severity.WARNING, "stages[0].ladder"),
        ("rung-never-fires", Severity.WARNING, "stages[0].ladder"),
    ]
    assert "the reminder -5 of `own` never comes" in problems[0].message
    assert "the rung 6 of `own` never fires" in problems[1].message


def test_the_same_of_a_built_in_ladder_is_information() -> None:
    stages = "  - {id: notes, due: 5 working days, ladder: standard}"
    assert [p.severity for p in found(written(stages))] == [Severity.INFO]


def test_a_barrier_behind_a_stage_that_closes_when_done() -> None:
    stages = (
        "  - {id: notes, due: 10 working days}\n"
        "  - {id: out, kind: release, due: 2 working days}\n"
        "  - {id: talk, kind: meeting, due: 5 working days}"
    )
    problems = found(written(stages))
    assert codes(problems) == ["waits-for-open-end"]
    assert problems[0].severity is Severity.INFO


def test_a_release_after_which_nobody_talks() -> None:
    stages = NOTES + "\n  - {id: out, kind: release, due: 2 working days}"
    assert codes(found(written(stages))) == ["no-conversation"]


def team(size: int) -> list[PersonFacts]:
    boss = PersonFacts(
        employee_id="E0",
        first_name="Ada",
        last_name="Lovelace",
        email="HR@example.com",
        hire_date=date(2020, 1, 1),
        country="US",
    )
    reports = [
        PersonFacts(employee_id=f"E{n}", hire_date=date(2020, 1, 1), manager_id="E0", country="US")
        for n in range(1, size + 1)
    ]
    return [boss, *reports]


@pytest.mark.parametrize(("size", "said"), [(6, []), (14, ["many-tasks"])])
def test_too_many_tasks_for_one_assignee(size: int, said: list[str]) -> None:
    stages = "  - {id: notes, assignee: manager, due: 10 working days}"
    problems = found(written(stages), people=team(size))
    assert codes(problems) == said
    if said:
        assert problems[0].message == "Ada Lovelace has 14 tasks in `notes` in 10 working days."


def test_only_those_who_take_part_are_counted() -> None:
    stages = "  - {id: notes, assignee: manager, due: 10 working days}"
    audience = 'audience: {who: person.employee_id != "E3", exclude: [{when: person.employee_id =='
    audience += ' "E4", because: No.}]}'
    problems = found(written(stages, audience), people=team(9))
    assert "has 7 tasks" in problems[0].message
    newcomers = written(stages, "audience: {tenure: 10 years}")
    assert found(newcomers, people=team(9)) == []


def test_due_when_finance_closes_its_books() -> None:
    problems = found(written("  - {id: notes, due: 2027-03-30}"))
    assert codes(problems) == ["quarter-end"]
    assert found(written("  - {id: notes, due: 2027-03-29}")) == []
    assert codes(found(written("  - {id: notes, due: 2027-04-05}"))) == ["quarter-end"]
    assert found(written("  - {id: notes, due: 2027-04-06}")) == []


def test_more_than_two_holidays_in_a_window() -> None:
    stages = "  - {id: notes, due: 10 working days}"
    problems = found(written(stages, launch="10 March"), COMPANY)
    assert codes(problems) == ["holidays-in-window"]
    assert problems[0].message == (
        "In Munich 3 holidays fall into `notes` (2027-03-10 to 2027-03-24)."
    )


def test_texts_hidden_from_the_subject_where_the_file_is_open_to_them() -> None:
    text = written(NOTES).replace("ask: Why?", "ask: Why?, visible: manager")
    assert found(text, AMERICA) == []
    problems = found(text, COMPANY)
    assert codes(problems) == ["hidden-from-subject"]
    assert problems[0].path == "forms.notes[0].questions[0].visible"
    assert found(text, COMPANY, people=team(2)) == []  # nobody in Germany takes part


def test_a_ladder_that_escalates_in_a_360_round() -> None:
    text = FULL.replace(
        "    opens: launch  ",
        "    collect: {due: 10 working days, ladder: standard}\n    opens: launch  ",
    )
    errors = [p for p in found(text) if p.severity is Severity.ERROR]
    assert [(p.code, p.path) for p in errors] == [
        ("escalation-in-round", "stages[1].collect.ladder")
    ]


def test_too_few_raters_to_protect_anybody() -> None:
    text = FULL.replace(
        "    opens: launch  ", "    raters: {peers: {ask: 3 to 4}}\n    opens: launch  "
    )
    problems = [p for p in found(text) if p.code == "too-few-raters"]
    assert [p.path for p in problems] == ["stages[1].raters.peers.ask"]
    assert "too-few-raters" not in codes(found(FULL))


def test_a_desk_of_one() -> None:
    alone = AMERICA.model_copy(update={"hr": ("hr@example.com",)})
    assert codes(found(written(NOTES), alone)) == ["desk-of-one"]
    assert codes(found(written(NOTES), alone, people=team(2))) == ["desk-of-one"]
    others = AMERICA.model_copy(update={"hr": ("elsewhere@example.com",)})
    assert found(written(NOTES), others, people=team(2)) == []


def test_dates_in_the_wrong_order() -> None:
    text = written(
        "  - {id: notes, due: 10 working days, closes: 5 working days before due}",
        "ends: 1 working day after launch",
    )
    assert sorted(codes(found(text))) == ["closes-before-due", "ends-before-due"]


def test_what_nobody_uses() -> None:
    text = written("  - {id: talk, kind: meeting, due: 5 working days}", "ladders: {own: {}}")
    assert codes(found(text)) == ["unused-ladder", "unused-form"]


def test_without_a_day_only_weekdays_count() -> None:
    text = written("  - {id: notes, due: 10 working days}", launch="15 March")
    assert found(text, COMPANY, since=None) == []


@pytest.mark.parametrize("name", shipped.NAMES)
def test_shipped_definitions_have_no_faults(name: str) -> None:
    parsed = shipped.definition(name)
    problems = lint(
        parsed.definition, shipped.company(), since=date(2026, 11, 21), document=parsed.document
    )
    graver = [(p.code, p.path) for p in problems if p.severity is not Severity.INFO]
    assert graver == EXPECTED[name]


EXPECTED = {
    "annual": [("desk-of-one", "")],
    "mid_year": [("desk-of-one", "")],
    "quarterly": [("desk-of-one", "")],
    "feedback": [("desk-of-one", "")],
    "upward": [("desk-of-one", "")],
    # A decision by day 82 leaves fewer than five working days after the recommendation.
    "probation": [("desk-of-one", ""), ("reminder-before-opening", "stages[5].ladder")],
}
