"""A task on the desk of its reader: its facts, its definition, and what stands above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.authentication import Call
from api.pages.frame.dates import say_day
from api.pages.frame.shell import UTC
from api.pages.frame.views import Person
from api.pages.frame.windows import version_of
from api.pages.kinds.words import About
from api.pages.tasks.views import TaskHead
from api.pages.tasks.words import readers_of, verb, verb_of, why_you
from api.seen_tasks import Seen
from definitions.answers import WHY
from definitions.effort import minutes_of
from definitions.models import Definition, Form
from definitions.models import Stage as StageSpec
from domain.states import TaskState
from store.definitions.versions import definition_of
from store.tasks.rows import lock_task
from store.views.task_pages import TaskPageFacts, task_page

HELD = "held_on"
"""The day of a meeting is no answer: its field stands beside them."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A task with its definition and the reader's own draft."""

    facts: TaskPageFacts
    definition: Definition
    stage: StageSpec

    @property
    def form(self) -> Form:
        """Its sections; empty for kinds that ask no questions."""
        return self.definition.form_of(self.stage)

    @property
    def draft(self) -> Mapping[str, Any]:
        """What was typed so far."""
        return self.facts.draft or {}

    @property
    def held_on(self) -> str:
        """The day of a meeting, as the draft has it."""
        day = self.facts.draft_held_on
        return day.isoformat() if day is not None else ""

    @property
    def version(self) -> str:
        """Of the whole draft: a window sends back what it has seen."""
        return self.version_at(None)

    def version_at(self, step: int | None) -> str:
        """Of what the draft holds of a step: typing on one step is no conflict with another."""
        return version_of(self.part(self.draft, self.held_on, step))

    def part(self, answers: Mapping[str, Any], held_on: str, step: int | None) -> list[Any]:
        """What belongs to a step (from 1) of these answers; without a step, all of it."""
        if step is None or not self.form:
            return [dict(answers), held_on]
        own = {k for q in self.form[step - 1].questions for k in (q.id, q.id + WHY)}
        there = {key: value for key, value in answers.items() if key in own}
        return [there, held_on if step == 1 else ""]

    @property
    def href(self) -> str:
        """Its page."""
        return f"/tasks/{self.facts.id}"

    def path(self, step: int | None = None, place: str = "") -> str:
        """The address of a step, or of a page of the task."""
        return f"{self.href}{place}" + (f"?step={step}" if step and len(self.form) > 1 else "")

    @property
    def about(self) -> About:
        """What must be known to speak of it."""
        f = self.facts
        return About(f.kind, f.role, f.title, f.subject, f.subject_first)

    @property
    def subject(self) -> Person | None:
        """Whom it is about, unless that is the reader."""
        f = self.facts
        if f.subject_id is None or f.subject is None or f.role == "subject":
            return None
        return Person(f.subject_id, f.subject, f.department or "", f.subject_first or "")


async def open_desk(call: Call, task_id: UUID, *, lock: bool = False) -> Desk:
    """Read a task for its page; the caller has asked the rules.

    `lock`: hold it until the call ends, so that what is decided by what is read here still holds
    when it is written.
    """
    if lock:
        await lock_task(call.conn, task_id)
    facts = await task_page(call.conn, task_id, call.person_id if call.person else None)
    definition = await definition_of(call.conn, facts.version_id)
    return Desk(facts, definition, definition.stage(facts.stage))


def head(desk: Desk, call: Call, *, others: bool = False, seen: Seen | None = None) -> TaskHead:
    """What stands above everything about a task. `others`: it is somebody else's."""
    f = desk.facts
    reads = readers_of(desk.definition, desk.stage, f.role, f.subject_first)
    mine = call.person is not None and f.assignee_id in (None, call.person_id)
    hidden = seen is not None and f.due_at < call.now and not seen.knows_lateness
    return TaskHead(
        id=str(f.id),
        verb=verb_of(desk.about) if others else verb(desk.about),
        cycle=f.cycle,
        due_at=f.due_at,
        zone=ZoneInfo(f.zone) if f.zone else UTC,
        late=f.state == TaskState.OPEN and f.due_at < call.now and f.cycle_state == "open",
        due_hidden=hidden,
        about=desk.subject,
        minutes=minutes_of(desk.definition, desk.stage),
        purpose=desk.definition.purpose.strip(),
        why_you=why_you(f.role, f.subject_first, f.cycle),
        readers=reads,
        after="" if hidden else _after(desk, call),
        closes_at=None if hidden else f.closes_at,
        instead_of="" if mine or others else f.assignee or "",
        paused=f.cycle_state == "paused",
        reopened="" if others else _reopened(desk, call),
    )


def _reopened(desk: Desk, call: Call) -> str:
    """By whom, when and why it was opened again, for whoever is to do it once more."""
    f = desk.facts
    if f.decided != "reopened" or f.decided_at is None or f.state != TaskState.OPEN:
        return ""
    zone = ZoneInfo(f.zone) if f.zone else UTC
    day = say_day(f.decided_at.astimezone(zone).date(), call.now.astimezone(zone).date())
    by = f" by {f.decided_by}" if f.decided_by else ""
    why = f" The reason given: {f.decided_why}" if f.decided_why else ""
    return f"Reopened on {day}{by}.{why}"


def _after(desk: Desk, call: Call) -> str:
    f = desk.facts
    zone = ZoneInfo(f.zone) if f.zone else UTC
    today = call.now.astimezone(zone).date()
    if desk.stage.traits.on_record and f.closes_at:
        day = say_day(f.closes_at.astimezone(zone).date(), today)
        return f'On {day} it closes and is recorded as "not answered", never as consent.'
    if f.closes_at:
        day = say_day(f.closes_at.astimezone(zone).date(), today)
        return f"On {day} it closes, and things go on without it."
    return "It stays open until it is done."
