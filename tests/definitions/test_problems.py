"""What is said about files that cannot be used: everything at once, each with its place."""

from itertools import pairwise

import pytest

from definitions.loader import parse_definition, problems_of
from definitions.problems import DefinitionError, Severity, explain, explain_all
from definitions.source import MOST_BYTES
from tests.definitions.broken_files import BROKEN, GOOD, Broken


def said(text: str | bytes) -> list[str]:
    return [str(problem).removeprefix("cycle.yaml:") for problem in problems_of(text, "cycle.yaml")]


def test_the_file_that_all_others_break_is_fine() -> None:
    assert said(GOOD) == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_file_says_where_what_and_what_would_be_right(broken: Broken) -> None:
    assert broken.old in GOOD
    assert said(GOOD.replace(broken.old, broken.new, 1)) == list(broken.said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: The file is empty. Start with `definition:` and an id."),
        ("# nothing yet\n", "1:1: The file is empty. Start with `definition:` and an id."),
        (
            "- a\n- b\n",
            "1:1: Keys and values are wanted here. Start with a line like `key: value`.",
        ),
        ("a: &x\n  b: *x\n", "2:6: `*x` contains itself. Write it out."),
        (b"title: caf\xe9\n", "1:11: The file is not UTF-8. Save it as UTF-8 in your editor."),
        ("a: \x07\n", "1:4: A control character that cannot be part of a text. Delete it."),
        ("a: [1, 2\nb: 3\n", "1:4: A bracket is not closed. Close it, or put a comma before this."),
        ("a: @x\n", "1:4: A text cannot start with this character. Put the text in quotes."),
        ("? [a]\n: b\n", "1:3: A key is a single word or text."),
    ],
)
def test_text_that_is_no_definition_at_all(text: str | bytes, message: str) -> None:
    assert said(text)[0] == message


def test_a_byte_order_mark_is_no_problem() -> None:
    assert said(b"\xef\xbb\xbf" + GOOD.encode()) == []


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert said("#" * (MOST_BYTES + 1))[0].startswith("1:1: The file has 1,000,001 bytes")


def test_deep_nesting_is_refused() -> None:
    assert "levels, one inside the other" in said("a: " + "[" * 5000)[0]


def test_a_bomb_of_aliases_is_refused() -> None:
    names = "abcdefghij"
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in pairwise(names)
    )
    assert "More than 50,000 values, once the aliases are written out" in said(bomb)[0]


def test_an_alias_that_is_used_twice_counts_as_written_twice() -> None:
    text = GOOD.replace("due: 10 working days\n    closes", "due: &d 10 working days\n    closes")
    text = text.replace("due: 10 working days\n    ladder", "due: *d\n    ladder")
    assert said(text) == []
    assert str(parse_definition(text).definition.stage("manager").due) == "10 working days"


def test_problems_of_all_sorts_come_together_in_the_order_of_the_file() -> None:
    text = (
        GOOD.replace("previous year", "last year")  # a value
        .replace("person.reports", "person.report")  # a condition
        .replace("ladder: gentle", "lader: gentel")  # a key
        .replace("beside: [self]", "beside: [selv]")  # a reference
        .replace("explain: true", "explain: true\n          explain: true")  # YAML
    )
    assert [line.split(": ")[:2] for line in said(text)] == [
        ["4:9", "period"],
        ["9:8", "audience.who"],
        ["17:5", "stages[1].lader"],
        ["18:14", "stages[1].beside[0]"],
        ["36:11", "forms.manager[0].questions[0].explain"],
    ]


def test_the_error_carries_problems_for_an_api_answer() -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(GOOD.replace("previous year", "last year"), "cycle.yaml")
    assert caught.value.problems == (
        {
            "code": "invalid",
            "severity": "error",
            "source": "cycle.yaml",
            "line": 4,
            "column": 9,
            "path": "period",
            "message": "`last year` is no period.",
            "hint": "Did you mean `previous year`?",
        },
    )
    assert caught.value.found[0].severity is Severity.ERROR
    assert caught.value.status == 422


def test_the_terminal_shows_the_line_and_a_caret() -> None:
    text = GOOD.replace("    ladder: gentle", "    ladder: gentel")
    problem = problems_of(text, "cycle.yaml")[0]
    assert explain(problem, text) == (
        "cycle.yaml:17:13: error: stages[1].ladder: There is no ladder `gentel`.\n"
        " 17 |     ladder: gentel\n"
        "    |             ^\n"
        "   = Did you mean `gentle`?"
    )
    assert explain_all([problem], text).endswith("\n\n1 error")


def test_the_terminal_cuts_long_lines_around_the_caret() -> None:
    text = GOOD.replace("purpose: Why.", f"purpose: {'why ' * 60}{{who}}")
    shown = explain(problems_of(text)[0], text).splitlines()
    assert len(shown[1]) <= 80
    assert shown[1][shown[2].index("^") :].startswith("{who}")


def test_the_terminal_does_without_the_text() -> None:
    problem = problems_of(GOOD.replace("previous year", "last year"))[0]
    assert explain(problem).splitlines() == [
        "FILE:4:9: error: period: `last year` is no period.",
        "   = Did you mean `previous year`?",
    ]
