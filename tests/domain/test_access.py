"""The access rules as one table: who, in which relation to a task, sees and does what."""

from dataclasses import replace

import pytest

from domain.access import (
    ROLES_FOR,
    AccessRole,
    Action,
    Actor,
    Move,
    Reach,
    Reader,
    ReviewAccess,
    TaskAccess,
    answers_for,
    may,
    may_read_review,
    may_read_task,
    may_steer_task,
    may_work_on,
    moves_on,
)
from domain.states import Desk, Role

SUBJECT, MANAGER, SKIP, HR, HR_BELOW, ADMIN, RATER, OTHER, DELEGATE, TOLD = range(1, 11)

P = AccessRole.PARTICIPANT
READERS = {
    "subject": Reader(SUBJECT, frozenset({P})),
    "manager": Reader(MANAGER, frozenset({P, AccessRole.MANAGER})),
    "manager's manager": Reader(SKIP, frozenset({P, AccessRole.MANAGER})),
    "hr": Reader(HR, frozenset({P, AccessRole.HR})),
    "hr below the subject": Reader(HR_BELOW, frozenset({P, AccessRole.HR}), frozenset({SUBJECT})),
    "hr as subject": Reader(SUBJECT, frozenset({P, AccessRole.HR})),
    "administrator": Reader(ADMIN, frozenset({P, AccessRole.ADMINISTRATOR})),
    "delegate": Reader(DELEGATE, frozenset({P})),
    "told": Reader(TOLD, frozenset({P})),
    "other": Reader(OTHER, frozenset({P, AccessRole.MANAGER})),
    "service": Reader(None, service=True),
    "nobody": Reader(None),
}

SELF = TaskAccess(
    assignee_id=SUBJECT,
    subject_id=SUBJECT,
    role=Role.SUBJECT,
    author_id=SUBJECT,
    assignee_line=frozenset({MANAGER, SKIP}),
    subject_line=frozenset({MANAGER, SKIP}),
    told_to=frozenset({TOLD}),
    submitted=True,
)
BY_MANAGER = replace(
    SELF, assignee_id=MANAGER, role=Role.MANAGER, author_id=MANAGER, assignee_line=frozenset({SKIP})
)
OPEN_BY_MANAGER = replace(BY_MANAGER, author_id=None, submitted=False, acting_id=DELEGATE)
BY_RATER = replace(SELF, assignee_id=RATER, role=Role.RATER, author_id=RATER, told_to=frozenset())
ON_DESK = replace(SELF, assignee_id=None, desk=Desk.HR, author_id=None, submitted=False)


def _names(rule: object, task: TaskAccess) -> set[str]:
    return {name for name, reader in READERS.items() if rule(reader, task)}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("task", "readers"),
    [
        (
            SELF,
            {"subject", "hr as subject", "manager", "manager's manager", "hr", "administrator"}
            | {"told", "service"},
        ),
        (
            BY_MANAGER,
            {"manager", "manager's manager", "hr", "administrator", "told", "service"},
        ),
        (
            OPEN_BY_MANAGER,
            {"manager", "manager's manager", "hr", "administrator", "told", "service", "delegate"},
        ),
        (BY_RATER, set()),
        (
            ON_DESK,
            {"manager", "manager's manager", "hr", "administrator", "told", "service"},
        ),
    ],
    ids=["own", "manager's", "manager's, on leave", "rater's", "desk's"],
)
def test_who_sees_that_a_task_exists(task: TaskAccess, readers: set[str]) -> None:
    assert _names(may_read_task, task) == readers


def test_who_works_on_a_task() -> None:
    assert _names(may_work_on, SELF) == {"subject", "hr as subject"}
    assert _names(may_work_on, OPEN_BY_MANAGER) == {"manager", "delegate"}
    assert _names(may_work_on, ON_DESK) == {"hr", "service"} - {"service"}


def test_nobody_acts_for_an_absent_manager_about_themselves() -> None:
    about_delegate = replace(OPEN_BY_MANAGER, subject_id=DELEGATE)
    assert not may_work_on(READERS["delegate"], about_delegate)


def test_hr_steers_all_but_its_own_case_and_line() -> None:
    assert _names(may_steer_task, SELF) == {"hr", "service"}
    assert _names(may_steer_task, BY_MANAGER) == {"hr", "service"}


HELP = {Move.NUDGE, Move.EXTEND, Move.REASSIGN, Move.EXCUSE}


@pytest.mark.parametrize(
    ("task", "moves"),
    [
        (SELF, {"told": HELP - {Move.REASSIGN}}),
        (OPEN_BY_MANAGER, {"told": HELP}),
        (replace(OPEN_BY_MANAGER, told_to=frozenset({MANAGER})), {}),
        (replace(OPEN_BY_MANAGER, told_to=frozenset({SUBJECT})), {}),
        (replace(OPEN_BY_MANAGER, told_to=frozenset({HR_BELOW})), {}),
        (replace(OPEN_BY_MANAGER, told_to=frozenset()), {}),
        (replace(BY_RATER, told_to=frozenset({TOLD, HR})), None),
        (ON_DESK, {}),
    ],
    ids=[
        *("own", "manager's", "told is holder", "told is subject", "told reports to the subject"),
        *("nobody told", "rater's", "desk's"),
    ],
)
def test_whoever_was_told_helps_on_but_never_in_their_own_case(
    task: TaskAccess, moves: dict[str, set[Move]] | None
) -> None:
    found = {name: moves_on(reader, task) for name, reader in READERS.items()}
    of_hr = {} if moves is None else {name: set(Move) for name in ("hr", "service")}
    assert {name: one for name, one in found.items() if one} == {**(moves or {}), **of_hr}


ALL = frozenset(Reach)
LINE = frozenset({Reach.SUBJECT, Reach.MANAGER})


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            SELF,
            {"subject": ALL, "hr as subject": ALL, "hr": ALL, "manager": LINE}
            | {"manager's manager": LINE},
        ),
        (BY_MANAGER, {"manager": ALL, "hr": ALL}),
        (
            replace(BY_MANAGER, released=True),
            {"manager": ALL, "hr": ALL, "manager's manager": LINE},
        ),
        (
            replace(BY_MANAGER, released=True, opened=True),
            {"manager": ALL, "hr": ALL, "manager's manager": LINE}
            | dict.fromkeys(("subject", "hr as subject"), frozenset({Reach.SUBJECT})),
        ),
        (
            replace(SELF, hr_reads=False),
            {"subject": ALL, "hr as subject": ALL, "manager": LINE, "manager's manager": LINE},
        ),
        (replace(BY_RATER, opened=True, released=True), {}),
        (ON_DESK, {}),
    ],
    ids=["own", "manager's", "released", "opened", "completion only", "rater's", "not written"],
)
def test_who_reads_which_answers(task: TaskAccess, expected: dict[str, frozenset[Reach]]) -> None:
    found = {name: answers_for(reader, task) for name, reader in READERS.items()}
    assert {name: reach for name, reach in found.items() if reach} == expected


@pytest.mark.parametrize(
    ("released", "opened", "readers"),
    [
        (False, False, {"hr"}),
        (True, False, {"hr", "manager"}),
        (False, True, {"hr", "manager", "subject"}),
        (True, True, {"hr", "manager", "subject"}),
    ],
)
def test_who_opens_a_review(released: bool, opened: bool, readers: set[str]) -> None:
    review = ReviewAccess(1, frozenset({2, 3}), released=released, opened=opened)
    people = {
        "subject": Reader(1),
        "manager": Reader(2),
        "colleague": Reader(9),
        "hr": Reader(7, frozenset({AccessRole.HR})),
        "the subject, who is HR": Reader(1, frozenset({AccessRole.HR})),
        "hr under the subject": Reader(8, frozenset({AccessRole.HR}), line=frozenset({1})),
        "administrator": Reader(6, frozenset({AccessRole.ADMINISTRATOR})),
        "script of nobody": Reader(None),
    }
    found = {who for who, reader in people.items() if may_read_review(reader, review)}
    assert found == readers | ({"the subject, who is HR"} if opened else set())


def test_the_default_is_nobody() -> None:
    assert set(ROLES_FOR) == set(Action)
    for action in Action:
        assert may(READERS["nobody"], action) == (action is Action.PUBLIC)
    assert not may(READERS["administrator"], Action.STEER_TASK)
    assert not may(READERS["administrator"], Action.LAUNCH)
    assert not may(READERS["hr"], Action.MEND_PROCESSES)
    assert not may(READERS["service"], Action.READ_ANSWERS)


def test_the_log_says_in_which_capacity_somebody_acted() -> None:
    both = Reader(HR, frozenset({P, AccessRole.HR, AccessRole.ADMINISTRATOR}))
    assert both.actor(Action.STEER_CYCLE) == Actor(HR, "hr")
    assert both.actor(Action.MEND_PROCESSES) == Actor(HR, "administrator")
    assert both.actor(Action.WORK_ON_TASK) == Actor(HR, "person")
    assert both.actor(Action.MOVE_TASK) == Actor(HR, "hr")
    assert READERS["told"].actor(Action.MOVE_TASK) == Actor(TOLD, "person")
    assert READERS["service"].actor(Action.LAUNCH).kind == "service"
    assert (Actor(7, "hr").key, Actor(7, "person").key) == ("person:7", "person:7")
