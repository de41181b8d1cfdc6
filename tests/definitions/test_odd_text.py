"""Texts that no database keeps, and files that a parser could drown in, end in a sentence."""

import json

import pytest
from ruamel.yaml import YAML

from definitions.loader import parse_company, parse_definition, problems_of
from definitions.problems import DefinitionError
from tests.definitions.test_spans import SOURCE


@pytest.mark.parametrize(
    ("escape", "name"),
    [("\\0", "U+0000"), ("\\ud83d", "U+D83D"), ("\\udfff x", "U+DFFF"), ("\\a", "U+0007")],
)
def test_an_escape_of_what_no_text_can_contain_has_a_place(escape: str, name: str) -> None:
    [problem] = problems_of(SOURCE.replace("What went well?", f"What {escape} now?"))
    assert problem.path == "forms.self[0].questions[0].ask"
    assert (problem.line, problem.column) == (13, SOURCE.splitlines()[12].index('"') + 1)
    assert name in problem.message
    str(problem).encode()


def test_such_an_escape_is_refused_in_keys_too() -> None:
    found = problems_of(SOURCE.replace("title: Talk", '"ti\\0tle": Talk'))
    assert any("U+0000" in problem.message and problem.line == 2 for problem in found)


def test_such_an_escape_is_refused_in_the_company_file() -> None:
    text = (
        "zone: UTC\ncalendar: a\nhr: [hr@example.org]\nadministrators: [hr@example.org]\n"
        'calendars: {a: {plus: {"Founders\\0 day": 2027-05-03}}}\n'
    )
    with pytest.raises(DefinitionError) as refused:
        parse_company(text)
    assert [problem.line for problem in refused.value.found] == [5]


def test_json_with_a_character_as_a_pair_of_surrogates_is_that_character() -> None:
    content = YAML(typ="safe").load(SOURCE)
    content["title"] = "Talk \U0001f680 {period}"
    text = json.dumps(content)
    assert "\\ud83d\\ude80" in text
    assert parse_definition(text).definition.title == "Talk \U0001f680 {period}"
    joined = json.dumps(content, ensure_ascii=False)
    assert parse_definition(text).hash == parse_definition(joined).hash


@pytest.mark.parametrize(
    "part", ["? ", "[", "{", "- ", "[[", "{a: ", "&a ", "*a ", "!!", "? - ", "[? ", '"', "> ", "%"]
)
@pytest.mark.parametrize("length", [10_000, 300_000])
def test_a_part_repeated_without_end_is_a_problem_with_a_place(part: str, length: int) -> None:
    found = problems_of(part * (length // len(part)))
    assert found
    assert all(len(str(problem)) < 600 for problem in found)


def test_a_key_inside_a_key_counts_as_a_level() -> None:
    [problem] = problems_of("? " * 5000)
    assert "More than 24 levels" in problem.message


def test_a_message_about_a_long_value_is_short() -> None:
    [problem] = problems_of(SOURCE.replace("5 working days", "9" * 100_000))
    assert len(problem.message) <= 300
