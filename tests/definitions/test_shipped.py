"""What is shipped: it can be read, and run as it is."""

import pytest

from definitions import shipped
from definitions.loader import parse_definition
from definitions.models import Definition
from definitions.runnable import RUNNING, runnable
from definitions.stages import KINDS
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
    assert left_out == ["feedback", "calibration", "plan"]
    assert [s.id for s in short.stages] == [s.id for s in full.stages if s.id not in left_out]
    assert (short.stage("manager").after, short.stage("manager").beside) == (("self",), ("self",))
    assert short.outcome.rating == ("manager.overall",)
    assert dict(short.forms) == {k: v for k, v in full.forms.items() if k != "feedback"}
    for stage_id in ("self", "conversation", "acknowledgement"):
        assert short.stage(stage_id) == full.stage(stage_id)


def test_what_cannot_run_is_named_with_its_place() -> None:
    parsed = parse_definition(FULL, "annual.yaml")
    found = runnable(parsed.definition, parsed.document)
    assert [str(problem) for problem in found] == [
        f"annual.yaml:{line}:11: stages[{index}].kind: Almanac can read the stage `{stage}` of "
        f"kind `{kind}`, but cannot run it yet. Take the stage out. Kinds that run: `form`, "
        "`feedback_round`, `release`, `acknowledgement`, `meeting`."
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
