"""What can be done about one task from the pages: HR's acts."""

from uuid import UUID

from api.authentication import Call
from api.pages.cycles.steering_acts import (
    DAYS,
    PERSON,
    REASON,
    Act,
    Values,
    number,
    person_of,
    reason,
)
from domain.access import Action
from store.steering import task as task_steering
from store.steering import task_previews
from store.steering.cycle import Preview


async def _look_extend_task(call: Call, task_id: UUID, values: Values) -> Preview:
    return await task_steering.preview_extend_task(
        call.conn, task_id, number(values, "days"), call.actor, call.now
    )


async def _do_extend_task(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.extend_task(
        call.conn, task_id, number(values, "days"), call.actor, call.now
    )


async def _look_reassign(call: Call, task_id: UUID, values: Values) -> Preview:
    person = await person_of(call, values)
    return await task_previews.preview_reassign(call.conn, task_id, person, call.actor, call.now)


async def _do_reassign(call: Call, task_id: UUID, values: Values) -> None:
    person = await person_of(call, values)
    await task_steering.reassign(call.conn, task_id, person, call.actor, call.now)


async def _look_reopen(call: Call, task_id: UUID, values: Values) -> Preview:
    reason(values)
    return await task_previews.preview_reopen(call.conn, task_id, call.now)


async def _do_reopen(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.reopen(call.conn, task_id, reason(values), call.actor, call.now)


async def _look_excuse(call: Call, task_id: UUID, values: Values) -> Preview:
    reason(values)
    return await task_previews.preview_excuse(call.conn, task_id, call.actor, call.now)


async def _do_excuse(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.excuse(call.conn, task_id, reason(values), call.actor, call.now)


async def _look_nudge(call: Call, task_id: UUID, values: Values) -> Preview:
    return await task_previews.preview_nudge(call.conn, task_id, call.actor, call.now)


async def _do_nudge(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.nudge(call.conn, task_id, call.actor, call.now)


_T = Action.MOVE_TASK
TASK_ACTS = {
    act.name: act
    for act in (
        Act("nudge", "Nudge: {title}", "Nudge", (), _look_nudge, _do_nudge, _T),
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
