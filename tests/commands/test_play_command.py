"""`almanac play`: what goes wrong in a play is a sentence with its place, and exit code 2."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.test_people_command import PEOPLE, call

pytestmark = [pytest.mark.usefixtures("shell"), pytest.mark.timeout(1800)]

STORIES = Path(__file__).parents[1] / "cycles" / "scenarios" / "stories"
CORE = "definition: core.def.yaml\nlaunch: 2027-01-12 09:00\n"

Writes = Callable[..., str]


@pytest.fixture
def shell(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names the database."""
    monkeypatch.setenv("ALMANAC_DATABASE_URL", owner_url)


@pytest.fixture
def writes(tmp_path: Path) -> Writes:
    """Writes a scenario beside the annual review of forms alone, and returns its path."""

    def writes(content: str, definition: str | None = None) -> str:
        core = (STORIES / "core.def.yaml").read_text(encoding="utf-8")
        (tmp_path / "core.def.yaml").write_text(definition or core, encoding="utf-8")
        (tmp_path / "play.yaml").write_text(content, encoding="utf-8")
        return str(tmp_path / "play.yaml")

    return writes


def refused(capsys: pytest.CaptureFixture[str], scenario: str) -> str:
    """Play what cannot be played; what was said."""
    assert call("play", scenario, "--people", PEOPLE, "--no-tasks") == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return said.out + said.err


BEFORE_IT_BEGINS = {
    "nothing but a list": ("- a\n", "play.yaml:1: a scenario is a mapping"),
    "yaml that does not end": ("scenario: [", "play.yaml:"),
    "nested without end": ("scenario: " + "[" * 5000, "is nested too deeply"),
    "keys without end": ("? " * 5000, "is nested too deeply"),
    "a character that is none": ("scenario: a\0b\n", "unacceptable character"),
    "a day that does not exist": (
        "scenario: a\ndefinition: core.def.yaml\nlaunch: 2027-02-30 09:00\n",
        "play.yaml:3: launch: there is no '2027-02-30 09:00'",
    ),
    "a year of no calendar": (
        "scenario: a\ndefinition: core.def.yaml\nlaunch: 9999-12-31 09:00\n",
        "play.yaml:3: launch: '9999-12-31 09:00' lies outside",
    ),
    "a definition that is not there": (
        "scenario: a\ndefinition: none.yaml\nlaunch: 2027-01-12\n",
        "play.yaml:2: ",
    ),
    "somebody whom the people file does not know": (
        f"scenario: a\n{CORE}only: [120, 9999]\n",
        "play.yaml:4: nobody in company.csv has the employee id 9999",
    ),
    "a stage that does not exist": (
        f"scenario: a\n{CORE}expect:\n  - task: {{stage: nope}}\n",
        "play.yaml:5: there is no stage nope",
    ),
    "a cycle that nobody launches": (
        f"scenario: a\n{CORE}events:\n  - {{at: 2027-01-13, pause: {{of: quarterly}}}}\n",
        "play.yaml:5: no cycle of quarterly is launched; there are annual",
    ),
    "a pattern that is none": (
        f"scenario: a\n{CORE}expect:\n  - mail: {{to: 120, text: '(('}}\n",
        "play.yaml:5: expect.0.mail.text: '((' is no pattern",
    ),
    "an event before the launch": (
        f"scenario: a\n{CORE}events:\n  - {{at: 2027-01-10, nudge: {{stage: self}}}}\n",
        "play.yaml:5: nudge at 2027-01-10 17:00Z comes before the launch at 2027-01-12 17:00Z",
    ),
    "a newcomer who is there already": (
        f"scenario: a\n{CORE}events:\n  - at: 2027-01-14\n    joins: {{employee_id: 120,"
        " first_name: A, last_name: B, email: a@x.de, hire_date: 2027-01-14}\n",
        "play.yaml:6: 120 is in company.csv or has joined already",
    ),
    "an event after the end": (
        f"scenario: a\n{CORE}until: 2027-01-13\nevents:\n  - {{at: 2027-01-14, pause: }}\n",
        "play.yaml:6: pause at 2027-01-14 17:00Z comes after the end of the play at 2027-01-13",
    ),
    "an end before the launch": (
        f"scenario: a\n{CORE}until: 2027-01-11\n",
        "play.yaml:4: the play ends before anything is launched",
    ),
}


@pytest.mark.parametrize("name", BEFORE_IT_BEGINS)
def test_what_cannot_be_played_is_said_with_its_place(
    name: str, writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, said = BEFORE_IT_BEGINS[name]
    assert said in refused(capsys, writes(scenario))


def test_a_definition_that_does_not_validate_is_said_with_its_place(
    writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = writes(f"scenario: a\n{CORE}", definition="definition: x\ntitle: 3\nstages: []\n")
    assert "core.def.yaml:3:9: stages: This list is empty" in refused(capsys, scenario)


def test_a_people_file_that_is_not_there_is_said(
    writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("play", writes(f"scenario: a\n{CORE}"), "--people", "none.csv") == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err


HEADINGS = "Personalnummer;Vorname;Nachname;E-Mail"


@pytest.mark.parametrize(
    ("people", "said", "unsaid"),
    [
        (f"{HEADINGS};Eintrittsdatum\n120;A;L;a@x.de;2020-01-02\n", "id 9999", "id 120\n"),
        (f"{HEADINGS}\n120;A;L;a@x.de\n", "No column holds hire_date", "employee id"),
    ],
    ids=["other headings", "a heading missing"],
)
def test_people_are_found_whatever_their_file_calls_their_ids(
    people: str,
    said: str,
    unsaid: str,
    writes: Writes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "people.csv").write_text(people)
    scenario = writes(f"scenario: a\n{CORE}only: [120, 9999]\n")
    assert call("play", scenario, "--people", str(tmp_path / "people.csv"), "--no-tasks") == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert unsaid not in shown


NOBODY = ("audience:", 'audience:\n  who: person.department == "Nowhere"')


@pytest.mark.parametrize("by", ["button", "schedule"])
def test_a_refused_launch_ends_the_play(
    by: str, writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    core = (STORIES / "core.def.yaml").read_text(encoding="utf-8").replace(*NOBODY)
    said = refused(capsys, writes(f"scenario: a\n{CORE}by: {by}\nuntil: 2028-02-01\n", core))
    assert "play.yaml:3: the launch of annual at 202" in said
    assert "nobody takes part in the cycle" in said


def test_a_refused_launch_can_be_expected(
    writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    core = (STORIES / "core.def.yaml").read_text(encoding="utf-8").replace(*NOBODY)
    expected = "expect:\n  - refused: {what: launch, saying: nobody takes part}\n"
    scenario = writes(f"scenario: a\n{CORE}until: 2027-01-14\n{expected}", core)
    assert call("play", scenario, "--people", PEOPLE) == 0
    assert "1 of 1 expectations hold." in capsys.readouterr().out


def test_a_play_needs_no_more_than_the_role_of_the_application(
    database_url: str, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may make no schema in that database: then the play lives in one of its own."""
    monkeypatch.setenv("ALMANAC_DATABASE_URL", database_url)
    scenario = writes(f"scenario: a\n{CORE}until: 2027-01-14\n")
    assert call("play", scenario, "--people", PEOPLE) == 0


WITHDRAWN = "events:\n  - {at: 2027-01-14, withdraw: {stage: self, about: 120}}\n"


def test_a_refused_event_is_an_error_of_the_play_unless_it_is_expected(
    writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    play = f"scenario: a\n{CORE}only: [120]\nuntil: 2027-01-15\neverybody: never\n{WITHDRAWN}"
    said = refused(capsys, writes(play))
    assert "play.yaml:8: withdraw at 2027-01-14 17:00Z was refused: Only what you" in said
    expected = "expect:\n  - refused: {what: withdraw}\n"
    assert call("play", writes(play + expected), "--people", PEOPLE) == 0
    wrong = "  - mail: {to: 120, at: 2027-01-13, event: task_opened}\n"
    capsys.readouterr()
    assert call("play", writes(play + expected + wrong), "--people", PEOPLE) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "nearest: 2027-01-12 17:00Z to 120 task_opened self 120 (differs in at)" in told


def test_a_refused_event_names_each_problem_with_its_place(
    writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "answers: {goals: x, nowhere: 1}"
    said = refused(
        capsys,
        writes(
            f"scenario: a\n{CORE}only: [120]\nuntil: 2027-01-14\neverybody: never\nevents:\n"
            f"  - {{at: 2027-01-13, submit: {{stage: self, about: 120, {wrong}}}}}\n"
        ),
    )
    assert "nowhere: " in " ".join(said.split())
