"""What became of a task: for whoever did it, and for whoever reads it."""

from uuid import UUID

from api.authentication import Call
from api.pages.frame.codes import ENDED, in_words
from api.pages.frame.shell import visit_of
from api.pages.frame.views import Notice, Page
from api.pages.tasks.desk import Desk, head
from api.pages.tasks.evidence import sections_read
from api.pages.tasks.views import TaskAhead, TaskDone, TaskMove
from api.pages.tasks.words import ended_word, seen_by
from api.seen_days import days_of
from api.seen_tasks import Seen, answers_seen_by, moves_offered
from domain.access import Move, may_read_reason
from domain.kinds.registry import TRAITS
from domain.states import TaskState
from store.views.task_pages import TaskPageFacts, acknowledgement_task, has_opened


async def reading_page(call: Call, desk: Desk, seen: Seen, *, notice: Notice | None = None) -> Page:
    """A task that has ended, or is somebody else's."""
    f = desk.facts
    mine = call.person is not None and seen.access.author_id == call.person_id
    holder = call.person is not None and f.assignee_id == call.person_id
    if f.state in (TaskState.OPEN, TaskState.PLANNED):
        top = head(desk, call, others=not holder, seen=seen)
        text = f"{f.assignee or 'HR'} holds this task." if f.state == TaskState.OPEN else ""
        return TaskAhead(
            title=top.verb,
            part="tasks",
            notice=notice,
            task=top,
            text=text or "This task has not opened yet.",
            opens_at=f.opens_at if f.state == TaskState.PLANNED else None,
            moves=await _moves(call, desk, seen),
        )
    submission = await answers_seen_by(call, seen)
    visit = await visit_of(call)
    traits = [stage.traits for stage in desk.definition.stages]
    top = head(desk, call, others=not (mine or holder), seen=seen)
    shown = ""
    if f.state == TaskState.DONE:
        shown = seen_by(
            desk.about,
            hr_reads=desk.definition.policies.hr_reads == "all",
            releases=any(each.opens_results for each in traits),
            meets=any(each.held for each in traits),
            releases_on=(await days_of(call, f.cycle_id)).released_on if not f.released else None,
            released=f.released,
            result_open=f.result_open,
            today=visit.today,
        )
    may, why_not = await _may_withdraw(call, desk, mine)
    return TaskDone(
        title=f"{top.verb}: {ended_word(f.state, f.kind).lower()}",
        part="tasks",
        notice=notice,
        task=top,
        state=f.state,
        at=f.ended_at,
        seen_by=shown,
        sections=sections_read(
            desk.definition, desk.stage, submission.answers, f.subject, f.subject_first, own=mine
        )
        if submission
        else (),
        may_withdraw=may,
        why_not_withdraw=why_not,
        version=desk.version,
        held_on=f.held_on,
        reason=_reason(f, tell_why=may_read_reason(seen.reader, seen.access)),
    )


_MOVES = {
    Move.NUDGE: ("Nudge", "One line more in their next daily mail, with your name."),
    Move.EXTEND: ("Give more time", "They are told at once."),
    Move.REASSIGN: ("Give it to somebody else", "Both people are told at once."),
    Move.EXCUSE: ("Excuse it", "It no longer has to be done. You give a reason."),
}
"""In this order. Reopening is for tasks that have ended."""


async def _moves(call: Call, desk: Desk, seen: Seen) -> tuple[TaskMove, ...]:
    """What the reader can do about a task of somebody else; each says first what it will do."""
    offered = await moves_offered(call, seen)
    return tuple(
        TaskMove(label, f"{desk.href}/steer/{move}", does)
        for move, (label, does) in _MOVES.items()
        if move in offered
    )


async def _may_withdraw(call: Call, desk: Desk, mine: bool) -> tuple[bool, str]:
    """Whether the author may still take it back, and why not (language reference §7)."""
    f = desk.facts
    if not mine or f.state != TaskState.DONE or f.cycle_state not in ("open", "paused"):
        return False, ""
    if not TRAITS[f.kind].needs_form:
        return False, ""
    if f.closes_at is not None and call.now > f.closes_at:
        return False, "It can no longer be taken back: the stage has closed. HR can reopen it."
    later = [stage.id for stage in desk.definition.stages if f.stage in stage.after]
    if await has_opened(call.conn, f.cycle_id, f.subject_id, later):
        return False, "It can no longer be taken back: the next stage has opened. HR can reopen it."
    return True, ""


def _reason(f: TaskPageFacts, *, tell_why: bool) -> str:
    if f.state == TaskState.DONE or not f.ended_reason:
        return ""
    if f.decided == TaskState.EXCUSED and f.decided_by:
        why = f" The reason given: {f.decided_why}" if f.decided_why and tell_why else ""
        return f"{f.decided_by} excused this task; it counts as closed.{why}"
    return in_words(ENDED, f.ended_reason, "It is not asked any more.")


async def answer_href(call: Call, cycle_id: UUID) -> str:
    """Where the reader can answer their review on record, if they still can."""
    found = await acknowledgement_task(call.conn, cycle_id, call.person_id)
    return f"/tasks/{found}" if found else ""
