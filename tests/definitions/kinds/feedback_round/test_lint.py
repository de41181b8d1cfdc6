"""What lint says of 360 rounds, rule by rule (language reference §9)."""

import pytest

from definitions import shipped
from definitions.lint import lint
from definitions.loader import parse_definition
from definitions.problems import Problem, Severity
from tests.definitions.broken_rounds import GOOD_ROUND
from tests.definitions.test_lint import AMERICA, team

ROUND_ALONE = """\
definition: alone
title: Alone
purpose: Why.
period: previous year
stages:
  - id: feedback
    kind: feedback_round
{keys}
{more}
forms:
  feedback: [{{section: One, questions: [{questions}]}}]
"""


def found(
    keys: str = "", more: str = "", questions: str = "{id: a, ask: Why?}", *, known: bool = True
) -> list[Problem]:
    text = ROUND_ALONE.format(
        keys="\n".join(f"    {line}" for line in keys.splitlines()), more=more, questions=questions
    )
    parsed = parse_definition(text, "alone.yaml")
    document = parsed.document if known else None
    return lint(parsed.definition, AMERICA, document=document)


def said(keys: str = "", more: str = "") -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in found(keys, more)]


def test_nothing_is_said_about_a_round_that_says_nothing() -> None:
    assert found() == []
    assert found(known=False) == []


@pytest.mark.parametrize(
    ("raters", "groups"),
    [
        ("{peers: {ask: 3 to 4}}", ["peers"]),
        ("{peers: {ask: 0 to 5}, reports: {ask: 3}}", ["peers", "reports"]),
        ("{peers: {ask: 0}, reports: {ask: 0}, others: {ask: 5}}", []),
        ("{peers: {ask: all}, reports: {ask: 4}}", []),
    ],
)
def test_who_is_asked_must_be_one_more_than_the_threshold(raters: str, groups: list[str]) -> None:
    assert said(f"raters: {raters}") == [
        ("too-few-raters", f"stages[0].raters.{group}.ask") for group in groups
    ]


def test_a_higher_threshold_wants_more_raters() -> None:
    more = "anonymity: {threshold: 4}"
    assert said("", more) == [("too-few-raters", "stages[0].raters.peers.ask")]
    assert said("raters: {peers: {ask: 5 to 6}}", more) == []


def test_a_group_that_is_always_too_small_is_never_shown_where_nothing_is_merged() -> None:
    problems = found("raters: {others: {ask: 3}}", "anonymity: {below: withhold}")
    assert [(p.code, p.severity, p.path) for p in problems] == [
        ("never-shown", Severity.WARNING, "stages[0].raters.external.ask")
    ]
    assert problems[0].message == (
        "Of people outside 2 can be asked at most, and 3 answers are needed: what they write is "
        "never shown."
    )
    assert problems[0].hint == "Ask 4, or nobody: `external: {ask: 0}`."
    assert said("raters: {external: {ask: 3}, others: {ask: 0 to 2, at_most: 3}}", WITHHOLD) == []


WITHHOLD = "anonymity: {below: withhold}"


def test_two_are_enough_where_raters_agree_to_it() -> None:
    keys = "raters: {others: {ask: 0}, external: {ask: 2}}"
    assert said(keys, WITHHOLD) == [("never-shown", "stages[0].raters.external.ask")]
    assert said(f"{keys}\ntoo_few: lower_with_consent", WITHHOLD) == []


def test_a_round_of_small_groups_is_shown_if_they_are_enough_together() -> None:
    small = "peers: {{ask: 0}}, reports: {{ask: 0}}, others: {{ask: {}}}, external: {{ask: {}}}"
    # Those from outside do not count where groups are merged.
    assert said(f"raters: {{{small.format(2, 2)}}}") == [
        ("never-shown", "stages[0].raters.others.ask"),
        ("never-shown", "stages[0].raters.external.ask"),
    ]
    assert said(f"raters: {{{small.format(3, 2)}}}") == []


def test_a_load_below_what_everybody_sends_cannot_be_kept() -> None:
    problems = found("load: 3")
    assert [(p.code, p.severity, p.path) for p in problems] == [
        ("load-too-small", Severity.WARNING, "stages[0].load")
    ]
    assert "nobody may get more than 3 requests" in problems[0].message
    assert said("load: 4") == []
    assert said("load: 5\nraters: {peers: {ask: 4}, others: {ask: 2}}") == [
        ("load-too-small", "stages[0].load")
    ]


def test_a_report_in_which_its_subject_reads_nothing() -> None:
    hidden = "{id: a, ask: Why?, visible: hr}"
    assert [p.code for p in found(questions=hidden)] == ["hidden-report"]
    assert [p.code for p in found(questions=hidden + ", {id: b, ask: What?}")] == []


def test_a_list_that_nobody_makes() -> None:
    reports = "raters: {peers: {ask: 0}, others: {ask: 0}, external: {ask: 0}}"
    assert said(reports) == []
    assert said(f"{reports}\nnominate: {{due: 5 working days}}\napprove: {{title: A}}") == [
        ("step-unused", "stages[0].nominate"),
        ("step-unused", "stages[0].approve"),
    ]


def test_a_list_that_stays_open_holds_up_what_comes_after() -> None:
    problems = found("approve: {closes: when done}")
    assert [(p.code, p.severity, p.path) for p in problems] == [
        ("waits-for-open-end", Severity.INFO, "stages[0].approve")
    ]
    assert said("nominate: {by: manager, closes: when done}") == [
        ("waits-for-open-end", "stages[0].nominate")
    ]


def test_dates_of_a_round_that_its_steps_have_already() -> None:
    assert said("due: 25 working days\ncloses: 30 working days after opens") == [
        ("round-date-unused", "stages[0].due"),
        ("round-date-unused", "stages[0].closes"),
    ]
    assert said("due: 20 working days\ncloses: 3 working days after due") == []


def test_steps_are_looked_at_like_stages() -> None:
    keys = "collect: {due: 5 working days, closes: 1 working day before due}"
    assert said(keys) == [("closes-before-due", "stages[0].collect.closes")]
    own = "ladders: {own: {remind: [-5, 4]}}"
    assert said("nominate: {by: manager, ladder: own}", own) == [
        ("reminder-before-opening", "stages[0].nominate.ladder"),
        ("rung-never-fires", "stages[0].nominate.ladder"),
    ]
    assert said("approve: {due: 2027-01-01}\ndue: 20 working days", "") == [
        ("opens-after-due", "stages[0].approve.due")
    ]


def test_reading_first_means_something_only_where_nothing_opens_the_result_later() -> None:
    alone = found("manager_first: 2 working days")
    assert alone == []
    annual = shipped.cycle_source("annual").replace(
        "    opens: launch   ", "    manager_first: 2 working days\n    opens: launch   ", 1
    )
    parsed = parse_definition(annual, "annual.yaml")
    problems = lint(parsed.definition, AMERICA, document=parsed.document)
    [first] = [p for p in problems if p.code == "manager-first-unused"]
    assert (first.severity, first.path) == (Severity.INFO, "stages[1].manager_first")
    assert "when `release` opens their result" in first.message


def test_lists_that_one_manager_has_to_look_over_are_counted() -> None:
    parsed = parse_definition(GOOD_ROUND, "round.yaml")
    problems = lint(parsed.definition, AMERICA, team(9), document=parsed.document)
    [many] = [p for p in problems if p.code == "many-tasks"]
    assert many.path == "stages[1].approve"
    assert many.message == "Ada Lovelace has 9 tasks in `feedback.approve` in 3 working days."


def test_a_round_closes_even_if_not_counted_from_its_due_date() -> None:
    text = GOOD_ROUND.replace(
        "collect: {due: 8 working days}",
        "collect: {due: 8 working days, closes: 12 working days after opens}",
    ).replace(
        "forms:",
        "  - {id: talk, kind: meeting, per: cycle, due: 5 days after feedback.closes}\nforms:",
        1,
    )
    parsed = parse_definition(text, "round.yaml")
    problems = lint(parsed.definition, AMERICA, document=parsed.document)
    assert "waits-for-open-end" not in [p.code for p in problems]
