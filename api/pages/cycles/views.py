"""HR's pages about cycles."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from api.pages.cycles.progress_pictures import BurnUp, HeatMap, Histogram, Stacks
from api.pages.frame.pictures import Timeline
from api.pages.frame.views import Choice, Filters, Link, More, Page, Person
from api.pages.tasks.reading_views import HeldTask
from domain.counts import Counts


@dataclass(frozen=True, slots=True)
class CycleLine:
    """A cycle in the list."""

    href: str
    title: str
    state: str
    definition: str
    launch_on: date
    ends_on: date | None
    participants: int
    counts: Counts
    next: str = ""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A launch that the calendar plans."""

    title: str
    launch_on: date
    check_on: date | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Cycles(Page):
    """All cycles."""

    template: ClassVar[str] = "cycles.html"
    running: tuple[CycleLine, ...]
    ended: tuple[CycleLine, ...] = ()
    upcoming: tuple[Upcoming, ...] = ()
    may_launch: bool = True


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that names nobody for certain, and who may be meant."""

    place: str
    text: str
    perhaps: tuple[Choice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewCycle(Page):
    """Choose what to launch, when and for whom; the launch check follows."""

    template: ClassVar[str] = "new-cycle.html"
    definitions: tuple[Choice, ...]
    launch_on: str
    earliest: str
    key: str = ""
    by_name: bool = False
    people: str = ""
    """Who was named, a line each, as it was typed."""
    odd: tuple[OddLine, ...] = ()
    departments: tuple[Choice, ...] = ()
    managers: tuple[Choice, ...] = ()
    ahead: tuple[tuple[str, int], ...] = ()
    """How many would be in and out, in words."""
    notes: tuple[str, ...] = ()


# --- Launch check ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutReason:
    """People who are out, for one reason."""

    reason: str
    count: int
    names: tuple[str, ...]
    reviewer_href: str = ""  # where HR names who reviews them


@dataclass(frozen=True, slots=True)
class Load:
    """Somebody with many tasks in one stage."""

    name: str
    stage: str
    tasks: int
    days: int


CheckMood = Literal["done", "late", "bad"]


@dataclass(frozen=True, slots=True)
class CheckPoint:
    """Something that the launch check looked at."""

    text: str
    mood: CheckMood
    detail: str = ""
    names: tuple[str, ...] = ()
    fix: Link | None = None


@dataclass(frozen=True, slots=True)
class FirstMailView:
    """The first mail as somebody will see it, or why there is none; `typed` says for whom.

    Without a subject and a problem it was not made yet.
    """

    typed: str = ""
    problem: str = ""
    person_id: int | None = None
    receiver: str = ""
    language: str = ""
    at: str = ""
    subject: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LaunchCheckPage(Page):
    """What will happen, to whom, and what is odd: before anything opens."""

    template: ClassVar[str] = "launch-check.html"
    heading: str
    cycle_href: str
    state: str
    launch_on: date
    opens: str  # "tomorrow at 09:00, in each person's own zone"
    people_in: int
    people_out: int
    out: tuple[OutReason, ...]
    loads: tuple[Load, ...]
    load_histogram: Histogram | None
    points: tuple[CheckPoint, ...]
    first: tuple[str, ...]  # what will happen first, in sentences
    timeline: Timeline
    key: str
    may_confirm: bool = True
    why_not: str = ""
    mail: FirstMailView | None = None


# --- The cycle -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its meaning."""

    value: str
    label: str
    of: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage of a cycle with where it stands."""

    key: str
    title: str
    private: bool  # who has answered is not counted while it is open
    state: str
    opens_on: date | None
    due_on: date | None
    closes_on: date | None
    ended_on: date | None
    counts: Counts
    waits: str = ""
    extend_href: str = ""
    close_href: str = ""


@dataclass(frozen=True, slots=True)
class SteerLink:
    """A steering action on offer."""

    label: str
    href: str
    does: str
    icon: str
    grave: bool = False


@dataclass(frozen=True, kw_only=True)
class CyclePage(Page):
    """A cycle: how far, how late, and what can be done."""

    template: ClassVar[str] = "cycle.html"
    href: str
    heading: str
    state: str
    tabs: tuple[Link, ...]
    facts: tuple[str, ...]
    figures: tuple[Figure, ...]
    counted: str  # what the figures count, in words
    stages: tuple[StageLine, ...]
    timeline: Timeline | None
    burn_up: BurnUp | None
    departments: Stacks | None
    heat: HeatMap | None
    steering: tuple[SteerLink, ...]
    needs: tuple[Link, ...] = ()  # what waits for HR


@dataclass(frozen=True, slots=True)
class ParticipantLine:
    """A person with regard to a cycle."""

    person: Person
    href: str
    state: str  # in, out, removed
    reason: str
    entered_on: date | None
    done: int
    open: int
    late: int
    manager: str = ""


@dataclass(frozen=True, kw_only=True)
class CyclePeople(Page):
    """Everybody of the company: in, or out with one reason."""

    template: ClassVar[str] = "cycle-people.html"
    href: str
    heading: str
    tabs: tuple[Link, ...]
    people: tuple[ParticipantLine, ...]
    filters: Filters
    more: More
    add_href: str = ""
    others: int = 0  # of a cycle of people chosen by name: those who were not


@dataclass(frozen=True, kw_only=True)
class CycleTasks(Page):
    """Open tasks of a cycle, by deadline. Rater tasks never appear."""

    template: ClassVar[str] = "cycle-tasks.html"
    href: str
    heading: str
    tabs: tuple[Link, ...]
    tasks: tuple[HeldTask, ...]
    filters: Filters
    more: More


@dataclass(frozen=True, slots=True)
class SteerableTask:
    """A task of a participant, with what HR may do about it."""

    stage: str
    role: str
    holder: str
    state: str
    due_on: date | None
    ended: str
    explain_href: str
    late_days: int = 0
    actions: tuple[Link, ...] = ()
    why_none: str = ""


@dataclass(frozen=True, kw_only=True)
class ParticipantPage(Page):
    """A participant in a cycle, with their tasks."""

    template: ClassVar[str] = "participant.html"
    person: Person
    heading: str
    facts: tuple[tuple[str, str], ...]
    tasks: tuple[SteerableTask, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    actions: tuple[Link, ...] = ()
    result_href: str = ""
    feedback_href: str = ""


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """A mail that was not accepted."""

    name: str
    address: str
    answer: str
    at: datetime
    fix: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class FirstMinutes(Page):
    """The first ten minutes after a launch."""

    template: ClassVar[str] = "first-minutes.html"
    href: str
    heading: str
    tabs: tuple[Link, ...]
    launched_at: datetime
    figures: tuple[Figure, ...]
    refused: tuple[RefusedAddress, ...]
    stop_href: str
    says: str
