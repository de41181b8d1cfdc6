"""What is shipped: it can be read, and run as it is."""

import pytest

from definitions import shipped
from definitions.kinds.registry import KINDS
from definitions.loader import parse_definition
from definitions.models import Definition
from definitions.runnable import RUNNING, runnable
from definitions.unfolding import unfold
from tests.definitions.broken_files import GOOD
from tests.definitions.test_loader import FULL


@pytest.mark.parametrize("name", shipped.NAMES)
def test_every_shipped_cycle_runs(name: str) -> None:
    parsed = shipped.definition(name)
    assert parsed.definition.definition == name
    assert runnable(parsed.definition, parsed.document) == []


def test_an_unknown_name_is_said() -> None:
    with pytest.raises(LookupError):
        shipped.cycle_source("biennial")


def test_the_shipped_annual_review_is_the_full_one_without_what_does_not_run() -> None:
    full, short = parse_definition(FULL).definition, shipped.definition("annual").definition
    left_out = [stage.id for stage in full.stages if stage.kind not in RUNNING]
    assert left_out == ["calibration", "plan"]
    assert [s.id for s in short.stages] == [s.id for s in full.stages if s.id not in left_out]
    assert short.outcome.rating == ("manager.overall",)
    assert dict(short.forms) == dict(full.forms)
    for stage_id in ("self", "feedback", "manager", "conversation", "acknowledgement"):
        assert short.stage(stage_id) == full.stage(stage_id)


def test_a_round_can_be_launched_alone_and_takes_nobody_in_later() -> None:
    definition = shipped.definition("feedback").definition
    assert [stage.kind for stage in definition.stages] == ["feedback_round"]
    assert (definition.launch.every, definition.audience.late_joiners) == (None, "never")
    steps = [(s.id, s.kind, s.assignee) for s in unfold(definition).stages]
    assert steps == [
        ("feedback.nominate", "nominate", "subject"),
        ("feedback.approve", "approve", "manager"),
        ("feedback.collect", "collect", "rater"),
    ]


def test_upward_feedback_asks_reports_alone_about_managers_alone() -> None:
    definition = shipped.definition("upward").definition
    (collect,) = unfold(definition).stages
    assert (collect.kind, definition.audience.who) == ("collect", "person.is_manager")
    assert collect.raters is not None
    asked = {name: str(group.ask) for name, group in collect.raters.groups().items()}
    assert asked == {"peers": "0", "reports": "all", "others": "0", "external": "0"}
    assert (collect.raters.self, collect.raters.manager) == (True, False)
    assert definition.outcome.rating == ()


@pytest.mark.parametrize("name", ["feedback", "upward"])
def test_a_purpose_tells_raters_what_is_needed_before_anything_is_shown(name: str) -> None:
    definition = shipped.definition(name).definition
    assert definition.anonymity.threshold == 3
    for promise in ("at least four", "at least three have answered", "not used for pay"):
        assert promise in " ".join(definition.purpose.split())


def test_what_cannot_run_is_named_with_its_place() -> None:
    parsed = parse_definition(FULL, "annual.yaml")
    found = runnable(parsed.definition, parsed.document)
    assert [str(problem) for problem in found] == [
        f"annual.yaml:{line}:11: stages[{index}].kind: Almanac can read the stage `{stage}` of "
        f"kind `{kind}`, but cannot run it yet. Take the stage out. Kinds that run: `form`, "
        "`feedback_round`, `release`, `meeting`, `acknowledgement`."
        for line, index, stage, kind in (
            (41, 3, "calibration", "calibration"),
            (62, 7, "plan", "development_plan"),
        )
    ]
    assert {problem.code for problem in found} == {"not-runnable"}
    assert set(RUNNING) < set(KINDS)


def test_questions_about_the_record_cannot_run() -> None:
    text = GOOD.replace("ask: How was it?", "ask: How was it?\n          when: person.is_manager")
    definition: Definition = parse_definition(text).definition
    assert [problem.path for problem in runnable(definition)] == ["forms.self[0].questions[1].when"]
