"""Spans, dates and whole plans beyond their bounds are refused where they stand."""

import pytest

from definitions.loader import parse_definition, problems_of

SOURCE = """\
definition: talk
title: Talk {period}
purpose: To look back together.
period: previous year
stages:
  - id: self
    title: Self review
    due: 5 working days
forms:
  self:
    - section: Looking back
      questions:
        - {id: well, ask: "What went well?"}
"""
ROUND = SOURCE.replace(
    "    due: 5 working days\n",
    "    kind: feedback_round\n    form: self\n    collect: {due: 5 working days}\n",
)
DUE = "due: 5 working days"
STAGES = "stages:\n"


def written(key: str, span: str) -> str:
    """The definition with one span in it."""
    places = {
        "launch.check": (
            STAGES,
            f"launch: {{every: year, on: 12 January, check: {span}}}\n" + STAGES,
        ),
        "audience.tenure": (STAGES, f"audience: {{tenure: {span}}}\n" + STAGES),
        "audience.late_joiners": (
            STAGES,
            f"audience: {{late_joiners: {span} after launch}}\n" + STAGES,
        ),
        "stages[0].due": (DUE, f"due: {span}"),
        "stages[0].closes": (DUE, f"{DUE}\n    closes: {span} after due"),
        "stages[0].opens": (DUE, f"{DUE}\n    opens: {span} after launch"),
        "stages[0].at_least": (DUE, f"{DUE}\n    at_least: {span}"),
        "stages[0].collect.due": (DUE, f"due: {span}"),
        "stages[0].collect.closes": (DUE, f"{DUE}, closes: {span} after due"),
        "stages[0].manager_first": ("    form:", f"    manager_first: {span}\n    form:"),
        "ends": ("forms:\n", f"ends: {span} after self.due\nforms:\n"),
        "retention": ("forms:\n", f"retention: {span}\nforms:\n"),
        "retention.DE": ("forms:\n", f"retention: {{default: 1 year, DE: {span}}}\nforms:\n"),
        "period": ("previous year", f"{span} from hire_date"),
    }
    base = ROUND if "collect" in key or "manager_first" in key else SOURCE
    assert places[key][0] in base
    return base.replace(*places[key])


KEYS = (
    "launch.check",
    "audience.tenure",
    "audience.late_joiners",
    "stages[0].due",
    "stages[0].closes",
    "stages[0].opens",
    "stages[0].at_least",
    "stages[0].collect.due",
    "stages[0].collect.closes",
    "stages[0].manager_first",
    "ends",
    "retention",
    "retention.DE",
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("span", ["9999 years", "9999 months", "9999 weeks", "9999 working days"])
def test_a_wild_span_is_refused_at_its_place(key: str, span: str) -> None:
    found = [problem for problem in problems_of(written(key, span)) if problem.path == key]
    assert found, "refused there"
    assert all(problem.line > 1 and problem.column > 1 for problem in found)
    if "working days" not in span:
        assert any(problem.hint.startswith("At most ") for problem in found), "with the bound"


@pytest.mark.parametrize(
    "text", ["900 working days", "60 months", "400 days", "54 weeks", "2 years"]
)
def test_the_launch_check_is_at_most_a_year_before_the_launch(text: str) -> None:
    [problem] = problems_of(written("launch.check", text))
    assert (problem.path, problem.hint) == ("launch.check", "At most 1 year.")


@pytest.mark.parametrize(
    ("key", "span"),
    [
        ("launch.check", "12 months"),
        ("launch.check", "366 days"),
        ("audience.tenure", "40 years"),
        ("stages[0].due", "260 working days"),
        ("stages[0].at_least", "52 weeks"),
        ("ends", "18 months"),
        ("retention", "30 years"),
    ],
)
def test_what_a_company_may_want_is_within_the_bounds(key: str, span: str) -> None:
    assert problems_of(written(key, span)) == []


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
def test_a_date_out_of_reach_is_refused(day: str) -> None:
    [problem] = problems_of(SOURCE.replace("5 working days", day))
    assert (problem.path, problem.line, problem.column) == ("stages[0].due", 8, 10)
    assert "2000-01-01 to 2100-12-31" in problem.hint


@pytest.mark.parametrize("period", ["0001-01-01 to 0001-12-31", "2026-01-01 to 9999-12-31"])
def test_a_period_out_of_reach_is_refused(period: str) -> None:
    found = problems_of(SOURCE.replace("previous year", period))
    assert {problem.path for problem in found} == {"period"}


def test_a_period_from_the_hire_date_is_at_most_ten_years() -> None:
    paths = [problem.message for problem in problems_of(written("period", "9999 days"))]
    assert "`9999 days from hire_date` is too long." in paths


def test_tenure_is_not_counted_in_working_days() -> None:
    [problem] = problems_of(written("audience.tenure", "90 working days"))
    assert problem.path == "audience.tenure"
    assert problem.hint.endswith("`90 days`.")


def test_spans_that_are_too_long_together_are_refused_at_the_first_stage_beyond() -> None:
    stages = "".join(f"  - {{id: s{n}, form: self, due: 8 months}}\n" for n in range(5))
    head, _, tail = SOURCE.partition("  - id: self")
    text = head + stages + tail[tail.index("forms:") :]
    [problem] = problems_of(text)
    assert problem.path == "stages[2].due"
    assert "`s2` would be due more than 2 years after the launch." in str(problem)


def test_an_end_beyond_the_plan_is_refused_by_itself() -> None:
    text = SOURCE.replace(DUE, "due: 18 months") + "ends: 18 months after self.due\n"
    [problem] = problems_of(text)
    assert problem.path == "ends"


def test_dates_written_out_count_from_the_first_of_them() -> None:
    two = SOURCE.replace(DUE, "due: 2035-03-01\n  - id: later\n    form: self\n    due: 2035-06-01")
    assert parse_definition(two).definition.definition == "talk"
