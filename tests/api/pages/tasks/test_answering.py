"""Forms in, answers out; and back."""

import pytest
from starlette.datastructures import FormData

from api.pages.tasks import answering
from definitions.loader import parse_definition
from definitions.models import Definition

SOURCE = """
definition: talk
title: Talk
purpose: To test.
period: previous year
stages:
  - {id: self, due: 5 working days}
forms:
  self:
    - section: One
      questions:
        - {id: words, ask: Words}
        - {id: point, ask: Point, type: rating, explain: true}
        - {id: way, ask: Way, type: choice, options: [Left, Right]}
        - {id: reason, ask: Reason, when: 'answers.way != "Left"'}
        - {id: days, ask: Days, type: number, required: false}
        - {id: start, ask: Start, type: date, required: false}
        - {id: goals, type: goals, required: false}
    - section: Two
      questions:
        - {id: last, ask: Last}
"""


@pytest.fixture
def definition() -> Definition:
    return parse_definition(SOURCE).definition


def test_what_is_typed_becomes_answers_of_the_right_shape(definition: Definition) -> None:
    form = FormData(
        [
            ("a.words", "One\r\ntwo\x00"),
            ("a.point", "4"),
            ("a.point.why", "Because."),
            ("a.way", "Left"),
            ("a.days", "2,5"),
            ("a.start", "2027-02-01"),
            ("a.goals.0.goal", "Run"),
            ("a.goals.0.progress", "50 %"),
            ("a.goals.2.goal", "Rest"),
        ]
    )
    assert answering.read_section(form, definition.forms["self"][0]) == {
        "words": "One\ntwo",
        "point": 4,
        "point.why": "Because.",
        "way": "Left",
        "days": 2.5,
        "start": "2027-02-01",
        "goals": [{"goal": "Run", "progress": 50}, {"goal": "Rest", "progress": 0}],
    }


def test_empty_fields_are_no_answers(definition: Definition) -> None:
    form = FormData([("a.words", "  "), ("a.days", ""), ("a.goals.0.goal", "")])
    assert answering.read_section(form, definition.forms["self"][0]) == {}


def test_wrong_number_is_kept_as_it_was_typed(definition: Definition) -> None:
    form = FormData([("a.days", "a few")])
    assert answering.read_section(form, definition.forms["self"][0]) == {"days": "a few"}


def test_saving_a_step_leaves_the_other_steps_alone(definition: Definition) -> None:
    form = definition.forms["self"]
    draft = {"words": "Old", "point": 3, "last": "Kept"}
    assert answering.merged(draft, form, 1, {"words": "New"}) == {"words": "New", "last": "Kept"}


def test_condition_is_said_in_words_for_those_without_a_script(definition: Definition) -> None:
    form = definition.forms["self"]
    assert answering.only_if(form, form[0].questions[3]) == (
        "Only if your answer to “Way” is not “Left”."
    )
    assert answering.only_if(form, form[0].questions[0]) == ""


def test_question_that_is_not_asked_is_marked(definition: Definition) -> None:
    fields = answering.fields_of(
        definition,
        definition.stage("self"),
        definition.forms["self"][0],
        {"way": "Left"},
        role="subject",
        subject=None,
        first=None,
        errors={"point.why": "Please say why in a sentence."},
    )
    assert [f.name for f in fields if not f.asked] == ["reason"]
    assert fields[1].why_error == "Please say why in a sentence."
    assert len(fields[6].goals) == answering.LEAST_GOALS


def test_steps_tell_how_far_each_section_is(definition: Definition) -> None:
    steps = answering.steps_of(
        definition.forms["self"], {"words": "Some", "way": "Left"}, lambda n: f"?step={n}", 1
    )
    assert [(step.mood, step.here) for step in steps] == [("part", True), ("empty", False)]


def test_clash_shows_only_what_differs(definition: Definition) -> None:
    here, there = {"words": "A", "point": 4}, {"words": "B", "point": 4}
    clashes = answering.clashes_of(definition, definition.forms["self"], here, there)
    assert [(c.name, c.here, c.there) for c in clashes] == [("words", "A", "B")]
