"""`almanac definitions`: what a person sees who writes a definition in a terminal."""

import json
from pathlib import Path

import pytest

from cli import main

CYCLES = Path(__file__).parents[2] / "definitions" / "cycles"
ANNUAL = CYCLES / "annual.yaml"


def call(*arguments: str) -> int:
    """Run a command in this process; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_the_shipped_definitions_have_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("definitions", "validate", *map(str, sorted(CYCLES.glob("*.yaml")))) == 0
    assert ": error:" not in capsys.readouterr().out


def test_an_error_is_shown_with_its_place_and_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(ANNUAL.read_text().replace("due: 10 working days", "due: 10 wd", 1))
    assert call("definitions", "validate", str(file)) == 1
    shown = capsys.readouterr().out
    assert f"{file}:" in shown
    assert "10 working days" in shown
    assert call("definitions", "validate", "--json", str(file)) == 1
    [problem] = json.loads(capsys.readouterr().out)
    assert (problem["severity"], problem["line"] > 0) == ("error", True)


def test_a_file_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("definitions", "validate", "nowhere.yaml") == 1
    assert "nowhere.yaml cannot be read" in capsys.readouterr().err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    for which in ("definition", "company"):
        assert call("definitions", "schema", which) == 0
        assert json.loads(capsys.readouterr().out)["$schema"]


def test_a_preview_needs_neither_database_nor_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("definitions", "preview", str(ANNUAL), "--launch", "2027-01-12") == 0
    shown = capsys.readouterr().out
    assert "Self review" in shown
    assert "launched 2027-01-12" in shown
    probation = str(CYCLES / "probation.yaml")
    assert call("definitions", "preview", probation, "--hired", "2027-02-01") == 0


def test_a_date_that_is_none_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("definitions", "preview", str(ANNUAL), "--launch", "tomorrow") == 2


@pytest.mark.parametrize(
    ("option", "day"),
    [
        ("--launch", "0001-01-01"),
        ("--launch", "1969-12-31"),
        ("--launch", "9999-12-31"),
        ("--hired", "1900-01-01"),
        ("--hired", "9999-12-31"),
    ],
)
def test_a_day_of_no_calendar_is_a_wrong_call(
    option: str, day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("definitions", "preview", str(ANNUAL), option, day) == 2
    assert "out of reach" in capsys.readouterr().err


@pytest.mark.parametrize("file", sorted(CYCLES.glob("*.yaml")), ids=lambda file: file.stem)
@pytest.mark.parametrize(
    "options",
    [
        ("--launch", "1970-01-01"),
        ("--launch", "2100-12-31"),
        ("--hired", "1970-01-01"),
        ("--hired", "2100-12-31"),
        ("--hired", "1990-05-31", "--launch", "2090-02-28"),
    ],
)
def test_a_preview_far_from_today_is_drawn_all_the_same(
    file: Path, options: tuple[str, ...]
) -> None:
    assert call("definitions", "preview", str(file), *options) == 0
