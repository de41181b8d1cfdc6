"""A task through the eyes of a reader: hidden ones do not exist, answers are cut to size."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from api.authentication import Call
from definitions.answers import WHY, form_of
from definitions.models import Definition
from domain.access import (
    Move,
    Reach,
    Reader,
    TaskAccess,
    answers_for,
    may_know_lateness,
    may_read_task,
    moves_on,
)
from domain.errors import Forbidden, NotFound
from domain.states import TaskState
from store.access.facts import TaskFacts, task_facts
from store.definitions.versions import definition_of
from store.people.reporting_lines import line_above
from store.steering.moves import moves_of
from store.views.lists.cycles import get_cycle
from store.views.lists.tasks import Submission, submission_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A task that the reader may see, with what the rules were asked."""

    facts: TaskFacts
    reader: Reader

    @property
    def access(self) -> TaskAccess:
        """What the rules know of the task."""
        return self.facts.access

    @property
    def knows_lateness(self) -> bool:
        """Whether the reader may know how it stands to a due date that is past."""
        return may_know_lateness(self.reader, self.access)


async def see_task(call: Call, task_id: UUID) -> Seen:
    """The task, if the reader may see that it exists. Raises NotFound for all others.

    A planned task, which nobody holds yet, is seen by the desks only.
    """
    facts = await task_facts(call.conn, task_id, call.now)
    reader = await call.reader()
    visible = facts is not None and may_read_task(reader, facts.access)
    if facts is None or not visible:
        raise NotFound(f"There is no task {task_id}.")
    if facts.state == TaskState.PLANNED and not (reader.is_hr or reader.is_administrator):
        raise NotFound(f"There is no task {task_id}.")
    return Seen(facts, reader)


async def see_to_move(call: Call, task_id: UUID, move: Move) -> Seen:
    """The task, if the reader may do this about it. Raises NotFound, Forbidden."""
    seen = await see_task(call, task_id)
    if move not in await _rights(call, seen):
        raise Forbidden(
            "This is for HR, and for those who were told that it is overdue; never in their own "
            "case or that of their own manager line."
        )
    return seen


async def moves_offered(call: Call, seen: Seen) -> frozenset[Move]:
    """What the reader can do about the task now."""
    if call.person is None:
        return frozenset()
    asked = (call.person_id, seen.facts.id)
    possible = (await moves_of(call.conn, [asked], call.now))[asked]
    return possible & await _rights(call, seen)


async def _rights(call: Call, seen: Seen) -> frozenset[Move]:
    """In the roles of this session: the link of a task brings no desk's rights."""
    reader = seen.reader
    if call.person is not None:
        line = await line_above(call.conn, call.person_id, call.now.date())
        reader = replace(reader, line=frozenset(line))
    return moves_on(reader, seen.access)


async def answers_seen_by(call: Call, seen: Seen) -> Submission | None:
    """What of the submission the reader may see: nothing is fetched if that is nothing."""
    reaches = answers_for(seen.reader, seen.access)
    if not reaches:
        return None
    submission = await submission_of(call.conn, seen.facts.id)
    if submission is None or len(reaches) == len(Reach):
        return submission
    cycle = await get_cycle(call.conn, seen.facts.cycle_id)
    definition = await definition_of(call.conn, cycle.version_id)
    shown = visible_answers(definition, seen.facts.stage_key, submission.answers, reaches)
    return replace(submission, answers=shown)


def visible_answers(
    definition: Definition,
    stage_id: str,
    answers: Mapping[str, Any],
    reaches: frozenset[Reach],
) -> dict[str, Any]:
    """The answers to questions whose `visible` is within reach; the text beside a rating too.

    An answer to a question that the form does not have (an acknowledgement's) is for everybody
    who may read the submission at all.
    """
    form = form_of(definition, definition.stage(stage_id))
    if form is None:
        return dict(answers)
    reach = {
        question.id: Reach(question.visible) for section in form for question in section.questions
    }
    return {
        key: value
        for key, value in answers.items()
        if reach.get(key.removesuffix(WHY), Reach.HR) in reaches
    }
