"""Every state, cause and reason that the store writes has words: no page shows a code."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from api.pages.frame.codes import CAUSES_OF_MAIL, ENDED, STATES
from api.pages.office.workflows import KINDS
from api.pages.tasks.explaining import HAPPENED, WHY_NOT
from domain.processes.registry import PROCESSES
from domain.states import (
    CycleState,
    NotificationState,
    ParticipantState,
    PersonStatus,
    StageState,
    TaskState,
)

ROOT = Path(__file__).parents[4]
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "store").rglob("*.py")}


def written(pattern: str) -> set[str]:
    """The codes that the store writes at places like this."""
    found = {code for source in SOURCES.values() for code in re.findall(pattern, source, re.S)}
    assert found, pattern
    return found


@pytest.mark.parametrize(
    "states",
    [CycleState, StageState, TaskState, ParticipantState, PersonStatus, NotificationState],
    ids=lambda enum: enum.__name__,
)
def test_every_state_is_put_into_words(states: type[StrEnum]) -> None:
    assert {state.value for state in states} - STATES.keys() == set()
    assert not any("_" in words for words in STATES.values())


def test_every_kind_of_workflow_is_put_into_words() -> None:
    assert set(PROCESSES) - KINDS.keys() == set()


def test_every_cause_of_a_mail_is_put_into_words() -> None:
    causes = written(r'\bcause="([a-z_]+)"')
    assert causes - CAUSES_OF_MAIL.keys() == set()


def test_every_end_of_a_task_is_put_into_words_and_so_is_the_mail_that_it_stops() -> None:
    reasons = written(r'\bend_tasks\([^)]*?"([a-z_]+)"')
    reasons |= written(r"\bended_reason = \'([a-z_]+)\'")
    assert reasons - ENDED.keys() == set()
    assert reasons - {"submitted", "released"} - WHY_NOT.keys() == set()
    assert written(r'suppress_for_tasks\([^)]*?"([a-z_]+)"') - WHY_NOT.keys() == set()


def test_every_event_of_a_task_is_put_into_words() -> None:
    events = written(r'\bevent="([a-z_]+)"') | written(r'[iI]d, (?:now|at|day|as_of), "([a-z_]+)"')
    assert events - HAPPENED.keys() == set()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "api" / "pages").rglob("*.py")), ids=lambda path: path.name
)
def test_no_page_makes_words_out_of_a_code(path: Path) -> None:
    made = re.findall(r'(\w+(?:\.\w+)*)\.replace\("_", " "\)', path.read_text(encoding="utf-8"))
    # What HR has named in a definition is a word already, and so is a city.
    assert set(made) <= {"question.id", "competency", "bare", "text", "key"}
