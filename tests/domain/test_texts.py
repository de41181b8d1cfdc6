"""What a text may contain: storable, readable, and where the first fault is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts import (
    joined,
    on_one_line,
    readable,
    storable,
    storable_value,
    unstorable,
    unstorable_in,
)

ANY = st.text(st.characters(exclude_categories=()), max_size=40)


def test_pairs_of_surrogates_become_the_character_that_they_stand_for() -> None:
    assert joined("Well \ud83d\ude80 done") == "Well \U0001f680 done"
    assert joined("\ud83d alone \ude80") == "\ud83d alone \ude80"


@given(ANY)
def test_what_is_storable_is_utf_8_without_nul(text: str) -> None:
    kept = storable(text)
    assert unstorable(kept) is None
    assert "\x00" not in kept.encode("utf-8").decode("utf-8")


@given(ANY)
def test_what_is_storable_loses_nothing_that_could_be_kept(text: str) -> None:
    if unstorable(text) is None:
        assert storable(text) is text


@pytest.mark.parametrize(
    ("value", "path", "name"),
    [
        ({"a": "fine", "b": {"c": ["x", "no\x00"]}}, ("b", "c", 1), "U+0000"),
        ({"a": "\ud800"}, ("a",), "U+D800"),
        ({"bad\x00key": 1}, (), "U+0000"),
        ("\udfff", (), "U+DFFF"),
    ],
)
def test_the_place_of_what_cannot_be_kept_is_found(
    value: object, path: tuple[str | int, ...], name: str
) -> None:
    assert unstorable_in(value) == (path, name)


def test_a_value_that_can_be_kept_has_no_fault_at_any_depth() -> None:
    deep: object = "fine \U0001f680"
    for _ in range(5000):
        deep = [deep]
    assert unstorable_in(deep) is None


def test_values_are_cleaned_with_their_keys() -> None:
    cleaned = storable_value({"a\x00": ["b\ud800", 3, None], "c": "\ud83d\ude80"})
    assert cleaned == {"a": ["b", 3, None], "c": "\U0001f680"}
    json.dumps(cleaned, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "name",
    ["می‌خواهم", "क्‍ष", "👩‍👩‍👧", "العربية\u200f", "Ünïcødé", "line\nnext\ttab"],
)
def test_joiners_and_plain_direction_marks_stay(name: str) -> None:
    assert readable(name) == name


def test_control_codes_and_reversing_marks_are_not_shown() -> None:
    assert readable("a\x07b\x1b[31mc\x9f") == "ab[31mc"
    assert readable("pay \u202e001\u202c now \u2066x\u2069") == "pay 001 now x"
    assert readable("one\x0btwo\r\nthree\u2028four\rfive\x85six") == (
        "one\ntwo\nthree\nfour\nfive\nsix"
    )
    assert on_one_line("A\r\nBcc: somebody\t\x00") == "A Bcc: somebody"


@given(ANY)
def test_reading_twice_changes_nothing_more(text: str) -> None:
    assert readable(readable(text)) == readable(text)
