"""360 rounds: what is read, what is refused, and which steps a round has."""

import re
from datetime import date
from pathlib import Path

import pytest

from definitions.kinds.feedback_round.raters import HowMany, Raters
from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.loader import parse_definition, problems_of, restore
from definitions.models import Definition, Duration, Stage
from definitions.timeline import period_of, plan_cycle
from definitions.unfolding import unfold
from tests.definitions.broken_files import Broken
from tests.definitions.broken_rounds import BROKEN_ROUNDS, GOOD_ROUND
from tests.definitions.places import calendars


def said(text: str) -> list[str]:
    return [str(problem).removeprefix("round.yaml:") for problem in problems_of(text, "round.yaml")]


def changed(old: str = "", new: str = "") -> Definition:
    assert old in GOOD_ROUND
    return parse_definition(GOOD_ROUND.replace(old, new, 1)).definition


def the_round(old: str = "", new: str = "") -> Stage:
    return changed(old, new).stage("feedback")


def test_the_round_that_all_others_break_is_fine() -> None:
    assert said(GOOD_ROUND) == []


@pytest.mark.parametrize("broken", BROKEN_ROUNDS, ids=lambda broken: broken.name)
def test_a_broken_round_says_where_what_and_what_would_be_right(broken: Broken) -> None:
    assert GOOD_ROUND.count(broken.old) == 1
    assert said(GOOD_ROUND.replace(broken.old, broken.new)) == list(broken.said)


def test_what_is_written_of_a_round_is_read() -> None:
    stage = the_round()
    assert (stage.too_few, stage.hold_comments) == ("extend_once", "hr")
    assert stage.manager_first == Duration(2, "working_days")
    assert stage.raters is not None
    assert (stage.raters.self, stage.raters.manager) == (False, False)


def test_what_is_not_written_of_a_round_has_its_default() -> None:
    more = GOOD_ROUND[GOOD_ROUND.index("    raters:") : GOOD_ROUND.index("forms:")]
    stage = the_round(more)
    assert (stage.too_few, stage.hold_comments, stage.manager_first) == (
        "report_without",
        None,
        None,
    )
    assert stage.raters is not None
    assert (stage.raters.self, stage.raters.manager) == (True, False)
    assert stage.raters.peers.ask == HowMany(4, 6)
    assert stage.nominate is not None
    assert stage.nominate.by == "subject"


def test_nobody_goes_over_comments_can_be_written() -> None:
    assert the_round("hold_comments: hr", "hold_comments: false").hold_comments is False


@pytest.mark.parametrize("ask", ["{ask: 0}", '{ask: "0"}', "{ask: 0 to 0}"])
def test_a_group_of_none_is_not_asked(ask: str) -> None:
    raters = the_round("{ask: 4 to 6}", ask).raters
    assert raters is not None
    assert raters.peers.ask.nobody
    assert raters.anybody_chosen()  # others, and people outside
    assert not any(raters.groups()[group].ask.nobody for group in ("others", "reports"))


def test_a_round_that_asks_reports_alone_names_nobody() -> None:
    stage = the_round(
        "peers: {ask: 4 to 6}", "peers: {ask: 0}\n      others: {ask: 0}\n      external: {ask: 0}"
    )
    assert list(stage.steps()) == ["collect"]
    assert str(stage.due) == "8 working days after opens"


def test_a_list_that_the_manager_makes_is_one_step() -> None:
    definition = changed("{due: 4 working days}", "{due: 4 working days, by: manager}")
    stage = definition.stage("feedback")
    assert stage.steps() == {"approve": stage.nominate, "collect": stage.collect}
    assert str(stage.due) == "13 working days after opens"
    steps = [s for s in unfold(definition).stages if s.id.startswith("feedback.")]
    assert [(s.id, s.kind, s.assignee, str(s.due)) for s in steps] == [
        ("feedback.approve", "approve", "manager", "4 working days"),
        ("feedback.collect", "collect", "rater", "8 working days"),
    ]
    assert steps[1].after == ("feedback.approve",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{due: 4 working days}", "{due: 4 working days, by: manager}"),
        ("{ask: 4 to 6}", "{ask: 0}\n      others: {ask: 0}\n      external: {ask: 0}"),
        ("{due: 4 working days}", "{due: 1 working day, title: Who?}"),
    ],
)
def test_a_round_is_due_when_the_last_of_its_steps_is(old: str, new: str) -> None:
    written, launch = changed(old, new), date(2027, 1, 12)
    company, period = calendars().company(), period_of(written, launch)
    before = plan_cycle(written, launch, company, period).stages
    after = plan_cycle(unfold(written), launch, company, period).stages
    assert before["feedback"].due == after["feedback.collect"].due
    assert before["feedback"].closes == after["feedback.collect"].closes


def test_a_step_has_the_title_that_was_written() -> None:
    definition = changed("{due: 4 working days}", "{due: 4 working days, title: Who knows you?}")
    titles = [stage.title for stage in unfold(definition).stages]
    assert titles[1] == "Who knows you?"
    assert titles[3] == "Feedback", "the raters see the round's own title"


def test_a_round_published_before_these_keys_runs_as_it_did() -> None:
    content = parse_definition(GOOD_ROUND).content
    (stage,) = [s for s in content["stages"] if s["id"] == "feedback"]
    for key in ("too_few", "hold_comments", "manager_first"):
        del stage[key]
    del stage["nominate"]["by"]
    del stage["raters"]["self"]
    del stage["raters"]["manager"]
    restored = restore(content).stage("feedback")
    assert (restored.too_few, restored.hold_comments, restored.manager_first) == (None,) * 3
    assert restored.raters is not None
    assert (restored.raters.self, restored.raters.manager) == (True, False)
    assert list(restored.steps()) == ["nominate", "approve", "collect"]


DOCUMENTED = (
    (Path(__file__).parents[4] / "docs" / "writing-a-definition.md")
    .read_text(encoding="utf-8")
    .partition("\n### 360 rounds\n")[2]
    .partition("\n### ")[0]
)


@pytest.mark.parametrize("number", range(3))
def test_the_rounds_in_the_documentation_can_be_used(number: int) -> None:
    example = re.findall(r"```yaml\n(.*?)```", DOCUMENTED, re.DOTALL)[number]
    head = "definition: told\ntitle: Told\npurpose: Why.\nperiod: this year\n"
    text = "" if "definition:" in example else head
    text += example if "stages:" in example else f"stages:\n{example}"
    if "forms:" not in example:
        text += "forms: {feedback: [{section: A, questions: [{id: a, ask: Why?}]}]}\n"
    assert said(text) == []


def test_every_key_of_a_round_is_documented() -> None:
    keys = set(FeedbackRound.model_fields) - set(Stage.model_fields)
    named = {f"raters.{key}" for key in Raters.model_fields} | (keys - {"raters"})
    assert {key for key in named if f"`{key}`" not in DOCUMENTED} == set()
