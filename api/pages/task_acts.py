"""What can be done about one task from the pages: HR's acts."""

from uuid import UUID

from api.authentication import Call
from api.pages.acts import DAYS, PERSON, REASON, Act, Values, number, person_of, reason
from domain.access import Action
from domain.errors import IllegalState
from store import task_steering
from store.lists.tasks import get_task
from store.steering import Preview


async def _look_extend_task(call: Call, task_id: UUID, values: Values) -> Preview:
    return await task_steering.preview_extend_task(
        call.conn, task_id, number(values, "days"), call.now
    )


async def _do_extend_task(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.extend_task(
        call.conn, task_id, number(values, "days"), call.actor, call.now
    )


async def _look_reassign(call: Call, task_id: UUID, values: Values) -> Preview:
    person = await person_of(call, values)
    task = await get_task(call.conn, task_id)
    if person == task.assignee_id:
        raise IllegalState("That person holds it already.")
    return Preview(
        "reassign",
        (
            f"{values['person']} holds the task from now on, and has at least 3 working days.",
            "Both people are told at once. A draft stays with whoever wrote it.",
        ),
        {"tasks": 1},
    )


async def _do_reassign(call: Call, task_id: UUID, values: Values) -> None:
    person = await person_of(call, values)
    await task_steering.reassign(call.conn, task_id, person, call.actor, call.now)


async def _look_reopen(call: Call, task_id: UUID, values: Values) -> Preview:
    reason(values)
    await get_task(call.conn, task_id)
    return Preview(
        "reopen",
        (
            "The task is open again, due the later of its old date and 3 working days from now.",
            "What was submitted becomes a draft; the next submission is a new revision.",
            "What was written afterwards stays; its authors hear that the input changed.",
        ),
        {"tasks": 1},
    )


async def _do_reopen(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.reopen(call.conn, task_id, reason(values), call.actor, call.now)


async def _look_excuse(call: Call, task_id: UUID, values: Values) -> Preview:
    reason(values)
    await get_task(call.conn, task_id)
    return Preview(
        "excuse",
        (
            "It is asked of nobody any more and counts as closed; what waits for it goes on.",
            "No further mail is sent about it. HR can reopen it.",
        ),
        {"tasks": 1},
    )


async def _do_excuse(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.excuse(call.conn, task_id, reason(values), call.actor, call.now)


_T = Action.STEER_TASK
TASK_ACTS = {
    act.name: act
    for act in (
        Act("extend", "Extend: {title}", "Extend", (DAYS,), _look_extend_task, _do_extend_task, _T),
        Act(
            "reassign",
            "Give to somebody else: {title}",
            "Reassign",
            (PERSON,),
            _look_reassign,
            _do_reassign,
            _T,
        ),
        Act("reopen", "Reopen: {title}", "Reopen", (REASON,), _look_reopen, _do_reopen, _T),
        Act("excuse", "Excuse: {title}", "Excuse", (REASON,), _look_excuse, _do_excuse, _T),
    )
}
