"""A round unfolded into its steps: the same dates, who waits for whom, and nothing else changed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.durations import Duration
from definitions.instants import Anchor
from definitions.loader import restore
from definitions.models import Definition
from definitions.timeline import StagePlan, period_of, plan_cycle
from definitions.unfolding import running, unfold, written_id
from tests.definitions.cycles import made_of, shipped
from tests.definitions.places import calendars

ROUND = """
- {id: one, due: 10 working days}
- id: feedback
  title: About you
  kind: feedback_round
  opens: launch
  form: one
  when: person.is_manager
- id: two
  assignee: manager
  after: [one, feedback]
  opens: 3 working days after feedback.opens
  due: 2 working days after feedback.closes
  beside: [one, feedback]
- {id: three, after: two, due: 5 working days, closes: 8 working days after feedback.due}
"""
NOBODY_CHOSEN = """
- id: upward
  kind: feedback_round
  form: one
  raters: {peers: {ask: 0}, reports: {ask: all}, others: {ask: 0}, external: {ask: 0}}
- {id: two, assignee: manager, after: upward, due: 5 working days after upward.opens}
"""


def _planned(definition: Definition, launch: date) -> dict[str, StagePlan]:
    period = period_of(definition, launch)
    return dict(plan_cycle(definition, launch, calendars().company(), period).stages)


def test_a_definition_without_a_round_runs_as_it_is_written() -> None:
    definition = shipped("quarterly")
    assert unfold(definition) is definition


def test_what_runs_already_stays_as_it_is() -> None:
    runs = unfold(made_of(ROUND))
    assert unfold(runs) == runs


def test_a_round_becomes_three_stages_that_follow_one_another() -> None:
    unfolded = unfold(made_of(ROUND))
    assert [stage.id for stage in unfolded.stages] == [
        "one",
        "feedback.nominate",
        "feedback.approve",
        "feedback.collect",
        "two",
        "three",
    ]
    nominate, approve, collect = unfolded.stages[1:4]
    assert [s.kind for s in (nominate, approve, collect)] == ["nominate", "approve", "collect"]
    assert [s.assignee for s in (nominate, approve, collect)] == ["subject", "manager", "rater"]
    assert nominate.opens == made_of(ROUND).stage("feedback").opens
    assert (nominate.after, approve.after, collect.after) == (
        (),
        ("feedback.nominate",),
        ("feedback.approve",),
    )
    assert (approve.opens, collect.opens) == (None, None)
    assert [s.form for s in (nominate, approve, collect)] == [None, None, "one"]
    assert {s.when for s in (nominate, approve, collect)} == {"person.is_manager"}
    assert {s.ladder for s in (nominate, approve, collect)} == {"reminders"}
    assert {s.per for s in (nominate, approve, collect)} == {"person"}
    assert collect.title == "About you", "raters and managers see the title that HR gave"


def test_whoever_waits_for_a_round_waits_for_its_answers() -> None:
    two, three = unfold(made_of(ROUND)).stages[-2:]
    assert two.after == ("one", "feedback.collect")
    assert two.beside == ("one", "feedback.collect")
    assert two.opens is not None
    assert two.opens.anchor == Anchor("opens", "feedback.nominate")
    assert two.due.anchor == Anchor("closes", "feedback.collect")
    assert three.closes is not None
    assert three.closes.anchor == Anchor("due", "feedback.collect")


def test_a_round_that_waits_for_everybody_waits_once() -> None:
    definition = made_of(
        """
        - {id: one, due: 10 working days}
        - {id: feedback, kind: feedback_round, form: one, per: cycle}
        """
    )
    steps = unfold(definition).stages[1:]
    assert [step.per for step in steps] == ["cycle", "person", "person"]


def test_where_nobody_is_chosen_there_is_nothing_to_name_and_to_approve() -> None:
    unfolded = unfold(made_of(NOBODY_CHOSEN))
    assert [stage.id for stage in unfolded.stages] == ["upward.collect", "two"]
    collect, two = unfolded.stages
    assert collect.opens == made_of(NOBODY_CHOSEN).stage("upward").opens
    assert two.due.anchor == Anchor("opens", "upward.collect")


@pytest.mark.parametrize(
    ("by", "steps"),
    [
        ("subject", ["nominate", "approve", "collect"]),
        ("manager", ["approve", "collect"]),
        ("rule", ["approve", "collect"]),
    ],
)
def test_who_names_raters_decides_which_steps_there_are(by: str, steps: list[str]) -> None:
    definition = made_of(
        f"- {{id: feedback, kind: feedback_round, form: one, nominate: {{by: {by}}}}}"
    )
    unfolded = unfold(definition).stages
    assert [stage.kind for stage in unfolded] == steps
    assert unfolded[0].opens == definition.stage("feedback").opens
    days = {"subject": 5, "manager": 5, "rule": 3}[by]
    assert unfolded[0].due.offset == Duration(days, "working_days")


def test_late_joiners_and_the_end_are_counted_from_the_step_that_is_meant() -> None:
    unfolded = unfold(
        made_of(
            "- {id: feedback, kind: feedback_round, form: one}", "ends: 5 days after feedback.due"
        )
    )
    assert not isinstance(unfolded.audience.late_joiners, str)
    assert unfolded.audience.late_joiners.anchor == Anchor("due", "feedback.collect")
    assert unfolded.ends.anchor == Anchor("due", "feedback.collect")


def test_a_published_version_is_restored_as_it_runs() -> None:
    content = made_of(ROUND).model_dump(mode="json", by_alias=True)
    assert running(content) == unfold(restore(content))


def test_the_id_that_was_written_is_known_again() -> None:
    assert written_id("feedback.collect") == "feedback"
    assert written_id("manager") == "manager"


@given(st.dates(date(2026, 6, 1), date(2027, 6, 30)))
def test_the_unfolded_plan_has_the_dates_of_the_written_one(launch: date) -> None:
    written, unfolded = made_of(ROUND), unfold(made_of(ROUND))
    before, after = _planned(written, launch), _planned(unfolded, launch)
    for name, step in before["feedback"].steps.items():
        assert after[f"feedback.{name}"] == step
    for stage in ("one", "two", "three"):
        assert after[stage] == before[stage]
