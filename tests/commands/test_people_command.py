"""`almanac people import`, `company set`, and publishing: from a terminal into the database."""

import json
from pathlib import Path

import pytest

from cli import main

ROOT = Path(__file__).parents[2]
PEOPLE = str(ROOT / "embedded" / "demo_company" / "company.csv")
COMPANY = str(ROOT / "definitions" / "company.yaml")
ANNUAL = str(ROOT / "definitions" / "cycles" / "annual.yaml")


@pytest.fixture
def shell(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names the database."""
    monkeypatch.setenv("ALMANAC_DATABASE_URL", database_url)


def call(*arguments: str) -> int:
    """Run a command in this process; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    return code if isinstance(code, int) else 0


@pytest.mark.usefixtures("shell")
def test_a_company_is_set_up_from_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("company", "set", COMPANY) == 0
    assert call("company", "set", COMPANY) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert call("people", "import", PEOPLE, "--dry-run") == 0
    assert "107 people would be added" in capsys.readouterr().out
    assert call("people", "import", PEOPLE) == 0
    assert "107 people were added" in capsys.readouterr().out
    assert call("people", "import", PEOPLE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unchanged"] == 107
    assert call("definitions", "publish", ANNUAL) == 0
    assert call("definitions", "publish", ANNUAL) == 0
    assert "annual version 1 is published already" in capsys.readouterr().out
    assert call("definitions", "preview", ANNUAL, "--for", "204", "--launch", "2027-01-12") == 0
    assert "Hermann Brown" in capsys.readouterr().out


@pytest.mark.usefixtures("shell")
def test_every_problem_of_a_file_is_listed_and_nothing_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("employee_id,first_name,last_name,email,hire_date\n1,,B,x,2020-01-01\n")
    assert call("people", "import", str(file)) == 1
    shown = capsys.readouterr().err
    assert "2 problems; nothing was imported" in shown
    assert "row 2, first_name: first_name is empty." in shown
    assert call("people", "import", str(file), "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2


@pytest.mark.usefixtures("shell")
def test_a_mapping_names_the_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, mapping = tmp_path / "people.csv", tmp_path / "mapping.yaml"
    file.write_text("Nr;Vorname;Nachname;Mail;Eintritt\n1;A;B;a@b.de;31.01.2020\n")
    mapping.write_text(
        "employee_id: Nr\nfirst_name: Vorname\nlast_name: Nachname\nemail: Mail\n"
        "hire_date: Eintritt\ndate_format: DD.MM.YYYY\n"
    )
    assert call("people", "import", str(file), "--mapping", str(mapping)) == 0
    assert "1 people were added" in capsys.readouterr().out


@pytest.mark.usefixtures("shell")
def test_a_broken_company_file_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "company.yaml"
    file.write_text("zone: Mars/Base\ncalendar: us\nhr: [a@b.de]\nadministrators: [a@b.de]\n")
    assert call("company", "set", str(file)) == 1
    assert "Mars/Base" in capsys.readouterr().err


def test_without_a_database_a_command_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALMANAC_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert call("people", "import", PEOPLE) == 1
    assert "ALMANAC_DATABASE_URL" in capsys.readouterr().err
