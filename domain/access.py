"""Who may do and read what: pure rules over (reader, action, object).

The one place of access rules. SQL fetches what the rules need to know (`store/access/facts.py`);
nothing here asks a database, a clock or a page. Sources: language reference §4 "HR as subject" and
§8, and the rules of trust: nobody steers or reads their own case, or that of their own manager
line, with HR's rights; a rater's lateness is nobody's business; an administrator reads no answers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from domain.states import Desk, Role

ActorKind = Literal["person", "hr", "administrator", "service", "engine"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever did something, for the record: a person in one of their roles, or a machine.

    `person_id` is none for the service key and the engine. `on_behalf_of_id` is the person whose
    delegate acts.
    """

    person_id: int | None
    kind: ActorKind
    on_behalf_of_id: int | None = None

    @property
    def key(self) -> str:
        """Whose idempotency keys these are; the same person in two roles is one sender."""
        return f"person:{self.person_id}" if self.person_id is not None else self.kind


ENGINE = Actor(None, "engine")
SERVICE = Actor(None, "service")


class AccessRole(StrEnum):
    """What somebody is to Almanac. A colleague can be all but the last at once."""

    PARTICIPANT = "participant"  # everybody in the company
    MANAGER = "manager"  # somebody reports to them today
    HR = "hr"  # sits at the HR desk
    ADMINISTRATOR = "administrator"  # sits at the administrators' desk
    OUTSIDE = "outside"  # asked for feedback from outside the company, and nothing else


class Level(StrEnum):
    """How far a session reaches. Ordered: `full` opens everything that `task` opens."""

    TASK = "task"  # began with the link of a mailed task, which holds for weeks
    FULL = "full"  # began with a sign-in link, asked for a moment before and used once


class Action(StrEnum):
    """What can be asked of Almanac. Routes name one of these; what is not named is refused."""

    PUBLIC = "public"  # health, sign-in: no account needed
    METRICS = "metrics"
    READ_CONTRACT = "read_contract"  # the description of the API
    OWN_ACCOUNT = "own_account"  # sessions, sign out, who am I
    OWN_TASKS = "own_tasks"
    READ_TASK = "read_task"  # the object decides
    WORK_ON_TASK = "work_on_task"
    GIVE_FEEDBACK = "give_feedback"  # what one is asked for as a rater, and nobody else's
    STEER_TASK = "steer_task"
    MOVE_TASK = "move_task"  # HR, and whoever was told that it is overdue; the task decides
    READ_ANSWERS = "read_answers"
    REVIEW_COMMENTS = "review_comments"  # of a 360 report, before anybody reads it
    READ_TEAM = "read_team"
    READ_DEFINITIONS = "read_definitions"
    PUBLISH_DEFINITION = "publish_definition"
    READ_CYCLE = "read_cycle"
    LAUNCH = "launch"
    STEER_CYCLE = "steer_cycle"
    READ_PEOPLE = "read_people"
    CHANGE_PEOPLE = "change_people"
    READ_NOTIFICATIONS = "read_notifications"
    READ_PROCESSES = "read_processes"
    MEND_PROCESSES = "mend_processes"
    READ_AUDIT = "read_audit"


_EVERYBODY = frozenset(AccessRole) - {AccessRole.OUTSIDE}
_ALSO_OUTSIDE = frozenset(AccessRole)
_HR = frozenset({AccessRole.HR})
_ADMINISTRATORS = frozenset({AccessRole.ADMINISTRATOR})
_OFFICE = _HR | _ADMINISTRATORS

ROLES_FOR: Mapping[Action, frozenset[AccessRole]] = MappingProxyType(
    {
        Action.PUBLIC: frozenset(),  # decided without looking at anybody
        Action.METRICS: _ADMINISTRATORS,
        Action.READ_CONTRACT: _EVERYBODY,
        Action.OWN_ACCOUNT: _ALSO_OUTSIDE,
        Action.OWN_TASKS: _EVERYBODY,
        Action.READ_TASK: _EVERYBODY,
        Action.WORK_ON_TASK: _EVERYBODY,
        Action.GIVE_FEEDBACK: _ALSO_OUTSIDE,
        Action.READ_ANSWERS: _EVERYBODY,
        Action.STEER_TASK: _HR,
        Action.MOVE_TASK: _EVERYBODY,
        Action.REVIEW_COMMENTS: _HR,
        Action.READ_TEAM: frozenset({AccessRole.MANAGER}),
        Action.READ_DEFINITIONS: _OFFICE,
        Action.PUBLISH_DEFINITION: _HR,
        Action.READ_CYCLE: _OFFICE,
        Action.LAUNCH: _HR,
        # An administrator may stop what runs wrong; HR decides everything else about a cycle.
        Action.STEER_CYCLE: _OFFICE,
        Action.READ_PEOPLE: _OFFICE,
        Action.CHANGE_PEOPLE: _OFFICE,
        Action.READ_NOTIFICATIONS: _OFFICE,
        Action.READ_PROCESSES: _OFFICE,
        Action.MEND_PROCESSES: _ADMINISTRATORS,
        Action.READ_AUDIT: _OFFICE,
    }
)
"""Which roles an action is for at all. An action about one object is decided again below."""

_NOT_FOR_SCRIPTS = frozenset(
    {
        Action.OWN_ACCOUNT,
        Action.OWN_TASKS,
        Action.WORK_ON_TASK,
        Action.GIVE_FEEDBACK,
        Action.READ_ANSWERS,
        Action.REVIEW_COMMENTS,
    }
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever asks, with what the rules must know of them.

    `line` are the ids of their own managers up to the top today; `past` those above them at some
    time during a cycle, by cycle: that cycle of theirs stays closed to the reader. Both need only
    be filled for members of desks, whose rights end there.
    """

    person_id: int | None
    roles: frozenset[AccessRole] = frozenset()
    line: frozenset[int] = frozenset()
    service: bool = False
    past: frozenset[tuple[UUID, int]] = frozenset()

    @property
    def is_hr(self) -> bool:
        """True for the HR desk, and for scripts with the service key."""
        return self.service or AccessRole.HR in self.roles

    @property
    def is_administrator(self) -> bool:
        """True for the administrators' desk, and for scripts with the service key."""
        return self.service or AccessRole.ADMINISTRATOR in self.roles

    def actor(self, action: Action, on_behalf_of_id: int | None = None) -> Actor:
        """In which capacity the reader does something, for the audit log."""
        if self.service:
            return SERVICE
        # Who moves a task on as a member of HR does it as HR; everybody else as themselves.
        roles = _HR if action is Action.MOVE_TASK else ROLES_FOR[action]
        kind: ActorKind = "person"
        if roles <= _OFFICE and AccessRole.HR in roles & self.roles:
            kind = "hr"
        elif roles <= _OFFICE and AccessRole.ADMINISTRATOR in roles & self.roles:
            kind = "administrator"
        return Actor(self.person_id, kind, on_behalf_of_id)


def may(reader: Reader, action: Action) -> bool:
    """Whether the action is for this reader at all, whatever it is done to."""
    if action is Action.PUBLIC:
        return True
    if reader.service:
        return action not in _NOT_FOR_SCRIPTS
    return not ROLES_FOR[action].isdisjoint(reader.roles)


def roles_at(level: Level, roles: frozenset[AccessRole]) -> frozenset[AccessRole]:
    """The roles in which somebody acts in a session: the link of a task brings no desk's rights."""
    return roles if level is Level.FULL else roles - _OFFICE


def is_own_case(reader: Reader, subject_id: int | None, cycle_id: UUID | None = None) -> bool:
    """Whether a case is the reader's own, or one of their own manager line.

    There a member of HR is a participant like everybody else (language reference §4). Whoever was
    above them at some time during the cycle counts as well: else a change of manager would open
    what was written about a manager. Without a cycle, whoever was above them in any.
    """
    if subject_id is None or reader.person_id is None:
        return False
    if subject_id == reader.person_id or subject_id in reader.line:
        return True
    if cycle_id is None:
        return any(subject_id == above for _, above in reader.past)
    return (cycle_id, subject_id) in reader.past


def hr_over(reader: Reader, subject_id: int | None, cycle_id: UUID | None = None) -> bool:
    """Whether the reader has HR's rights over the case of a subject in a cycle."""
    return reader.is_hr and not is_own_case(reader, subject_id, cycle_id)


NOT_ONESELF = (
    "Answers are kept from this member of a desk, so neither they nor a script make them a "
    "reviewer; a colleague at the HR desk can, signed in."
)


def opens_to_oneself(actor: Actor, person_id: int, kept_from: Collection[int]) -> bool:
    """Whether members of a desk would give themselves to read what is kept from them.

    As a reviewer one reads what was written before. `kept_from`: the members of desks who read no
    answers, which are administrators, and those of HR where `policies.hr_reads` is not `all`. None
    of them becomes a reviewer by their own act, nor by a script: its key may be theirs.
    """
    desk = actor.kind in ("hr", "administrator", "service")
    return desk and actor.person_id in (None, person_id) and person_id in kept_from


@dataclass(frozen=True, slots=True)
class TaskAccess:
    """What the rules must know of a task.

    `acting_id`: the assignee's delegate, while the assignee is on leave. `told_to`: who was told
    that it is overdue, and their delegates while they are on leave. `author_id`: who wrote
    the submission. `submitted`: a submission that was not withdrawn exists. `released`: HR
    released the result to the managers. `opened`: the subject may read the result. `hr_reads`:
    `policies.hr_reads` is `all`.
    """

    assignee_id: int | None
    subject_id: int | None
    role: Role
    desk: Desk | None = None
    acting_id: int | None = None
    author_id: int | None = None
    assignee_line: frozenset[int] = frozenset()
    subject_line: frozenset[int] = frozenset()
    told_to: frozenset[int] = field(default_factory=frozenset)
    submitted: bool = False
    released: bool = False
    opened: bool = False
    hr_reads: bool = True
    cycle_id: UUID | None = None


def holds_task(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader is the one who must do it now.

    The assignee, the assignee's delegate during leave, or a member of the desk, for which a case
    of their own line is somebody else's.
    """
    if reader.person_id is None:
        return False
    if task.acting_id is not None and task.acting_id == reader.person_id:
        return not _about(reader, task)
    if task.assignee_id is not None:
        return task.assignee_id == reader.person_id
    match task.desk:
        case Desk.HR:
            return hr_over(reader, task.subject_id, task.cycle_id)
        case Desk.ADMINISTRATORS:
            return reader.is_administrator and not is_own_case(
                reader, task.subject_id, task.cycle_id
            )
        case None:
            return False


def may_read_task(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader may see that the task exists, when it is due and where it stands.

    Whoever holds or wrote it; whoever was told that it is overdue; the assignee's managers; HR,
    except for their own case; administrators, who see states and instants but no answers. What a
    rater has to do, or has done, is seen by nobody else, ever: who is done tells who answered.
    """
    if holds_task(reader, task) or _wrote(reader, task):
        return True
    if task.role is Role.RATER:
        return False
    if hr_over(reader, task.subject_id, task.cycle_id):
        return True
    if reader.is_administrator and not is_own_case(reader, task.subject_id, task.cycle_id):
        return True
    if reader.person_id is None or _about(reader, task):
        return False
    return reader.person_id in task.told_to or reader.person_id in task.assignee_line


def may_know_lateness(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader may know how a task they see stands to its due date once that is past.

    Whose it is or was, to whom it was brought as overdue, HR (language reference §8), and who runs
    the system. Everybody else, the line above included, sees due dates that lie ahead.
    """
    return (
        holds_task(reader, task)
        or _wrote(reader, task)
        or (reader.person_id is not None and reader.person_id == task.assignee_id)
        or reader.person_id in task.told_to
        or hr_over(reader, task.subject_id, task.cycle_id)
        or reader.is_administrator
    )


def may_read_reason(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader may read why somebody excused or reopened it.

    Everybody who sees the task for more than that they run the system.
    """
    return may_read_task(replace(reader, roles=reader.roles - {AccessRole.ADMINISTRATOR}), task)


def may_work_on(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader may save a draft of it and submit it."""
    return holds_task(reader, task)


def may_steer_task(reader: Reader, task: TaskAccess) -> bool:
    """Whether the reader may extend, reassign, reopen or excuse it: HR, never in their own case."""
    return may_read_task(reader, task) and hr_over(reader, task.subject_id, task.cycle_id)


class Move(StrEnum):
    """What can be done about a task that somebody else has to do."""

    NUDGE = "nudge"
    EXTEND = "extend"
    REASSIGN = "reassign"
    EXCUSE = "excuse"
    REOPEN = "reopen"


_OF_HR = frozenset(Move)
_OF_THE_TOLD = frozenset({Move.NUDGE, Move.EXTEND, Move.REASSIGN, Move.EXCUSE})


def moves_on(reader: Reader, task: TaskAccess) -> frozenset[Move]:
    """What the reader may do about a task; empty: nothing.

    HR everything, except in their own case. Whoever was told that it is overdue may help it on:
    nudge, give more time, hand it over, excuse it with a reason; how far, `store.steering.moves`
    says. Never in their own case or that of their own manager line (`reader.line` must be filled),
    never about a rater's task, and never about what a desk holds. What only its subject can do is
    not handed over.
    """
    if may_steer_task(reader, task):
        return _OF_HR
    told = reader.person_id is not None and reader.person_id in task.told_to
    if not told or task.role is Role.RATER or task.assignee_id is None:
        return frozenset()
    if is_own_case(reader, task.subject_id, task.cycle_id) or reader.person_id == task.assignee_id:
        return frozenset()
    return _OF_THE_TOLD - {Move.REASSIGN} if task.role is Role.SUBJECT else _OF_THE_TOLD


class Reach(StrEnum):
    """How far a question may be read: the values of `visible` in a form (language §2)."""

    SUBJECT = "subject"
    MANAGER = "manager"
    HR = "hr"


_NOTHING: frozenset[Reach] = frozenset()
_ALL = frozenset(Reach)


def answers_for(reader: Reader, task: TaskAccess) -> frozenset[Reach]:
    """Which of the submitted answers the reader may see, by `visible` of their question.

    Empty: none at all. The author sees all of their own. A rater's answers are never read as
    that person's by anybody. Drafts are not covered: they are their author's alone.
    """
    if _wrote(reader, task):
        return _ALL
    if task.role is Role.RATER or not task.submitted or reader.person_id is None:
        return _NOTHING
    if task.subject_id == reader.person_id:
        return frozenset({Reach.SUBJECT}) if task.opened else _NOTHING
    if reader.is_hr and task.hr_reads and not is_own_case(reader, task.subject_id, task.cycle_id):
        return _ALL
    if reader.person_id in task.subject_line and (task.role is Role.SUBJECT or task.released):
        return frozenset({Reach.SUBJECT, Reach.MANAGER})
    return _NOTHING


@dataclass(frozen=True, slots=True)
class ReviewAccess:
    """What the rules must know of a participant's whole review.

    `subject_line`: the ids of the subject's managers today, up to the top. `released`: HR released
    it to them. `opened`: the subject may read it.
    """

    subject_id: int
    subject_line: frozenset[int]
    released: bool
    opened: bool


def may_read_review(reader: Reader, review: ReviewAccess) -> bool:
    """Whether the reader may open a review: the subject, HR, the managers of the subject.

    The subject once it was opened to them, HR at any time but never in their own case, the managers
    once it was released or opened.
    """
    if reader.person_id == review.subject_id:
        return review.opened
    if hr_over(reader, review.subject_id):
        return True
    return reader.person_id in review.subject_line and (review.released or review.opened)


def _wrote(reader: Reader, task: TaskAccess) -> bool:
    return reader.person_id is not None and task.author_id == reader.person_id


def _about(reader: Reader, task: TaskAccess) -> bool:
    """Whether it is about the reader, though not theirs to do."""
    return task.subject_id is not None and task.subject_id == reader.person_id
