"""Defaults, content and hash of definitions; their way back from the content."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions import loader, shipped
from definitions.durations import Duration
from definitions.kinds.registry import KINDS
from definitions.loader import Parsed, parse_definition, restore
from definitions.models import BUILT_IN_LADDERS, Definition, Stage
from definitions.source import read

DATA = Path(__file__).parent / "data"
FULL = (DATA / "annual_full.yaml").read_text(encoding="utf-8")
TEXTS = {
    **{name: shipped.cycle_source(name) for name in shipped.NAMES},
    "annual_full": FULL,
    "everything": (DATA / "everything.yaml").read_text(encoding="utf-8"),
}


def parsed(name: str) -> Parsed:
    return parse_definition(TEXTS[name], f"{name}.yaml")


def in_short(stage: Stage) -> tuple[object, ...]:
    return (
        stage.assignee,
        stage.form,
        str(stage.opens) if stage.opens else None,
        stage.after,
        stage.per,
        str(stage.due),
        str(stage.at_least),
        str(stage.closes) if stage.closes else None,
        stage.ladder,
    )


def test_defaults_of_the_full_annual_review() -> None:
    definition = parsed("annual_full").definition
    assert {stage.id: in_short(stage) for stage in definition.stages} == {
        "self": (
            *("subject", "self", "launch", (), "person", "10 working days"),
            *("3 working days", "5 working days after due", "standard"),
        ),
        "feedback": (
            *("subject", "feedback", "launch", (), "person", "20 working days after opens"),
            *("3 working days", "3 working days after due", "reminders"),
        ),
        "manager": (
            *("manager", "manager", None, ("self", "feedback"), "person", "10 working days"),
            *("3 working days", None, "standard"),
        ),
        "calibration": (
            *("facilitator", None, None, ("manager",), "cycle", "5 working days"),
            *("3 working days", None, "standard"),
        ),
        "release": (
            *("hr", None, None, ("calibration",), "cycle", "2 working days"),
            *("2 working days", None, "standard"),
        ),
        "conversation": (
            *("manager", None, None, ("release",), "person", "5 working days"),
            *("3 working days", "5 working days after due", "standard"),
        ),
        "acknowledgement": (
            *("subject", None, None, ("conversation",), "person", "5 working days"),
            *("3 working days", "10 working days after due", "standard"),
        ),
        "plan": (
            *("manager", None, None, ("conversation",), "person", "15 working days"),
            *("3 working days", None, "standard"),
        ),
    }
    plan, calibration = definition.stage("plan"), definition.stage("calibration")
    assert (plan.check_ins, plan.suggest_from) == (Duration(2, "months"), ("manager", "feedback"))
    assert (calibration.smallest_group, calibration.facilitator) == (5, "hr")
    assert (calibration.title, plan.title) == ("Calibration", "Development plan")


def test_defaults_of_a_360_round() -> None:
    stage = parsed("annual_full").definition.stage("feedback")
    assert stage.nominate
    assert stage.approve
    assert stage.collect
    assert stage.raters
    steps = (stage.nominate, stage.approve, stage.collect)
    assert [(str(s.due), str(s.closes), s.ladder, str(s.at_least)) for s in steps] == [
        ("5 working days after opens", "due", "reminders", "3 working days"),
        ("3 working days after opens", "due", "reminders", "3 working days"),
        ("10 working days after opens", "3 working days after due", "reminders", "3 working days"),
    ]
    assert (str(stage.raters.peers.ask), stage.raters.peers.at_most) == ("4 to 6", 8)
    assert (str(stage.raters.reports.ask), stage.load) == ("all", 7)


def test_defaults_of_everything_else() -> None:
    definition = parsed("mid_year").definition
    assert definition.ladders == BUILT_IN_LADDERS
    assert definition.ladder_of(definition.stages[0]) == BUILT_IN_LADDERS["standard"]
    assert str(definition.ends) == "30 working days after conversation.due"
    assert str(definition.audience.late_joiners) == "self.due"
    assert definition.audience.tenure == Duration(90, "days")
    assert definition.retention == {"default": Duration(4, "years")}
    assert (definition.launch.approve, str(definition.launch.check)) == ("hr", "10 working days")
    assert [point.value for point in definition.scale] == [1, 2, 3, 4, 5]
    assert definition.outcome.rating == ()


def test_opens_and_after_both_hold_where_both_are_written() -> None:
    text = TEXTS["mid_year"].replace("beside: [self]", "opens: launch\n    after: self")
    stage = parse_definition(text).definition.stage("manager")
    assert (str(stage.opens), stage.after) == ("launch", ("self",))


def test_opens_alone_waits_for_no_stage() -> None:
    stage = parsed("quarterly").definition.stage("conversation")
    assert (str(stage.opens), stage.after) == ("launch", ())


def test_after_nothing_waits_for_nothing() -> None:
    text = TEXTS["mid_year"].replace("beside: [self]", "after: []")
    stage = parse_definition(text).definition.stage("manager")
    assert (str(stage.opens), stage.after) == ("launch", ())


def test_every_key_is_used_somewhere() -> None:
    content = parsed("everything").content
    assert set(Definition.model_fields) == set(content)
    assert {key for stage in content["stages"] for key in stage} == {
        key for kind in KINDS.values() for key in kind.model.model_fields
    }


def test_own_ladders_stand_beside_the_built_in_ones() -> None:
    definition = parsed("probation").definition
    assert set(definition.ladders) == {*BUILT_IN_LADDERS, "urgent"}
    assert definition.ladder_of(definition.stage("decision")).escalate[1].repeat == 1


@pytest.mark.parametrize("name", TEXTS)
def test_content_restores_an_equal_definition(name: str) -> None:
    one = parsed(name)
    content = json.loads(json.dumps(one.content))
    fresh = Definition.model_validate(content)
    assert fresh == one.definition
    assert fresh.model_dump(mode="json", exclude_none=True) == one.content
    assert restore(content) is restore(json.loads(json.dumps(content, sort_keys=True)))


def test_restoring_and_parsing_again_answer_from_memory() -> None:
    one = parsed("annual")
    assert parsed("annual").definition is one.definition
    assert restore(one.content) is one.definition


def test_what_a_caller_does_to_the_content_harms_nobody() -> None:
    one = parsed("annual")
    one.content["title"] = "Something else"
    assert parsed("annual").content["title"] == "Annual review {period}"


def test_a_version_means_what_it_meant_whatever_the_defaults_are_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = parsed("mid_year").content
    monkeypatch.setattr(loader, "resolve", None)
    restored = Definition.model_validate(content)
    assert str(restored.stage("self").at_least) == "3 working days"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Mid-year review", "# Something else"),
        ("title: Half-year notes", 'title: "Half-year notes"'),
        ("due: 5 working days\n    closes: 3", "due: '5 working  days'\n    closes: 3"),
        ("beside: [self]", "beside: self"),
        ("    id: self\n", "    id: self\n\n\n"),
        ("period: this half\n\n", "period: this   half\n"),
    ],
)
def test_what_does_not_count_leaves_the_hash(old: str, new: str) -> None:
    text = TEXTS["mid_year"].replace(old, new)
    assert parse_definition(text).hash == parsed("mid_year").hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("due: 7 working days", "due: 8 working days"),
        ("title: Half-year notes", "title: Half-year Notes"),
        ("required: false", "required: true"),
        ("  - id: conversation", "  - id: talk"),
    ],
)
def test_what_counts_changes_the_hash(old: str, new: str) -> None:
    assert parse_definition(TEXTS["mid_year"].replace(old, new)).hash != parsed("mid_year").hash


def test_the_order_of_a_list_counts() -> None:
    definition = TEXTS["quarterly"]
    other = definition.replace("April, July, October", "July, April, October")
    assert parse_definition(other).hash != parsed("quarterly").hash


def test_hashes_stay_what_they_are() -> None:
    """A change here means that every company's next publication makes a new version."""
    assert {name: parsed(name).hash[:16] for name in TEXTS} == HASHES


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    return value


@pytest.mark.parametrize("name", TEXTS)
@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_keys_never_counts(name: str, chance: random.Random) -> None:
    data = shuffled(read(TEXTS[name], name).data, chance)
    again = parse_definition(json.dumps(data, ensure_ascii=False, default=str))
    assert again.hash == parsed(name).hash
    assert again.definition == parsed(name).definition


def test_three_thousand_lines_are_read_in_a_moment() -> None:
    questions = "".join(
        f"        - id: q{n}\n"
        f"          ask: What is to be said about the point number {n} of this long form?\n"
        "          required: false\n"
        for n in range(980)
    )
    text = (
        "definition: long\ntitle: Long\npurpose: Long.\nperiod: previous year\n"
        "stages:\n  - id: self\n    due: 10 working days\n"
        "forms:\n  self:\n    - section: All\n      questions:\n" + questions
    )
    lines = text.count("\n")
    assert lines > 2900
    started = time.process_time()
    one = parse_definition(text)
    took = time.process_time() - started  # other tests may run beside this one
    assert len(one.definition.forms["self"][0].questions) == 980
    assert took < 1.5, f"{lines} lines took {took:.2f} s"


HASHES = {
    "annual": "bc481763c1d4b422",
    "annual_full": "c6d7071d14ea344d",
    "everything": "92961200b1916e76",
    "feedback": "efc75ac5d9bb1576",
    "mid_year": "ff438a6c3e533b39",
    "probation": "0881cc071278cd66",
    "quarterly": "9bda7dbcfde1a71c",
    "upward": "8c8cc1552f0695e1",
}
