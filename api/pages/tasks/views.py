"""My tasks, and the form of one."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from api.pages.frame.views import Choice, More, Page, Person
from definitions.kinds.acknowledgement import MOST_WORDS

TaskMood = Literal["new", "draft", "late", "paused", "done"]


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task in a list. `verb` is the whole phrase: "Review Alexander James"."""

    href: str
    verb: str
    cycle: str
    mood: TaskMood
    due_at: datetime
    minutes: int | None = None
    share: int | None = None  # per cent of the required questions that the draft answers
    about: Person | None = None
    instead_of: str = ""
    ended: str = ""  # for those that ended: what became of it
    ended_at: datetime | None = None
    seen_by: str = ""  # who reads it when


@dataclass(frozen=True, slots=True)
class LeftDraft:
    """A draft of a task that somebody else holds now; nobody yet if `holder` is empty.

    `begun`: they have begun one of their own, so that this one can only be thrown away.
    """

    href: str
    verb: str
    cycle: str
    holder: str
    begun: bool
    until: date


@dataclass(frozen=True, slots=True)
class FeedbackAsked:
    """What the reader is asked to write as a rater: from two on, one card for all of them."""

    names: tuple[str, ...] = ()
    done: int = 0
    minutes: int = 0
    due_at: datetime | None = None  # of the next one
    late: bool = False

    @property
    def grouped(self) -> bool:
        """Does one card stand for them?"""
        return len(self.names) > 1


@dataclass(frozen=True, kw_only=True)
class MyTasks(Page):
    """Everything that waits for one person, nearest deadline first."""

    template: ClassVar[str] = "my-tasks.html"
    open: tuple[TaskLine, ...]
    narrowed: bool = False  # only the tasks of one stage are shown, as a mail announced them
    ended: tuple[TaskLine, ...] = ()
    ended_total: int = 0
    more: More = field(default_factory=More)  # to what ended before these
    later: bool = False  # others ended after these
    next_thing: str = ""  # what comes next when nothing waits
    next_on: date | None = None
    results: tuple[tuple[str, str], ...] = ()  # (sentence, link): results that may be read
    drafts: tuple[LeftDraft, ...] = ()
    feedback: FeedbackAsked = FeedbackAsked()


# --- The form ----------------------------------------------------------------------------------

FieldType = Literal["text", "rating", "choice", "goals", "competencies", "number", "date"]
Farthest = Literal["subject", "manager", "hr"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as it is typed."""

    goal: str = ""
    progress: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A competency with its chosen point."""

    name: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A question with what was typed. `only_if` says in words when it is asked; `asked` whether."""

    name: str
    ask: str
    type: FieldType = "text"
    required: bool = True
    help: str = ""
    example: str = ""
    readers: str = ""
    reach: Farthest = "subject"
    value: str = ""
    choices: tuple[Choice, ...] = ()
    goals: tuple[Goal, ...] = ()
    rows: tuple[Row, ...] = ()
    explain: bool = False
    why: str = ""
    most: int = 2000
    error: str = ""
    why_error: str = ""
    only_if: str = ""
    asked: bool = True


StepMood = Literal["empty", "part", "full"]


@dataclass(frozen=True, slots=True)
class Step:
    """A section of the form as a step."""

    number: int
    title: str
    href: str
    mood: StepMood
    here: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A question and what somebody answered, ready to read."""

    ask: str
    text: str = ""
    rating: str = ""
    share: float | None = None  # of a rating on its scale, 0..1
    rows: tuple[tuple[str, str], ...] = ()
    private: str = ""  # who alone reads it


NOT_YET = "Ratings of others appear once you have given your own: your view comes first."


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers of another stage, shown beside the form."""

    title: str
    at: datetime | None
    answers: tuple[Said, ...] = ()
    withheld: str = ""  # why something is not shown (yet)
    href: str = ""  # to the whole of it
    link: str = ""


@dataclass(frozen=True, slots=True)
class TaskHead:
    """What stands above everything about a task."""

    id: str
    verb: str
    cycle: str
    due_at: datetime
    zone: ZoneInfo  # of the assignee: a deadline is local to whoever holds it
    late: bool = False
    about: Person | None = None
    minutes: int | None = None
    purpose: str = ""
    why_you: str = ""
    readers: str = ""
    after: str = ""  # what happens when it is not done
    closes_at: datetime | None = None
    instead_of: str = ""
    contact: str = ""
    paused: bool = False
    reopened: str = ""  # by whom, when and why, for whoever is to do it once more
    due_hidden: bool = False  # it is past, and that is between the person and others

    @property
    def href(self) -> str:
        """The task's own page."""
        return f"/tasks/{self.id}"


@dataclass(frozen=True, kw_only=True)
class TaskForm(Page):
    """A step of a task's form."""

    template: ClassVar[str] = "task-form.html"
    task: TaskHead
    steps: tuple[Step, ...]
    section: str
    fields: tuple[Field, ...]
    version: str  # of the draft, sent back so that two windows cannot overwrite each other
    saved_at: datetime | None = None
    beside: tuple[Evidence, ...] = ()
    meeting: bool = False
    held_on: str = ""
    latest: str = ""  # the last day that can be given as held
    about_hidden: str = ""

    @property
    def step(self) -> Step | None:
        """The step being shown."""
        return next((s for s in self.steps if s.here), None)

    @property
    def last(self) -> bool:
        """Whether the next step is the preview."""
        return self.step is None or self.step.number == len(self.steps)


@dataclass(frozen=True, slots=True)
class Section:
    """Answers of a section, with the way back to change them."""

    title: str
    answers: tuple[Said, ...]
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskPreview(Page):
    """Everything once more before it is submitted."""

    template: ClassVar[str] = "task-preview.html"
    task: TaskHead
    steps: tuple[Step, ...]
    sections: tuple[Section, ...]
    version: str
    complete: bool
    back: str = ""
    saved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TaskDone(Page):
    """A task that has ended: what became of it, who sees it when, what can still be done."""

    template: ClassVar[str] = "task-done.html"
    task: TaskHead
    state: str  # done, expired, excused, cancelled
    at: datetime | None
    seen_by: str
    sections: tuple[Section, ...] = ()
    may_withdraw: bool = False
    why_not_withdraw: str = ""
    version: str = ""
    held_on: date | None = None
    reason: str = ""
    next_task: TaskLine | None = None
    more_waiting: int = 0  # tasks after that one


@dataclass(frozen=True, slots=True)
class TaskMove:
    """Something that the reader can do about a task of somebody else, and what it does."""

    label: str
    href: str
    does: str


@dataclass(frozen=True, kw_only=True)
class TaskAhead(Page):
    """A task that has not opened yet, or somebody else's that the reader may know of."""

    template: ClassVar[str] = "task-ahead.html"
    task: TaskHead
    text: str
    opens_at: datetime | None = None
    explain: bool = True
    moves: tuple[TaskMove, ...] = ()


@dataclass(frozen=True, slots=True)
class Clash:
    """One question that says different things here and in what was saved elsewhere."""

    name: str
    ask: str
    here: str
    there: str


@dataclass(frozen=True, kw_only=True)
class TaskConflict(Page):
    """Another window saved meanwhile. Nothing is lost: both texts, and a clear choice.

    `typed` carries the fields of this window; `version` is the saved one's.
    """

    template: ClassVar[str] = "task-conflict.html"
    task: TaskHead
    clashes: tuple[Clash, ...]
    typed: tuple[tuple[str, str], ...]
    version: str
    saved_at: datetime | None
    action: str


@dataclass(frozen=True, kw_only=True)
class Acknowledge(Page):
    """Reading one's result and answering on record."""

    template: ClassVar[str] = "kinds/acknowledgement.html"
    task: TaskHead
    version: str
    result_href: str
    answer: str = ""
    text: str = ""
    most: int = MOST_WORDS
    saved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleasePart:
    """A department whose results HR may release."""

    department: str
    ready: int
    waiting: int
    released: int


@dataclass(frozen=True, kw_only=True)
class ReleaseTask(Page):
    """HR's release: the cycle, or department by department."""

    template: ClassVar[str] = "kinds/release.html"
    task: TaskHead
    parts: tuple[ReleasePart, ...]
    version: str
    next_step: str
    chosen: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ready(self) -> int:
        """Results that can be released now."""
        return sum(part.ready for part in self.parts)
