"""A scenario that says what could never be so is refused with its line: it would test nothing."""

from pathlib import Path

import pytest

from play.moments import ScenarioError
from play.scenario_file import read_scenario

HEAD = "scenario: a\ndefinition: annual\nlaunch: 2027-01-12 09:00\n"
LINE = HEAD.count("\n") + 2

NEVER = {
    "expect:\n  - no_mail: {to: 120, event: escalaton}": "did you mean escalation?",
    "expect:\n  - mail: {to: 120, event: qqq}": "there is no 'qqq'; one of task_opened",
    "expect:\n  - suppressed: {to: 120, event: remainder}": "did you mean reminder?",
    "expect:\n  - no_mail: {to: 120, rung: escalated:3}": "is no rung",
    "expect:\n  - no_mail: {to: 120, rung: remind:one}": "is no rung",
    "expect:\n  - no_mail: {to: 120, items: -1}": "greater than or equal to 0",
    "expect:\n  - no_mail: {to: 120, from: 2027-02-02, until: 2027-02-01}": "lies after `until`",
    "expect:\n  - task: {stage: self, state: opened, count: 0}": "did you mean open?",
    "expect:\n  - task: {stage: self, count: -1}": "greater than or equal to 0",
    "expect:\n  - stage: {id: self, state: done}": "there is no 'done'; one of waiting, open",
    "expect:\n  - cycle: closd": "did you mean closed?",
    "expect:\n  - rater: {about: 120, relationship: peer, count: 0}": "did you mean peers?",
    "expect:\n  - mails: -1": "greater than or equal to 0",
    "down:\n  - {what: mail, from: 2027-02-02, to: 2027-02-01}": "does not lie before `to`",
    "down:\n  - {what: mail, from: 2027-02-02, to: 2027-02-02}": "does not lie before `to`",
    "refuse:\n  - {address: a@x.de, from: 2027-02-02, to: 2027-02-01}": "does not lie before",
    "habits:\n  - {who: 120, does: after 101%}": "write `at once`",
}


@pytest.mark.parametrize("said", NEVER)
def test_what_could_never_be_so_is_refused_with_its_line(said: str, tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text(f"{HEAD}{said}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        read_scenario(file)
    [problem] = str(refused.value).splitlines()
    assert problem.startswith(f"{file}:{LINE}: ")
    assert NEVER[said] in problem


def test_words_of_almanac_are_expected_freely(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text(
        f"{HEAD}down:\n  - {{what: mail, from: 2027-02-01, to: 2027-02-02}}\n"
        "refuse:\n  - {address: a@x.de, from: 2027-02-02}\n"
        "habits:\n  - {who: 120, does: after 100%}\n"
        "expect:\n  - no_mail: {to: 120, event: escalation, rung: escalate:6+1}\n"
        "  - task: {stage: self, state: excused, count: 0}\n"
        "  - cycle: closed\n",
        encoding="utf-8",
    )
    assert len(read_scenario(file).scenario.expect) == 3
